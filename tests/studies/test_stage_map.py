"""The map of stages: figures of the paper's device, agreement with single runs, what is printed."""

import json
from math import pi

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import h, k

import recycling as rc
from recycling.inference.bath.erasure_end import erasure_end, thermal_erasure_end
from recycling.spec.experiment import SweepSpec
from recycling.studies import stage_map as module
from recycling.studies.stage_grid import stage_grid
from recycling.studies.stage_map import stage_map
from tests.on_ibm import command

#: The layout that the preset "paper" chooses, and two of its angles.
SPEC = """\
name = "stage"
[device]
layout = { C_I = 11, C_C0 = 18, C_C1 = 12, C_A = 13, B = 10, S = 9 }
[stage]
calibrated_at = "43 mK"
loss_tangent = 1e-7
[sweep]
theta_b = [0.0, 0.7853981633974483]
p_x = [0.05, 0.4]
"""
QUANTUM = h * 5e9
#: At θ_b = π/4 and p_x = 0.4: T1 and T2 of B in µs; ΔS in nats; ΔQ_B, Q_L, Q_tight, Q_ath in hf.
FIGURES = {
    0.043: (397, 180.5, 0.474139, -0.093228, 0.084963, 0.195138, -0.138216),
    0.1: (333.4, 171.9, 0.283628, -0.077659, 0.118197, 0.174036, -0.106076),
    0.3: (151.96, 129.2, 0.051175, -0.033228, 0.063979, 0.083516, -0.043306),
    1.0: (47.76, 65.04, 0.004592, -0.007849, 0.019135, 0.023980, -0.010593),
}
NAMES = ("entropy_decrease", "heat", "bound_landauer", "bound_tight", "bound_athermal")


@pytest.fixture(scope="module")
def experiment():
    return rc.Experiment.parse(SPEC)


@pytest.fixture(scope="module")
def found(experiment):
    axes = {"frequencies": (5e9, 7e9), "loss_tangents": (1e-7, 1e-5)}
    return stage_map(experiment, stage_grid(experiment, temperatures=tuple(FIGURES), **axes))


@pytest.mark.parametrize("kelvin", FIGURES)
def test_figures_of_the_paper_on_a_warmer_stage(kelvin, found):
    t1, t2, *expected = FIGURES[kelvin]
    stage = found.sel(temperature=kelvin, frequency=5e9, loss_tangent=1e-7)
    assert abs(float(stage["t1"]) * 1e6 - t1) < 0.05
    assert abs(float(stage["t2"]) * 1e6 - t2) < 0.05
    point = stage.sel(arm="recycling", p_x=0.4).isel(theta_b=-1)
    figures = [float(point[name]) / (1 if name == NAMES[0] else QUANTUM) for name in NAMES]
    np.testing.assert_allclose(figures, expected, rtol=0, atol=6e-7)
    assert point["heat"] < point["bound_landauer"], "below the bound wherever it is warm"
    np.testing.assert_allclose(point["bound_landauer"], k * kelvin * figures[0], rtol=1e-12)


def test_a_cell_is_what_a_plan_predicts(experiment, found):
    """Another frequency and loss tangent, by the device that a spec makes."""
    spec = experiment.model_copy(
        update={
            "bath": experiment.bath.model_copy(update={"temperature": 0.3, "frequency": 7e9}),
            "stage": experiment.stage.model_copy(update={"loss_tangent": 1e-5}),
        }
    )
    planned = rc.plan(spec)
    cell = found.sel(temperature=0.3, frequency=7e9, loss_tangent=1e-5)
    bath = planned.device.roles.index("B")
    assert float(cell["t2"]) == planned.device.t2[bath]
    for name in NAMES:
        np.testing.assert_allclose(
            cell[name].sel(arm="recycling", p_x=0.4),
            planned.prediction.values[name],
            rtol=1e-9,
            atol=1e-12 * (1 if name == NAMES[0] else QUANTUM),
        )


