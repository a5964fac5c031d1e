"""A sweep through the command line: its folder, going on, faults, and what it would take."""

import json
import shutil
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import recycling as rc
from recycling.cli.app import app
from recycling.errors import BadInput, Incomplete
from recycling.sweeps.cluster import on_cluster
from recycling.sweeps.pool import MOST_TRIES, _count_tries, in_pool
from recycling.sweeps.run import dry_run, sweep
from recycling.sweeps.size import SweepSize, check_fits
from recycling.sweeps.store import Store
from recycling.sweeps.work import Work
from tests.sweeps.test_store import checksums

SPEC = """\
name = "tiny"
algorithm.name = "repeat-until-success"
[device]
profile = "ideal"
t2 = 1e-4
feedforward_latency = 1e-5
[sweep]
theta = [0.3]
p_x = [0.1, 0.4]
[sweep.over]
samples = 200
"device.readout_error" = { random = [0, 0.1] }
"device.t1" = { sobol = [1e-4, "200 us"], scale = "log" }
"""


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    path = tmp_path_factory.mktemp("specs") / "tiny.toml"
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finished(spec, tmp_path_factory):
    """The sweep, done at once."""
    folder = tmp_path_factory.mktemp("finished") / "sweep"
    sweep(rc.Experiment.from_toml(spec), folder, workers=0)
    return folder


def recycling(*arguments):
    return CliRunner().invoke(app, ["sweep", *map(str, arguments)])


def test_the_command_says_where_recycling_pays(spec, tmp_path):
    out = tmp_path / "sweep"
    result = recycling(spec, "--out", out, "--workers", "0", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    dataset = xr.open_zarr(out / "results.zarr", chunks=None).load()
    recycled = dataset.sel(arm="recycling")
    assert found["count"] == 200 * 2
    assert found["share"]["gain"] == float((recycled["gain"] > 0).mean())
    assert list(found["axes"]) == ["readout_error", "t1", "p_x"]
    assert dataset["t1"].dims == ("sample",)
    assert not dataset["heat"].isnull().any()
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "G &gt; 0 at " in page
    assert page.count("data:image/svg+xml;base64") == 4
    assert rc.Experiment.from_toml(out / "spec.toml").hash == dataset.attrs["spec_hash"]


def test_an_interrupted_sweep_is_gone_on_with(spec, finished, tmp_path, monkeypatch):
    folder, write = tmp_path / "sweep", Store.write
    written = []

    def interrupted(self, number, *values):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(number)
        write(self, number, *values)

    monkeypatch.setattr(Store, "write", interrupted)
    with pytest.raises(Incomplete, match="nothing finished is lost; go on with the same command"):
        sweep(rc.Experiment.from_toml(spec), folder, workers=0)
    monkeypatch.setattr(Store, "write", write)
    shown = []
    sweep(rc.Experiment.from_toml(spec), folder, workers=0, progress=shown.append)
    assert (shown[0].done, shown[-1].done, len(shown)) == (128, 200, 3)
    assert checksums(folder) == checksums(finished)


def test_damage_is_repaired_and_said(spec, finished, tmp_path):
    folder = tmp_path / "sweep"
    shutil.copytree(finished, folder)
    (folder / "results.zarr" / "heat" / "c" / "1" / "0" / "0" / "0").write_bytes(b"")
    (folder / "results.zarr" / "zarr.json").write_bytes(b"{")
    notes = []
    sweep(rc.Experiment.from_toml(spec), folder, workers=0, note=notes.append)
    assert notes == [
        "chunk 1: heat: its bytes differ from the ledger's checksum; it is computed again"
    ]
    assert checksums(folder) == checksums(finished)


def test_other_samples_are_another_sweep(spec, finished):
    result = recycling(spec, "--out", finished, "--samples", "64")
    assert result.exit_code == 2
    assert "holds the sweep of another spec" in result.stderr


def test_a_dry_run_says_what_it_would_take(spec, tmp_path):
    result = recycling(spec, "--out", tmp_path / "sweep", "--dry-run", "--json")
    found = json.loads(result.stdout)
    assert (found["points"], found["chunks"]) == (200, 4)
    assert 0 < found["seconds"] < 60
    # branch_probability and success_fidelity, ten quantities of both arms, two of each state.
    assert found["disk"] == 4 * 64 * 8 * (2 + 1 + 10 * 2 * 2 + 2 * 2 * 2 * 2 * 3)
    assert not (tmp_path / "sweep").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "fault"),
    [
        (["paper", "--dry-run"], 2, "sweep.over is missing"),
        (["payoff"], 2, "out is missing: give a folder with --out"),
        (["payoff", "--samples", "0", "--dry-run"], 2, "samples = 0: give a whole number"),
        (["nosuch.toml", "--dry-run"], 2, "neither a file nor a preset"),
    ],
)
def test_faults_have_one_line(arguments, code, fault):
    result = recycling(*arguments)
    assert result.exit_code == code
    assert fault in result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(BadInput) as error:
        check_fits(SweepSize(10**15, 10**12, 1.0, 1.0, memory=1e15, disk=4e17), tmp_path)
    memory, disk = error.value.faults
    assert memory.startswith("the sweep takes about 1e+06 GB of memory, this machine has ")
    assert disk.startswith("the results take about 4e+08 GB in ")


