"""The bath: checked numbers, inversion of S(T) and E(S) to their promised precision, domain."""

import decimal
import math
import pickle
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import h, k

from recycling.thermodynamics import Bath, binary_entropy, von_neumann_entropy

EPS = np.finfo(float).eps
LN2 = math.log(2)
UNIT = 1e-24  # J, the scale of a microwave quantum


def decimal_context(digits):
    # The entropies tested reach down to 1e-80, as the difference of terms of order one.
    return decimal.localcontext(decimal.Context(prec=digits))


def exact_population(entropy, start):
    """Newton's iteration for -p ln p - (1 - p) ln(1 - p) = S in 120 digits."""
    p, target = Decimal(float(start)), Decimal(float(entropy))
    for _ in range(4):
        slope = ((1 - p) / p).ln()
        p -= (p * slope - (1 - p).ln() - target) / slope
    return p


def exact_energy(bath, entropy):
    """Energy above ground at the given entropy: Newton's iteration in ln(beta), in 120 digits."""
    levels = [Decimal(float(e)) for e in bath.energies]
    levels = [level - min(levels) for level in levels]
    beta = 1 / (Decimal(k) * Decimal(float(bath.temperature_at_entropy(entropy))))
    for _ in range(4):
        weights = [(-beta * level).exp() for level in levels]
        norm = sum(weights)
        mean = sum(w * e for w, e in zip(weights, levels, strict=True)) / norm
        variance = sum(w * (e - mean) ** 2 for w, e in zip(weights, levels, strict=True)) / norm
        error = norm.ln() + beta * mean - Decimal(float(entropy))
        beta *= (error / (beta**2 * variance)).exp()
    return mean


@st.composite
def baths(draw):
    """Random spectra with degeneracies, given as energies or as a rotated Hamiltonian."""
    degeneracies = draw(st.lists(st.integers(1, 3), min_size=2, max_size=5))
    gaps = draw(st.lists(st.floats(0.05, 1), min_size=len(degeneracies), max_size=5))
    energies = np.repeat(np.cumsum(gaps[: len(degeneracies)]), degeneracies) * UNIT
    if draw(st.booleans()):
        return Bath(energies=energies, temperature=0.05)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (energies.size, energies.size)
    unitary = np.linalg.qr(rng.normal(size=shape) + 1j * rng.normal(size=shape))[0]
    return Bath(hamiltonian=(unitary * energies) @ unitary.conj().T, temperature=0.05)


def test_checked_numbers_of_the_default_qubit():
    bath = Bath.qubit()
    quantum = np.ptp(bath.energies)
    # Every tolerance: half a unit of the last printed digit of the physics reference.
    assert quantum == pytest.approx(3.313035075e-24, abs=0.5e-33)
    assert k * bath.temperature == pytest.approx(5.9367907e-25, abs=0.5e-32)
    assert bath.gibbs()[1, 1].real == pytest.approx(0.00375645820, abs=0.5e-11)
    assert bath.mean_energy() / quantum == pytest.approx(0.00375645820, abs=0.5e-11)
    assert bath.entropy() == pytest.approx(0.02472650351, abs=0.5e-11)


def test_qubit_has_the_schottky_heat_capacity():
    bath, temperature = Bath.qubit(), np.array([0.02, 0.1, 1, 30])
    x = h * 5e9 / (k * temperature)
    schottky = k * x**2 * np.exp(x) / (1 + np.exp(x)) ** 2
    # At 30 K the deviation E - <E> loses nothing; ten roundings, and x = 12 magnifies eps.
    np.testing.assert_allclose(bath.heat_capacity(temperature), schottky, rtol=40 * EPS)


