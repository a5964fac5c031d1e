"""Channels of the exact engine: physical, and the same as Aer's and Qiskit's.

Qiskit has the first qubit innermost, the engine has it outermost.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.circuit import Parameter
from qiskit.circuit.library import (
    CPhaseGate,
    CXGate,
    CZGate,
    PhaseGate,
    RXGate,
    RYGate,
    RZGate,
    SXGate,
    UGate,
    XGate,
)
from qiskit.quantum_info import (
    PTM,
    Choi,
    Kraus,
    Operator,
    SuperOp,
    average_gate_fidelity,
    random_density_matrix,
    random_unitary,
)
from qiskit_aer.noise import depolarizing_error, thermal_relaxation_error

from recycling.devices.channels import (
    PAULIS,
    density_matrix,
    depolarizing_channel,
    depolarizing_strength,
    kraus_channel,
    tensor_channel,
    thermal_relaxation_channel,
    thermal_state,
    unitary_channel,
)
from tests.simulation.dense import gate_channel

EPS = np.finfo(float).eps
# A PTM entry is a sum of up to 4² · 4² products of numbers up to 1, each rounded.
ROUNDING = 256 * EPS
# Aer makes its channels by eigendecompositions and square roots of its own.
AGREEMENT = 1e-12

seeds = st.integers(0, 2**32 - 1)


@st.composite
def relaxations(draw):
    """Duration, T1, T2 (s) and excited population of any qubit, infinite times included."""
    t1 = 10 ** draw(st.floats(-6, -3))
    t2 = t1 * draw(st.floats(0.01, 2))
    if draw(st.booleans()):
        t1 = float("inf")
    return draw(st.floats(0, 1e-3)), t1, t2, draw(st.floats(0, 1))


@st.composite
def relaxations_for_aer(draw):
    """Relaxation that Aer represents to full precision.

    Where T2 > T1 it takes Kraus operators, and drops those of weight below 1e-8: each kind of
    error is either more probable than that, or impossible.
    """
    duration, t1, t2, excited = draw(relaxations())
    if t2 > t1:
        excited = draw(st.just(0.0) | st.floats(1e-3, 1 - 1e-3))
        # The least weight is that of dephasing: about 1e-3 (1/1.99 - 1/2)/2 = 1e-6.
        duration = t1 * draw(st.floats(1e-3, 10))
        t2 = t1 * draw(st.floats(1.01, 1.99))
    return duration, t1, t2, excited


def swapped(ptm):
    """Two-qubit PTM with its qubits in the other order."""
    tensor = ptm.reshape(4, 4, 4, 4)
    return tensor.transpose(1, 0, 3, 2).reshape(16, 16)


def assert_physical(ptm, rounding=ROUNDING):
    """Assert trace preservation (first row) and complete positivity (Choi matrix)."""
    first = np.zeros(len(ptm))
    first[0] = 1
    np.testing.assert_allclose(ptm[0], first, rtol=0, atol=rounding)
    choi = Choi(PTM(ptm)).data
    np.testing.assert_allclose(choi, choi.conj().T, rtol=0, atol=rounding)
    # Eigenvalues of a d² × d² matrix with entries up to 1, each off by the rounding.
    assert np.linalg.eigvalsh(choi).min() >= -len(ptm) * rounding


@settings(max_examples=100, deadline=None)
@given(relaxation=relaxations())
def test_relaxation_is_physical_and_keeps_the_thermal_state(relaxation):
    channel = thermal_relaxation_channel(*relaxation)
    assert_physical(channel)
    thermal = thermal_state(relaxation[-1])
    np.testing.assert_allclose(channel @ thermal, thermal, rtol=0, atol=4 * EPS)


@settings(max_examples=100, deadline=None)
@given(relaxation=relaxations(), other=st.floats(0, 1e-3))
def test_relaxation_over_two_times_is_that_over_their_sum(relaxation, other):
    duration, *rest = relaxation
    twice = thermal_relaxation_channel(other, *rest) @ thermal_relaxation_channel(duration, *rest)
    once = thermal_relaxation_channel(duration + other, *rest)
    # Exponents reach 1e-3/1e-8 = 1e5 and are off by that many roundings, where their exponential
    # is nothing: x e^-x is below 1.
    np.testing.assert_allclose(twice, once, rtol=0, atol=16 * EPS)


@settings(max_examples=100, deadline=None)
@given(relaxation=relaxations_for_aer())
def test_relaxation_agrees_with_aer(relaxation):
    duration, t1, t2, excited = relaxation
    theirs = PTM(SuperOp(thermal_relaxation_error(t1, t2, duration, excited))).data
    np.testing.assert_allclose(
        thermal_relaxation_channel(*relaxation), theirs, rtol=0, atol=AGREEMENT
    )


def test_relaxation_in_its_limits():
    np.testing.assert_array_equal(thermal_relaxation_channel(0.0, 1e-4, 1e-4, 0.2), np.eye(4))
    np.testing.assert_array_equal(thermal_relaxation_channel(1.0, np.inf, np.inf, 0.2), np.eye(4))
    # After 1000 T1 nothing is left but the thermal state: e^-1000 is zero in double precision.
    done = thermal_relaxation_channel(1000.0, 1.0, 1.0, 0.2)
    np.testing.assert_allclose(done @ [1, 0.3, 0.4, -0.5], thermal_state(0.2), rtol=0, atol=EPS)


def test_relaxation_is_vectorised():
    durations, t1 = np.array([[1e-6], [2e-6]]), np.array([1e-4, 2e-4, 3e-4])
    channel = thermal_relaxation_channel(durations, t1, 1e-4, 0.1)
    assert channel.shape == (2, 3, 4, 4)
    np.testing.assert_array_equal(channel[1, 2], thermal_relaxation_channel(2e-6, 3e-4, 1e-4, 0.1))


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("fraction", [0.0, 1e-6, 0.3, 1.0])
def test_depolarization_is_physical_and_agrees_with_aer(count, fraction):
    strength = fraction * 4**count / (4**count - 1)
    channel = depolarizing_channel(strength, count)
    assert_physical(channel)
    theirs = PTM(SuperOp(depolarizing_error(strength, count))).data
    np.testing.assert_allclose(channel, theirs, rtol=0, atol=AGREEMENT)


@settings(max_examples=50, deadline=None)
@given(seed=seeds, count=st.sampled_from([1, 2]))
def test_unitary_is_physical_and_agrees_with_qiskit(seed, count):
    unitary = random_unitary(2**count, seed=seed)
    channel = unitary_channel(unitary.data)
    assert_physical(channel)
    theirs = PTM(unitary).data
    # Qiskit's label "XY" has its first letter on the last qubit: the outermost factor, as here.
    np.testing.assert_allclose(channel, theirs.real, rtol=0, atol=AGREEMENT)


@pytest.mark.parametrize(
    "gate", [XGate(), SXGate(), RZGate(0.3), RXGate(-1.1), CZGate(), CXGate()], ids=lambda g: g.name
)
def test_gates_have_their_first_qubit_outermost(gate):
    theirs = PTM(Operator(gate)).data.real
    if gate.num_qubits == 2:
        theirs = swapped(theirs)
    np.testing.assert_allclose(gate_channel(gate, {}), theirs, rtol=0, atol=AGREEMENT)


def test_gate_over_a_sweep_is_the_gate_at_each_point():
    theta, phi = Parameter("theta"), Parameter("phi")
    values = {
        "theta": np.linspace(0, 1, 3).reshape(3, 1),
        "phi": np.linspace(-1, 1, 2).reshape(1, 2),
    }
    swept = gate_channel(RZGate(2 * theta - phi), values)
    assert swept.shape == (3, 2, 4, 4)
    for i, j in np.ndindex(3, 2):
        angle = 2 * values["theta"][i, 0] - values["phi"][0, j]
        alone = gate_channel(RZGate(angle), {})
        np.testing.assert_allclose(swept[i, j], alone, rtol=0, atol=ROUNDING)
    # A gate that depends on one axis stays of length 1 along the other.
    assert gate_channel(RZGate(theta), values).shape == (3, 1, 4, 4)


@pytest.mark.parametrize("gate", [RXGate, RYGate, RZGate, PhaseGate, UGate, CPhaseGate])
def test_gate_over_many_angles_has_the_numbers_of_each(gate):
    # A sine of an array and of a number differ by a rounding, and constant entries near 0 and ±1
    # are rounded to them.
    names = [f"angle{index}" for index in range(3 if gate is UGate else 1)]
    rng = np.random.default_rng(3)
    values = {name: rng.uniform(-7, 7, (40, 1)) for name in names}
    swept = gate_channel(gate(*map(Parameter, names)), values)
    for index in range(40):
        alone = gate_channel(gate(*(values[name][index, 0] for name in names)), {})
        np.testing.assert_allclose(swept[index, 0], alone, rtol=0, atol=ROUNDING)


@settings(max_examples=50, deadline=None)
@given(
    seed=seeds,
    first=relaxations_for_aer(),
    second=relaxations_for_aer(),
    strength=st.floats(0, 1),
)
def test_two_qubit_noise_is_physical_and_agrees_with_aer(seed, first, second, strength):
    relaxation = np.kron(thermal_relaxation_channel(*first), thermal_relaxation_channel(*second))
    gate = random_unitary(4, seed=seed).data
    noisy = relaxation @ depolarizing_channel(strength, 2) @ unitary_channel(gate)
    assert_physical(noisy)
    aer = [thermal_relaxation_error(t1, t2, time, p) for time, t1, t2, p in (first, second)]
    composed = SuperOp(Operator(gate))
    composed = composed.compose(SuperOp(depolarizing_error(strength, 2)))
    # Qiskit's tensor product has its last factor on the first qubit, as np.kron has.
    composed = composed.compose(SuperOp(aer[0]).tensor(SuperOp(aer[1])))
    np.testing.assert_allclose(noisy, PTM(composed).data.real, rtol=0, atol=AGREEMENT)


@settings(max_examples=100, deadline=None)
@given(first=relaxations(), second=relaxations(), count=st.sampled_from([1, 2]), data=st.data())
def test_depolarization_brings_a_gate_to_its_calibrated_error(first, second, count, data):
    relaxation = thermal_relaxation_channel(*first)
    if count == 2:
        relaxation = np.kron(relaxation, thermal_relaxation_channel(*second))
    alone = 1 - average_gate_fidelity(PTM(relaxation))
    # Full depolarization has the average fidelity 1/d; 1e-6 above it, the division by the
    # distance to it in the strength costs six digits.
    highest = 1 - 2.0**-count
    if alone > highest - 1e-6:
        return
    error = alone + data.draw(st.floats(0, 1)) * (highest - alone)
    strength = depolarizing_strength(error, relaxation)
    total = PTM(relaxation @ depolarizing_channel(strength, count))
    assert 1 - average_gate_fidelity(total) == pytest.approx(error, abs=1e6 * ROUNDING)


def random_noise(seed, shape):
    """Times (s), excited populations and gate errors of any device, infinite times included."""
    rng = np.random.default_rng(seed)
    t1 = np.where(rng.random(shape) < 0.1, np.inf, 10 ** rng.uniform(-6, -3, shape))
    t2 = np.where(np.isinf(t1), 10 ** rng.uniform(-6, -3, shape), t1 * rng.uniform(0.01, 2, shape))
    return rng.uniform(0, 1e-4, shape), t1, t2, rng.random(shape), rng.uniform(0, 0.99, shape)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, shape=st.sampled_from([(7,), (2, 3), (3, 1, 2)]))
def test_channels_over_an_array_are_physical_and_those_of_each_entry(seed, shape):
    *relaxation, error = random_noise(seed, shape)
    first = thermal_relaxation_channel(*relaxation)
    second = thermal_relaxation_channel(*random_noise(seed + 1, shape)[:4])
    for count, relaxed in ((1, first), (2, tensor_channel(first, second))):
        strength = depolarizing_strength(error, relaxed)
        depolarizing = depolarizing_channel(strength, count)
        assert depolarizing.shape == (*shape, 4**count, 4**count)
        noise = relaxed @ depolarizing
        for point in np.ndindex(shape):
            assert_physical(noise[point])
            alone = depolarizing_strength(error[point], relaxed[point])
            # A sum of 16 terms in another order, over the trace that is left.
            left = max(np.trace(relaxed[point]) - 1, EPS)
            assert strength[point] == pytest.approx(alone, abs=64 * EPS / left)
            np.testing.assert_array_equal(
                depolarizing[point], depolarizing_channel(strength[point], count)
            )


@settings(max_examples=50, deadline=None)
@given(first=relaxations(), second=relaxations())
def test_two_channels_side_by_side_are_their_kronecker_product(first, second):
    channels = thermal_relaxation_channel(*first), thermal_relaxation_channel(*second)
    np.testing.assert_array_equal(tensor_channel(*channels), np.kron(*channels))


@settings(max_examples=50, deadline=None)
@given(seed=seeds, count=st.integers(1, 4))
def test_kraus_operators_agree_with_qiskit(seed, count):
    # The first columns of a random unitary on the qubit and an environment are an isometry.
    unitary = random_unitary(2 * count, seed=seed).data
    operators = unitary[:, :2].reshape(count, 2, 2)
    channel = kraus_channel(operators)
    assert_physical(channel)
    theirs = PTM(Kraus(list(operators))).data.real
    np.testing.assert_allclose(channel, theirs, rtol=0, atol=AGREEMENT)
    np.testing.assert_array_equal(kraus_channel(np.stack([operators, operators]))[1], channel)


def test_nothing_is_added_where_relaxation_alone_is_worse():
    relaxation = thermal_relaxation_channel(1e-5, 1e-4, 1e-4, 0.1)
    alone = 1 - average_gate_fidelity(PTM(relaxation))
    assert depolarizing_strength(0.5 * alone, relaxation) == 0


@pytest.mark.parametrize("count", [1, 2])
def test_depolarization_ends_where_channels_end(count):
    # An average infidelity of 0.9 is beyond any depolarization.
    channel = depolarizing_channel(depolarizing_strength(0.9, np.eye(4**count)), count)
    assert_physical(channel)


@settings(max_examples=50, deadline=None)
@given(seed=seeds, count=st.sampled_from([1, 2, 3]))
def test_density_matrix_of_a_pauli_tensor(seed, count):
    state = random_density_matrix(2**count, seed=seed).data
    strings = PAULIS
    for _ in range(count - 1):
        strings = np.einsum("aij,bkl->abikjl", strings, PAULIS).reshape(
            -1, 2 * strings.shape[-1], 2 * strings.shape[-1]
        )
    pauli = np.einsum("aij,ji->a", strings, state).real.reshape((4,) * count)
    np.testing.assert_allclose(density_matrix(pauli, count), state, rtol=0, atol=ROUNDING)
    # Leading axes are a sweep.
    swept = density_matrix(np.stack([pauli, 2 * pauli]), count)
    np.testing.assert_allclose(swept[1], 2 * state, rtol=0, atol=2 * ROUNDING)


def test_thermal_state_is_diagonal():
    states = density_matrix(thermal_state([0.0, 0.2, 0.5]), 1)
    expected = [np.diag([1 - p, p]) for p in (0.0, 0.2, 0.5)]
    np.testing.assert_allclose(states, expected, rtol=0, atol=EPS)
