"""Trials together: what their scatter tells of drift, what that does to limits, and many tests."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri, stdtrit
from scipy.stats import chi2

from recycling.inference.states.estimates import QUANTILE, Estimate
from recycling.inference.statistics.interval import Interval
from recycling.inference.statistics.significance import LEVEL, holm
from recycling.inference.statistics.trials import Scatter, scatter, with_drift

NAN = np.nan


def estimate(value, low, high, stderr=1.0, z=2.0, median=None):
    median = value if median is None else median
    parts = (np.atleast_1d(np.asarray(x, float)) for x in (value, median, low, high, stderr, z))
    value, *interval, stderr, z = parts
    return Estimate(value, Interval(*interval), stderr, z)


# --- scatter -------------------------------------------------------------------------------------


def test_ratio_is_a_weighted_chi_square_of_each_angle():
    values = np.array([[1.0, 2.0, 4.0], [3.0, 3.5, 2.0]])
    errors = np.array([[1.0, 0.5, 2.0], [0.3, 0.4, 0.5]])
    found = scatter(values, errors)
    for row in range(2):
        mean = np.average(values[row], weights=errors[row] ** -2)
        square = (((values[row] - mean) / errors[row]) ** 2).sum()
        assert found.ratio[row] == pytest.approx(np.sqrt(square / 2), rel=1e-12)
        assert found.own[row] == pytest.approx(max(square / 2 - 1, 0), rel=1e-12)


def test_parts_are_those_of_an_analysis_of_variance():
    """Angles by trials: mean squares between trials, and of what is left."""
    angles, trials = 4, 6
    values = 2 * np.random.default_rng(1).normal(size=(angles, trials))
    values += 3 * np.random.default_rng(2).normal(size=trials)
    found = scatter(values, np.ones_like(values))
    residuals = values - values.mean(axis=1, keepdims=True)
    between = angles * (residuals.mean(axis=0) ** 2).sum() / (trials - 1)
    rest = residuals - residuals.mean(axis=0)
    within = (rest**2).sum() / ((trials - 1) * (angles - 1))
    unsure = np.sqrt(2 / (trials - 1))
    assert found.common.item() == pytest.approx((between - 1 + unsure) / angles, rel=1e-12)
    assert found.rest.item() == pytest.approx((within - 1) * (angles - 1) / angles, rel=1e-12)
    assert (found.freedom.item(), found.rest_freedom.item()) == (5, 15)
    square = (residuals**2).sum() / (angles * (trials - 1))
    assert found.share.item() == pytest.approx(1 - 1 / square, rel=1e-12)


def test_scatter_leaves_out_what_is_not_known():
    values = np.array([[1.0, NAN, 2.0, np.inf, 4.0, 7.0, 9.0]])
    errors = np.array([[1.0, 1.0, 0.5, np.inf, 2.0, 0.0, NAN]])
    found, alone = scatter(values, errors), scatter(values[:, [0, 2, 4]], errors[:, [0, 2, 4]])
    assert found == alone
    # An angle without any takes what the others know of the drift they share.
    both = scatter(np.stack([values[0], 7 * NAN * values[0]]), np.stack([errors[0]] * 2))
    assert both.common.item() == alone.common.item()
    assert np.isnan(both.ratio[1])
    assert both.deviation(2.0)[1] > 2


@pytest.mark.parametrize("values", [[1.0], [1.0, NAN], [NAN, NAN], []])
def test_fewer_than_two_trials_tell_nothing(values):
    found = scatter(np.array([values]), np.ones((1, len(values))))
    assert np.isnan(found.ratio).all()
    assert found.deviation(3.0) == 3
    assert found.inflation == 1
    assert found.significance(np.array([-100.0])) == -100


@given(st.floats(-1e3, 1e3), st.floats(1e-30, 1e30))
def test_scatter_knows_no_units(shift, scale):
    values, errors = np.array([[0.0, 3.0, 1.0, 5.0]]), np.array([[1.0, 2.0, 1.5, 1.0]])
    expected, found = scatter(values, errors), scatter(scale * (values + shift), scale * errors)
    # A thousand is rounded to 1e-13 of what is left of it.
    assert found.ratio == pytest.approx(expected.ratio, rel=1e-10)
    assert found.deviation(3.0) == pytest.approx(expected.deviation(3.0), rel=1e-10)


# --- significance --------------------------------------------------------------------------------


PARTS = st.floats(0, 1e4)


@settings(max_examples=40)
@given(
    st.floats(-1e6, 1e6), PARTS, PARTS, PARTS, st.floats(0, 1, exclude_max=True),
    st.integers(1, 100), st.integers(1, 30),
)  # fmt: skip
def test_significance_is_as_improbable_as_its_distance(
    distance, own, common, rest, share, freedom, angles
):
    parts = own, common, rest, share, freedom, freedom * angles
    one = Scatter(*(np.array([float(x)]) for x in (NAN, *parts)))
    (z,) = one.significance(np.array([distance]))
    assert abs(z) <= abs(distance)
    assert np.sign(z) == np.sign(distance)
    if 0 < abs(z) < 20:
        assert one.deviation(abs(z)) == pytest.approx(abs(distance), rel=1e-6)


def test_many_trials_that_drift_give_students_quantiles():
    """Without shot noise to speak of, and alike at all angles: t of trials less one."""
    big, none, one = np.array([1e8]), np.zeros(1), np.ones(1)
    for freedom in (1, 2, 4, 30):
        found = Scatter(one, none, big, none, none, freedom * one, freedom * one)
        for quantile in (1.0, QUANTILE, 3.0):
            students = -stdtrit(freedom, ndtr(-quantile))
            assert found.deviation(quantile) == pytest.approx(1e4 * students, rel=1e-6)


def test_nan_and_infinity_stay_and_zero_is_none():
    found = Scatter.expected(5, 4).significance(np.array([NAN, np.inf, -np.inf, 0.0]))
    np.testing.assert_array_equal(found, [NAN, np.inf, -np.inf, 0])


def test_limits_are_widened_each_on_its_own_side_of_the_median():
    part = Scatter(*(np.array([x]) for x in (2.0, 0.0, 3.0, 0.0, 0.0, 1e9, 1e9)))
    # √(1 + 3): the scatter of infinitely many trials is known.
    own = with_drift(estimate([2.0], [1.0], [5.0], median=[3.0], z=[-8.0]), part, QUANTILE)
    assert own.value == 2, "a biased estimate keeps its value"
    assert (own.low, own.high) == (pytest.approx(-1, rel=1e-6), pytest.approx(7, rel=1e-6))
    assert own.stderr == pytest.approx(2)
    assert own.z == pytest.approx(-4, rel=1e-6)


def test_limits_that_are_infinite_or_unknown_stay_so():
    inf = np.inf
    before = estimate(
        [1.0, inf, NAN], [0.0, inf, NAN], [inf, inf, NAN], [inf, inf, NAN], [1, inf, NAN]
    )
    part = Scatter(*(np.full(3, x) for x in (3.0, 0.0, 8.0, 0.0, 0.0, 1e9, 1e9)))
    own = with_drift(before, part, QUANTILE)
    np.testing.assert_array_equal(own.value, [1, inf, NAN])
    np.testing.assert_allclose(own.low, [-2, inf, NAN], rtol=1e-6)
    np.testing.assert_array_equal(own.high, [inf, inf, NAN])
    np.testing.assert_array_equal(own.stderr, [inf, inf, NAN])


# --- drift ---------------------------------------------------------------------------------------


def drifting(pattern, angles, trials, size, sweeps, seed):
    """Trials without an excess (angle, sweep, trial), in units of one trial's shot noise."""
    generator = np.random.default_rng(seed)
    shape = (angles, sweeps, trials)
    shared = generator.normal(size=shape[1:])
    offsets = {
        "common": shared,
        "independent": generator.normal(size=shape),
        "mixed": (shared + generator.normal(size=shape)) / np.sqrt(2),
        "uneven": np.linspace(0.7, 1.3, angles)[:, None, None] * shared,
        "steady": np.linspace(-1, 1, trials) / np.linspace(-1, 1, trials).std(),
    }[pattern]
    return generator.normal(size=shape) + size * offsets