def test_qubit_inversion_is_good_to_machine_precision():
    entropies = np.concatenate(
        [
            10.0 ** np.arange(-80, -1, 6),
            np.linspace(0.01, 0.69, 41),
            [0.475, np.nextafter(0.475, 1)],  # where the two regimes meet
            LN2 - 10.0 ** np.arange(-15, -1),
            [np.nextafter(LN2, 0)],
        ]
    )
    bath = Bath.qubit()
    populations = bath.energy_at_entropy(entropies) / np.ptp(bath.energies)
    reduced = np.ptp(bath.energies) / (k * bath.temperature_at_entropy(entropies))
    with decimal_context(120):
        exact = [exact_population(s, p) for s, p in zip(entropies, populations, strict=True)]
        inverse = [float(((1 - p) / p).ln()) for p in exact]
    # The residual of the last step is good to some 2 eps, and so is what units cost.
    np.testing.assert_allclose(populations, [float(p) for p in exact], rtol=4 * EPS)
    np.testing.assert_allclose(reduced, inverse, rtol=4 * EPS)


@pytest.mark.parametrize(
    "levels",
    [
        [0, 1, 1.7],
        [0, 0, 1, 1],
        [3, 1, 1, 2, 1, 3],
        [0, 1e-5, 1],
        np.random.default_rng(0).uniform(size=64),
    ],
)
def test_energy_at_entropy_of_any_spectrum_is_good_to_1e_10(levels):
    bath = Bath(energies=(np.array(levels) - min(levels)) * UNIT, temperature=0.05)
    lowest = math.log(np.count_nonzero(bath.energies == 0))
    highest = math.log(len(levels))
    fractions = np.array([1e-9, 1e-3, 0.1, 0.4, 0.7, 0.99, 1 - 1e-7])
    entropies = [*(lowest + (highest - lowest) * fractions), np.nextafter(highest, 0)]
    if lowest == 0:
        entropies.append(1e-80)
    with decimal_context(120):
        exact = [float(exact_energy(bath, s)) for s in entropies]
    np.testing.assert_allclose(bath.energy_at_entropy(entropies), exact, rtol=1e-10)


@settings(max_examples=60, deadline=None)
@given(bath=baths(), reduced=st.floats(0.03, 50))
def test_energy_and_temperature_come_back_from_the_entropy(bath, reduced):
    ground, width = bath.energies.min(), np.ptp(bath.energies)
    temperature = reduced * width / k
    energy, entropy = bath.mean_energy(temperature), bath.entropy(temperature)
    # dE = T dS: what the rounding of S (d terms) and of E, offset included, leaves to be known.
    rounding = bath.dimension * EPS * (k * temperature * entropy + abs(bath.energies).max())
    tolerance = 1e-10 * (energy - ground) + rounding
    assert bath.energy_at_entropy(entropy) == pytest.approx(energy, rel=0, abs=tolerance)
    back = bath.temperature_at_entropy(entropy)
    assert (back - temperature) * bath.heat_capacity(temperature) == pytest.approx(0, abs=tolerance)


@settings(max_examples=40, deadline=None)
@given(bath=baths(), temperature=st.floats(1e-3, 10))
def test_gibbs_state_has_the_entropy_and_energy_that_are_told(bath, temperature):
    state = bath.gibbs(temperature)
    d = bath.dimension
    # Eigenvalue errors of d eps each, at worst on eigenvalues near zero.
    assert von_neumann_entropy(state) == pytest.approx(
        bath.entropy(temperature), abs=-2 * d * d * EPS * math.log(d * EPS)
    )
    energy_rounding = 4 * d * d * EPS * abs(bath.energies).max()
    energy = bath.mean_energy(temperature)
    assert bath.energy(state) == pytest.approx(energy, rel=0, abs=energy_rounding)
    assert np.trace(state).real == pytest.approx(1, abs=d * d * EPS)


