"""Gains of several branches, and the largest bath entropy that still gains."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

import recycling as rc
from recycling.thermodynamics import gain_from

EPS = np.finfo(float).eps
QUBIT = rc.Bath.qubit(5e9, 0.043)
QUANTUM = float(QUBIT.energies[-1])
#: Qubit, three levels, degenerate levels: energies in J, T0 in K.
BATHS = [
    QUBIT,
    rc.Bath(energies=QUANTUM * np.array([0, 0.7, 1.9]), temperature=0.06),
    rc.Bath(energies=QUANTUM * np.array([0, 0, 0.5, 1, 1, 1]), temperature=0.1),
]


def qubit_state(population, angle):
    """Qubit with the given excited population in a basis turned by an angle."""
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return rotation @ np.diag([1 - population, population]) @ rotation.T


def test_discarding_the_branch_costs_the_integral_of_the_temperature():
    """Eq. (18): mean - mixed = ∫₀^χ 𝒯(s + ΔS + S_failure) ds for branches of equal entropy."""
    states = np.stack([qubit_state(0.01, angle) for angle in (0.1, 0.6, 1.2)])
    probabilities, decrease = [0.5, 0.3, 0.2], 0.05
    found = rc.branch_gains(decrease, QUBIT, states, probabilities)
    failure = float(rc.von_neumann_entropy(states[0]))
    cost, error = quad(
        lambda s: float(QUBIT.temperature_at_entropy(s + decrease + failure)), 0, found.holevo
    )
    boltzmann = float(rc.landauer_bound(1.0, rc.Bath.qubit(5e9, 1.0)))
    # Quadrature, and the cancellation of two gains of the order of hf.
    tolerance = boltzmann * error + 16 * EPS * QUANTUM
    assert found.mean - found.mixed == pytest.approx(boltzmann * cost, rel=0, abs=tolerance)
    assert found.holevo > 0.1
    mixture = np.tensordot(probabilities, states, axes=1)
    entropy = float(rc.von_neumann_entropy(mixture))
    assert found.holevo == pytest.approx(entropy - failure, abs=8 * EPS)
    assert found.mixed == rc.gain(decrease, QUBIT, mixture)


@given(
    populations=st.lists(st.floats(0, 1), min_size=2, max_size=4),
    angles=st.lists(st.floats(0, 3), min_size=4, max_size=4),
    decrease=st.floats(0, 0.1),
)
def test_discarding_the_branch_never_helps(populations, angles, decrease):
    """Eq. (5) for unequal entropies too: E(S) is convex, so G is concave in what is mixed."""
    states = np.stack([qubit_state(p, a) for p, a in zip(populations, angles, strict=False)])
    weights = np.full(len(states), 1 / len(states))
    found = rc.branch_gains(decrease, QUBIT, states, weights)
    assert found.holevo >= 0
    if np.isfinite(found.mean):
        assert found.mixed <= found.mean + 16 * EPS * QUANTUM


def test_one_branch_and_branches_alike_gain_the_same():
    state = qubit_state(0.02, 0.7)
    expected = rc.gain(0.1, QUBIT, state)
    for states, probabilities in (
        (state[None], [1.0]),
        (np.stack([state] * 3), [0.2, 0.3, 0.5]),
        # The second branch never happens, and no process exists for it.
        (np.stack([state, np.eye(2) / 2]), [1.0, 0.0]),
    ):
        found = rc.branch_gains(0.1, QUBIT, states, probabilities)
        assert found.mean == pytest.approx(expected, rel=8 * EPS, abs=0)
        assert found.mixed == pytest.approx(expected, rel=32 * EPS, abs=0)
        assert found.holevo == pytest.approx(0, abs=8 * EPS)


def test_branches_are_vectorised():
    states = np.stack([qubit_state(0.01, 0.2), qubit_state(0.03, 1.1)])
    decrease = np.array([[0.01, 0.1], [0.2, 0.3]])
    found = rc.branch_gains(decrease, QUBIT, states, [0.4, 0.6])
    for index in np.ndindex(2, 2):
        one = rc.branch_gains(decrease[index], QUBIT, states, [0.4, 0.6])
        assert (found.mean[index], found.mixed[index]) == (one.mean, one.mixed)


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [([0.5, 0.6], "sum to 1.1"), ([1.5, -0.5], "-0.5"), ([0.0, 0.0], "sum to 0")],
)
def test_probabilities_are_checked(probabilities, message):
    states = np.stack([qubit_state(0.1, 0)] * 2)
    with pytest.raises(ValueError, match=message):
        rc.branch_gains(0.1, QUBIT, states, probabilities)


@pytest.mark.parametrize("bath", BATHS)
@pytest.mark.parametrize("decrease", [1e-3, 0.05, 0.2])
@pytest.mark.parametrize("surplus", [0.02, 0.1, 0.3])
def test_the_gain_changes_sign_at_the_largest_entropy(bath, decrease, surplus):
    energy = float(bath.mean_energy()) + surplus * QUANTUM
    threshold = float(rc.max_bath_entropy(decrease, bath, energy))
    # dG/dS = -𝒯: a step of 1e-6 nats moves G far beyond its rounding.
    assert gain_from(decrease, bath, threshold - 1e-6, energy) > 0
    assert gain_from(decrease, bath, threshold + 1e-6, energy) < 0
    if threshold + decrease < np.log(bath.dimension) - 1e-3:
        temperature = float(bath.temperature_at_entropy(threshold + decrease))
        unit = float(rc.landauer_bound(1.0, bath)) / bath.temperature * temperature
        # G/(k𝒯) is the error of S_max in nats; both solvers keep 1e-10 of the energies.
        residual = float(gain_from(decrease, bath, threshold, energy)) / unit
        assert abs(residual) < 1e-9


@pytest.mark.parametrize("bath", BATHS)
def test_more_erasure_tolerates_less_entropy(bath):
    """Eqs. (6), (22): ∂S_max/∂ΔS = 𝒯(S_th + ΔS)/𝒯(S_max + ΔS) - 1 ≤ 0, signs as in (13)."""
    energy = float(bath.mean_energy()) + 0.1 * QUANTUM
    decrease, step = np.linspace(0.01, 0.25, 13), 1e-5
    lower, upper = (rc.max_bath_entropy(decrease + s, bath, energy) for s in (-step, step))
    slope = (upper - lower) / (2 * step)
    assert (slope < 0).all()
    threshold = rc.max_bath_entropy(decrease, bath, energy)
    expected = (
        bath.temperature_at_entropy(bath.entropy() + decrease)
        / bath.temperature_at_entropy(threshold + decrease)
        - 1
    )
    # Central differences: step² times third derivatives up to 1/ΔS² ~ 1e4.
    np.testing.assert_allclose(slope, expected, atol=1e-5)


@pytest.mark.parametrize("bath", BATHS)
def test_any_athermal_state_gains_for_a_small_enough_erasure(bath):
    """Eq. (19), whose limit is an equality: (S_E - S_max)/ΔS → 1 - T0/T_E."""
    energy = float(bath.mean_energy()) + 0.1 * QUANTUM
    gibbs_entropy = float(bath.entropy_at_energy(energy))
    decrease = 1e-6
    slope = (gibbs_entropy - float(rc.max_bath_entropy(decrease, bath, energy))) / decrease
    limit = 1 - bath.temperature / float(bath.temperature_at_entropy(gibbs_entropy))
    # First order in ΔS, with a curvature of the order of 1/S_th < 1e2.
    assert slope == pytest.approx(limit, abs=1e-4)


@pytest.mark.parametrize("bath", BATHS)
def test_entropy_at_energy_inverts_energy_at_entropy(bath):
    entropy = np.linspace(bath.entropy(1e-3) + 1e-6, np.log(bath.dimension) - 1e-3, 50)
    found = bath.entropy_at_energy(bath.energy_at_entropy(entropy))
    # E is good to 1e-10 and dS = dE/k𝒯 with E ≤ k𝒯 d away from the ends.
    np.testing.assert_allclose(found, entropy, rtol=1e-9)


@pytest.mark.parametrize("bath", BATHS)
def test_ends_of_the_energies(bath):
    lowest, highest = float(bath.energies[0]), float(bath.energies[-1])
    ground = np.sum(bath.energies == lowest)
    found = bath.entropy_at_energy([lowest - QUANTUM, lowest, np.mean(bath.energies), highest])
    expected = [-np.inf, np.log(ground), np.log(bath.dimension), np.log(bath.dimension)]
    np.testing.assert_allclose(found, expected, atol=4 * EPS)
    assert np.isnan(bath.entropy_at_energy(np.nan))
    # No thermal process takes up ln d; an athermal bath may have what is left.
    assert rc.max_bath_entropy(np.log(bath.dimension), bath, lowest) == pytest.approx(
        0, abs=4 * EPS
    )
    assert rc.max_bath_entropy(0.01, bath, lowest - QUANTUM) == -np.inf