def judged(values):
    """Coverage of 95 % intervals of zero, sweeps with a false "below", widths over the shots'."""
    angles, _, trials = values.shape
    found = scatter(values, np.ones_like(values))
    distance = values.mean(axis=-1) * np.sqrt(trials)
    deviation = found.deviation(QUANTILE)
    # Holm's first step, without the p-values.
    finding = found.deviation(-ndtri(LEVEL / angles))
    return (
        (np.abs(distance) <= deviation).mean(),
        (distance < -finding).any(axis=0).mean(),
        deviation / QUANTILE,
    )


@pytest.mark.parametrize("pattern", ["common", "independent", "mixed", "uneven", "steady"])
@pytest.mark.parametrize(("angles", "trials"), [(11, 3), (11, 5), (1, 3)])
def test_drift_makes_no_findings(pattern, angles, trials):
    """At least 93 % are covered, and 0.5 % of sweeps at most show a "below" that is none."""
    sweeps = 2000
    for size in (0.5, 1, 2, 6):
        covered, false, _ = judged(drifting(pattern, angles, trials, size, sweeps, seed=7))
        # All angles of a sweep may share one error.
        assert covered >= 0.93 - 3 * np.sqrt(0.93 * 0.07 / sweeps), size
        assert false <= 0.005 + 3 * np.sqrt(0.005 / sweeps), size