def test_a_link_is_another_on_each_stage():
    """Its photons are those of the frequency, and an idle one waits by the T1 of the stage."""
    spec = rc.Experiment.parse("""\
name = "linked"
[algorithm]
name = "repeat-until-success"
[bath]
temperature = 0.3
frequency = 7e9
[device]
profile = "ideal"
t1 = 2e-4
t2 = 2e-4
[link]
preset = "eth-5m"
realisation = "idle"
[stage]
calibrated_at = 0.043
loss_tangent = 1e-5
[sweep]
theta = [0.6]
p_x = [0.4]
""")
    axes = {"frequencies": (5e9, 7e9), "loss_tangents": (0.0, 1e-5)}
    linked = stage_map(spec, stage_grid(spec, temperatures=(0.1, 0.3), **axes))
    cell = linked.sel(arm="recycling", temperature=0.3, frequency=7e9, loss_tangent=1e-5, p_x=0.4)
    expected = rc.plan(spec).prediction.values
    for name in NAMES:
        np.testing.assert_allclose(cell[name].values, expected[name], rtol=1e-9)


def test_temperatures_may_come_in_parts(experiment, found, monkeypatch):
    monkeypatch.setattr(module, "_BATCH", 1)
    fractions = []
    grid = stage_grid(experiment, temperatures=(0.1, 0.043), loss_tangents=(1e-7, 1e-5))
    of_one = experiment.model_copy(update={"sweep": SweepSpec(theta_b=[0.0, pi / 4], p_x=[0.4])})
    part = stage_map(of_one, grid, fractions.append)
    assert fractions == [0.5, 1.0]
    same = [name for name in found.data_vars if "temperature" in found[name].dims]
    expected = found[same].isel(temperature=[0, 1], frequency=[0], p_x=[1])
    xr.testing.assert_allclose(part[same], expected, rtol=1e-12)


def test_the_dataset_reads_back_with_units(found, tmp_path):
    found.to_netcdf(tmp_path / "stage.nc", engine="netcdf4")
    with xr.open_dataset(tmp_path / "stage.nc", engine="netcdf4") as read:
        xr.testing.assert_identical(read, found)
        assert {name: read[name].attrs["units"] for name in ("t1", "heat", "theta_b")} == {
            "t1": "s", "heat": "J", "theta_b": "rad"
        }  # fmt: skip
        assert read.attrs["data_kind"] == "simulated"


# --- Where erasure ends


def test_a_thermal_bath_ends_where_its_population_is_that_of_the_target():
    assert round(float(thermal_erasure_end(5e9, 0.4)), 3) == 0.592
    assert thermal_erasure_end(5e9, np.array([0.0, 0.5, 0.8])).tolist() == [0, np.inf, np.inf]


@settings(max_examples=20)
@given(st.floats(1e9, 20e9), st.floats(0.001, 0.499))
def test_the_end_is_the_root_of_the_entropies(frequency, p_x):
    end = float(thermal_erasure_end(frequency, p_x))
    target = rc.von_neumann_entropy(np.diag([1 - p_x, p_x]))
    np.testing.assert_allclose(rc.Bath.qubit(frequency, end).entropy(), target, rtol=1e-9)


@settings(max_examples=30)
@given(st.floats(0.05, 5), st.floats(0.2, 3))
def test_an_end_on_a_curve_is_found(end, slope):
    kelvins = np.geomspace(0.01, 10, 13)
    curve = slope * np.log(end / kelvins) / kelvins**2  # T²ΔS is a line in the logarithm of T
    np.testing.assert_allclose(erasure_end(kelvins, curve), end, rtol=1e-9)
    assert np.isnan(erasure_end(kelvins, curve - 1e6))
    assert np.isnan(erasure_end(kelvins[:1], curve[:1]))


def test_the_erasure_of_small_weights_ends_on_the_map(found):
    """Gate errors of the control leave S more mixed than a small p_x does."""
    ends = found["erasure_end"].sel(arm="recycling", frequency=5e9, loss_tangent=1e-7)
    assert 0.043 < float(ends.sel(p_x=0.05).isel(theta_b=-1)) < 0.1
    assert ends.sel(p_x=0.4).isnull().all()


# --- The command


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stage.toml").write_text(SPEC, encoding="utf-8")
    return "stage.toml"


@pytest.fixture(autouse=True)
def _known(found, request, monkeypatch):
    """Commands find the map that is there: only its axes are made for them."""
    if "spec" in request.fixturenames:
        monkeypatch.setattr(module, "stage_map", lambda _experiment, _grid, _progress: found)


