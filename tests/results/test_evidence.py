"""Evidence: what is taken for a run's is its own, and what is forged is refused in one line."""

import dataclasses
import io
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from qiskit import QuantumCircuit, qpy

import recycling as rc
import recycling.reporting.result_sections
import recycling.running.runs
from recycling.errors import BackendFailure, BadInput
from recycling.reporting.status import status_summary
from recycling.results.calibrations import calibrations
from recycling.store.files import append_line, seal, unseal
from recycling.store.journal import tag_of
from recycling.store.telemetry import append_event, events, head_of, rechain, telemetry_damage
from recycling.studies.latency.run import run_latency
from recycling.studies.latency.spec import LatencySpec
from recycling.studies.stored import open_unchecked, resume, status
from tests.forging import LATENCY_SPEC, forge_attempt, forge_kept, forge_record, forge_shots
from tests.on_ibm import command
from tests.scripted import EXPERIMENT, SPEC, Service, install

PRESENT = Path(__file__).parents[1] / "data" / "run-schema-2"
TRIALS = ("trial-0", "trial-1", "trial-2")
RUN_ID = "0123456789ab"


@pytest.fixture(scope="module")
def plan():
    return rc.plan(EXPERIMENT)


@pytest.fixture(scope="module")
def pair(plan, tmp_path_factory):
    """Two runs of the same spec on the same service, and the service."""
    service, folder = Service(), tmp_path_factory.mktemp("pair")
    with pytest.MonkeyPatch.context() as patch:
        install(patch, service, plan)
        for name in ("one", "other"):
            rc.run(EXPERIMENT, out=folder / name, spec=SPEC)
    return folder / "one", folder / "other", service


@pytest.fixture
def stored(pair, plan, monkeypatch, tmp_path):
    """Copy of the first run, with the service that both ran on."""
    install(monkeypatch, pair[2], plan)
    return Path(shutil.copytree(pair[0], tmp_path / "run"))


def refusal(call, *arguments):
    with pytest.raises(BadInput) as caught:
        call(*arguments)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert len(message) < 1500
    return message


def take(other, path, *names):
    for name in names:
        shutil.copyfile(other / name, path / name)


def counts(path):
    return rc.open_run(path).counts


# -- origin ----------------------------------------------------------------------------------


def test_a_journal_of_another_run_is_refused_and_its_job_fetched_again(stored, pair):
    _, other, service = pair
    accepted, before = len(service.accepted), counts(stored)
    take(other, stored, "jobs/trial-1.json", "shots/trial-1.npz")
    forge_shots(stored, "trial-1", shots=np.zeros((8, 2, 3, 20), np.uint8))
    message = refusal(rc.open_run, stored)
    assert f"{stored / 'jobs/trial-1.json'} is damaged: it belongs to another run" in message
    assert resume(stored).damage() == []
    assert counts(stored).identical(before)
    assert len(service.accepted) == accepted, "it was found by its tag"
    assert len(list((stored / "quarantine").glob("*/*/trial-1.*"))) == 2


@pytest.mark.parametrize("arrays", [
    {"tag": np.array(tag_of(RUN_ID, "trial-1", 1)), "shots": np.zeros((8, 2, 3, 20), np.uint8)},
    {"shots": np.zeros((8, 2, 3, 21), np.uint8)},
    {"shots": np.full((8, 2, 3, 20), 16, np.uint8)},
    {"shots": np.zeros((8, 2, 3, 20), np.int64)},
    {"bits": np.array(5)},
    {"record": np.array('{"metrics": 3}')},
], ids=["origin", "shape", "range", "type", "bits", "record"])  # fmt: skip
def test_mending_a_lost_journal_adopts_nothing_that_it_cannot_check(stored, pair, arrays):
    accepted, before = len(pair[2].accepted), counts(stored)
    forge_shots(stored, "trial-1", **arrays)
    (stored / "jobs" / "trial-1.json").unlink()
    assert resume(stored).damage() == []
    assert counts(stored).identical(before)
    assert list((stored / "quarantine").glob("*/shots/trial-1.npz"))
    assert len(pair[2].accepted) == accepted, "it was found by its tag"


def test_mending_a_lost_journal_keeps_the_shots_of_its_own(stored):
    """Those of a later attempt too, with what the service told of them."""
    before = counts(stored)
    tag = tag_of(open_unchecked(stored).run_id, "trial-1", 3)
    forge_shots(stored, "trial-1", tag=np.array(tag))
    (stored / "jobs" / "trial-1.json").unlink()
    run = resume(stored)
    record = run.journal(run.jobs[1])
    assert [attempt.state for attempt in record.attempts] == ["failed", "failed", "done"]
    assert record.current.tag == tag
    assert record.current.record == {"metrics": {"usage": {"seconds": 2}}}
    assert counts(stored).identical(before)
    assert not list((stored / "quarantine").glob("*/shots/trial-1.npz"))


