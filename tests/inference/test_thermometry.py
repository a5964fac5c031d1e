"""Temperature of the bath qubit: intervals that cover near zero, and three sources."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.constants import h as planck
from scipy.constants import k as boltzmann

import recycling as rc
from recycling.inference.bath.brackets import Quantity
from recycling.inference.bath.thermometry import (
    bath_temperature,
    behind_gates,
    calibrated_temperature,
    given_temperature,
)
from recycling.inference.statistics.population import excited_population, mid_tail
from recycling.planning.rehearsal import simulate_counts
from recycling.results.device import device_bracket, rotation_depolarizing
from recycling.results.temperature import run_temperature, thermal_records
from recycling.results.verdicts import ROUNDING
from tests.inference.of_hhl import DESIGN

FREQUENCY, T0, THERMAL = 5e9, 0.043, 0.00375645820
READOUT = (0.0015, 0.0088)
RNG_SEED = 11


def fields(found):
    return tuple(found.temperature.ends.values())


@pytest.fixture(scope="module")
def exact(small_spec, small_plan):
    """Counts of the small experiment as exact probabilities, and its device."""
    spec = small_spec.replace("shots = 500\ntrials = 2", 'shots = "exact"\ntrials = 1')
    plan = replace(small_plan, experiment=rc.Experiment.parse(spec))
    return simulate_counts(plan), plan.device


@pytest.mark.parametrize(
    ("shots", "q", "variance"), [(500, 0.0138, 1e-6), (300, 0.4, 1e-4), (80_000, 0.0053, 1e-7)]
)
def test_tail_is_that_of_a_beta_binomial(shots, q, variance):
    size = q * (1 - q) / variance - 1
    law = stats.betabinom(shots, q * size, (1 - q) * size)
    for count in (0, int(shots * q) // 2, int(shots * q), 2 * int(shots * q)):
        expected = law.cdf(count) - law.pmf(count) / 2
        # SciPy's gamma functions of 1e5 and more cancel to some 1e-9.
        assert mid_tail(count, shots, q, variance) == pytest.approx(expected, abs=1e-8)


def test_tail_without_calibration_error_is_binomial():
    for shots, q in ((10, 0.3), (500, 0.004), (1_000_000, 0.005)):
        law = stats.binom(shots, q)
        for count in (0, int(shots * q), shots):
            expected = law.cdf(count) - law.pmf(count) / 2
            assert mid_tail(count, shots, q, 0.0) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("shots", [500, 8000, 80_000])
@pytest.mark.parametrize("false_excited", [0.0, 0.0015, 0.01])
@pytest.mark.parametrize("population", [0.0, 0.0038])
def test_interval_covers_with_known_readout(shots, false_excited, population):
    """No chance here: the coverage is summed over all counts that can occur."""
    readout = (false_excited, 0.0088)
    law = stats.binom(shots, false_excited + (1 - sum(readout)) * population)
    counts = np.arange(law.ppf(1e-9), law.ppf(1 - 1e-9) + 1, dtype=int)
    held = [covers(count, shots, readout, np.zeros((2, 2)), population) for count in counts]
    coverage = law.pmf(counts)[held].sum()
    assert coverage >= (0.945 if shots > 500 else 0.93)


@pytest.mark.parametrize(
    ("shots", "calibration", "false_excited"),
    [(500, 8000, 0.0015), (8000, 2000, 0.01), (80_000, 8000, 0.0015), (80_000, 80_000, 0.01)],
)
def test_interval_covers_with_measured_readout(shots, calibration, false_excited):
    """95 % within 3 σ of 900 simulated experiments: ≥ 92.8 %."""
    generator = np.random.default_rng(RNG_SEED)
    repeats, false_ground, population = 900, 0.0088, 0.0038
    q = false_excited + (1 - false_excited - false_ground) * population
    held = 0
    for _ in range(repeats):
        wrong = generator.binomial(calibration, [false_excited, false_ground])
        rates = wrong / calibration
        smoothed = (wrong + 0.5) / (calibration + 1)
        covariance = np.diag(smoothed * (1 - smoothed) / calibration)
        held += covers(generator.binomial(shots, q), shots, rates, covariance, population)
    limit = 0.95 - 3 * np.sqrt(0.95 * 0.05 / repeats)
    assert held / repeats >= limit > 0.928


def covers(count, shots, rates, covariance, population):
    """Whether the interval holds the population, by its two tests instead of its two roots."""
    e0, e1 = rates
    slope = np.array([1 - population, -population])
    variance = slope @ covariance @ slope
    stderr = np.sqrt(covariance[0, 0])
    shift = stderr**2 / (2 * max(e0, stderr)) if stderr > 0 else 0
    q = e0 + shift + (1 - e0 - e1) * population
    lower = mid_tail(max(count, int(np.ceil(shots * e0))), shots, q, variance)
    return lower >= 0.025 and mid_tail(count, shots, q, variance) <= 0.975


def test_the_two_tests_are_those_of_the_interval():
    """What the coverage test takes for the interval agrees with it."""
    covariance = np.diag([2e-7, 1e-6])
    for count in (0, 5, 30, 60):
        found = excited_population(count, 8000, READOUT, covariance).interval
        for inside, p in ((True, found.low + 1e-6), (False, found.low - 1e-6),
                          (True, found.high - 1e-6), (False, found.high + 1e-6)):  # fmt: skip
            if p > 0:
                assert covers(count, 8000, READOUT, covariance, p) == inside


@settings(max_examples=50)
@given(
    shots=st.integers(1, 100_000),
    fraction=st.floats(0, 1),
    false_excited=st.floats(0, 0.3),
    false_ground=st.floats(0, 0.3),
    error=st.sampled_from([0.0, 1e-8, 1e-4]),
)
def test_interval_holds_its_value_and_stays_physical(
    shots, fraction, false_excited, false_ground, error
):
    readout, covariance = (false_excited, false_ground), error * np.eye(2)
    found = excited_population(round(fraction * shots), shots, readout, covariance).interval
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high > 0


def test_calibration_error_widens_the_interval():
    width = [
        np.ptp(fields(bath_temperature(40, 8000, FREQUENCY, READOUT, error * np.eye(2)))[1:])
        for error in (0.0, 1e-7, 1e-6)
    ]
    assert width == sorted(width)
    assert width[2] > 1.2 * width[0]


def test_many_shots_give_the_gaussian_interval():
    shots = 10**7
    count = round(THERMAL * shots)
    found = bath_temperature(count, shots, FREQUENCY)
    stderr = np.sqrt(THERMAL * (1 - THERMAL) / shots)
    # The skewness of a count moves the ends by some 1/count of their distance, at 4e4 counts.
    assert found.population.high - found.population.low == pytest.approx(
        2 * 1.959964 * stderr, rel=2e-3
    )
    slope = boltzmann * T0**2 / (planck * FREQUENCY * THERMAL * (1 - THERMAL))
    assert found.temperature.value == pytest.approx(T0, abs=slope / shots)
    # Second order: the curvature of T(p) over 2σ = 1e-2 of p.
    assert found.temperature.high - found.temperature.low == pytest.approx(
        2 * 1.959964 * slope * stderr, rel=1e-2
    )


def test_no_excitation_is_an_upper_limit():
    found = bath_temperature(0, 500, FREQUENCY, READOUT)
    assert (found.temperature.value, found.temperature.low) == (0, 0)
    assert 0 < found.temperature.high < np.inf
    assert "upper limit" in found.note
    # As for a record at the background: one false count of 500, rounded up.
    assert found.temperature.high == bath_temperature(1, 500, FREQUENCY, READOUT).temperature.high


def test_hot_qubit_has_no_positive_temperature():
    found = bath_temperature(300, 500, FREQUENCY)
    assert fields(found)[::2] == (np.inf, np.inf)
    assert "1/2" in found.note


def test_no_shots_are_masked_with_a_note():
    found = bath_temperature(np.zeros(3, int), np.zeros(3, int), FREQUENCY, READOUT)
    assert np.isnan(fields(found)).all()
    assert found.note == "no shots"


def test_parts_that_differ_are_named_and_widen_the_interval():
    shots = np.full((5, 2), 8000)
    alike = np.full((5, 2), 40)
    drifting = alike + 15 * np.arange(-2, 3)[:, None]
    same, other = (
        bath_temperature(ones, shots, FREQUENCY, READOUT, dimensions=("trial", "flag"))
        for ones in (alike, drifting)
    )
    assert same.note == ""
    assert other.note.startswith("differs along trial (χ² = ")
    assert "flag" not in other.note
    assert other.temperature.value == same.temperature.value
    # χ² by hand: ones of a trial against 80 of 16000 shots, 4 degrees of freedom.
    growth = 2 * (60**2 + 30**2) / (80 * (1 - 0.005)) / 4
    assert other.population.high - other.population.low == pytest.approx(
        np.sqrt(growth) * (same.population.high - same.population.low), rel=0.05
    )


def test_branches_and_preparations_may_be_pooled(exact):
    """B is left alone before the erasure: its records depend on nothing else, on the engine."""
    axes, excited, shots = thermal_records(exact[0], DESIGN)
    assert axes == ("trial", "preparation", "theta_b", "flag")
    assert excited.shape == tuple(exact[0].sizes[name] for name in axes)
    rates = excited / shots
    # Rounding of 4⁶ terms, over a branch probability of 0.14 and more.
    np.testing.assert_allclose(rates, rates.mean(), rtol=0, atol=1e-10)


def test_exact_counts_give_the_temperature_of_the_device(exact):
    counts, device = exact
    bath = device.roles.index("B")
    readout = (device.false_excited[bath], device.false_ground[bath])
    raw = run_temperature(counts, DESIGN, FREQUENCY, readout)
    strength = rotation_depolarizing(device, "B")
    found = run_temperature(counts, DESIGN, FREQUENCY, behind_gates(readout, strength))
    # The errors of the rotation look like half a millikelvin.
    assert 4e-4 < raw.temperature.value - device.temperature < 5e-4
    assert found.temperature.value == pytest.approx(device.temperature, rel=ROUNDING, abs=0)
    assert fields(found) == (found.temperature.value,) * 3
    wide = run_temperature(counts, DESIGN, FREQUENCY, readout, 1e-8 * np.eye(2))
    slope = np.hypot(1 - wide.population.value, wide.population.value) / (1 - sum(readout))
    assert wide.population.high - wide.population.value == pytest.approx(
        1.959964e-4 * slope, rel=1e-6
    )


@pytest.mark.parametrize(
    ("profile", "temperature", "frequency"),
    [("paper", 0.02, 5e9), ("FakeBoston", 0.031, 4.2e9), ("FakeTorino", 0.11, 6.3e9)],
)
def test_the_rotation_is_corrected_on_any_chip_at_any_temperature(profile, temperature, frequency):
    """The control of the temperature of exact runs allows for rounding alone."""
    experiment = rc.Experiment(
        name="exact",
        bath={"temperature": temperature, "frequency": frequency},
        device={"profile": profile},
        sweep={"theta_b": [0.3], "p_x": [0.4]},
        measurement={"shots": "exact", "trials": 1},
    )
    plan = rc.plan(experiment)
    bath = plan.device.roles.index("B")
    rates = (plan.device.false_excited[bath], plan.device.false_ground[bath])
    readout = behind_gates(rates, rotation_depolarizing(plan.device, "B"))
    found = run_temperature(simulate_counts(plan), DESIGN, frequency, readout)
    assert found.temperature.value == pytest.approx(temperature, rel=ROUNDING, abs=0)


def test_run_is_pooled(small_run):
    counts = small_run.counts
    found = run_temperature(counts, DESIGN, FREQUENCY, READOUT)
    # Trials, preparations, angles, shots.
    assert "12000 shots" not in found.source
    assert f"{2 * 2 * 3 * 500} shots" in found.source
    assert found.temperature.low < T0 < found.temperature.high


def test_calibration_and_given_values(exact):
    bracket = device_bracket(exact[1], "B")
    snapshot = calibrated_temperature(bracket, FREQUENCY, "snapshot")
    assert fields(snapshot) == pytest.approx((T0, T0, T0), rel=1e-12)
    assert "no error given" in snapshot.note
    measured = bracket.model_copy(
        update={"thermal_population": Quantity(value=-0.001, stderr=0.002)}
    )
    found = calibrated_temperature(measured, FREQUENCY, "bracket before")
    assert fields(found)[:2] == (0, 0)
    assert found.population.high == pytest.approx(1.959964 * 0.002)
    missing = bracket.model_copy(update={"thermal_population": Quantity.missing("no contrast")})
    found = calibrated_temperature(missing, FREQUENCY, "bracket before")
    assert np.isnan(fields(found)).all()
    assert found.note == "no contrast"
    given_value = given_temperature(T0, FREQUENCY, "spec")
    assert given_value.population.value == pytest.approx(THERMAL, rel=1e-8)
    assert fields(given_value) == pytest.approx((T0, T0, T0), rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((5, 4, FREQUENCY), "excited = 5 of 4 shots"),
        ((-1, 4, FREQUENCY), "excited = -1 of 4 shots"),
        ((0.5, 4, FREQUENCY), "excited has the type float64"),
        (([1, 2], 4, FREQUENCY), "excited has the shape"),
        ((1, 4, 0.0), "frequency = 0 Hz"),
        ((1, 4, np.nan), "frequency = nan Hz"),
        ((1, 4, FREQUENCY, (0.5, 0.5)), r"readout = \(0.5, 0.5\)"),
        ((1, 4, FREQUENCY, (-0.1, 0)), r"readout = \(-0.1, 0\)"),
        ((1, 4, FREQUENCY, (np.nan, 0)), r"readout = \(nan, 0\)"),
        ((1, 4, FREQUENCY, READOUT, [1e-6, 1e-6]), "covariance has the shape"),
        ((1, 4, FREQUENCY, READOUT, [[1e-6, 0], [0, -1e-6]]), "covariance = "),
        ((1, 4, FREQUENCY, READOUT, [[1e-6, np.nan], [0, 1e-6]]), "covariance = "),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(rc.BadInput, match=message):
        bath_temperature(*arguments)


def test_bad_gates_and_temperatures(exact):
    with pytest.raises(rc.BadInput, match="depolarizing = 1"):
        behind_gates(READOUT, 1.0)
    with pytest.raises(rc.BadInput, match="role = 'Q'"):
        rotation_depolarizing(exact[1], "Q")
    with pytest.raises(rc.BadInput, match="temperature = -1 K"):
        given_temperature(-1.0, FREQUENCY, "spec")
