"""Ratios of correlated estimates: Fieller's limits, and those of the dissipation ratio."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recycling.inference.states.estimates import QUANTILE, estimate_erasure
from recycling.inference.statistics.interval import Interval
from recycling.inference.statistics.quotient import quotient
from tests.inference.test_estimates import (
    SWAPPED,
    asked,
    coverage_error,
    exactly,
    joint_probabilities,
    sample,
)


def limited(value, down, up=None):
    value, down, up = np.broadcast_arrays(value, down, down if up is None else up)
    return Interval(*(np.asarray(x, dtype=float) for x in (value, value - down, value + up)))


@pytest.mark.parametrize("correlation", [-0.9, 0.0, 0.6])
@pytest.mark.parametrize("above", [3.0, -2.0, 0.1])
def test_even_deviations_give_the_limits_of_fieller(above, correlation):
    below, of_above, of_below = 5.0, 1.0, 2.0
    found = quotient(
        limited([above], of_above), limited([below], of_below), np.array([correlation])
    )
    square = below**2 - of_below**2
    middle = above * below - correlation * of_above * of_below
    root = np.sqrt(middle**2 - square * (above**2 - of_above**2))
    assert found.value == pytest.approx(above / below, rel=1e-15)
    assert found.low == pytest.approx((middle - root) / square, rel=1e-9)
    assert found.high == pytest.approx((middle + root) / square, rel=1e-9)


def test_a_denominator_that_may_be_zero_leaves_the_ratio_open():
    below = limited([2.0, 2.0, 0.0, -1.0, np.nan], [1.99, 2.0, 1.0, 1.0, np.nan])
    found = quotient(limited(np.ones(5), 0.1), below, np.zeros(5))
    assert np.isfinite(found.high[0])
    np.testing.assert_array_equal(found.low[1:], [-np.inf] * 3 + [np.nan])
    np.testing.assert_array_equal(found.high[1:], [np.inf] * 3 + [np.nan])
    np.testing.assert_array_equal(found.value[1:], [0.5, np.nan, np.nan, np.nan])


def test_estimates_without_errors_have_a_ratio_without():
    found = quotient(limited([3.0, -3.0], 0), limited([2.0, 2.0], 0), np.zeros(2))
    for part in (found.value, found.low, found.high):
        np.testing.assert_array_equal(part, [1.5, -1.5])


DEVIATION = st.floats(1e-3, 10)


@settings(max_examples=60)
@given(
    st.floats(-50, 50), st.floats(0.1, 50), DEVIATION, DEVIATION, DEVIATION, DEVIATION,
    st.floats(-1, 1), st.floats(1e-26, 1e3),
)  # fmt: skip
def test_ratios_are_within_their_limits_whatever_the_unit(
    above, below, down, up, less, more, correlation, unit
):
    """And the limits are where those of the difference end on zero: here one-sided."""
    parts = limited([above], down, up), limited([below], less, more)
    found = quotient(*parts, np.array([correlation]))
    assert found.low <= found.value <= found.high
    scaled = quotient(*(part.times(unit) for part in parts), np.array([correlation]))
    np.testing.assert_allclose(
        [scaled.low, scaled.high], [found.low, found.high], rtol=1e-6, atol=1e-9
    )
    if below > less:
        ratio = float(found.low[0])
        opposite = more if ratio > 0 else less
        reach = np.sqrt(
            down**2 + (ratio * opposite) ** 2 - 2 * correlation * down * ratio * opposite
        )
        assert above - ratio * below == pytest.approx(reach, rel=1e-6, abs=1e-6)
    else:
        assert (found.low, found.high) == (-np.inf, np.inf)


@pytest.mark.parametrize("ratio", [-9.0, -0.5, 0.1, 1.0, 3.0, 9.0, 20.0])
def test_ratios_are_covered_from_small_to_large(ratio):
    """With a denominator of 1 to 20 standard errors, correlated with the numerator or not."""
    copies = 4000
    noise = np.random.default_rng(1).normal(size=(2, copies))
    for below in (1, 2, 4, 20):
        for correlation in (-0.8, 0, 0.8):
            denominator = below + noise[0]
            numerator = ratio * below + correlation * noise[0]
            numerator = numerator + np.sqrt(1 - correlation**2) * noise[1]
            found = quotient(
                limited(numerator, QUANTILE), limited(denominator, QUANTILE),
                np.full(copies, correlation),
            )  # fmt: skip
            covered = ((found.low <= ratio) & (ratio <= found.high)).mean()
            assert covered >= 0.95 - coverage_error(copies), (below, correlation)
            estimated = numerator / denominator
            if below == 4 and ratio == 9:
                # The numerator's limits over the estimated denominator, as the figure once had.
                naive = np.abs(estimated - ratio) * np.abs(denominator) <= QUANTILE
                assert naive.mean() < 0.3


@pytest.mark.parametrize("shots", [1000, 8000])
def test_dissipation_ratios_are_covered(shots):
    """From counts: bounds from well resolved to hardly, where the ratio is large."""
    copies, p_x = 1000, np.array([0.139, 0.15, 0.2, 0.4])
    probabilities = joint_probabilities(SWAPPED)
    truth = exactly(probabilities, p_x=p_x)["dissipation_ratio"][0, :, 0]
    assert truth.max() > 9
    counts = sample(probabilities, shots, seed=2, copies=copies)
    found = estimate_erasure(counts, asked(copies, p_x=p_x), QUANTILE)
    own, bound = found["dissipation_ratio"], found["bound_tight"].value
    covered = ((own.low[:, :, 0] <= truth) & (truth <= own.high[:, :, 0])).mean(axis=0)
    assert (covered >= 0.95 - coverage_error(copies)).all(), covered
    excess = found["excess_tight"]
    naive = (excess.low / bound <= truth[:, None]) & (truth[:, None] <= excess.high / bound)
    assert naive.mean(axis=0)[0] < 0.5
    # It ends where it should be open alone.
    resolved = found["bound_tight"].low > 0
    assert np.isinf(own.high[~resolved]).all()
    assert np.isfinite(own.high[resolved]).all()


def test_drift_stretches_the_deviations_and_not_the_ratio():
    probabilities = joint_probabilities(SWAPPED)
    counts = sample(probabilities, 8000, seed=3)
    asked_of = asked(1, p_x=np.array([0.2, 0.4]))
    one, twice = (
        estimate_erasure(counts, asked_of, QUANTILE, stretch)["dissipation_ratio"]
        for stretch in (1.0, np.array([[[2.0], [2.0]]]))
    )
    np.testing.assert_array_equal(one.value, twice.value)
    assert (twice.high - twice.value > 2 * (one.high - one.value)).all()
    assert (twice.value - twice.low > 1.3 * (one.value - one.low)).all()