@settings(max_examples=40, deadline=None)
@given(bath=baths(), reduced=st.floats(0.1, 10))
def test_heat_capacity_is_the_slope_of_the_energy(bath, reduced):
    width = np.ptp(bath.energies)
    temperature, step = reduced * width / k, 1e-4
    below, above = bath.mean_energy(temperature * np.array([1 - step, 1 + step]))
    slope = (above - below) / (2 * step * temperature)
    # Central difference: (step^2 / 6) T^3 C'' with |T^3 C''| < 12 (width / kT)^4 width at most,
    # and the rounding of the energies over the step.
    truncation = step**2 / 6 * 12 * max(1, 1 / reduced) ** 4 * width
    rounding = 4 * bath.dimension * EPS * abs(bath.energies).max() / step
    assert bath.heat_capacity(temperature) * temperature == pytest.approx(
        slope * temperature, rel=0, abs=truncation + rounding
    )


@pytest.mark.parametrize(("levels", "ground"), [([0, 1], 1), ([0, 0, 1], 2), ([-1, -1, 2, 3], 2)])
def test_outside_the_range_of_entropies(levels, ground):
    bath = Bath(energies=np.array(levels) * UNIT, temperature=0.05)
    ln_ground, ln_all = math.log(ground), math.log(len(levels))
    lowest, highest = bath.energies.min(), bath.energies.mean()

    entropies = [-np.inf, -1, ln_ground, ln_all, ln_all + 4 * EPS, ln_all + 1e-12, np.inf, np.nan]
    energies = bath.energy_at_entropy(entropies)
    np.testing.assert_array_equal(energies[:3], lowest)
    np.testing.assert_allclose(energies[3:5], highest, rtol=4 * EPS)
    np.testing.assert_array_equal(energies[5:], [np.inf, np.inf, np.nan])

    temperatures = bath.temperature_at_entropy(entropies)
    np.testing.assert_array_equal(temperatures, [0, 0, 0] + [np.inf] * 4 + [np.nan])


@pytest.mark.parametrize("levels", [[0, 1], [0, 0, 1, 4]])
def test_limits_of_zero_and_infinite_temperature(levels):
    bath = Bath(energies=np.array(levels) * UNIT, temperature=0.05)
    ground = np.array(levels) == 0
    temperatures = [0, 1e-300, np.inf, np.nan]
    uniform, undefined = np.full((2, len(levels)), [[1 / len(levels)], [np.nan]])
    np.testing.assert_allclose(
        bath.gibbs(temperatures).diagonal(axis1=-2, axis2=-1),
        [ground / ground.sum(), ground / ground.sum(), uniform, undefined],
    )
    entropies = [math.log(ground.sum())] * 2 + [math.log(len(levels)), np.nan]
    np.testing.assert_array_equal(bath.entropy(temperatures), entropies)
    np.testing.assert_array_equal(bath.heat_capacity(temperatures), [0, 0, 0, np.nan])
    energies = [0, 0, np.mean(levels) * UNIT, np.nan]
    np.testing.assert_allclose(bath.mean_energy(temperatures), energies, rtol=4 * EPS)


def test_small_entropies_keep_their_digits():
    bath = Bath(energies=[0, UNIT, 2 * UNIT], temperature=0.05)
    cold = 1e-3  # K, populations of e^-72: the third level plays no part
    population = math.exp(-UNIT / (k * cold))
    # The exponent of 72 magnifies its own rounding.
    assert bath.entropy(cold) == pytest.approx(binary_entropy(population), rel=200 * EPS, abs=0)
    assert bath.mean_energy(cold) == pytest.approx(population * UNIT, rel=200 * EPS, abs=0)


@pytest.mark.parametrize("levels", [[0, 1], [0, 0, 1, 4]])
@pytest.mark.parametrize(
    "method",
    ["mean_energy", "entropy", "heat_capacity", "energy_at_entropy", "temperature_at_entropy"],
)
def test_arrays_of_any_shape_give_what_scalars_give(levels, method):
    function = getattr(Bath(energies=np.array(levels) * UNIT, temperature=0.05), method)
    # More than one block of the blockwise evaluation.
    values = np.random.default_rng(1).uniform(-0.1, 1.6, (2, 5000))
    if "at_entropy" not in method:
        values = np.abs(values)
    result = function(values)
    assert result.shape == values.shape
    for index in np.ndindex(2, 20):
        scalar = function(values[index])
        assert isinstance(scalar, float)
        # SIMD and scalar kernels may round differently.
        assert scalar == pytest.approx(result[index], rel=16 * EPS, abs=0)
    assert function(np.empty((0, 3))).shape == (0, 3)


