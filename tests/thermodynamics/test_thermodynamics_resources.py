"""Ergotropy and free energy, against closed forms, the gain, and the second law."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import h, k

import recycling as rc

EPS = np.finfo(float).eps
UNIT = 1e-24  # J, the scale of a microwave quantum
QUBIT = rc.Bath.qubit()
QUANTUM = float(QUBIT.energies[1])


def random_state(rng, dimension, rank):
    """State of a random rank, some nearly pure: a reduced state of a random pure one."""
    factor = rng.normal(size=(dimension, rank)) + 1j * rng.normal(size=(dimension, rank))
    factor *= 10.0 ** -rng.uniform(0, 3, size=rank)
    rho = factor @ factor.conj().T
    return rho / np.trace(rho).real


def random_unitary(rng, dimension):
    shape = (dimension, dimension)
    return np.linalg.qr(rng.normal(size=shape) + 1j * rng.normal(size=shape))[0]


@st.composite
def baths(draw):
    """Baths of random spectrum, basis and temperature, from frozen out to saturated."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    energies = rng.uniform(0, 5, size=draw(st.integers(2, 4))) * UNIT
    temperature = draw(st.floats(0.08, 20)) * np.ptp(energies) / k
    if draw(st.booleans()):
        return rc.Bath(energies=energies, temperature=temperature), rng
    unitary = random_unitary(rng, energies.size)
    hamiltonian = (unitary * energies) @ unitary.conj().T
    return rc.Bath(hamiltonian=hamiltonian, temperature=temperature), rng


def rounding(bath):
    """Energies are sums of d² products, entropies of d terms."""
    scale = abs(bath.energies).max() + k * bath.temperature * math.log(bath.dimension)
    return 64 * bath.dimension**2 * EPS * scale


def test_checked_numbers_of_the_recycled_bath():
    """Preset theory at θ_b = π/4: P1 = 0.5, S = 0.030653 nats; W = 0.495156, F = 0.495182 hf."""
    entropy = 0.030653
    small = float(QUBIT.energy_at_entropy(entropy)) / QUANTUM
    coherence = math.sqrt(0.25 - small * (1 - small))
    state = [[0.5, coherence], [coherence, 0.5]]
    # Half a unit of the last printed digit of each, and dW/dS = -1/ln((1-p)/p), dF/dS = -kT0/hf.
    assert rc.ergotropy(state, QUBIT) / QUANTUM == pytest.approx(0.495156, abs=7e-7)
    assert rc.free_energy(state, QUBIT) / QUANTUM == pytest.approx(0.495182, abs=7e-7)


def test_ergotropy_of_a_rotated_and_of_an_inverted_state():
    bath = rc.Bath(energies=np.array([3, 0, 1]) * UNIT, temperature=0.05)  # in any order
    assert rc.ergotropy(bath.gibbs([0.01, 0.05, 3]), bath) == pytest.approx([0] * 3, abs=1e-38)
    inverted = np.diag([0.7, 0.1, 0.2])  # of the levels 3, 0, 1: passive is 0.1, 0.7, 0.2
    expected = (3 * 0.7 + 1 * 0.2) - (3 * 0.1 + 1 * 0.2)
    assert rc.ergotropy(inverted, bath) / UNIT == pytest.approx(expected, rel=16 * EPS)


@settings(max_examples=60, deadline=None)
@given(baths())
def test_free_energy_is_the_relative_entropy_to_the_thermal_state(case):
    """Against logarithms of matrices: k_B T0 Tr[ρ (ln ρ - ln γ)], ln γ = -H/k_B T0 - ln Z."""
    bath, rng = case
    rho = random_state(rng, bath.dimension, bath.dimension)
    heat = k * bath.temperature
    log_partition = math.log(np.exp(-bath.energies / heat).sum())
    log_thermal = -bath.hamiltonian / heat - log_partition * np.eye(bath.dimension)
    eigenvalues, vectors = np.linalg.eigh(rho)
    log_state = (vectors * np.log(np.maximum(eigenvalues, EPS))) @ vectors.conj().T
    expected = heat * np.trace(rho @ (log_state - log_thermal)).real
    # The least eigenvalue is known to some EPS, its logarithm to 36.
    tolerance = rounding(bath) + 64 * bath.dimension * EPS * heat
    assert rc.free_energy(rho, bath) == pytest.approx(expected, rel=1e-13, abs=tolerance)
    assert rc.free_energy(bath.gibbs(), bath) <= rounding(bath)


