"""The bounds and the gain, against the checked numbers and the paper's own integrals."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.constants import k
from scipy.integrate import tanhsinh

from recycling.thermodynamics import (
    Bath,
    athermal_bound,
    athermal_bound_from,
    binary_entropy,
    gain,
    gain_from,
    landauer_bound,
    tight_bound,
)

EPS = np.finfo(float).eps
UNIT = 1e-24  # J, the scale of a microwave quantum
ROTATION = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]

BATHS = {
    "qubit": Bath.qubit(),
    "three levels": Bath(energies=[0, 3.3 * UNIT, 5 * UNIT], temperature=0.06),
    "degenerate": Bath(energies=[UNIT, UNIT, 3 * UNIT, 4 * UNIT, 4 * UNIT], temperature=0.05),
    "rotated": Bath(hamiltonian=(ROTATION * [0, UNIT, 2 * UNIT]) @ ROTATION.T, temperature=0.05),
}
each_bath = pytest.mark.parametrize("bath", BATHS.values(), ids=BATHS.keys())


def heat_capacity(bath, temperature):
    """Heat capacity over k_B straight from its definition, apart from the package's formula."""
    reduced = (bath.energies - bath.energies.min()) / (k * temperature[..., np.newaxis])
    weights = np.exp(-reduced) / np.exp(-reduced).sum(axis=-1, keepdims=True)
    return (weights * reduced**2).sum(axis=-1) - (weights * reduced).sum(axis=-1) ** 2


def integral(function, start, end):
    result = tanhsinh(function, start, end, atol=0, rtol=1e-11)
    assert result.success
    return result.integral


def room(bath, entropy):
    """Entropy that the bath can still take up."""
    return math.log(bath.dimension) - entropy


@st.composite
def baths(draw):
    """Thermal baths of random spectrum, with degeneracies, neither frozen out nor saturated."""
    degeneracies = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    gaps = draw(st.lists(st.floats(0.1, 1), min_size=len(degeneracies), max_size=4))
    energies = np.repeat(np.cumsum(gaps[: len(degeneracies)]), degeneracies) * UNIT
    temperature = draw(st.floats(0.1, 1)) * np.ptp(energies) / k
    return Bath(energies=energies, temperature=temperature)


def rounding(bath, entropy):
    """What rounding leaves unknown of E(S): the promised 1e-10, the offset, and dE = T dS."""
    energy = bath.energy_at_entropy(entropy) - bath.energies.min()
    entropy_rounding = 4 * bath.dimension * EPS * math.log(bath.dimension)
    thermal = k * bath.temperature_at_entropy(entropy) * entropy_rounding
    return 1e-10 * energy + 8 * EPS * bath.energies.max() + thermal


@pytest.mark.parametrize(
    ("entropy_decrease", "tight", "landauer"),
    [
        (0.05, 0.010493965, 0.008959746),
        (0.1, 0.023403399, 0.017919492),
        (0.3, 0.096081372, 0.053758477),
        (0.6, 0.313424825, 0.107516955),
    ],
)
def test_checked_bounds_of_the_default_qubit(entropy_decrease, tight, landauer):
    bath = Bath.qubit()
    quantum = bath.energies[1]
    # Half a unit of the last printed digit.
    assert tight_bound(entropy_decrease, bath) / quantum == pytest.approx(tight, abs=0.5e-9)
    assert landauer_bound(entropy_decrease, bath) / quantum == pytest.approx(landauer, abs=0.5e-9)


