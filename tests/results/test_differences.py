"""Differences of Datasets: limits that cover, common places alone, and Holm's correction."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from recycling.inference.statistics.difference import difference, distance, two_sided
from recycling.inference.statistics.interval import Interval
from recycling.inference.statistics.significance import holm
from recycling.results.differences import differences, quantities_at

FINITE = st.floats(-1e3, 1e3)
SIDE = st.floats(0, 1e3)


@settings(max_examples=15)
@given(a=FINITE, b=FINITE, sides=st.tuples(SIDE, SIDE, SIDE, SIDE))
def test_limits_are_those_of_independent_errors(a, b, sides):
    one = Interval(np.array(a), np.array(a - sides[0]), np.array(a + sides[1]))
    two = Interval(np.array(b), np.array(b - sides[2]), np.array(b + sides[3]))
    found, back = difference(one, two), difference(two, one)
    assert found.low <= found.value <= found.high
    # Exchanged, it is the same with the other sign.
    assert (found.low, found.high) == (pytest.approx(-back.high), pytest.approx(-back.low))
    assert found.high - found.value == pytest.approx(np.hypot(sides[1], sides[2]), abs=1e-9)


def test_numbers_without_errors_are_equal_or_not():
    exact = Interval(*(np.array([0.0, 1e-12, 0.5, np.nan]),) * 3)
    scale = np.ones(4)
    assert distance(exact, 1.96, scale)[:3].tolist() == [0.0, 0.0, np.inf]
    assert np.isnan(distance(exact, 1.96, scale)[3])


def dataset(theta, heat, half, arms=("recycling",)):
    heat = np.broadcast_to(heat, (len(arms), len(theta)))
    limits = np.stack([heat, heat - half, heat + half], axis=-1)
    variables = {"heat": (("arm", "theta", "limit"), limits)}
    return xr.Dataset(variables, {"arm": list(arms), "theta": theta})


def test_only_common_places_are_compared():
    one = dataset([0.1, 0.2, 0.3], [1.0, 2.0, 3.0], 0.5, ("equilibrium", "recycling"))
    two = dataset([0.3, 0.2 + 1e-12, 0.7], [1.0, 1.0, 1.0], 0.5)
    found = differences(one, two)
    assert found["theta"].values.tolist() == [0.2, 0.3]
    assert found["arm"].values.tolist() == ["recycling"]
    assert found["heat"].sel(limit="value").values.tolist() == [[1.0, 2.0]]
    z = found["heat_z"].values.ravel()
    np.testing.assert_allclose(z, [1.959964 / np.sqrt(0.5), 2 * 1.959964 / np.sqrt(0.5)], rtol=1e-5)
    np.testing.assert_allclose(found["heat_p"].values.ravel(), holm(two_sided(z)))


def test_intervals_cover_and_no_difference_is_found_where_there_is_none():
    rng = np.random.default_rng(2)
    size, sigma = 2000, 0.3
    theta = np.arange(float(size))
    one, two = (dataset(theta, rng.normal(1.0, s, size), 1.959964 * s) for s in (sigma, 2 * sigma))
    found = differences(one, two)
    low, high = (found["heat"].sel(limit=end) for end in ("low", "high"))
    assert abs(float(((low <= 0) & (high >= 0)).mean()) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / size)
    assert float(found["heat_p"].min()) > 0.01


def test_quantities_of_an_analysis_are_those_of_all_trials(small_dataset):
    found = quantities_at(small_dataset, 0.4)
    assert {"heat", "entropy", "success_fidelity"} <= set(found.data_vars)
    combined = small_dataset["heat_combined"].sel(p_x=0.4, drop=True)
    xr.testing.assert_equal(found["heat"].drop_vars("limit"), combined.drop_vars("limit"))
