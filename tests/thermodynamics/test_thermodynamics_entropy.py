"""Entropies: limits, precision near pure states, and agreement with QuTiP."""

import math

import numpy as np
import pytest
import qutip
from hypothesis import given, settings
from hypothesis import strategies as st

from recycling.thermodynamics import binary_entropy, von_neumann_entropy

EPS = np.finfo(float).eps

seeds = st.integers(0, 2**32 - 1)
dimensions = st.integers(2, 6)


def random_state(seed, dimension, rank=None):
    """Random density matrix of the given rank (full by default)."""
    rng = np.random.default_rng(seed)
    shape = (dimension, rank or dimension)
    root = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    state = root @ root.conj().T
    return state / np.trace(state).real


def random_unitary(seed, dimension):
    rng = np.random.default_rng(seed)
    shape = (dimension, dimension)
    return np.linalg.qr(rng.normal(size=shape) + 1j * rng.normal(size=shape))[0]


def eigenvalue_rounding(dimension):
    """Entropy that eigenvalue errors of d eps can make, at worst on eigenvalues near zero."""
    error = dimension * EPS
    return -2 * dimension * error * math.log(error)


def test_binary_entropy_at_its_limits():
    assert binary_entropy(0) == 0
    assert binary_entropy(1) == 0
    assert binary_entropy(0.5) == math.log(2)
    assert np.isnan(binary_entropy(np.nan))


@pytest.mark.parametrize("p", [1e-300, 1e-20, 1e-9])
def test_binary_entropy_keeps_relative_precision(p):
    # Next term of the expansion: p^2 / 2, below eps of the whole for all but the last.
    assert binary_entropy(p) == pytest.approx(p * (1 - math.log(p)) - p**2 / 2, rel=4 * EPS, abs=0)


@given(st.floats(0, 1))
def test_binary_entropy_is_that_of_the_diagonal_state(p):
    diagonal = np.diag([1 - p, p])
    # Four roundings; and 1 - p itself is rounded for p < 1/2.
    assert von_neumann_entropy(diagonal) == pytest.approx(binary_entropy(p), rel=4 * EPS, abs=EPS)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, dimension=dimensions)
def test_von_neumann_entropy_lies_between_zero_and_ln_d(seed, dimension):
    for rank in range(1, dimension + 1):
        entropy = von_neumann_entropy(random_state(seed, dimension, rank))
        assert 0 <= entropy <= math.log(rank) + eigenvalue_rounding(dimension)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, dimension=dimensions)
def test_von_neumann_entropy_is_unitarily_invariant(seed, dimension):
    state = random_state(seed, dimension)
    unitary = random_unitary(seed + 1, dimension)
    rotated = von_neumann_entropy(unitary @ state @ unitary.conj().T)
    tolerance = eigenvalue_rounding(dimension)
    assert rotated == pytest.approx(von_neumann_entropy(state), abs=tolerance)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, dimension=dimensions, pure=st.booleans())
def test_von_neumann_entropy_agrees_with_qutip(seed, dimension, pure):
    state = random_state(seed, dimension, 1 if pure else None)
    assert von_neumann_entropy(state) == pytest.approx(
        qutip.entropy_vn(qutip.Qobj(state), base=np.e), abs=1e-10
    )


@pytest.mark.parametrize("dimension", [2, 3, 8, 64])
def test_von_neumann_entropy_of_pure_and_maximally_mixed_states(dimension):
    pure = np.zeros((dimension, dimension))
    pure[0, 0] = 1
    assert von_neumann_entropy(pure) == 0
    mixed = von_neumann_entropy(np.eye(dimension) / dimension)
    assert mixed == pytest.approx(math.log(dimension), rel=(dimension + 1) * EPS)


@pytest.mark.parametrize("dimension", [2, 4])
def test_small_excited_population_keeps_its_digits(dimension):
    p = 1e-25
    state = np.diag([1.0, p] + [0.0] * (dimension - 2))
    assert von_neumann_entropy(state) == pytest.approx(binary_entropy(p), rel=4 * EPS, abs=0)


@pytest.mark.parametrize("dimension", [2, 3])
def test_eigenvalue_within_rounding_below_zero_counts_as_zero(dimension):
    state = np.diag([1 + 1e-15] + [0.0] * (dimension - 2) + [-1e-15])
    assert von_neumann_entropy(state) == 0


@pytest.mark.parametrize("dimension", [2, 3])
def test_von_neumann_entropy_is_vectorised_and_passes_nan_on(dimension):
    states = np.array([[random_state(3 * i + j, dimension) for j in range(3)] for i in range(2)])
    entropies = von_neumann_entropy(states)
    assert entropies.shape == (2, 3)
    assert entropies[1, 2] == von_neumann_entropy(states[1, 2])
    assert isinstance(von_neumann_entropy(states[0, 0]), float)
    states[0, 1] = np.nan
    undefined = np.isnan(von_neumann_entropy(states))
    assert undefined[0, 1]
    assert undefined.sum() == 1


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (np.ones(2), "shape"),
        (np.ones((2, 3)), "shape"),
        (np.array([[0.5, 0.3], [0.1, 0.5]]), "Hermitian"),
        (np.eye(2), "trace 2"),
        (np.diag([1.1, -0.1]), "eigenvalue -0.1"),
        (np.diag([1.1, -0.1, 0]), "eigenvalue -0.1"),
    ],
)
def test_what_is_no_state_is_refused(state, message):
    with pytest.raises(ValueError, match=message):
        von_neumann_entropy(state)


@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(ValueError, match=f"probability = {p}"):
        binary_entropy([0.5, p])
