"""Trials together: scatter against SciPy, limits that widen with drift, and many tests at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, kstest

from recycling.inference.estimates import Estimate
from recycling.inference.significance import holm
from recycling.inference.trials import DRIFT_LEVEL, scatter, widened

NAN = np.nan


def estimate(value, low, high, stderr=1.0, z=2.0):
    return Estimate(*(np.atleast_1d(np.asarray(x, float)) for x in (value, low, high, stderr, z)))


# --- scatter -------------------------------------------------------------------------------------


def test_scatter_is_a_weighted_chi_square():
    values = np.array([[1.0, 2.0, 4.0], [3.0, 3.5, 2.0]])
    errors = np.array([[1.0, 0.5, 2.0], [0.3, 0.4, 0.5]])
    found = scatter(values, errors)
    for row in range(2):
        mean = np.average(values[row], weights=errors[row] ** -2)
        square = (((values[row] - mean) / errors[row]) ** 2).sum()
        assert found.ratio[row] == pytest.approx(np.sqrt(square / 2), rel=1e-12)
        assert found.p_value[row] == pytest.approx(chi2.sf(square, 2), rel=1e-12)


def test_scatter_leaves_out_what_is_not_known():
    values = np.array([1.0, NAN, 2.0, np.inf, 4.0, 7.0, 9.0])
    errors = np.array([1.0, 1.0, 0.5, np.inf, 2.0, 0.0, NAN])
    found, alone = scatter(values, errors), scatter(values[[0, 2, 4]], errors[[0, 2, 4]])
    assert found.ratio == alone.ratio
    assert found.p_value == alone.p_value


@pytest.mark.parametrize("values", [[1.0], [1.0, NAN], [NAN, NAN], []])
def test_fewer_than_two_trials_do_not_scatter(values):
    found = scatter(np.array([values]), np.ones((1, len(values))))
    assert np.isnan(found.ratio).all()
    assert found.p_value == 1
    assert found.factor == 1


@given(st.floats(-1e3, 1e3), st.floats(1e-30, 1e30))
def test_scatter_knows_no_units(shift, scale):
    values, errors = np.array([[0.0, 3.0, 1.0, 5.0]]), np.array([[1.0, 2.0, 1.5, 1.0]])
    expected, found = scatter(values, errors), scatter(scale * (values + shift), scale * errors)
    # A thousand is rounded to 1e-13 of what is left of it.
    assert found.ratio == pytest.approx(expected.ratio, rel=1e-10)
    assert found.p_value == pytest.approx(expected.p_value, rel=1e-10)


@pytest.mark.parametrize("trials", [2, 5])
def test_trials_without_drift_are_widened_as_seldom_as_the_level_says(trials):
    experiments = 4000
    generator = np.random.default_rng(trials)
    errors = generator.uniform(0.5, 2, (experiments, trials))
    found = scatter(10 + errors * generator.normal(size=errors.shape), errors)
    false_alarm = 3 * np.sqrt(DRIFT_LEVEL * (1 - DRIFT_LEVEL) / experiments)
    assert (found.factor > 1).mean() == pytest.approx(DRIFT_LEVEL, abs=false_alarm)
    assert np.array_equal(found.factor > 1, found.p_value < DRIFT_LEVEL)
    assert kstest(found.p_value, "uniform").pvalue > 0.01


def test_trials_that_drift_are_widened_until_they_agree():
    """The pooled estimate of trials with a scatter of their own covers what it is the mean of."""
    experiments, trials, drift = 4000, 5, 6.0
    generator = np.random.default_rng(3)
    values = generator.normal(scale=np.hypot(1, drift), size=(experiments, trials))
    found = scatter(values, np.ones_like(values))
    assert (found.factor > 1).mean() > 0.99
    # Σ x²/ν of a variance 1 + 6² has the mean 37 and a relative error of √(2/(4 n)).
    squares = (found.ratio**2).mean()
    assert squares == pytest.approx(1 + drift**2, rel=3 * np.sqrt(2 / 4 / experiments))
    mean, limit = values.mean(axis=1), 1.96 / np.sqrt(trials)
    own = widened(estimate(mean, mean - limit, mean + limit, limit / 1.96, mean), found.factor)
    covered = (own.low <= 0) & (own.high >= 0)
    # Five trials tell their scatter to a third: Student's t of 4 degrees says 87.8 %.
    assert covered.mean() > 0.878 - 3 * np.sqrt(0.878 * 0.122 / experiments)
    assert (np.abs(mean) < limit).mean() < 0.4, "without it"


def test_limits_are_widened_each_on_its_own_side():
    own = widened(estimate([2.0, 2.0], [1.0, 1.0], [5.0, 5.0]), np.array([2.0, 1.0]))
    np.testing.assert_array_equal(own.value, [2, 2])
    np.testing.assert_array_equal(own.low, [0, 1])
    np.testing.assert_array_equal(own.high, [8, 5])
    np.testing.assert_array_equal(own.stderr, [2, 1])
    np.testing.assert_array_equal(own.z, [1, 2])


def test_limits_that_are_infinite_or_unknown_stay_so():
    inf = np.inf
    before = estimate(
        [1.0, inf, NAN], [0.0, inf, NAN], [inf, inf, NAN], [inf, inf, NAN], [1, inf, NAN]
    )
    own = widened(before, np.full(3, 3.0))
    np.testing.assert_array_equal(own.value, [1, inf, NAN])
    np.testing.assert_array_equal(own.low, [-2, inf, NAN])
    np.testing.assert_array_equal(own.high, [inf, inf, NAN])
    np.testing.assert_array_equal(own.stderr, [inf, inf, NAN])


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