@pytest.mark.parametrize(
    ("population", "entropy", "entropy_decrease", "athermal", "tight", "landauer"),
    [
        (0.008023, 0.025749, 0.647567, 0.392728, 0.394487, 0.116041),
        (0.022432, 0.027788, 0.645527, 0.378319, 0.389663, 0.115675),
        (0.118073, 0.029375, 0.643940, 0.282678, 0.386062, 0.115391),
        (0.286909, 0.030337, 0.642978, 0.113842, 0.383935, 0.115218),
        (0.500000, 0.030653, 0.642662, -0.099249, 0.383247, 0.115162),
        (0.003756, 0.024727, 0.648589, 0.396995, 0.396995, 0.116224),
    ],
)
def test_checked_theory_curve(population, entropy, entropy_decrease, athermal, tight, landauer):
    bath = Bath.qubit()
    quantum = bath.energies[1]
    # Six printed digits each; T/hf is below 2.5 here, and two entropies and an energy go in.
    tolerance = 0.5e-6 * (1 + 2.5 + 2.5 + 1)
    bound = athermal_bound_from(entropy_decrease, bath, entropy, population * quantum)
    assert bound / quantum == pytest.approx(athermal, abs=tolerance)
    assert tight_bound(entropy_decrease, bath) / quantum == pytest.approx(tight, abs=tolerance)
    assert landauer_bound(entropy_decrease, bath) / quantum == pytest.approx(landauer, abs=1e-6)
    advantage = gain_from(entropy_decrease, bath, entropy, population * quantum)
    assert advantage / quantum == pytest.approx(tight - athermal, abs=2 * tolerance)


@each_bath
@pytest.mark.parametrize("factor", [0.5, 1.3, 3, 20])
def test_tight_bound_is_the_integral_of_equation_9(bath, factor):
    start, end = bath.temperature, factor * bath.temperature
    entropy = integral(lambda t: heat_capacity(bath, t) / t, start, end)
    heat = k * integral(lambda t: heat_capacity(bath, t), start, end)
    # The quadrature is good to 1e-11 in both, and dQ = T dS with T up to the end.
    tolerance = 2e-11 * (abs(heat) + k * max(start, end) * abs(entropy)) + rounding(
        bath, bath.entropy() + entropy
    )
    assert tight_bound(entropy, bath) == pytest.approx(heat, rel=0, abs=tolerance)


@each_bath
@pytest.mark.parametrize("mixing", [0, 0.1, 0.6])
@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_gain_is_the_integral_of_equation_4(bath, mixing, fraction):
    d = bath.dimension
    pure = np.full((d, d), 1 / d)
    state = mixing * bath.gibbs(3 * bath.temperature) + (1 - mixing) * pure
    entropy = athermal_entropy(state)
    entropy_decrease = fraction * room(bath, max(entropy, bath.entropy()))

    # T(s) has a kink at the entropy of the ground level, below which it vanishes.
    levels = bath.energies - bath.energies.min()
    floor = math.log(np.count_nonzero(levels < 1e-9 * levels.max())) - entropy_decrease
    start, end = max(floor, bath.entropy()), max(floor, entropy)
    excess = k * integral(lambda s: bath.temperature_at_entropy(s + entropy_decrease), start, end)
    expected = bath.energy(state) - bath.mean_energy() - excess
    tolerance = 1e-9 * abs(excess) + rounding(bath, max(bath.entropy(), entropy) + entropy_decrease)
    result = gain(entropy_decrease, bath, state)
    assert result == pytest.approx(expected, rel=0, abs=tolerance)
    difference = tight_bound(entropy_decrease, bath) - athermal_bound(entropy_decrease, bath, state)
    assert result == difference


def athermal_entropy(state):
    eigenvalues = np.linalg.eigvalsh(state)
    return -sum(p * math.log(p) for p in eigenvalues if p > EPS)


@settings(max_examples=40, deadline=None)
@given(bath=baths(), fraction=st.floats(0, 1))
def test_tight_bound_exceeds_landauer(bath, fraction):
    entropy_decrease = fraction * room(bath, bath.entropy())
    slack = rounding(bath, min(bath.entropy() + entropy_decrease, math.log(bath.dimension) - 1e-9))
    tight = tight_bound(entropy_decrease, bath)
    assert tight >= landauer_bound(entropy_decrease, bath) - slack


@settings(max_examples=40, deadline=None)
@given(bath=baths(), fraction=st.floats(0, 0.95))
def test_thermal_state_gains_nothing(bath, fraction):
    entropy_decrease = fraction * room(bath, bath.entropy())
    result = gain(entropy_decrease, bath, bath.gibbs())
    tolerance = 2 * rounding(bath, bath.entropy() + entropy_decrease)
    assert result == pytest.approx(0, abs=tolerance)


