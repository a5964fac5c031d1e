"""Neyman's allocation against a general optimiser, and the distance of a verdict by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from recycling.inference.statistics.trials import scatter
from recycling.planning.allocate import adjusted, cheapest_executions, needed_distance


def test_a_single_quantity_has_neymans_allocation():
    variances, prices = np.array([[1.0, 4.0, 9.0]]), np.array([1.0, 1.0, 4.0])
    found = cheapest_executions(variances, prices, np.full(3, 1e-3))
    weights = np.sqrt(variances[0] / prices)
    np.testing.assert_allclose(found, weights * np.sqrt(variances * prices).sum(), rtol=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(2, 12))
def test_no_allocation_is_cheaper(seed, quantities, settings_):
    """A general optimiser finds nothing cheaper, and all limits are kept."""
    generator = np.random.default_rng(seed)
    variances = 10 ** generator.uniform(-1, 3, (quantities, settings_))
    variances[generator.random(variances.shape) < 0.3] = 0
    prices, floor = (
        10 ** generator.uniform(-1, 1, settings_),
        10 ** generator.uniform(0, 2, settings_),
    )
    found = cheapest_executions(variances, prices, floor)
    assert (found >= floor * (1 - 1e-12)).all()
    assert (variances / found).sum(axis=1).max() <= 1 + 1e-9
    # In logarithms the problem is convex too, and well scaled.
    best = minimize(
        lambda x: (prices * np.exp(x)).sum() / (prices * found).sum(),
        np.log(found) + 0.1,
        jac=lambda x: prices * np.exp(x) / (prices * found).sum(),
        bounds=[(low, None) for low in np.log(floor)],
        constraints={
            "type": "ineq",
            "fun": lambda x: 1 - variances @ np.exp(-x),
            "jac": lambda x: variances * np.exp(-x),
        },
        method="SLSQP",
        options={"maxiter": 300, "ftol": 1e-10},
    )
    # It may stop early, but with all limits kept it must not be cheaper.
    if (variances @ np.exp(-best.x)).max() <= 1 + 1e-9:
        assert (prices * found).sum() <= (prices * np.exp(best.x)).sum() * (1 + 1e-4)


def test_impossible_limits_have_no_allocation():
    found = cheapest_executions(np.full((1, 2), np.inf), np.ones(2), np.ones(2))
    assert np.isinf(found).all()


@pytest.mark.parametrize(("trials", "points"), [(3, 1), (5, 1), (4, 3)])
def test_verdicts_find_such_a_distance_as_often_as_asked(trials, points):
    runs, power, significance = 1000, 0.9, adjusted(3.0, 2 * points)
    distance = needed_distance(trials, points, significance, power)
    values = np.random.default_rng(1).standard_normal((points, runs, trials))
    errors = np.ones_like(values)
    values -= distance / np.sqrt(trials)
    z = scatter(values, errors).significance(values.mean(axis=-1) * np.sqrt(trials))[0]
    # Five standard errors of a share of 0.9, and of the simulation behind the distance.
    assert (z < -significance).mean() == pytest.approx(
        power, abs=5 * np.sqrt(0.09 * (1e-3 + 2.5e-4))
    )