@pytest.mark.parametrize("columns", [60, 120])
def test_tables_fit_the_terminal(columns, spec, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    done = command("stage", spec, "--temperatures", "43 mK,0.1,0.3,1")
    assert (done.code, done.traceback) == (0, "")
    lines = done.out.splitlines()
    assert "…" not in done.out
    assert max(map(len, lines[:13])) <= columns
    cells = [line.split() for line in lines if line.startswith(" 1 ")]
    assert cells[0] == ["1", "1e-07", "47.8", "65", "0.0046", "-0.0078", "+0.0240", "+0.0191",
                        "0.551"]  # fmt: skip
    assert len(cells) == 4  # two loss tangents at two frequencies
    assert "16 of 16 stages, with ΔQ_B below Q_tight at 16 and below Q_Landauer at 16" in done.out
    assert "erasure of p_x = 0.4 ends (ΔS = 0) nowhere from 43 mK to 1 K" in done.out
    assert "a thermal bath erases p_x = 0.4 up to 592 mK at 5 GHz, 829 mK at 7 GHz" in done.out


def test_scripts_get_all_points(spec):
    done = command("stage", spec, "--json")
    told = json.loads(done.out)
    assert len(told["rows"]) == 4 * 2 * 2 * 2
    row = told["rows"][-1]
    assert (row["temperature_K"], row["frequency_Hz"], row["loss_tangent"]) == (1.0, 7e9, 1e-5)
    assert row["erasure_end_K"] is None
    warm = next(
        row
        for row in told["rows"]
        if (row["temperature_K"], row["frequency_Hz"], row["loss_tangent"]) == (1.0, 5e9, 1e-7)
        and row["theta_b"] > 0
    )
    assert round(warm["entropy_decrease_nat"], 6) == 0.004592
    assert round(warm["bound_tight_hf"], 6) == 0.023980
    assert told["thermal_erasure_end"][0]["temperature_K"] == pytest.approx(0.5918, abs=1e-4)


def test_results_are_written(spec, found):
    done = command("stage", spec, "--out", "map")
    assert done.out.splitlines()[-2:] == ["map/stage.nc", "map/stage.svg"]
    xr.testing.assert_identical(xr.load_dataset("map/stage.nc", engine="netcdf4"), found)
    again = command("stage", spec, "--out", "map")
    assert (again.code, again.only_line) == (
        2, "error: out = 'map' exists: give a new folder, or remove it"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--temperatures", "43"), "temperatures[0] = 43.0: give 1 mK to 10 K (did you mean '43 m"),
        (("--temperatures", "-1"), "temperatures[0] = -1.0: give a number above 0"),
        (("--temperatures", "0.1,0.1"), "temperatures has a value twice: give each value once"),
        (("--frequencies", ""), "frequencies is empty: give at least one value"),
        (("--loss-tangents", "-1e-7"), "loss_tangents[0] = -1e-07: give 0 or more"),
        (("--loss-tangents", "low"), "loss_tangents[0] = 'low': give a number"),
    ],
)
def test_bad_axes_are_refused(options, line, spec, tmp_path):
    done = command("stage", spec, *options, "--out", "map")
    assert done.code == 2
    assert done.error.startswith(f"error: {line}")
    assert not (tmp_path / "map").exists()


def test_a_map_that_is_too_large_is_refused(experiment, monkeypatch):
    monkeypatch.setattr("recycling.jobs.sizes.machine_memory", lambda: 1e9)
    grid = stage_grid(
        experiment,
        temperatures=tuple(np.linspace(0.05, 5, 900)),
        loss_tangents=tuple(np.linspace(0, 0.5, 900)),
    )
    with pytest.raises(rc.BadInput, match=r"the map of 810900 devices takes about .* give fewer t"):
        module.stage_map_size(experiment, grid)


def test_below_the_calibration_there_must_be_room(experiment):
    grid = stage_grid(experiment, temperatures=(0.01,), loss_tangents=(1e-4,))
    ideal = experiment.device.model_copy(update={"profile": "ideal", "layout": "best", "t2": 2e-4})
    with pytest.raises(
        rc.BadInput, match=r"stage.loss_tangent = 0.0001: T2 = .* no room for it.* to 10 mK"
    ):
        stage_map(experiment.model_copy(update={"device": ideal}), grid)


def test_without_a_stage_the_numbers_hold_at_the_bath(experiment):
    plain = experiment.model_copy(update={"stage": None})
    assert stage_grid(plain).temperatures[:2] == (0.043, 0.1)
    assert stage_grid(plain).loss_tangents == (1e-7, 1e-6, 1e-5)
    assert stage_grid(experiment).loss_tangents == (1e-7,)
