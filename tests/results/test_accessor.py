"""``dataset.recycling``: nearest points, units, verdicts; on whatever this package returns."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import h, k

import recycling as rc
import recycling.results.accessor

AXES = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=9, unique=True).filter(
    lambda axis: np.diff(sorted(axis)).min() > 1e-6
)


@settings(max_examples=50)
@given(AXES, st.data())
def test_the_nearest_point_is_taken(axis, data):
    value = data.draw(st.floats(min(axis), max(axis)))
    dataset = xr.Dataset({"there": ("angle", axis)}, {"angle": axis})
    taken = float(dataset.recycling.sel(angle=value)["there"])
    assert abs(taken - value) == min(abs(np.array(axis) - value))


@given(st.floats(1e6, 1e12), st.floats(1e-3, 10), st.floats(-1e-22, 1e-22))
@settings(max_examples=30)
def test_energies_in_both_units(hertz, kelvin, energy):
    attributes = {"frequency_Hz": hertz, "temperature_K": kelvin}
    dataset = xr.Dataset(
        {"heat": ((), energy, {"units": "J"}), "entropy": ((), 0.3, {"units": "1"})},
        attrs=attributes,
    )
    for shown, unit, name in (
        (dataset.recycling.in_hf, h * hertz, "hf"),
        (dataset.recycling.in_landauer, k * kelvin * np.log(2), "k_B T0 ln 2"),
    ):
        assert float(shown["heat"]) == pytest.approx(energy / unit, rel=1e-12)
        assert shown["heat"].attrs["units"] == name
        assert float(shown["entropy"]) == 0.3
        assert dataset["heat"].attrs["units"] == "J"


def test_a_dataset_of_a_run_has_it(small_run, small_dataset):
    point = small_dataset.recycling.sel(theta_b=0.78, p_x=0.4, arm="recycling")
    assert point.attrs["selected"] == "theta_b = 0.785398 (asked 0.78), p_x = 0.4, arm = recycling"
    quantum = h * 5e9
    expected = small_dataset["heat"].sel(arm="recycling", p_x=0.4).isel(theta_b=-1) / quantum
    np.testing.assert_allclose(point.recycling.in_hf["heat"], expected, rtol=1e-12)
    assert list(small_dataset.recycling.verdicts) == list(small_run.verdicts)
    assert list(small_dataset.recycling.controls) == list(small_run.controls)


def test_swept_baths_have_their_units():
    mapped = rc.stage("theory", temperatures=[0.043, 0.2], loss_tangents=1e-7)
    shown = mapped.recycling.in_landauer["heat"].isel(temperature=1)
    np.testing.assert_allclose(
        shown, mapped["heat"].isel(temperature=1) / (k * 0.2 * np.log(2)), rtol=1e-12
    )
    assert mapped.recycling.in_hf["heat"].dims == mapped["heat"].dims


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"theta": 0.3}, "theta = 0.3 is no coordinate: give one of"),
        ({"theta_b": 3.0}, "theta_b = 3 is not near any point: give 0 to 0.785398"),
        ({"theta_b": float("nan")}, "theta_b = nan is not near any point"),
        ({"arm": "left"}, "arm = 'left': give one of 'equilibrium', 'recycling'"),
    ],
)
def test_what_is_not_there_is_refused_in_a_line(values, line, small_dataset):
    with pytest.raises(rc.BadInput) as refused:
        small_dataset.recycling.sel(**values)
    assert str(refused.value).startswith(line)


@pytest.mark.parametrize("value", [None, [0.0, 0.5], np.array([0.1]), 1j], ids=repr)
def test_a_value_that_is_no_number_is_refused_in_a_line(value):
    dataset = xr.Dataset(coords={"angle": [0.0, 0.4, 0.8]})
    with pytest.raises(rc.BadInput, match=r"^angle = .*: give one (number|value)$"):
        dataset.recycling.sel(angle=value)


def test_importing_the_package_loads_no_arrays_and_is_quick():
    code = (
        "import sys, time; start = time.process_time(); import recycling; "
        "print(time.process_time() - start); "
        "print([name for name in ('xarray', 'qiskit', 'matplotlib', 'pandas', 'zarr', 'pydantic')"
        " if name in sys.modules])"
    )
    out = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    seconds, loaded = zip(*(each.stdout.splitlines() for each in out), strict=True)
    assert set(loaded) == {"[]"}
    assert min(map(float, seconds)) <= 0.05
