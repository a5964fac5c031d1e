"""Counts become states: against qiskit-experiments, QuTiP and a brute-force search."""

import numpy as np
import pytest
import qutip
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from qiskit_experiments.framework import ExperimentData
from qiskit_experiments.library.tomography import StateTomographyAnalysis
from qiskit_experiments.library.tomography.basis import PauliMeasurementBasis
from scipy.optimize import minimize

from recycling.inference.bath.quantities import bloch_of, fidelity
from recycling.inference.states.plain import projected
from recycling.inference.states.tomography import (
    bloch_to_density_matrix,
    linear_inversion,
    mix,
    project,
)

EPS = np.finfo(float).eps
#: Index of X, Y and Z among the bases of qiskit-experiments.
PAULI_INDEX = (1, 2, 0)
PAULIS = np.stack([qutip.sigmax().full(), qutip.sigmay().full(), qutip.sigmaz().full()])

component = st.floats(-1, 1)
bloch_vectors = arrays(float, 3, elements=component)
#: Vectors of length 0 to 1; the square of a length keeps clear of the underflow of tiny numbers.
states = bloch_vectors.map(lambda r: r / max(1, np.linalg.norm(r)))


def reference_state(counts):
    """State that qiskit-experiments finds, with its default fitter and rescaling."""
    data = ExperimentData()
    for index, (zeros, ones) in zip(PAULI_INDEX, counts, strict=True):
        metadata = {"clbits": [0], "cond_clbits": None, "m_idx": [index], "p_idx": []}
        outcome = {"0": int(zeros), "1": int(ones)}
        data.add_data({"counts": outcome, "shots": int(zeros + ones), "metadata": metadata})
    analysis = StateTomographyAnalysis()
    analysis.set_options(measurement_basis=PauliMeasurementBasis(), measurement_qubits=[0])
    analysis.run(data).block_for_results()
    assert not data.errors(), data.errors()
    results = data.analysis_results("state", dataframe=True)
    return results["value"].iloc[0].data


@pytest.mark.parametrize(
    ("counts", "unphysical"),
    [
        ([[700, 300], [400, 600], [820, 180]], False),
        ([[500, 500], [500, 500], [500, 500]], False),
        ([[731, 269], [422, 578], [999, 1]], True),
        ([[0, 1000], [1000, 0], [1000, 0]], True),
        ([[500, 500], [510, 490], [1000, 0]], True),
        # A branch keeps another number of shots in each basis.
        ([[911, 203], [98, 1010], [560, 511]], True),
        ([[11, 3], [9, 10], [60, 1]], True),
        ([[3000, 2400], [90, 110], [1, 0]], True),
    ],
)
def test_states_are_those_of_qiskit_experiments(counts, unphysical):
    inverted = linear_inversion(counts)
    # The case is what it says; 1 + EPS would not need the projection in earnest.
    assert (np.linalg.norm(inverted) > 1 + 1e-6) == unphysical
    state = bloch_to_density_matrix(project(inverted))
    # They solve with pseudo-inverses: roundings of 1e-16, amplified by a few.
    np.testing.assert_allclose(state, reference_state(counts), rtol=0, atol=1e-9)


def test_states_are_those_of_qiskit_experiments_on_random_counts():
    generator = np.random.default_rng(11)
    shots = generator.integers(20, 5000, size=(20, 3))
    zeros = generator.binomial(shots, generator.uniform(size=(20, 3)))
    counts = np.stack([zeros, shots - zeros], axis=-1)
    inverted = linear_inversion(counts)
    longer = np.linalg.norm(inverted, axis=-1) > 1
    assert 0 < longer.sum() < 20, "both kinds occur"
    states = bloch_to_density_matrix(project(inverted))
    references = np.stack([reference_state(table) for table in counts])
    np.testing.assert_allclose(states, references, rtol=0, atol=1e-9)


def test_linear_inversion_of_probabilities_returns_the_state():
    r = np.array([0.3, -0.4, 0.5])
    np.testing.assert_allclose(
        linear_inversion(np.stack([(1 + r) / 2, (1 - r) / 2], axis=-1)), r, rtol=0, atol=4 * EPS
    )


def test_linear_inversion_works_on_leading_axes():
    counts = np.random.default_rng(2).integers(1, 50, size=(4, 2, 3, 2))
    together = linear_inversion(counts)
    for index in np.ndindex(4, 2):
        np.testing.assert_array_equal(together[index], linear_inversion(counts[index]))


def test_an_empty_basis_is_not_a_number():
    inverted = linear_inversion([[3, 1], [0, 0], [0, 2]])
    np.testing.assert_array_equal(inverted, [0.5, np.nan, -1])
    assert np.isnan(project(inverted)).all(), "a state with an unknown component is unknown"


@given(bloch_vectors)
def test_projection_is_physical(r):
    # Length by three squares, a sum, a root and a division: a few roundings above 1 at most.
    assert np.linalg.norm(project(r)) <= 1 + 8 * EPS
    eigenvalues = np.linalg.eigvalsh(bloch_to_density_matrix(project(r)))
    assert eigenvalues.min() >= -8 * EPS
    assert eigenvalues.sum() == pytest.approx(1, abs=8 * EPS)


@given(bloch_vectors)
def test_projection_is_idempotent(r):
    once = project(r)
    np.testing.assert_allclose(project(once), once, rtol=8 * EPS, atol=0)


