"""Limits of proportions and of Bloch lengths: against SciPy, and by how often they cover."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import binom

from recycling.inference.statistics.lengths import Mixed, Part, _cumulants_of_squares, length_limits
from recycling.inference.statistics.proportions import proportion_limits
from recycling.thermodynamics import binary_entropy

#: Normal quantile of 97.5 %.
Z = 1.959963984540054
#: What a limit is off by at most: its root is found to 1e-6.
ACCURACY = 1.5e-6
#: Simulated experiments a point, and 3 standard errors of a coverage of 93 % among them.
COPIES = 2000
THREE_SIGMA = 3 * np.sqrt(0.93 * 0.07 / COPIES)

shots = st.integers(1, 3000)
quantiles = st.floats(0, 4)


# --- proportions ---------------------------------------------------------------------------------


def upper_limit(k, n, quantile):
    """Mid-P upper limit: where P(K < k) + P(K = k)/2 is what lies below the quantile."""

    def tail(p):
        return binom.cdf(k, n, p) - binom.pmf(k, n, p) / 2 - ndtr(-quantile)

    return 1.0 if tail(1.0) >= 0 else brentq(tail, 0, 1, xtol=1e-12)


@pytest.mark.parametrize("n", [1, 7, 500, 8000])
@pytest.mark.parametrize("quantile", [1.0, Z, 3.5])
def test_limits_of_a_proportion_are_those_of_a_mid_p_test(n, quantile):
    k = np.unique([0.0, 1, n // 100, n // 3, n - 1, n])
    low, high = proportion_limits(k, np.full(k.shape, n), quantile)
    expected = [upper_limit(own, n, quantile) for own in k]
    np.testing.assert_allclose(high, expected, rtol=0, atol=ACCURACY)
    expected = [1 - upper_limit(n - own, n, quantile) for own in k]
    np.testing.assert_allclose(low, expected, rtol=0, atol=ACCURACY)


@given(shots, quantiles)
def test_limits_at_the_ends_have_a_closed_form(n, quantile):
    counts, total = np.array([0.0, n]), np.array([n, n])
    low, high = proportion_limits(counts, total, quantile)
    # Nothing was seen: (1 - p)^n/2 is the level.
    reach = 1 - (2 * ndtr(-quantile)) ** (1 / n)
    np.testing.assert_allclose(low, [0, 1 - reach], rtol=0, atol=ACCURACY)
    np.testing.assert_allclose(high, [reach, 1], rtol=0, atol=ACCURACY)


@given(st.data())
def test_limits_of_a_proportion_embrace_it(data):
    n = data.draw(shots)
    k = data.draw(st.floats(0, n))
    narrow, wide = sorted(data.draw(st.tuples(quantiles, quantiles)))
    lows, highs = proportion_limits(np.array([k, k, n - k]), np.full(3, n), wide)
    low, high = proportion_limits(np.array([k]), np.array([n]), narrow)
    assert 0 <= lows[0] <= low[0] + ACCURACY
    assert high[0] - ACCURACY <= highs[0] <= 1
    # The median of half a count more, or less, lies 0.7 counts from where it was counted.
    assert lows[0] - 1 / n <= k / n <= highs[0] + 1 / n
    if wide >= 1:
        assert lows[0] - ACCURACY <= k / n <= highs[0] + ACCURACY
    # A failure is a success of the other kind.
    np.testing.assert_allclose([lows[2], highs[2]], [1 - highs[0], 1 - lows[0]], atol=ACCURACY)


@given(shots, st.floats(0, 1), st.floats(0, 1), quantiles)
def test_more_successes_are_more_likely(n, one, other, quantile):
    successes = n * np.sort([one, other])
    for limit in proportion_limits(successes, np.full(2, n), quantile):
        assert limit[0] <= limit[1] + ACCURACY


def test_limits_of_no_trials_are_unknown():
    low, high = proportion_limits(np.array([[0.0], [3.0]]), np.array([[0.0], [5.0]]), Z)
    assert np.isnan(low[0, 0])
    assert np.isnan(high[0, 0])
    assert 0 < low[1, 0] < 0.6 < high[1, 0] < 1


@pytest.mark.parametrize("n", [500, 8000])
def test_proportions_are_covered(n):
    """By adding up the probabilities of all counts: nothing is sampled."""
    k = np.arange(n + 1.0)
    low, high = proportion_limits(k, np.full(k.shape, n), Z)
    # From 8 expected successes on; below, no test of whole counts comes as close.
    proportions = np.concatenate([np.linspace(8, 20, 40) / n, np.linspace(0.05, 0.95, 41)])
    inside = (low <= proportions[:, None]) & (proportions[:, None] <= high)
    coverage = (binom.pmf(k, n, proportions[:, None]) * inside).sum(axis=1)
    assert coverage.min() >= 0.93
    # Counts are whole, so coverage swings; but about what was asked for.
    assert coverage.mean() == pytest.approx(0.95, abs=0.01)


# --- lengths -------------------------------------------------------------------------------------


def unit(*vector):
    return tuple(np.array(vector) / np.linalg.norm(vector))


def simulated(ground, excited, p_x, n, seed, copies=COPIES, top=1.0, bottom=-1.0):
    """Experiments on two states of given Bloch vectors, whose outcomes stand for two values."""
    generator = np.random.default_rng(seed)
    parts = []
    for weight, bloch in ((1 - p_x, ground), (p_x, excited)):
        zeros = (np.array(bloch)[:, None] - bottom) / (top - bottom)
        share = generator.binomial(n, zeros, size=(3, copies)) / n
        one = np.ones(copies)
        parts.append(
            Part(weight * one, bottom + (top - bottom) * share, n + 0 * share, top * one,
                 bottom * one)
        )  # fmt: skip
    return Mixed((parts[0], parts[1]), np.zeros((0, 3, copies)))


def length(ground, excited, p_x):
    return np.linalg.norm((1 - p_x) * np.array(ground) + p_x * np.array(excited))


def covered(mixed, true):
    """Whether the limits hold the true length; rounding may take it off the boundaries."""
    low, high = length_limits(mixed, (Z, -Z))
    return (low <= true + 1e-12) & (true - 1e-12 <= high)


#: Bloch vectors without and with an X gate, and the excited weight.
STATES = {
    "nothing but noise": ((0, 0, 0), (0, 0, 0), 0.4),
    "mixed of two pure states": ((0, 0, 1), (0, 0, -1), 0.5),
    "thermal": ((0, 0, 0.9925), (0, 0, 0.9925), 0.4),
    "pure on an axis": ((1, 0, 0), (1, 0, 0), 0.2),
    "pure on the diagonal": (unit(1, 1, 1), unit(1, 1, 1), 0.4),
    "pure and tilted": (unit(0.1, 0, 1), unit(0.1, 0, 1), 0.4),
    "a target": ((0, 0, 0.97), (0.02, 0, -0.95), 0.4),
    "generic": ((0.3, 0.2, 0.4), (0.1, -0.3, 0.5), 0.4),
    "long": ((0.3, 0.5, 0.6), (0.4, 0.4, 0.6), 0.1),
}


@pytest.mark.parametrize("n", [500, 8000])
@pytest.mark.parametrize("name", STATES)
def test_lengths_are_covered_boundaries_included(name, n):
    state = STATES[name]
    coverage = covered(simulated(*state, n, seed=(1, n)), length(*state)).mean()
    assert coverage >= 0.93 - THREE_SIGMA


#: Those at least 4 standard deviations from both ends, whichever way.
INSIDE = [("thermal", 8000), ("a target", 8000), ("generic", 500), ("generic", 8000),
          ("long", 500), ("long", 8000)]  # fmt: skip


@pytest.mark.parametrize(("name", "n"), INSIDE)
def test_far_from_the_boundaries_limits_are_as_tight_as_can_be(name, n):
    state = STATES[name]
    mixed, true = simulated(*state, n, seed=(2, n)), length(*state)
    low, median, high = length_limits(mixed, (Z, 0, -Z))
    coverage = ((low <= true) & (true <= high)).mean()
    assert 0.93 - THREE_SIGMA <= coverage <= 0.97 + THREE_SIGMA
    # As often above as below, and an interval as wide as the information of the shots allows.
    assert (median < true).mean() == pytest.approx(0.5, abs=3 * np.sqrt(0.25 / COPIES))
    ground, excited, p_x = (np.array(x) for x in state)
    mean = (1 - p_x) * ground + p_x * excited
    variance = ((1 - p_x) ** 2 * (1 - ground**2) + p_x**2 * (1 - excited**2)) / n
    stderr = np.sqrt((mean**2 * variance).sum()) / true
    assert min(true, 1 - true) > 4 * stderr
    assert (high - low).mean() / (2 * Z * stderr) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("name", ["nothing but noise", "generic", "pure on the diagonal"])
def test_lengths_are_covered_when_outcomes_stand_for_other_values(name):
    """Readout taken out: a recorded 0 stands for more than +1, a recorded 1 for less than -1."""
    state = STATES[name]
    mixed = simulated(*state, 2000, seed=3, top=1.04, bottom=-1.11)
    assert covered(mixed, length(*state)).mean() >= 0.93 - THREE_SIGMA


@pytest.mark.parametrize("name", ["nothing but noise", "generic", "pure on the diagonal"])
def test_errors_of_the_calibration_are_in_the_limits(name):
    state = STATES[name]
    mixed = simulated(*state, 8000, seed=4)
    # Two errors that shift the components by as much as the shots do, and more.
    slopes = np.array([[0.02, 0.01, -0.01], [0.0, -0.015, 0.02]])
    errors = np.random.default_rng(5).normal(size=(2, 1, COPIES))
    shift = (slopes[..., None] * errors).sum(axis=0)
    parts = tuple(
        Part(own.weight, own.mean + shift, own.shots, own.top, own.bottom) for own in mixed.parts
    )
    known = np.broadcast_to(slopes[..., None], (2, 3, COPIES))
    true = length(*state)
    assert covered(Mixed(parts, known), true).mean() >= 0.93 - THREE_SIGMA
    assert covered(Mixed(parts, known[:0]), true).mean() < 0.93 - THREE_SIGMA, "else no need"


def test_cumulants_of_a_squared_mean_are_those_of_binomial_counts():
    """By adding up all counts; what is left out is of a relative order of some 1/n."""
    n, p = 4000, 0.12
    k = np.arange(n + 1)
    x, chance = 1 - 2 * k / n, binom.pmf(k, n, p)

    def cumulants(values):
        mean = chance @ values
        second, third, fourth = (chance @ (values - mean) ** order for order in (2, 3, 4))
        return mean, second, third, fourth - 3 * second**2

    mean, *higher = cumulants(x)
    found = _cumulants_of_squares(*(np.array([[own]]) for own in (mean, *higher)))
    np.testing.assert_allclose(np.ravel(found), cumulants(x**2)[:3], rtol=20 / n)
    # Normal components around zero: the squares of three make a χ² of three degrees.
    zero, one = np.zeros((3, 1)), np.ones((3, 1))
    np.testing.assert_allclose(
        np.ravel(_cumulants_of_squares(zero, one, zero, zero)), [3, 6, 24], rtol=1e-15
    )


def random_samples(seed, n=2000):
    """Samples of anything: physical or not, of ten shots or many."""
    generator = np.random.default_rng(seed)
    p_x = generator.uniform(size=n)
    parts = []
    for weight in (1 - p_x, p_x):
        number = np.round(10 ** generator.uniform(1, 5, (3, n)))
        # Half of them at an end.
        chance = np.clip(generator.uniform(-0.5, 1.5, (3, n)), 0, 1)
        mean = 1 - 2 * generator.binomial(number.astype(int), chance) / number
        one = np.ones(n)
        parts.append(Part(weight, mean, number, one, -one))
    return Mixed((parts[0], parts[1]), np.zeros((0, 3, n)))


def test_limits_are_ordered_and_physical():
    limits = np.stack(length_limits(random_samples(6), (3.5, Z, 1, 0, -1, -Z, -3.5)))
    assert limits.min() >= 0
    assert limits.max() <= 1
    assert np.diff(limits, axis=0).min() >= -ACCURACY


def test_names_of_preparations_and_axes_do_not_matter():
    mixed = random_samples(7)
    ground, excited = mixed.parts
    expected = length_limits(mixed, (Z, 0, -Z))
    np.testing.assert_allclose(
        length_limits(Mixed((excited, ground), mixed.slopes), (Z, 0, -Z)),
        expected, rtol=0, atol=ACCURACY,
    )  # fmt: skip
    signs = np.array([1, -1, -1])[:, None]
    turned = tuple(
        Part(own.weight, (signs * own.mean)[[1, 2, 0]], own.shots[[1, 2, 0]], own.top, own.bottom)
        for own in mixed.parts
    )
    np.testing.assert_allclose(
        length_limits(Mixed(turned, mixed.slopes), (Z, 0, -Z)), expected, rtol=0, atol=ACCURACY
    )


def test_a_length_without_shots_is_unknown():
    mixed = simulated(*STATES["generic"], 500, seed=8, copies=3)
    ground = mixed.parts[0]
    ground.shots[2, 1] = ground.mean[2, 1] = np.nan
    limits = np.stack(length_limits(mixed, (Z, 0, -Z)))
    assert np.isnan(limits[:, 1]).all()
    assert np.isfinite(limits[:, [0, 2]]).all()


def test_no_points_have_no_limits():
    empty = simulated(*STATES["generic"], 500, seed=8, copies=0)
    assert [own.shape for own in length_limits(empty, (Z, -Z))] == [(0,), (0,)]


def test_the_percentile_bootstrap_fails_where_these_limits_do_not():
    """At the maximally mixed state: every resample looks purer than the sample, which does too."""
    copies, resamples, n = 300, 400, 2000
    mixed = simulated((0, 0, 0), (0, 0, 0), 0.0, n, seed=9, copies=copies)
    zeros = (1 + mixed.parts[0].mean) / 2
    draws = np.random.default_rng(10).binomial(n, zeros, size=(resamples, 3, copies))
    purity = np.sqrt(((2 * draws / n - 1) ** 2).sum(axis=1))
    low, high = np.quantile(binary_entropy((1 - purity) / 2), [0.025, 0.975], axis=0)
    truth = np.log(2)
    assert ((low <= truth) & (truth <= high)).mean() == 0
    assert covered(mixed, 0.0).mean() >= 0.93 - 3 * np.sqrt(0.93 * 0.07 / copies)