@settings(max_examples=60, deadline=None)
@given(baths())
def test_ergotropy_is_at_most_the_free_energy_and_the_gain_of_no_erasure(case):
    bath, rng = case
    rho = random_state(rng, bath.dimension, rng.integers(1, bath.dimension + 1))
    work = float(rc.ergotropy(rho, bath))
    assert 0 <= work <= float(rc.free_energy(rho, bath)) + rounding(bath)
    # The inversion E(S) is good to 1e-10 of the energy above the ground level.
    tolerance = rounding(bath) + 1e-10 * np.ptp(bath.energies)
    assert work <= float(rc.gain(0, bath, rho)) + tolerance
    for _ in range(3):  # no unitary extracts more
        unitary = random_unitary(rng, bath.dimension)
        extracted = bath.energy(rho) - bath.energy(unitary @ rho @ unitary.conj().T)
        assert extracted <= work + rounding(bath)


@given(
    population=st.floats(0, 1),
    coherence=st.floats(0, 1),
    frequency=st.floats(1e8, 1e11),
    temperature=st.floats(1e-3, 10),
)
def test_gain_of_a_qubit_without_erasure_is_its_ergotropy(
    population, coherence, frequency, temperature
):
    bath = rc.Bath.qubit(frequency, temperature)
    offdiagonal = coherence * math.sqrt(population * (1 - population))
    rho = np.array([[1 - population, offdiagonal], [offdiagonal, population]])
    # S, and p of S, keep relative precision; but near the maximally mixed state S forgets the
    # length z of the Bloch vector, of this state or of a hot thermal one: dz = dS/z, some eps of S.
    thermal = math.tanh(h * frequency / (2 * k * temperature))
    shortest = min(math.hypot(1 - 2 * population, 2 * offdiagonal), thermal)
    tolerance = h * frequency * (1e-13 + 4 * EPS / max(shortest, math.sqrt(EPS)))
    assert rc.gain(0, bath, rho) == pytest.approx(rc.ergotropy(rho, bath), abs=tolerance)


@settings(max_examples=60, deadline=None)
@given(baths(), st.integers(2, 3))
def test_second_law_with_the_resource_counted(case, size):
    """ΔQ_B/kT0 - ΔS + F(ρ_B)/kT0 = I(S:B) + D(ρ'_B ‖ thermal) ≥ 0 for any unitary on S and B."""
    bath, rng = case
    d = bath.dimension
    target, before = random_state(rng, size, size), random_state(rng, d, d)
    unitary = random_unitary(rng, size * d)
    joint = (unitary @ np.kron(target, before) @ unitary.conj().T).reshape(size, d, size, d)
    target_after, after = joint.trace(axis1=1, axis2=3), joint.trace(axis1=0, axis2=2)
    heat = float(bath.energy(after) - bath.energy(before))
    entropy = rc.von_neumann_entropy
    decrease = float(entropy(target) - entropy(target_after))
    unit = k * bath.temperature
    production = heat / unit - decrease + float(rc.free_energy(before, bath)) / unit
    mutual = entropy(target_after) + entropy(after) - entropy(joint.reshape(size * d, size * d))
    expected = float(mutual + rc.free_energy(after, bath) / unit)
    tolerance = rounding(bath) / unit + 256 * size * d * EPS
    assert production == pytest.approx(expected, rel=0, abs=tolerance)
    assert production >= -tolerance


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rc.ergotropy(np.eye(2), QUBIT), "state has the trace 2: normalise it to 1"),
        (lambda: rc.ergotropy(np.eye(3) / 3, QUBIT), r"shape \(3, 3\): this bath takes"),
        (lambda: rc.free_energy(np.diag([1.5, -0.5]), QUBIT), "eigenvalue -0.5"),
        (lambda: rc.free_energy([[0.5, 1], [0, 0.5]], QUBIT), "not Hermitian"),
    ],
)
def test_bad_input_is_one_line(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