@given(states)
def test_projection_leaves_physical_states_alone(r):
    # Scaled to length 1 a vector may come out longer by roundings, and then be cut by as much.
    np.testing.assert_allclose(project(r), r, rtol=8 * EPS, atol=0)


@given(states.map(lambda r: 0.999 * r))
def test_projection_does_not_touch_the_inside(r):
    np.testing.assert_array_equal(project(r), r)


@pytest.mark.parametrize(
    "r", [(0.9, 0.8, -0.7), (1, 1, 1), (0, 0, -1.2), (-1, 0.02, 0.3), (0.3, -0.2, 0.4)]
)
def test_projection_is_the_closest_state(r):
    """Frobenius distance over all states T T†/Tr(T T†), T lower triangular, by brute force."""
    inverted = bloch_to_density_matrix(np.array(r))

    def state(x):
        triangle = np.array([[x[0], 0], [x[1] + 1j * x[2], x[3]]])
        positive = triangle @ triangle.conj().T
        return positive / np.trace(positive).real

    def distance(x):
        return np.linalg.norm(state(x) - inverted)

    starts = np.random.default_rng(3).normal(size=(5, 4))
    options = {"xatol": 1e-10, "fatol": 1e-14, "maxiter": 4000, "maxfev": 4000}
    found = [minimize(distance, x, method="Nelder-Mead", options=options) for x in starts]
    closest = min(found, key=lambda result: result.fun)
    ours = np.linalg.norm(bloch_to_density_matrix(project(np.array(r))) - inverted)
    # The search cannot come below the minimum; it stops within 1e-8 of it.
    assert closest.fun - 1e-8 < ours <= closest.fun + 8 * EPS
    # A distance off by δ from its minimum d is a state off by √(2dδ + δ²) < 2e-4 for δ = 1e-8.
    np.testing.assert_allclose(
        bloch_to_density_matrix(project(np.array(r))), state(closest.x), rtol=0, atol=2e-4
    )


@given(bloch_vectors, bloch_vectors, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_mixing_is_linear(ground, excited, p, q, weight):
    np.testing.assert_array_equal(mix(ground, excited, 0.0), ground)
    np.testing.assert_array_equal(mix(ground, excited, 1.0), excited)
    between = weight * p + (1 - weight) * q
    expected = weight * mix(ground, excited, p) + (1 - weight) * mix(ground, excited, q)
    # Numbers up to 1 and a dozen roundings.
    np.testing.assert_allclose(mix(ground, excited, between), expected, rtol=0, atol=12 * EPS)


def test_mixing_is_that_of_density_matrices():
    ground, excited = np.array([0.1, 0.2, 0.9]), np.array([0.0, -0.3, -0.8])
    weights = np.array([0.0, 0.25, 0.4, 1.0])
    mixed = bloch_to_density_matrix(mix(ground, excited, weights))
    for weight, state in zip(weights, mixed, strict=True):
        expected = (1 - weight) * bloch_to_density_matrix(ground)
        expected = expected + weight * bloch_to_density_matrix(excited)
        np.testing.assert_allclose(state, expected, rtol=0, atol=4 * EPS)


def test_length_and_z_are_those_of_projected_mixtures():
    ground, excited = np.random.default_rng(5).uniform(-0.8, 0.8, (2, 7, 4, 3))
    mixed = np.stack([mix(ground, excited, weight) for weight in (0.0, 0.3, 1.0)])
    expected = project(mixed)
    norm = np.linalg.norm(expected, axis=-1)
    assert (norm < 1 - 1e-3).any()
    assert (norm > 1 - 1e-12).any(), "some need the projection"
    length, z = projected(np.moveaxis(mixed, -1, 0))
    # Squares of up to 1 are summed and rounded, a root and a division follow.
    np.testing.assert_allclose(length, norm, rtol=0, atol=8 * EPS)
    np.testing.assert_allclose(z, expected[..., 2], rtol=0, atol=8 * EPS)


@given(states)
def test_density_matrix_has_the_expectation_values_of_its_bloch_vector(r):
    state = qutip.Qobj(bloch_to_density_matrix(r))
    expectations = [qutip.expect(qutip.Qobj(pauli), state) for pauli in PAULIS]
    np.testing.assert_allclose(expectations, r, rtol=0, atol=4 * EPS)
    assert state.isherm


@given(states, st.floats(0, np.pi), st.floats(-np.pi, np.pi))
def test_fidelity_is_that_of_qutip(r, theta, phi):
    solution = np.array([np.cos(theta / 2), np.exp(1j * phi) * np.sin(theta / 2)])
    target = qutip.Qobj(solution)
    expected = qutip.expect(target.proj(), qutip.Qobj(bloch_to_density_matrix(r)))
    # Sums of a few numbers up to 1.
    assert fidelity(r, bloch_of(solution)) == pytest.approx(expected, abs=16 * EPS)


def test_fidelity_works_on_leading_axes():
    generator = np.random.default_rng(5)
    vectors = generator.uniform(-0.5, 0.5, size=(6, 4, 3))
    solutions = np.array([[1, 0], [0, 1], [1, 1j], [1, -1]]) / [[1], [1], [2**0.5], [2**0.5]]
    together = fidelity(vectors, bloch_of(solutions))
    assert together.shape == (6, 4)
    for row, column in np.ndindex(6, 4):
        alone = fidelity(vectors[row, column], bloch_of(solutions[column]))
        assert together[row, column] == pytest.approx(alone, abs=4 * EPS)