@pytest.mark.parametrize("axes", [1, 4])
def test_more_points_than_one_can_look_at_are_refused_at_once(axes, tmp_path):
    """Also a number of points that no integer of 64 bits holds."""
    keys = ("t1", "cz_error", "readout_error", "single_qubit_error")
    grid = {"start": 6e-5, "stop": 1e-4, "points": 100_000}
    over = {"samples": 2**30, "bath.temperature": {"sobol": [0.02, 0.09]}}
    over |= {f"device.{key}": grid for key in keys[:axes]}
    huge = rc.Experiment.parse(SPEC, sweep={"theta": [0.3], "p_x": [0.1], "over": over})
    for call in (dry_run, sweep):
        with pytest.raises(BadInput, match=r"the results take about .* GB in"):
            call(huge, tmp_path / "sweep", workers=0)
    assert not (tmp_path / "sweep").exists()


def test_a_chunk_that_ends_its_workers_ends_the_sweep():
    tries = {}
    for _ in range(MOST_TRIES - 1):
        _count_tries([3, 4], tries)
    with pytest.raises(Incomplete, match="workers died 3 times over chunk 3"):
        _count_tries([3], tries)


def test_a_pool_that_breaks_loses_no_chunk(monkeypatch):
    """Not even one that is given to a pool which is broken already."""
    lives = iter([3, 0, 2, 1, 100])

    @contextmanager
    def executor(_workers):
        left = [next(lives)]

        def submit(_call, _content, number):
            left[0] -= 1
            if left[0] < 0:
                raise BrokenProcessPool
            future = Future()
            future.set_result(SimpleNamespace(number=number))
            return future

        yield SimpleNamespace(submit=submit)

    monkeypatch.setattr("recycling.sweeps.pool._executor", executor)
    chunks = in_pool(Work(None, None, {}), range(20), workers=2)
    assert sorted(chunk.number for chunk in chunks) == list(range(20))
    assert next(lives, None) is None


def test_a_scheduler_that_does_not_answer_is_said(monkeypatch):
    monkeypatch.setattr("recycling.sweeps.cluster.ANSWERS_IN", 0.3)
    work = Work(None, None, {})
    with pytest.raises(Incomplete, match=r"scheduler = 'tcp://127.0.0.1:9' does not answer"):
        list(on_cluster(work, [], "tcp://127.0.0.1:9", 1))


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(BadInput, match=r"install thermodynamic-recycling\[distributed\]"):
        list(on_cluster(Work(None, None, {}), [], "local", 1))


def test_numbers_do_not_depend_on_how_a_sweep_is_cut(spec, finished):
    work = Work.of(rc.Experiment.from_toml(spec))
    part = work.region((slice(150, 153),))
    heat = xr.open_zarr(finished / "results.zarr", chunks=None)["heat"]
    np.testing.assert_allclose(part["heat"], heat[150:153], rtol=1e-13, atol=0)


def test_points_that_contradict_themselves_are_refused_before_any_is_computed(tmp_path):
    over = {"device.t1": {"start": 4e-5, "stop": 2e-4, "points": 500}}
    refused = rc.Experiment.parse(SPEC, sweep={"theta": [0.3], "p_x": [0.1], "over": over})
    with pytest.raises(BadInput, match=r"t2 of data = 0\.0001 s is above 2 t1 = 8e-05 s at a"):
        sweep(refused, tmp_path / "sweep", workers=0)
    assert not (tmp_path / "sweep").exists()


def test_a_latency_of_zero_is_no_latency(tmp_path):
    over = {"device.feedforward_latency": [0.0, 1e-5], "device.t1": [1e-4]}
    swept = rc.Experiment.parse(SPEC, sweep={"theta": [0.3], "p_x": [0.1], "over": over})
    found = sweep(swept, tmp_path / "sweep", workers=0)["heat"]
    for latency in (0.0, 1e-5):
        device = {"profile": "ideal", "t1": 1e-4, "t2": 1e-4, "feedforward_latency": latency}
        one = {"device": device, "sweep": {"theta": [0.3], "p_x": [0.1]}}
        exact = rc.Experiment.parse(SPEC, **one, measurement={"shots": "exact", "trials": 1})
        heat = rc.analyse(rc.run(exact, out=tmp_path / f"run-{latency}"))["heat"].squeeze()
        swept_heat = found.sel(feedforward_latency=latency).squeeze()
        np.testing.assert_allclose(swept_heat, heat, rtol=1e-12, atol=0)
