"""Shares of a sweep's points, against a count one by one."""

import json
from itertools import combinations

import numpy as np
import pytest
import xarray as xr

from recycling.results import shares as module
from recycling.results.shares import QUESTIONS, answers, shares

NAMES = ("gain", "excess_tight", "excess_landauer", "entropy_decrease")


def dataset(samples=700, seed=0):
    """A sweep of three axes, one of them names, and of two p_x at each point."""
    random = np.random.default_rng(seed)
    dims = ("profile", "sample", "arm", "p_x")
    t1 = 10 ** random.uniform(-4, -3, samples)
    values = {
        name: random.normal(size=(2, samples, 2, 2)) + 1e3 * t1[:, None, None] for name in NAMES
    }
    values["gain"][0, 3] = np.nan
    values["excess_tight"][1, 4] = np.inf
    return xr.Dataset(
        {name: (dims, array) for name, array in values.items()},
        {
            "arm": ["equilibrium", "recycling"],
            "profile": ["FakeFez", "FakeTorino"],
            "t1": ("sample", t1, {"units": "s", "scale": "log", "range": [1e-4, 1e-3]}),
            "readout_error": ("sample", random.random(samples), {"range": [0.0, 1.0]}),
            "p_x": [0.1, 0.4],
        },
        {"swept": json.dumps(["device.profile", "device.t1", "device.readout_error"])},
    )


@pytest.mark.parametrize("at_once", [100, 10**6])
def test_shares_are_counts(monkeypatch, at_once):
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    swept = dataset()
    found, yes = shares(swept), answers(swept)
    assert found.count == 2 * 700 * 2
    assert list(found.axes) == ["profile", "t1", "readout_error", "p_x"]
    dims = ("profile", "sample", "p_x")
    places = {
        name: axis.places.reshape([-1 if dim == axis.dim else 1 for dim in dims])
        for name, axis in found.axes.items()
    }
    everywhere = np.ones((2, 700, 2), bool)
    for question in QUESTIONS:
        assert found.total[question] == yes[question].mean()
        for name, axis in found.axes.items():
            for place, share in enumerate(found.margins[question, name]):
                here = everywhere & (places[name] == place)
                assert share == pytest.approx(yes[question][here].mean(), nan_ok=True)
            assert len(axis.values) == len(found.margins[question, name])
        for first, second in combinations(found.axes, 2):
            table = found.maps[question, first, second]
            for place in np.ndindex(table.shape):
                here = everywhere & (places[first] == place[0]) & (places[second] == place[1])
                expected = yes[question][here].mean() if here.any() else np.nan
                assert table[place] == pytest.approx(expected, nan_ok=True)


def test_below_a_bound_takes_an_erasure():
    swept = dataset()
    nothing = swept.assign(entropy_decrease=-abs(swept["entropy_decrease"]))
    assert not any(answers(nothing)[name].any() for name in ("excess_tight", "excess_landauer"))


def test_bins_lie_between_the_ends_of_an_axis():
    axis = shares(dataset()).axes["t1"]
    edges = np.geomspace(1e-4, 1e-3, len(axis.values) + 1)
    np.testing.assert_allclose(axis.values, np.sqrt(edges[1:] * edges[:-1]))
    assert np.ptp(axis.places) == len(axis.values) - 1


def test_names_are_bins():
    axis = shares(dataset()).axes["profile"]
    assert axis.words == ("FakeFez", "FakeTorino")
    assert axis.places.tolist() == [0, 1]