def test_shots_of_another_attempt_are_refused(stored):
    forge_shots(
        stored, "trial-1", tag=np.array(tag_of(open_unchecked(stored).run_id, "trial-2", 1))
    )
    message = refusal(counts, stored)
    assert "trial-1.npz is damaged: tag = " in message
    assert "is of another attempt" in message


@pytest.mark.parametrize("name", ["run.json", "run.json.copy"])
def test_the_journals_say_which_of_two_identities_is_right(stored, pair, name):
    before, identity = counts(stored), (stored / "run.json").read_bytes()
    take(pair[1], stored, name)
    run = resume(stored)
    assert run.run_id == unseal(identity)["run_id"]
    for each in ("run.json", "run.json.copy"):
        assert unseal((stored / each).read_bytes())["run_id"] == run.run_id
    assert counts(stored).identical(before)
    (aside,) = (stored / "quarantine").glob(f"*/{name}")
    assert aside.read_bytes() == (pair[1] / name).read_bytes()


def test_an_identity_that_no_journal_supports_is_refused_and_nothing_changed(stored, pair):
    take(pair[1], stored, "run.json", "run.json.copy")
    before = {file: file.read_bytes() for file in stored.rglob("*") if file.is_file()}
    for call in (rc.open_run, resume, status):
        assert "is of another run than the journals" in refusal(call, stored)
    assert {file: file.read_bytes() for file in stored.rglob("*") if file.is_file()} == before


def test_two_identities_without_a_journal_are_not_guessed_at(stored):
    identity = unseal((stored / "run.json").read_bytes())
    (stored / "run.json").write_bytes(seal(identity | {"run_id": RUN_ID}))
    for name in TRIALS:
        (stored / "jobs" / f"{name}.json").write_bytes(seal({"name": name, "attempts": []}))
    assert "nothing says which is right" in refusal(rc.open_run, stored)


def test_shots_from_before_there_was_a_tag_are_bound_by_their_journal(tmp_path):
    path = Path(shutil.copytree(PRESENT, tmp_path / "run"))
    run = rc.open_run(path)
    assert [run.stored_outcomes(job).tag for job in run.jobs] == [None] * 4
    assert run.counts.sizes["trial"] == 2
    # Alone they are those of nobody: their job is simulated again, to the same bits.
    (path / "jobs" / "trial-1.json").unlink()
    before = run.counts
    again = resume(path)
    assert again.counts.identical(before)
    assert again.stored_outcomes(again.jobs[2]).tag == tag_of(run.run_id, "trial-1", 1)
    assert list((path / "quarantine").glob("*/shots/trial-1.npz"))


# -- telemetry -------------------------------------------------------------------------------


@pytest.fixture
def lines(tmp_path):
    """Five chained lines, and their head."""
    for number in range(5):
        append_event(tmp_path, RUN_ID, {"event": "done", "job": f"trial-{number}"})
    return tmp_path, head_of(tmp_path, RUN_ID)


def rearranged():
    for number in range(5):
        yield f"without {number}", [n for n in range(5) if n != number]
        yield f"{number} twice", sorted([*range(5), number])
        yield f"without {number} and after", list(range(number))
    for number in range(4):
        order = list(range(5))
        order[number], order[number + 1] = order[number + 1], order[number]
        yield f"{number} and {number + 1} swapped", order
    yield "in reverse", [4, 3, 2, 1, 0]


@pytest.mark.parametrize("order", [pytest.param(o, id=label) for label, o in rearranged()])
def test_no_line_vanishes_repeats_or_moves_unseen(lines, order):
    run, head = lines
    file = run / "telemetry.jsonl"
    content = file.read_bytes().splitlines(keepends=True)
    assert telemetry_damage(run, RUN_ID, head) == ""
    file.write_bytes(b"".join(content[number] for number in order))
    assert "lines are" in telemetry_damage(run, RUN_ID, head)
    rechain(run, RUN_ID)
    assert telemetry_damage(run, RUN_ID, head_of(run, RUN_ID)) == ""
    assert [event["job"] for event in events(run)] == [f"trial-{number}" for number in order]