@settings(max_examples=40, deadline=None)
@given(bath=baths(), factor=st.floats(1.1, 4), fraction=st.floats(0.05, 0.95))
def test_hotter_thermal_bath_loses_and_colder_one_gains(bath, factor, fraction):
    for temperature, sign in [(factor * bath.temperature, -1), (bath.temperature / factor, 1)]:
        hotter = max(temperature, bath.temperature)
        entropy_decrease = fraction * room(bath, bath.entropy(hotter))
        result = gain(entropy_decrease, bath, bath.gibbs(temperature))
        slack = 2 * rounding(bath, bath.entropy(hotter) + entropy_decrease)
        assume(abs(result) > slack)
        assert sign * result > 0


def test_recycled_bath_at_quarter_pi_gains():
    bath = Bath.qubit()
    plus = np.full((2, 2), 0.5)
    assert gain(0.6, bath, plus) > 0
    assert athermal_bound(0.6, bath, plus) < 0


@pytest.mark.parametrize("bath", [BATHS["qubit"], BATHS["degenerate"]], ids=["qubit", "degenerate"])
def test_where_no_process_exists(bath):
    d = bath.dimension
    pure, mixed = np.diag([1.0] + [0.0] * (d - 1)), np.eye(d) / d
    beyond_thermal = math.log(d) - bath.entropy() / 2  # a pure bath takes that up, no thermal one
    beyond_all = math.log(d) + 0.01

    assert tight_bound(beyond_thermal, bath) == np.inf
    assert np.isfinite(athermal_bound(beyond_thermal, bath, pure))
    assert gain(beyond_thermal, bath, pure) == np.inf

    assert athermal_bound(0.01, bath, mixed) == np.inf
    assert np.isfinite(tight_bound(0.01, bath))
    assert gain(0.01, bath, mixed) == -np.inf

    assert gain(beyond_all, bath, pure) == -np.inf
    assert landauer_bound(beyond_all, bath) == k * bath.temperature * beyond_all


def test_filling_the_bath_to_the_brim_survives_rounding():
    bath = Bath.qubit()
    # Swap with a maximally mixed target: the final bath entropy is ln 2 up to rounding.
    for population in np.linspace(0.001, 0.5, 200):
        entropy = binary_entropy(population)
        bound = athermal_bound_from(math.log(2) - entropy, bath, entropy, 0)
        # Just below ln 2 E(S) is steep: a rounding of eps in S moves it by sqrt(eps).
        assert bound / bath.energies[1] == pytest.approx(0.5, abs=2 * math.sqrt(EPS))


def test_below_the_ground_entropy_the_constraint_is_void():
    bath = BATHS["degenerate"]
    pure = np.diag([0, 0, 1.0, 0, 0])
    assert athermal_bound(0.5, bath, pure) == pytest.approx(-2 * UNIT, rel=4 * EPS, abs=0)


def test_nan_in_gives_nan_out():
    bath = Bath.qubit()
    assert np.isnan(tight_bound(np.nan, bath))
    assert np.isnan(landauer_bound(np.nan, bath))
    assert np.isnan(gain(np.nan, bath, np.eye(2) / 2))
    assert np.isnan(gain(0.1, bath, np.full((2, 2), np.nan)))


def test_everything_broadcasts():
    bath = Bath.qubit()
    decreases = np.linspace(0, 0.6, 4)[:, np.newaxis]
    states = bath.gibbs(np.array([0.01, 0.043, 0.2]))
    for function in (athermal_bound, gain):
        table = function(decreases, bath, states)
        assert table.shape == (4, 3)
        for i, j in np.ndindex(4, 3):
            scalar = function(decreases[i, 0], bath, states[j])
            assert isinstance(scalar, float)
            # SIMD and scalar kernels may round differently.
            assert scalar == pytest.approx(table[i, j], rel=0, abs=8 * EPS * bath.energies[1])
    for function in (landauer_bound, tight_bound):
        assert function(decreases, bath).shape == (4, 1)
        assert isinstance(function(0.1, bath), float)


def test_states_of_another_dimension_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3, 3\)"):
        athermal_bound(0.1, Bath.qubit(), np.eye(3) / 3)
    with pytest.raises(ValueError, match=r"shape \(3, 3\)"):
        gain(0.1, Bath.qubit(), np.eye(3) / 3)
