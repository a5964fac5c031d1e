"""A study that nothing in the package knows of runs as the first two do."""

import json
import shutil

import numpy as np
import pytest

import recycling as rc
import recycling.running.desk
import recycling.running.runs
from recycling.errors import BadInput
from recycling.jobs.status import JobStatus
from recycling.running.work import Conduct
from recycling.store.bundle import write_bundle
from recycling.studies import STUDIES, study_of
from recycling.studies.latency.run import open_latency_run
from recycling.studies.stored import open_bundle, open_unchecked, status
from tests.coins import STUDY, CoinSpec
from tests.on_ibm import command
from tests.scripted import DeathAt, Killed, Service, watch_disk

LAYOUT = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
SPEC = CoinSpec(tosses=50, device={"profile": "FakeMarrakesh", "layout": LAYOUT})
WAITING = Conduct()


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """The one line."""
    monkeypatch.setitem(STUDIES, "coins", "tests.coins")


@pytest.fixture
def run(tmp_path):
    return recycling.running.runs.run(STUDY, SPEC, "exact", tmp_path / "run", conduct=WAITING)


def heads(run):
    return {job.name: int(run.outcomes(job).shots.sum()) for job in run.jobs}


def test_it_runs_from_spec_to_results(run):
    assert run.complete
    assert run.kind == "coins"
    assert run.spec == SPEC
    assert run.record["state"] == "done"
    assert set(run.circuits) == {0, 1, 2}
    assert STUDY.read(run.record["spec"], {}, "") == SPEC
    found = heads(run)
    # Without a turn there are none, but for the thermal start and the readout; two turns are a NOT.
    assert found["coin-0"] < 10 < found["coin-1"] < 40 < found["coin-2"]
    assert next(line["event"] for line in run.telemetry) == "planned"


def test_commands_for_any_run_know_it(run):
    told = json.loads(command("status", run.path, "--json").out)
    assert told["headline"] == "3 of 3 jobs done"
    assert command("cancel", run.path).out == "0 jobs cancelled\n"
    done = command("resume", run.path, "--json")
    assert (done.code, done.traceback) == (0, "")
    record = json.loads(done.out)
    assert record["heads"] == heads(run) == json.loads((run.path / "coins.json").read_text())
    assert record["files"]["heads"] == str(run.path / "coins.json")
    assert "heads" in command("resume", run.path).out


def test_commands_for_the_protocol_say_what_it_is(run):
    refused = command("report", run.path)
    assert refused.only_line == (
        f"error: run = '{run.path}' is a coins run: recycling resume {run.path}"
    )
    with pytest.raises(BadInput, match="no latency run"):
        open_latency_run(run.path)


def test_it_goes_on_where_it_was_killed(run, tmp_path):
    """Dead at any write: the same command brings it to the same outcomes."""
    passed = DeathAt()
    with pytest.MonkeyPatch.context() as patch:
        watch_disk(patch, passed)
        recycling.running.runs.run(STUDY, SPEC, "exact", tmp_path / "counted", conduct=WAITING)
    assert passed.passed > 30
    for number in range(1, passed.passed, 9):
        out = tmp_path / f"run-{number}"
        with pytest.MonkeyPatch.context() as patch:
            watch_disk(patch, DeathAt(number))
            with pytest.raises(Killed):
                recycling.running.runs.run(STUDY, SPEC, "exact", out, conduct=WAITING)
        again = recycling.running.runs.run(STUDY, SPEC, "exact", out, conduct=WAITING)
        assert heads(again) == heads(run)


def test_nothing_is_submitted_twice_on_a_service(tmp_path, monkeypatch):
    service = Service(list_lag=1.0)
    service.fail("submit", 1, error=Killed(), acted=True)
    service.answers["coin-0"] = [JobStatus("queued"), JobStatus("running")]
    monkeypatch.setattr(recycling.running.runs, "prepare", service.client)
    monkeypatch.setattr(recycling.running.desk, "sleep", service.waits.append)
    with pytest.raises(Killed):
        recycling.running.runs.run(STUDY, SPEC, "exact", tmp_path / "run", conduct=WAITING)
    states = {name: record.state for name, record in status(tmp_path / "run").items()}
    assert states == {"coin-0": "submitted", "coin-1": "intended", "coin-2": "planned"}
    assert rc.resume(tmp_path / "run").complete
    assert set(service.jobs().values()) == {1}


def test_damage_is_mended(run, tmp_path):
    before = heads(run)
    (run.path / "circuits.qpy").write_bytes(b"QISKIT")
    (run.path / "shots" / "coin-1.npz").unlink()
    mended = rc.resume(run.path)
    assert mended.damage() == []
    assert heads(mended) == before
    archive = write_bundle(mended, tmp_path / "coins.zip")
    assert heads(open_bundle(archive, tmp_path / "opened")) == before


def test_another_spec_is_another_run(run):
    other = SPEC.model_copy(update={"seed": 1})
    with pytest.raises(BadInput, match="exists: give a new folder"):
        recycling.running.runs.run(STUDY, other, "exact", run.path, conduct=WAITING)
    with pytest.raises(BadInput, match="exists: give a new folder"):
        rc.run(rc.preset("theory"), out=run.path)


def test_a_study_that_is_not_registered_is_named(run, tmp_path, monkeypatch):
    monkeypatch.delitem(STUDIES, "coins")
    shutil.copytree(run.path, tmp_path / "copy")
    with pytest.raises(BadInput, match=r"run\.json: kind = 'coins': give 'protocol' or 'latency'"):
        open_unchecked(tmp_path / "copy")
    assert {study_of(name).name for name in STUDIES} == set(STUDIES)
    assert np.all([study_of(name).again.count("{path}") for name in STUDIES])