def test_a_death_before_the_head_is_written_is_no_damage(lines):
    run, head = lines
    append_event(run, RUN_ID, {"event": "collected", "seconds": 1.5})
    assert telemetry_damage(run, RUN_ID, head) == ""
    # What follows the head must be chained all the same.
    append_line(run / "telemetry.jsonl", {"event": "collected", "seconds": 1.5})
    assert "lines are" in telemetry_damage(run, RUN_ID, head)


def test_lines_of_another_run_are_damage(lines):
    run, head = lines
    assert "lines are" in telemetry_damage(run, "ba9876543210", None)
    assert "lines are" in telemetry_damage(run, RUN_ID, head.model_copy(update={"lines": 4}))


def test_lines_from_before_there_was_a_chain_are_read(tmp_path):
    path = Path(shutil.copytree(PRESENT, tmp_path / "run"))
    before = rc.open_run(path).telemetry
    assert len(before) >= 6
    # The next command chains on to them, and from then on none may vanish.
    (path / "shots" / "trial-1.npz").unlink()
    run = resume(path)
    assert run.telemetry[: len(before)] == before
    assert open_unchecked(path).record["telemetry"]["lines"] == len(run.telemetry) > len(before)
    file = path / "telemetry.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[1:]))
    assert [damage.file for damage in open_unchecked(path).damage()] == ["telemetry.jsonl"]


def test_each_command_writes_the_head_at_its_end(stored):
    run = open_unchecked(stored)
    assert run.record["telemetry"] == head_of(stored, run.run_id).model_dump()
    (stored / "shots" / "trial-0.npz").unlink()
    resume(stored)
    again = open_unchecked(stored)
    assert again.record["telemetry"] == head_of(stored, run.run_id).model_dump()
    assert again.record["telemetry"]["lines"] > run.record["telemetry"]["lines"]
    # With nothing to do, nothing is written.
    before = (stored / "run.json").stat().st_mtime_ns
    resume(stored)
    assert (stored / "run.json").stat().st_mtime_ns == before


# -- what no number depends on ---------------------------------------------------------------


def flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    "name", ["circuits.qpy", "experiment.toml", "device.json", "telemetry.jsonl", "run.json.copy"]
)
def test_what_no_number_depends_on_is_named_and_missed_by_nobody(stored, name):
    flip(stored / name)
    before = (stored / name).read_bytes()
    opened = rc.open_run(stored)
    (warning,) = opened.warnings
    assert warning.startswith(f"{name} is damaged (")
    assert opened.counts.sizes["trial"] == 3
    assert (stored / name).read_bytes() == before, "a reader leaves it as it is"
    assert resume(stored).damage() == []
    assert rc.open_run(stored).warnings == []


def test_analyse_and_export_work_without_the_circuits_and_say_so(stored):
    whole = rc.analyse(rc.open_run(stored))
    flip(stored / "circuits.qpy")
    warning = "warning: circuits.qpy is damaged (its checksum differs): missing "
    done = command("analyse", stored)
    assert (done.code, done.out.count(warning)) == (0, 1)
    with xr.open_dataset(stored / "results.nc") as found:
        xr.testing.assert_equal(found.load(), whole)
        assert found.attrs["warnings"].startswith("circuits.qpy is damaged")
    assert json.loads(command("analyse", stored, "--json").out)["warnings"] in done.out
    done = command("export", stored, "--out", stored.with_name("tables"))
    assert (done.code, done.out.count(warning)) == (0, 1)
    assert "circuits.qpy is damaged" in (stored.with_name("tables") / "attributes.csv").read_text()


def test_the_report_says_what_is_missing(stored, monkeypatch):
    # Its other figures take long, and have nothing to do with it.
    for name in ("paper_figures", "sensitivity_figures", "branch_figures"):
        monkeypatch.setattr(recycling.reporting.result_sections, name, lambda *_: {})
    flip(stored / "circuits.qpy")
    page = rc.report(rc.open_run(stored)).read_text(encoding="utf-8")
    assert "Warning</span> circuits.qpy is damaged (its checksum differs)" in page
    assert "Missing</span> are the drawings, the schedules" in page
    assert 'id="schedule"' not in page
    assert "the times beside the paper" in page


def test_brackets_are_read_without_the_circuits(tmp_path):
    path = Path(shutil.copytree(PRESENT, tmp_path / "run"))
    whole = calibrations(rc.open_run(path)).brackets
    flip(path / "circuits.qpy")
    assert calibrations(rc.open_run(path)).brackets == whole
    assert list(whole) == ["bracket-before", "bracket-after"]