def test_gibbs_and_energy_are_vectorised():
    bath = Bath(hamiltonian=np.array([[1, 0.5j], [-0.5j, 2]]) * UNIT, temperature=0.05)
    temperatures = np.array([[0.02, 0.05, 0.3]])
    states = bath.gibbs(temperatures)
    assert states.shape == (1, 3, 2, 2)
    np.testing.assert_array_equal(states[0, 1], bath.gibbs())
    np.testing.assert_allclose(bath.energy(states), bath.mean_energy(temperatures), rtol=8 * EPS)
    assert isinstance(bath.energy(states[0, 0]), float)


def test_order_of_the_energies_is_the_basis():
    bath = Bath(energies=[2 * UNIT, 0, UNIT], temperature=0.05)
    populations = bath.gibbs().diagonal().real
    assert populations[1] > populations[2] > populations[0]


def test_degeneracy_of_a_rotated_hamiltonian_survives_its_diagonalisation():
    unitary = np.linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))[0]
    bath = Bath(hamiltonian=(unitary * np.array([5, 5, 6, 7]) * UNIT) @ unitary.T, temperature=0.05)
    assert bath.temperature_at_entropy(LN2) == 0
    assert bath.entropy(0) == LN2


def test_bath_is_frozen_and_survives_pickling():
    bath = Bath.qubit()
    with pytest.raises(AttributeError):
        bath.temperature = 1.0
    with pytest.raises(ValueError, match="read-only"):
        bath.energies[0] = 1
    assert pickle.loads(pickle.dumps(bath)).entropy() == bath.entropy()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "energies, hamiltonian: give exactly one"),
        ({"energies": [0, 1], "hamiltonian": np.eye(2)}, "give exactly one"),
        ({"energies": [0]}, "shape"),
        ({"energies": [[0, 1]]}, "shape"),
        ({"energies": [0, np.nan]}, "energies = nan J"),
        ({"energies": [UNIT, UNIT]}, "all equal"),
        ({"energies": [0, 0]}, "all equal"),
        ({"energies": [0, UNIT], "temperature": 0}, "temperature = 0 K"),
        ({"energies": [0, UNIT], "temperature": -1}, "temperature = -1 K"),
        ({"energies": [0, UNIT], "temperature": np.inf}, "temperature = inf K"),
        ({"energies": [0, UNIT], "temperature": np.nan}, "temperature = nan K"),
        ({"hamiltonian": np.eye(2)[:1]}, "shape"),
        ({"hamiltonian": [[0.0]]}, "shape"),
        ({"hamiltonian": [[0, UNIT], [2 * UNIT, 0]]}, "adjoint"),
        ({"hamiltonian": [[0, np.inf], [np.inf, 0]]}, "finite"),
        ({"hamiltonian": UNIT * np.eye(3)}, "all equal"),
    ],
)
def test_bad_baths_are_refused_in_one_line(arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        Bath(**{"temperature": 0.05, **arguments})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("frequency", [0, -5e9, np.inf, np.nan])
def test_bad_frequencies_are_refused(frequency):
    with pytest.raises(ValueError, match="frequency = "):
        Bath.qubit(frequency=frequency)


def test_bad_arguments_of_methods_are_refused():
    bath = Bath.qubit()
    with pytest.raises(ValueError, match="temperature = -1 K"):
        bath.mean_energy([1, -1])
    with pytest.raises(ValueError, match="temperature = -1 K"):
        bath.gibbs(-1)
    with pytest.raises(ValueError, match=r"shape \(3, 3\)"):
        bath.energy(np.eye(3) / 3)
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        bath.energy(np.ones(2))
