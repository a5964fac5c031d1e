"""Tests after every round: they keep the level of a single test, whatever makes the rounds stop."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import multivariate_normal

from recycling.inference.statistics.sequential import (
    FIRST_LOOK,
    MOST_LOOKS,
    conditional_power,
    needed_distance,
    nominal_levels,
    sequential,
    spendings,
    spent,
)
from recycling.inference.statistics.significance import LEVEL, holm
from recycling.inference.statistics.trials import scatter


@pytest.mark.parametrize("spending", spendings())
def test_looks_spend_what_the_spending_function_says(spending):
    """Against the joint normal distribution of the sums, integrated by scipy."""
    looks, level = 4, 0.025
    (levels,) = nominal_levels(np.array([level]), looks, spending)
    steps = np.arange(FIRST_LOOK, looks + 1)
    shared = np.sqrt(np.minimum.outer(steps, steps) / np.maximum.outer(steps, steps))
    for number, step in enumerate(steps, start=1):
        boundary = -ndtri(levels[FIRST_LOOK - 1 : step])
        normal = multivariate_normal(cov=shared[:number, :number], maxpts=200_000, abseps=1e-8)
        crossed = 1 - normal.cdf(boundary, rng=np.random.default_rng(1))
        assert crossed == pytest.approx(spent(level, step / looks, spending), abs=2e-6)


@pytest.mark.parametrize(
    ("spending", "looks"),
    [
        ("pocock", 5),
        ("obrien-fleming", 2),
        pytest.param("obrien-fleming", MOST_LOOKS, marks=pytest.mark.slow),
    ],
)
def test_a_smaller_level_never_makes_more_findings(spending, looks):
    """That makes the smallest level of a finding a p-value (Liu and Anderson, 2008)."""
    levels = nominal_levels(ndtr(np.linspace(-8, -0.5, 12)), looks, spending)
    assert (np.diff(levels[:, FIRST_LOOK - 1 :], axis=0) > 0).all()
    assert (levels[:, : FIRST_LOOK - 1] == 0).all()


@pytest.mark.parametrize("spending", spendings())
def test_sequential_p_values_invert_the_nominal_levels(spending):
    levels = np.array([1e-9, LEVEL / 22, LEVEL, 0.03])
    nominal = nominal_levels(levels, 6, spending)
    for look in range(FIRST_LOOK, 7):
        found = sequential(nominal[:, look - 1], look, 6, spending)
        assert found == pytest.approx(levels, rel=1e-3)
    ends = sequential(np.array([np.nan, 0.0, 1.0, 0.6]), 3, 6, spending)
    assert np.isnan(ends[0])
    assert 0 < ends[1] < 1e-14
    assert ends[2:].tolist() == [1, 1]
    assert sequential(np.array([1e-12]), 1, 6, spending).tolist() == [1]


@pytest.mark.parametrize(
    ("spending", "rounds", "size"),
    [
        ("pocock", 5, 0.0),
        ("obrien-fleming", 5, 2.0),
        pytest.param("obrien-fleming", 8, 1.0, marks=pytest.mark.slow),
    ],
)
def test_false_findings_keep_the_level_whatever_stops_the_rounds(spending, rounds, size):
    """Three angles whose excess is zero, and a drift that all angles of a round share.

    The best p-value of all looks is the worst that any rule of stopping can pick.
    """
    sweeps, angles, level = 2000, 3, 0.05
    generator = np.random.default_rng(7)
    values = generator.normal(size=(angles, sweeps, rounds))
    values += size * generator.normal(size=(sweeps, rounds))
    least = np.ones(sweeps)
    for look in range(FIRST_LOOK, rounds + 1):
        seen = values[..., :look]
        z = scatter(seen, np.ones(seen.shape)).significance(seen.mean(axis=-1) * np.sqrt(look))
        adjusted = angles * sequential(ndtr(z), look, rounds, spending).min(axis=0)
        least = np.minimum(least, adjusted)  # Holm's first step decides on any finding
    false, sigma = (least <= level).mean(), np.sqrt(level / sweeps)
    assert false <= level + 3 * sigma


def test_holm_takes_sequential_p_values():
    adjusted = holm(sequential(np.array([1e-8, 0.4]), 3, 5, "obrien-fleming"))
    assert adjusted[0] < LEVEL < adjusted[1]


def test_conditional_power_is_that_of_simulated_rounds():
    generator, look, looks = np.random.default_rng(3), 2, 5
    distance, needed = 1.8, 3.0
    drift = distance / np.sqrt(look)  # of a round, in standard errors
    rest = generator.normal(drift, 1, size=(40_000, looks - look)).sum(axis=1)
    last = (distance * np.sqrt(look) + rest) / np.sqrt(looks)
    expected = (last >= needed).mean()
    found = conditional_power(np.array([distance]), look, looks, needed)[0]
    assert found == pytest.approx(expected, abs=3 * np.sqrt(expected / 40_000))
    assert conditional_power(np.array([2.9, 3.1]), looks, looks, needed).tolist() == [0, 1]


def test_few_rounds_need_a_larger_distance():
    few, many = (needed_distance(LEVEL, n, 11, "obrien-fleming") for n in (3, 10))
    assert few > many > 3