def test_circuits_that_only_a_service_can_make_stay_missing_while_it_is_away(stored, monkeypatch):
    """A finished run is not held up by a service that does not answer."""

    def away(_circuits):
        raise BackendFailure("no answer", transient=True)

    monkeypatch.setattr(recycling.running.runs, "circuits_bytes", away)
    flip(stored / "circuits.qpy")
    before, content = counts(stored), (stored / "circuits.qpy").read_bytes()
    assert resume(stored).counts.identical(before)
    assert (stored / "circuits.qpy").read_bytes() == content
    assert not (stored / "quarantine").exists()
    # One that goes on needs them.
    forge_attempt(stored, "trial-1", state="submitted")
    forge_record(stored, state="open")
    with pytest.raises(BackendFailure, match="no answer"):
        resume(stored)


# -- forged runs -----------------------------------------------------------------------------

DEVICE = unseal((PRESENT / "run.json").read_bytes())["device"]
RECORDS = {
    "no id": {"run_id": None},
    "id": {"run_id": "../../evil"},
    "name": {"name": "=cmd()"},
    "created": {"created": "yesterday"},
    "backend": {"backend": "quantum"},
    "simulated": {"simulated": "no"},
    "account": {"account": {"token": "secret"}},
    "account's type": {"account": []},
    "no spec": {"spec": None},
    "spec": {"spec": "name = "},
    "spec of nothing": {"spec": 'name = "x"\n[sweep]\ntheta_b = [7.0]'},
    "changes": {"changes": {"text": "x"}},
    "changes' type": {"changes": [1]},
    "no device": {"device": None},
    "roles": {"device": DEVICE | {"roles": ["B"] * 6}},
    "fewer qubits": {"device": {k: v[:5] if isinstance(v, list) else v for k, v in DEVICE.items()}},
    "time": {"device": DEVICE | {"t1": [math.nan] * 6}},
    "latency": {"device": DEVICE | {"feedforward_latency": math.inf}},
    "gate": {"device": DEVICE | {"gates": [DEVICE["gates"][0] | {"qubits": [9]}]}},
    "sources": {"device": DEVICE | {"sources": {}}},
    "brackets": {"brackets": "yes"},
    "software": {"software": {"numpy": 2}},
    "checksums": {"checksums": {"run.json": "0" * 64}},
    "no checksums": {"checksums": {}},
    "state": {"state": "finished"},
    "schema": {"schema_version": "two"},
    "budget": {"max_qpu_seconds": -1},
    "head": {"telemetry": {"lines": "all"}},
}


@pytest.mark.parametrize("changes", RECORDS.values(), ids=RECORDS)
def test_a_forged_record_is_refused_in_one_line(stored, changes):
    forge_record(stored, **changes)
    for call in (rc.open_run, resume, status):
        assert str(stored / "run.json") in refusal(call, stored)


ATTEMPTS = {
    "state": {"state": "asleep"},
    "no id": {"state": "submitted", "id": None},
    "no checksum": {"shots_checksum": None},
    "checksum": {"shots_checksum": "none"},
    "tag": {"tag": "recycling-1-trial-1-1"},
    "metrics": {"record": {"metrics": []}},
    "usage": {"record": {"metrics": {"usage": {"seconds": "long"}}}},
    "schedule": {"record": {"schedules": [{"circuit_duration": -1}]}},
    "times": {"times": {"done": 3}},
}


@pytest.mark.parametrize("changes", ATTEMPTS.values(), ids=ATTEMPTS)
def test_a_forged_journal_is_refused_and_mended(stored, changes):
    before = counts(stored)
    forge_attempt(stored, "trial-1", **changes)
    assert f"{stored / 'jobs/trial-1.json'} is damaged" in refusal(rc.open_run, stored)
    assert status_summary(open_unchecked(stored))["jobs"][1]["state"] == "damaged"
    assert resume(stored).counts.identical(before)


ARRAYS = {
    "shape": {"shots": np.zeros((8, 2, 3, 19), np.uint8)},
    "no dimension": {"shots": np.uint8(3)},
    "range": {"shots": np.full((8, 2, 3, 20), 16, np.uint8)},
    "type": {"shots": np.zeros((8, 2, 3, 20))},
    "text": {"shots": np.full((8, 2, 3, 20), "x")},
    "bits": {"bits": np.array(40)},
    "many bits": {"bits": np.array([4, 4])},
    "both": {"table": np.zeros((8, 2, 3, 16), np.int64)},
    "record": {"record": np.array("[" * 10_000)},
    "larger than it can be": {"more": np.zeros(10**7, np.uint8)},
}


