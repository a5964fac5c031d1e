"""Jobs that were submitted elsewhere become a run, where they are what its plan would have sent."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

import recycling as rc
from recycling.execution.backend import Submitted
from recycling.jobs.job import Job, Pub
from recycling.results.calibrations import keep, known_latency
from recycling.results.timing import latency_of, schedules_of
from recycling.running.matching import match
from recycling.studies.stored import status
from tests.forging import forge_attempt, forge_record
from tests.loopback import LoopbackService
from tests.on_ibm import IBM, command, connected, plan_on_ibm, planned_once, without_results

SPEC = """\
name = "adopted"
algorithm = { name = "repeat-until-success" }
device = { profile = "FakeMarrakesh", layout = { data = 13, ancilla = 14, B = 12, S = 11 } }
sweep = { theta = [0.3], p_x = [0.4] }
hardware = { brackets = false, assignment = "interleaved", assignment_shots = 200 }
[measurement]
shots = 100
trials = 2
[measurement.allocation.repeats.equilibrium]
before = { X = [[0, 0, 0]] }
"""


@pytest.fixture(scope="module")
def running():
    with LoopbackService(seed=1, snapshots=("FakeMarrakesh",)) as service:
        yield service


@pytest.fixture(scope="module")
def led(running, tmp_path_factory):
    """The service, to which this process is led, with a plan that is made once."""
    folder = tmp_path_factory.mktemp("adopt")
    (folder / "spec.toml").write_text(SPEC, encoding="utf-8")
    with connected(running, folder / "accounts.json") as patch:
        patch.chdir(folder)
        without_results(patch)
        planned_once(patch, plan_on_ibm(rc.Experiment.parse(SPEC)))
        yield running


@pytest.fixture(scope="module")
def lost(led):
    """A run whose directory is said to be lost: the jobs are with the service."""
    assert not led.jobs
    assert command("run", "spec.toml", "--backend", IBM, "--out", "lost").code == 0
    return rc.open_run("lost")


def test_a_job_has_no_more_tags_than_the_service_documents(lost):
    """Its schema has lists of at most five; the seal of the prediction is the longest."""
    for job in lost.jobs:
        tags = lost.journal(job).current.record["tags"]
        assert len(tags) == 5
        assert max(map(len, tags)) == 75


def test_the_latency_of_a_job_with_repeats_and_assignment_circuits_is_measured(lost):
    """Its schedules are those of the settings that it measures, and of the assignment circuits."""
    reported = lost.journal(lost.jobs[0]).current.record["schedules"]
    assert len(reported) == 7 + 17
    found = schedules_of(lost)
    assert len(found) == 7
    assert None not in found.values()
    assert latency_of(lost).measured


def test_the_latency_is_kept_for_those_who_cannot_read_the_circuits(lost, tmp_path):
    keep(lost)
    copied = Path(shutil.copytree(lost.path, tmp_path / "run"))
    (copied / "circuits.qpy").unlink()
    assert known_latency(rc.open_run(copied)) == latency_of(lost)
    (copied / "calibrations.json").unlink()
    assert not known_latency(rc.open_run(copied)).measured


@pytest.fixture
def ids(led, lost):
    """Ids of the jobs of the lost run. Nothing may be submitted."""
    before = len(led.jobs)
    yield [lost.journal(job).current.id for job in lost.jobs]
    assert len(led.jobs) == before


def adopt(target, out, *arguments):
    return command("adopt", target, "--backend", IBM, "--out", out, *arguments)


def test_a_lost_run_comes_back_by_its_tag(lost, ids):
    done = adopt("spec.toml", "found", "--tag", lost.record["run_tag"])
    assert done.code == 0, done.err
    found = rc.open_run("found")
    np.testing.assert_array_equal(found.counts, lost.counts)
    assert [found.journal(job).current.id for job in found.jobs] == ids
    origin = found.record["origin"]
    assert origin["kind"] == "jobs"
    assert f"run:{lost.run_id}" in origin["jobs"]["trial-1"]["tags"]
    assert origin["jobs"]["trial-1"]["created"] >= origin["jobs"]["trial-0"]["created"]
    assert "submitted elsewhere" in str(found.record["prediction"])
    notes = command("status", "found").out
    assert "2 jobs submitted elsewhere" in notes
    assert "whether a prediction was sealed before" in notes.replace("\n", " ")
    assert command("resume", "found").code == 0  # nothing is left to be done


def test_jobs_are_taken_one_by_one_and_each_once(lost, ids):
    done = adopt("spec.toml", "part", "--job-id", ids[1])
    assert done.code == 3
    assert "1 of 2 jobs are here, 1 were not given, from trial-0 on" in done.error
    done = command("adopt", "part", "--job-id", ids[1])
    assert (done.code, "it is in this run already" in done.error) == (2, True)
    done = command("adopt", "part", "--job-id", ids[1], "--job-id", ids[0])
    assert done.code == 0, done.err
    assert f"{ids[1]}: left out: it is in this run already" in done.err
    np.testing.assert_array_equal(rc.open_run("part").counts, lost.counts)


def test_a_run_on_a_device_is_not_gone_on_with_in_a_rehearsal(lost, ids, tmp_path):
    out = Path(shutil.copytree(lost.path, tmp_path / "device"))
    forge_record(out, simulated=False, state="open")
    forge_attempt(out, "trial-1", state="submitted", shots_checksum=None)
    (out / "shots" / "trial-1.npz").unlink()
    for arguments in (("resume",), ("resume", "--retry-failed"), ("cancel",)):
        done = command(*arguments, out)
        assert (done.code, "began on the device, and this terminal" in done.error) == (2, True)
    done = command("adopt", out, "--job-id", ids[0])
    assert (done.code, "leads to a rehearsal: do without" in done.error) == (2, True)
    assert status(out)["trial-1"].state == "submitted"
    forge_record(out, simulated=True)
    assert command("resume", out).code == 0
    np.testing.assert_array_equal(rc.open_run(out).counts, lost.counts)


@pytest.mark.usefixtures("ids")
def test_what_cannot_be_adopted_is_said_in_a_line():
    for arguments, code, expected in (
        ((), 2, "job_id = none: give the ids of jobs, or a tag"),
        (("--tag", "nobody's"), 2, "has no job with it; give another"),
        (("--job-id", "nonsense"), 2, "job_id = 'nonsense': ibm:"),
    ):
        done = adopt("spec.toml", "none", *arguments)
        assert done.code == code
        assert expected in done.error
    done = command("adopt", "spec.toml", "--backend", "exact", "--out", "none", "--tag", "x")
    assert "give a machine, which keeps jobs" in done.error
    done = command("adopt", "lost", "--tag", rc.open_run("lost").record["run_tag"])
    assert done.code == 2
    assert done.err.count("it is in this run already") == 2


def test_what_differs_is_named():
    angle, other = Parameter("angle"), Parameter("angle")

    def circuit(parameter, qubit=0):
        made = QuantumCircuit(2, 1)
        made.rz(parameter, qubit)
        made.measure(qubit, 0)
        return made

    def submitted(name, made, values, shots=100, tags=()):
        return Submitted(name, (Pub(made, {"angle": np.array(values)}),), shots, tags, name)

    planned = {
        Job(f"trial-{trial}", trial, shots=100): [Pub(circuit(angle), {"angle": np.zeros(3)})]
        for trial in (0, 1)
    }
    good = submitted("a", circuit(other), [0.0, 0, 0])
    found = match([good], planned)
    assert (found.found, found.others) == ({"trial-0": good}, {})
    tagged = submitted("a", circuit(other), [0.0, 0, 0], tags=("job:trial-1",))
    assert [*match([tagged], planned).found] == ["trial-1"]
    for wrong, expected in (
        (submitted("b", circuit(other), [0.0, 0, 1]), "parameter angle of circuit 1 has other"),
        (submitted("b", circuit(other), [0.0, 0]), "sweep of circuit 1: (2,) instead of (3,)"),
        (submitted("b", circuit(other, 1), [0.0, 0, 0]), "circuit 1: its instruction 1 is rz (1,)"),
        (submitted("b", circuit(other), [0.0, 0, 0], 50), "shots: 50 instead of 100"),
    ):
        assert match([wrong], planned).others["b"].startswith(f"unlike trial-0: {expected}")
    three = [submitted(name, circuit(other), [0.0, 0, 0]) for name in "cba"]
    found = match(three, planned)
    assert {name: each.id for name, each in found.found.items()} == {"trial-0": "a", "trial-1": "b"}
    assert found.others == {"c": "like trial-0, for which another job is taken"}