def test_a_pre_test_and_a_normal_quantile_would_make_findings():
    """The rule before this one: Birge's ratio where χ² rejects at 5 %, angle by angle."""
    values = drifting("common", 11, 5, 2, 2000, seed=8)
    squares = ((values - values.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
    factor = np.where(chi2.sf(squares, 4) < 0.05, np.sqrt(squares / 4), 1)
    z = values.mean(axis=-1) * np.sqrt(5) / factor
    assert (np.abs(z) <= QUANTILE).mean() < 0.88
    assert (ndtr(z).min(axis=0) * 11 <= LEVEL).mean() > 0.05
    assert judged(values)[1] <= 0.002


@pytest.mark.parametrize(
    ("angles", "trials", "most"), [(11, 5, 1.14), (11, 8, 1.08), (11, 3, 1.36), (3, 5, 1.32)]
)
def test_limits_hardly_grow_without_drift(angles, trials, most):
    width = judged(drifting("common", angles, trials, 0, 1000, seed=9))[2]
    assert 1 < width.mean() < most
    # What is planned with is what will be found, half of the time.
    planned = Scatter.expected(trials, angles).deviation(QUANTILE)[0] / QUANTILE
    assert planned == pytest.approx(np.median(width), rel=0.08)


def test_two_trials_cannot_show_a_finding_but_five_can():
    distance = np.full(11, -30.0)
    two, five = (Scatter.expected(trials, 11).significance(distance) for trials in (2, 5))
    assert 11 * ndtr(two[0]) > LEVEL
    assert 11 * ndtr(five[0]) < LEVEL
    # A single one has nothing to go by: its claim is conditional, and says so.
    assert Scatter.expected(1, 11).significance(distance)[0] == -30
    assert ndtri(ndtr(-3.0)) == pytest.approx(-3)


# --- many tests at once --------------------------------------------------------------------------


def holm_step_by_step(p_values):
    """Rejected at the level α: in order, p(i) ≤ α/(m - i), until one is not. Smallest such α."""
    known = [p for p in p_values if not np.isnan(p)]
    order = sorted(known)
    adjusted = {}
    for index, p in enumerate(order):
        level = max(min(1, (len(order) - i) * order[i]) for i in range(index + 1))
        adjusted.setdefault(p, level)
    return [NAN if np.isnan(p) else adjusted[p] for p in p_values]


@given(st.lists(st.floats(0, 1) | st.just(NAN), max_size=12))
def test_adjusted_values_are_those_of_the_step_down_procedure(p_values):
    found = holm(np.array(p_values, dtype=float))
    expected = np.array(holm_step_by_step(p_values))
    # Equal p-values share the first, largest one's; 4 roundings of a product.
    np.testing.assert_allclose(found, expected, rtol=1e-15, atol=0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_adjusting_keeps_the_order_and_lies_between_none_and_bonferroni(p_values):
    p = np.array(p_values)
    found = holm(p)
    assert (p <= found).all()
    assert (found <= np.minimum(1, len(p) * p)).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(found[order]) >= 0).all()


def test_false_alarms_anywhere_in_a_family_keep_their_level():
    families, level = 4000, 0.05
    generator = np.random.default_rng(5)
    p_values = generator.uniform(size=(families, 11))
    alarms = np.mean([(holm(row) <= level).any() for row in p_values])
    # Independent tests: 1 - (1 - α/11)^11.
    expected = 1 - (1 - level / 11) ** 11
    assert alarms == pytest.approx(expected, abs=3 * np.sqrt(level / families))
    # Also where some hypotheses are false, and rejected: the rest keeps the level.
    p_values[:, :4] *= 1e-6
    false = np.mean([(holm(row)[4:] <= level).any() for row in p_values])
    assert false == pytest.approx(1 - (1 - level / 7) ** 7, abs=3 * np.sqrt(level / families))
    assert np.mean([(holm(row)[:4] <= level).all() for row in p_values]) == 1