@pytest.mark.parametrize("arrays", ARRAYS.values(), ids=ARRAYS)
def test_forged_shots_are_refused_in_one_line(stored, arrays):
    forge_shots(stored, "trial-1", **arrays)
    message = refusal(counts, stored)
    assert str(stored / "shots" / "trial-1.npz") in message
    assert "remove it and mend with: recycling resume" in message
    # And that is what mends it.
    (stored / "shots" / "trial-1.npz").unlink()
    assert resume(stored).counts.sizes["trial"] == 3


@pytest.mark.parametrize("table", [
    np.full((8, 2, 3, 16), 1 / 15), np.full((8, 2, 3, 16), np.nan), np.zeros((8, 2, 3, 16)) - 1,
    np.full((8, 2, 3, 16), -1, np.int64), np.full((8, 2, 3, 16), 2**62, np.int64),
    np.full((8, 2, 3, 16), 1 / 16, np.float32),
], ids=["sum", "nan", "negative", "negative counts", "counts", "type"])  # fmt: skip
def test_forged_probabilities_are_refused_in_one_line(stored, table):
    forge_shots(stored, "trial-1", remove=("shots",), table=table)
    assert "trial-1.npz is damaged: table" in refusal(counts, stored)


def forged_circuits():
    stream = io.BytesIO()
    qpy.dump([QuantumCircuit(1, name="other")], stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content", [b"", b"QISKIT\x0c" + bytes(50), b"QISKIT\x0f" + bytes(50), forged_circuits()]
)
def test_forged_circuits_are_told_in_one_line_and_no_number_depends_on_them(stored, content):
    forge_kept(stored, "circuits.qpy", content)
    opened = rc.open_run(stored)
    assert opened.counts.sizes["trial"] == 3
    assert str(stored / "circuits.qpy") in opened.circuits_fault
    assert len(opened.circuits_fault.splitlines()) == 1
    refusal(lambda: opened.circuits)


@pytest.mark.parametrize("event", [
    {"event": "done", "seconds": "long"}, {"seconds": 1.0}, {"event": 3}, {"event": "x", "time": 3},
    {"event": "x", "seconds": math.inf},
])  # fmt: skip
def test_forged_lines_are_left_out_and_named(lines, event):
    run, _ = lines
    before = events(run)
    append_event(run, RUN_ID, event)
    assert events(run) == before
    assert telemetry_damage(run, RUN_ID, None) == "it has torn or changed lines"


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000])
def test_what_is_nested_too_deeply_or_too_long_is_damage(stored, content):
    for name in ("run.json", "jobs/trial-1.json"):
        (stored / name).write_bytes(content)
    (stored / "telemetry.jsonl").write_bytes(content + b"\n")
    found = [damage.file for damage in open_unchecked(stored).damage()]
    assert found == ["run.json", "telemetry.jsonl", "jobs/trial-1.json"]
    assert resume(stored).damage() == []


def test_what_a_service_tells_never_makes_a_paid_job_unreadable(stored, pair, monkeypatch):
    odd = {"metrics": {"usage": "none of your business"}, "schedules": {1, 2}}
    monkeypatch.setattr(
        pair[2], "alter", lambda _job, outcomes: dataclasses.replace(outcomes, record=odd)
    )
    (stored / "shots" / "trial-1.npz").unlink()
    run = resume(stored)
    assert run.damage() == []
    assert list(run.journal(run.jobs[1]).current.record) == ["unreadable"]
    assert run.outcomes(run.jobs[1]).shots.shape == (8, 2, 3, 20)


def test_latency_runs_are_checked_in_the_same_way(tmp_path):
    run = run_latency(LatencySpec.parse(LATENCY_SPEC), out=tmp_path / "run")
    before = [run.journal(job).current.record for job in run.jobs]
    job = run.jobs[2].name
    # What is stored tells the times of a job whose journal is lost.
    (tmp_path / "run" / "jobs" / f"{job}.json").unlink()
    again = resume(tmp_path / "run")
    assert [again.journal(job).current.record for job in again.jobs] == before
    assert not list((tmp_path / "run" / "quarantine").glob("*/shots/*"))
    forge_shots(tmp_path / "run", job, table=np.zeros((1, 3, 2), np.int64))
    assert "has the shape (1, 3, 2) instead of (1, 10, 2)" in refusal(again.outcomes, again.jobs[2])
    forge_record(tmp_path / "run", spec="shots = 0")
    assert "run.json, in its spec: shots" in refusal(resume, tmp_path / "run")
