"""Jobs that do not go their way, from the command line: a service that misbehaves, and a user."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from math import ceil
from pathlib import Path

import pytest

import recycling as rc
import recycling.cli.app
import recycling.running.desk
import recycling.running.submitting
from recycling.cli.terminal import errors
from recycling.errors import Incomplete
from recycling.execution.ibm.service import Hardware
from recycling.execution.machine import Account
from recycling.execution.registry import connect
from tests.loopback import (
    Answer,
    Corrupt,
    Destiny,
    Drop,
    Fault,
    LoopbackService,
    Reset,
    Status,
    Truncate,
    Twice,
)
from tests.on_ibm import (
    IBM,
    alive,
    command,
    connected,
    plan_on_ibm,
    planned_once,
    spec,
    without_results,
)
from tests.scripted import plan_always

#: A reason as a service may give it: with what is markup to a terminal and to a page.
REASON = "The control electronics [bold]caught[/bold] a <b>cold</b> [/7]."


@pytest.fixture(scope="module")
def running():
    with LoopbackService(seed=1) as service:
        yield service


@pytest.fixture(scope="module")
def reference(running, tmp_path_factory):
    """A run that nothing befell, and its plan."""
    folder = tmp_path_factory.mktemp("reference")
    with connected(running, folder / "accounts.json") as patch:
        plan = plan_on_ibm(rc.Experiment.parse(spec()))
        planned_once(patch, plan)
        return rc.run(plan.experiment, IBM, folder / "run", spec=spec()), plan


@pytest.fixture
def service(running, reference, tmp_path):
    """The service, to which commands in an empty folder are led.

    All changes are undone by one hand: a second one would restore what the first had put there.
    """
    running.faults.clear()
    running.faults.injected.clear()
    running.forgotten.clear()
    (tmp_path / "spec.toml").write_text(spec(), encoding="utf-8")
    with connected(running, tmp_path / "accounts.json") as patch:
        patch.chdir(tmp_path)
        patch.setenv("COLUMNS", "80")
        planned_once(patch, reference[1])
        without_results(patch)
        yield running


def run(*options):
    return command("run", "spec.toml", "--backend", IBM, "--out", "out", *options)


def summary():
    """What ``status --json`` says."""
    done = command("status", "out", "--json")
    assert done.code == 0
    return json.loads(done.out)


def jobs():
    """What ``status --json`` says of each job."""
    return {job["name"]: job for job in summary()["jobs"]}


def states():
    return {name: job["state"] for name, job in jobs().items()}


def same_shots(reference):
    """Whether the run has the bits of every shot of the reference."""
    found, other = rc.open_run("out"), reference[0]
    return all((found.outcomes(j).shots == other.outcomes(j).shots).all() for j in other.jobs)


# -- a service that misbehaves -----------------------------------------------------------------

#: What befalls the submission of a job, and how many jobs the service accepts then.
SUBMISSIONS = [
    # Left to itself, the client would post again after these.
    (Status(500), 1),
    (Status(503, retry_after=0), 1),
    (Status(502, accept=True), 1),
    (Status(503, accept=True), 1),
    (Status(504, accept=True), 1),
    # The driver looks for the tag.
    (Status(429), 1),
    (Drop(), 1),
    (Drop(accept=True), 1),
    (Reset(), 1),
    (Truncate(), 1),
    (Truncate(declared=False), 1),
    (Corrupt(), 1),
    (Answer(b"<html>Bad Gateway</html>", code=200), 1),
]


def test_submissions_that_go_wrong_are_paid_once(service, reference, monkeypatch):
    """Each trial has a fault of its own."""
    text = spec().replace("trials = 2", f"trials = {len(SUBMISSIONS)}")
    experiment = rc.Experiment.parse(text)
    planned_once(monkeypatch, replace(reference[1], experiment=experiment))
    for trial, (effect, _) in enumerate(SUBMISSIONS):
        service.faults.append(Fault(effect, tag=f"job:trial-{trial}"))
    monkeypatch.setattr(service, "queue_polls", 2)
    before = len(service.jobs)
    assert rc.run(experiment, IBM, "out", spec=text).complete
    assert service.faults.injected.total() == len(SUBMISSIONS)
    accepted = Counter(job.name for job in service.jobs[before:])
    assert accepted == {f"job:trial-{t}": number for t, (_, number) in enumerate(SUBMISSIONS)}
    assert len(alive(service, before)) == alive(service, before).total() == len(SUBMISSIONS)
    assert same_shots(reference)


def test_an_error_behind_an_acceptance_is_paid_once_where_nothing_is_queued(
    service, reference, monkeypatch
):
    """A second post would be executed at once: there would be nothing left to cancel."""
    before = len(service.jobs)
    monkeypatch.setattr(service, "at_once", True)
    service.faults.append(Fault(Status(504, accept=True), tag="job:trial-0"))
    assert run().code == 0
    assert len(service.jobs) - before == 2
    assert same_shots(reference)


def test_a_refusal_is_not_repeated_and_says_why(service):
    before = service.requests["POST", "/jobs"]
    body = b'{"errors": [{"code": 1002, "message": "The job is malformed."}]}'
    service.faults.append(Fault(Answer(body, code=400), tag="job:trial-1"))
    done = run()
    assert done.code == 4
    assert "The job is malformed." in done.error
    assert service.requests["POST", "/jobs"] - before == 2
    assert states() == {"trial-0": "submitted", "trial-1": "failed"}
    assert "The job is malformed." in jobs()["trial-1"]["reason"]
    # What was accepted before the refusal is not lost.
    assert command("resume", "out").code == 4
    assert states() == {"trial-0": "done", "trial-1": "failed"}
    assert command("resume", "out", "--retry-failed").code == 0
    assert service.requests["POST", "/jobs"] - before == 3


def test_more_posts_than_a_minute_takes_are_waited_for(service, reference, monkeypatch):
    """The service's minute passes while the driver waits."""
    waits = []

    def wait(seconds):
        waits.append(seconds)
        with service._lock:
            service._posts.clear()

    monkeypatch.setattr("tenacity.nap.time.sleep", wait)
    # The client would sleep through the minute itself, as the answer tells it to.
    monkeypatch.setattr("urllib3.util.retry.Retry.sleep_for_retry", lambda *_: False)
    monkeypatch.setattr("urllib3.util.retry.Retry.sleep", lambda *_: None)
    monkeypatch.setattr(service, "posts_per_minute", 1)
    service._posts.clear()
    before = len(service.jobs)
    assert run().code == 0
    assert len(service.jobs) - before == 2
    assert waits
    assert same_shots(reference)


#: What befalls answers, by the path of the request.
ANSWERS = {
    r"/jobs/[^/]+$": [Status(429), Drop(), Status(500), Reset(), Truncate(), Corrupt()],
    r"/results$": [
        Status(429), Drop(), Status(500), Reset(), Truncate(), Status(404), Corrupt(),
        Corrupt(valid=True), Truncate(declared=False), Answer(b"{}"), Answer(b""),
        Answer(b"", code=204), Answer(b'{"data": []}'),
    ],
    r"/metrics$": [Drop(), Status(500), Status(404), Corrupt()],
}  # fmt: skip


@pytest.mark.slow
def test_what_cannot_be_read_is_asked_for_again(service, reference, monkeypatch):
    monkeypatch.setattr(recycling.running.desk, "ATTEMPTS", 20)
    before = len(service.jobs)
    for path, effects in ANSWERS.items():
        for effect in effects:
            service.faults.append(Fault(effect, "GET", path))
    assert run().code == 0
    assert len(service.jobs) - before == 2
    assert service.faults.injected.total() == sum(map(len, ANSWERS.values()))
    assert same_shots(reference)


# -- jobs that end badly -----------------------------------------------------------------------


def test_jobs_that_end_badly_wait_for_a_word(service, reference):
    before = len(service.jobs)
    service.faults.append(Fault(Destiny("Failed", REASON, 8000), tag="job:trial-0"))
    service.faults.append(Fault(Destiny("Cancelled", "By an operator."), tag="job:trial-1"))
    done = run()
    assert done.code == 4
    assert "trial-0 failed" in done.error
    assert REASON in done.error
    assert "recycling resume --retry-failed out" in done.error

    found = summary()
    assert found["headline"] == "0 of 2 jobs done; 1 failed, 1 cancelled"
    assert REASON in found["jobs"][0]["reason"]
    assert found["notes"] == ["submit again what failed: recycling resume --retry-failed out"]

    # By itself nothing is paid for again.
    for again in (run(), command("resume", "out")):
        assert again.code == 4
        assert again.error == done.error
    assert len(service.jobs) - before == 2

    assert command("resume", "out", "--retry-failed").code == 0
    assert len(service.jobs) - before == 4
    assert states() == {"trial-0": "done", "trial-1": "done"}
    job = jobs()["trial-0"]
    assert job["attempts"] == 2
    assert len(job["earlier"]) == 1
    assert REASON in job["earlier"][0]
    assert same_shots(reference)


def test_status_shows_a_reason_as_it_is_and_whole(service):
    service.faults.append(Fault(Destiny("Failed", REASON, 8000), tag="job:trial-1"))
    assert run("--no-wait").code == 4
    done = command("status", "out")
    assert done.code == 0
    assert REASON in " ".join(done.out.split())


def test_status_fits_a_terminal(service):
    service.faults.append(Fault(Destiny("Failed", "too hot " * 20, 8000), tag="job:trial-1"))
    assert run("--no-wait").code == 4
    lines = command("status", "out").out.splitlines()
    title, *_, headline, note = lines
    assert title.strip() == f"killed on {IBM}"
    rows = {
        line.split()[0]: line.split() for line in lines if line.startswith(("job", " job", " t"))
    }
    assert {"job", "trial-0", "trial-1"} <= set(rows)
    assert rows["trial-1"][1] == "failed"
    assert rows["trial-1"][-1] == jobs()["trial-1"]["id"]
    assert "too hot too hot" in " ".join(lines)
    assert headline == "1 of 2 jobs done; 1 failed"
    assert note == "submit again what failed: recycling resume --retry-failed out"


# -- jobs that the service cannot give back -----------------------------------------------------


def unknown_state(job):
    """What the service answers for a job in a state that no client knows."""
    shown = {"id": job.id, "backend": job.backend, "state": {"status": "Paused"}}
    return Answer(json.dumps(shown | {"program": {"id": "executor"}}).encode())


LOST = {
    "deleted": (lambda s, job: s.forget(job.id), "the service has no job"),
    "expired": (lambda s, job: s.forget(job.id, 410), "the service has no job"),
    "result expired": (
        lambda s, job: s.faults.append(Fault(Status(404), "GET", f"{job.id}/results$", times=None)),
        "404 Client Error",
    ),
    "state unknown": (
        lambda s, job: s.faults.append(Fault(unknown_state(job), "GET", f"{job.id}$", times=None)),
        "unknown state PAUSED",
    ),
}


def test_lost_jobs_are_named_and_alone_submitted_again(service, reference, monkeypatch):
    """Each trial but the last is lost in a way of its own; the last one is fetched."""
    text = spec().replace("trials = 2", f"trials = {len(LOST) + 1}")
    experiment = rc.Experiment.parse(text)
    planned_once(monkeypatch, replace(reference[1], experiment=experiment))
    before = len(service.jobs)
    monkeypatch.setattr(service, "queue_polls", 2)
    with pytest.raises(Incomplete):
        rc.run(experiment, IBM, "out", spec=text, wait=False)
    for job, (befall, _) in zip(service.jobs[before:], LOST.values(), strict=False):
        befall(service, job)
    done = command("resume", "out")
    assert done.code == 4
    assert done.error.startswith("error: trial-0 lost: the service has no job")
    assert done.error.endswith(
        "(and 3 more); submit it again with: recycling resume --retry-failed out"
    )
    found = summary()
    assert found["headline"] == "1 of 5 jobs done; 4 lost"
    assert found["notes"] == ["submit again what failed: recycling resume --retry-failed out"]
    for job, (_, reason) in zip(found["jobs"], LOST.values(), strict=False):
        assert reason in job["reason"]
    assert command("cancel", "out").out.startswith("0 jobs cancelled")

    service.queue_polls = 0
    assert command("resume", "out", "--retry-failed").code == 0
    names = Counter(job.name for job in service.jobs[before:])
    assert names == {f"job:trial-{t}": 2 if t < len(LOST) else 1 for t in range(len(LOST) + 1)}
    assert set(states().values()) == {"done"}


@pytest.mark.slow
def test_lists_of_several_pages_are_read_whole(service, reference, monkeypatch):
    monkeypatch.setattr("recycling.execution.ibm.service._PAGE", 1)
    assert run().code == 0
    tag = f"run:{rc.open_run('out').record['run_id']}"
    found = reference[1].client.find(tag)
    assert [job.id for job in found] == [job.id for job in service.jobs[-2:]]
    assert all(tag in job.tags and job.group == service.jobs[-1].session_id for job in found)


def test_one_that_does_not_answer_is_not_taken_for_one_that_does_not_know(
    service, reference, monkeypatch
):
    """Where there are several instances, the client swallows what the others answer."""
    before = len(service.jobs)
    monkeypatch.setattr(service, "queue_polls", 2)
    assert run("--no-wait").code == 3
    first = service.jobs[before]
    monkeypatch.setattr(service, "queue_polls", 0)
    service.faults.append(Fault(Status(404), "GET", f"{first.id}$"))
    service.faults.append(Fault(Status(429), "GET", f"{first.id}$"))
    assert command("resume", "out").code == 0
    assert len(service.jobs) - before == 2
    assert same_shots(reference)


def test_a_service_that_was_restarted_has_lost_all_jobs(service, reference, monkeypatch):
    """As with ``python -m tests.with_loopback``, whose service ends with its command."""
    monkeypatch.setattr(service, "queue_polls", 2)
    assert run("--no-wait").code == 3
    monkeypatch.setattr(service, "_jobs", {})
    done = command("resume", "out")
    assert done.code == 4
    assert "trial-0 lost: the service has no job" in done.error
    assert done.error.endswith("(and 1 more); submit it again with: "
                               "recycling resume --retry-failed out")  # fmt: skip
    monkeypatch.setattr(service, "queue_polls", 0)
    assert command("resume", "out", "--retry-failed").code == 0
    assert same_shots(reference)


# -- jobs that were accepted twice ---------------------------------------------------------------


@pytest.mark.parametrize("at_once", [False, True])
def test_what_a_gateway_sends_twice_is_booked_and_told(service, reference, monkeypatch, at_once):
    before = len(service.jobs)
    monkeypatch.setattr(service, "at_once", at_once)
    monkeypatch.setattr(service, "queue_polls", 0 if at_once else 2)
    service.faults.append(Fault(Twice(), tag="job:trial-0"))
    assert run().code == 0
    assert same_shots(reference)
    first, second, _ = service.jobs[before:]
    job = jobs()["trial-0"]
    assert job["id"] == first.id, "the older one is kept"
    seconds = second.usage.charged if at_once else 0
    assert job["surplus"] == [
        {"id": second.id, "state": "done" if at_once else "cancelled", "qpu_seconds": seconds}
    ]
    (note,) = summary()["notes"]
    assert note == f"accepted beside the run's jobs: 1 job, {seconds} s of QPU time: {second.id}"
    assert note in command("status", "out").out


# -- runs that are left and gone on with -------------------------------------------------------


def test_a_run_is_left_and_gone_on_with(service, reference):
    before = len(service.jobs)
    service.faults.append(Fault(Destiny("Queued"), tag="job:trial-1"))
    done = run("--no-wait")
    assert done.code == 3
    assert done.out == ""
    assert done.error == (
        "incomplete: 1 of 2 jobs are done, the others are under way; fetch them with: "
        "recycling resume out"
    )
    assert states() == {"trial-0": "done", "trial-1": "submitted"}
    found = summary()
    assert found["headline"] == "1 of 2 jobs done; 1 submitted"
    assert found["notes"] == ["go on with: recycling resume out"]
    assert found["jobs"][0]["qpu_seconds"] == service.jobs[before].usage.charged
    assert [job["id"] for job in found["jobs"]] == [job.id for job in service.jobs[before:]]

    # The same command goes on with it, and so does resume; another experiment does not.
    for again in (run("--no-wait"), command("resume", "out", "--no-wait")):
        assert again.code == 3
        assert again.error == done.error
    other = run("--no-wait", "--seed", "9")
    assert other.code == 2
    assert other.only_line.startswith("error: out = 'out' exists")

    service.jobs[-1].destiny = Destiny("Completed")
    assert run().code == 0
    assert len(service.jobs) - before == 2
    assert summary()["headline"] == "2 of 2 jobs done"
    assert summary()["notes"] == []
    assert same_shots(reference)

    # Now it is finished: whatever is asked, the service is not.
    requests = service.requests.total()
    assert command("resume", "out").code == run().code == 0
    assert command("cancel", "out").out.startswith("0 jobs cancelled")
    assert states() == {"trial-0": "done", "trial-1": "done"}
    assert service.requests.total() == requests


def test_cancelling_keeps_what_is_done(service, reference):
    before = len(service.jobs)
    service.faults.append(Fault(Destiny("Queued"), tag="job:trial-1"))
    assert run("--no-wait").code == 3
    done = command("cancel", "out")
    assert done.code == 0
    assert done.out.startswith("1 job")
    assert "recycling resume --retry-failed out" in done.out
    assert [job.state for job in service.jobs[before:]] == ["Completed", "Cancelled"]
    assert states() == {"trial-0": "done", "trial-1": "cancelled"}
    assert jobs()["trial-1"]["reason"] == "on request"

    stopped = command("resume", "out")
    assert stopped.code == 4
    assert "trial-1 cancelled: on request" in stopped.error
    assert len(service.jobs) - before == 2
    assert command("resume", "out", "--retry-failed").code == 0
    assert len(service.jobs) - before == 3
    assert same_shots(reference)


def test_what_is_over_cannot_be_cancelled_and_is_not_lost(service, reference, monkeypatch):
    """Its outcome is there and paid for, only not here yet."""
    before = len(service.jobs)
    monkeypatch.setattr(service, "queue_polls", 2)
    assert run("--no-wait").code == 3
    assert states() == {"trial-0": "submitted", "trial-1": "submitted"}
    monkeypatch.setattr(service, "queue_polls", 0)
    done = command("cancel", "out")
    assert done.code == 0
    assert done.out.startswith("0 jobs cancelled")
    assert states() == {"trial-0": "submitted", "trial-1": "submitted"}
    assert command("resume", "out").code == 0
    assert len(service.jobs) - before == 2
    assert same_shots(reference)


def test_an_interrupt_is_incomplete_and_resumed(service, reference, monkeypatch):
    before = len(service.jobs)
    monkeypatch.setattr(service, "queue_polls", 2)

    def interrupt(_seconds):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recycling.running.desk, "sleep", interrupt)
        done = run()
    assert done.code == 3
    assert done.error == (
        "incomplete: interrupted; nothing is lost; go on with: recycling resume out"
    )
    assert run().code == 0
    assert len(service.jobs) - before == 2
    assert same_shots(reference)


def test_a_process_that_is_told_to_stop_leaves_a_run_to_resume(service, reference, tmp_path):
    """A real process and a real signal, while the jobs are queued."""
    before = len(service.jobs)
    service.faults.append(Fault(Destiny("Queued"), times=2))
    process = subprocess.Popen(
        [sys.executable, "-c", "from recycling.cli.app import main; main()",
         "run", "spec.toml", "--backend", IBM, "--out", "out"],
        env=os.environ | {"HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    seen = []
    while not seen or not seen[-1].startswith("trial-1: queued"):
        line = process.stderr.readline()
        assert line, seen
        seen.append(line)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert out == ""
    assert err == "incomplete: interrupted; nothing is lost; go on with: recycling resume out\n"
    for job in service.jobs[before:]:
        job.destiny = Destiny("Completed")
    assert command("resume", "out").code == 0
    assert len(service.jobs) - before == 2
    assert same_shots(reference)


# -- budget ------------------------------------------------------------------------------------


def test_nothing_is_submitted_above_the_budget(service, reference):
    cost = reference[1].cost.qpu_seconds
    before = len(service.jobs)
    done = run("--max-qpu-seconds", f"{cost - 0.1:.3f}")
    assert done.code == 2
    assert done.only_line.startswith(f"error: max_qpu_seconds = {cost - 0.1:.3f}: ")
    assert "measurement.shots = " in done.error
    assert not os.path.exists("out")  # noqa: PTH110 (the folder is the present one)
    assert len(service.jobs) == before
    assert run("--max-qpu-seconds", f"{cost + 0.1:.3f}").code == 0
    assert len(service.jobs) - before == 2


def contents():
    """Every file of the run that is kept."""
    return {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}


def refused(*arguments):
    """Text of a refusal, which changes nothing and submits nothing."""
    before = contents()
    done = command(*arguments)
    assert (done.code, done.traceback) == (2, "")
    assert contents() == before
    return done.error


def with_one_job_failed(service, *options):
    """A run of which one job is done and one has failed; returns what the first was charged, s."""
    service.faults.append(Fault(Destiny("Failed", "too hot", 8000), tag="job:trial-1"))
    assert run(*options).code == 4
    assert states() == {"trial-0": "done", "trial-1": "failed"}
    return jobs()["trial-0"]["qpu_seconds"]


@pytest.mark.parametrize("by", ["run", "retry"])
def test_the_budget_holds_for_what_a_run_goes_on_with(service, reference, by):
    """What is charged already and what would be submitted are above it: nothing is submitted."""
    before = len(service.jobs)
    if by == "retry":
        used = with_one_job_failed(service)
    else:
        service.faults.append(Fault(Destiny("Queued"), tag="job:trial-0"))
        with pytest.MonkeyPatch.context() as patch:
            interrupt = interrupted_at("trial-1")
            patch.setattr(recycling.running.submitting.Submission, "_submit", interrupt)
            assert run().code == 3
        assert states() == {"trial-0": "submitted", "trial-1": "planned"}
        used = reference[1].cost.jobs[0].qpu_seconds
    accepted = len(service.jobs)
    need = reference[1].cost.jobs[1].qpu_seconds
    small = used + need - 0.01
    again = {
        "run": ("run", "spec.toml", "--backend", IBM, "--out", "out"),
        "retry": ("resume", "--retry-failed", "out"),
    }[by]
    assert refused(*again, "--max-qpu-seconds", f"{small}") == (
        f"error: max_qpu_seconds = {small:g}: {used:.1f} s of QPU time are used, and {need:.1f} s "
        f"more would be submitted; give --max-qpu-seconds {ceil(used + need)} or more"
    )
    assert len(service.jobs) == accepted
    for job in service.jobs[before:]:
        job.destiny = Destiny("Completed")
    assert command(*again, "--max-qpu-seconds", f"{ceil(used + need)}").code == 0
    assert len(service.jobs) == accepted + 1
    assert rc.open_run("out").record["max_qpu_seconds"] == ceil(used + need)
    assert same_shots(reference)


def test_a_run_remembers_its_budget(service, reference):
    """Until another one is given; what is fetched alone needs none."""
    need = reference[1].cost.jobs[1].qpu_seconds
    budget = reference[1].cost.qpu_seconds + 0.1
    used = with_one_job_failed(service, "--max-qpu-seconds", f"{budget}")
    assert used + need > budget, "the service charges whole seconds"
    accepted = len(service.jobs)
    assert command("resume", "out").code == 4, "nothing would be submitted"
    text = refused("resume", "--retry-failed", "out")
    assert text.startswith(
        f"error: max_qpu_seconds = {budget:g}: {used:.1f} s of QPU time are used"
    )
    text = refused("resume", "--retry-failed", "out", "--max-qpu-seconds", "inf")
    assert text.endswith("max_qpu_seconds = inf: give a number of seconds above 0")
    assert len(service.jobs) == accepted
    service.faults.append(Fault(Destiny("Failed", "too hot", 8000), tag="job:trial-1"))
    larger = ceil(used + need)
    again = command("resume", "--retry-failed", "out", "--max-qpu-seconds", larger)
    assert again.code == 4
    assert command("resume", "--retry-failed", "out").code == 0
    assert rc.open_run("out").record["max_qpu_seconds"] == larger
    assert same_shots(reference)


def interrupted_at(name):
    """``Driver._submit`` of a user who interrupts before a job."""
    submit = recycling.running.submitting.Submission._submit

    def submit_or_stop(submission, job, record):
        if job.name == name:
            raise KeyboardInterrupt
        return submit(submission, job, record)

    return submit_or_stop


# -- batches and sessions ----------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone: nothing more is written or sent."""


def in_session(patch, reference):
    """Let runs take a session; returns their experiment."""
    experiment = rc.Experiment.parse(spec('mode = "session"'))
    planned_once(patch, replace(reference[1], experiment=experiment))
    return experiment


def test_a_batch_is_closed_when_all_is_submitted(service, monkeypatch):
    """What is in it runs to its end."""
    monkeypatch.setattr(service, "queue_polls", 2)
    assert run().code == 0
    batch = service.session(service.jobs[-1].session_id)
    assert (batch.mode, batch.accepting) == ("batch", False)
    assert service.jobs_of(batch.id) == service.jobs[-2:]


def test_a_session_that_a_death_left_open_is_closed(service, reference, monkeypatch):
    experiment = in_session(monkeypatch, reference)
    before = len(service.jobs)
    submit = Hardware.submit

    def submit_first(self, *arguments, **options):
        if options["tags"][2] == "job:trial-1":
            raise Killed
        return submit(self, *arguments, **options)

    with pytest.MonkeyPatch.context() as dying:
        dying.setattr(Hardware, "submit", submit_first)
        dying.setattr(Hardware, "close", lambda *_: None)
        with pytest.raises(Killed):
            rc.run(experiment, IBM, "out", spec=spec('mode = "session"'))
    left = service.session(service.jobs[-1].session_id)
    assert (left.mode, left.accepting) == ("dedicated", True)

    assert rc.resume("out").complete
    first, second = service.jobs[before:]
    assert first.session_id == left.id
    assert second.session_id != left.id
    for job in (first, second):
        assert not service.session(job.session_id).accepting
    assert same_shots(reference)


def test_a_session_known_by_its_job_alone_is_closed(service, reference, monkeypatch):
    """Death between the acceptance of the first job and the journal that would name its session."""
    experiment = in_session(monkeypatch, reference)
    before = len(service.jobs)
    submit = Hardware.submit

    def submit_and_die(self, *arguments, **options):
        submit(self, *arguments, **options)
        raise Killed

    with pytest.MonkeyPatch.context() as dying:
        dying.setattr(Hardware, "submit", submit_and_die)
        dying.setattr(Hardware, "close", lambda *_: None)
        with pytest.raises(Killed):
            rc.run(experiment, IBM, "out", spec=spec('mode = "session"'))
    (only,) = service.jobs[before:]
    assert service.session(only.session_id).accepting

    assert rc.resume("out").complete
    assert len(service.jobs[before:]) == 2
    assert not any(service.session(job.session_id).accepting for job in service.jobs[before:])
    assert same_shots(reference)


@pytest.mark.parametrize(("times", "closed"), [(1, True), (None, False)])
def test_a_session_that_does_not_close_is_told(service, reference, monkeypatch, times, closed):
    experiment = in_session(monkeypatch, reference)
    service.faults.append(Fault(Drop(), "PATCH", "/sessions/", times=times))
    run = rc.run(experiment, IBM, "out", spec=spec('mode = "session"'))
    assert run.complete
    assert service.session(service.jobs[-1].session_id).accepting is not closed
    notes = [line for line in run.telemetry if line["event"] == "not closed"]
    assert len(notes) == (not closed)
    assert all("closing the session" in note["reason"] for note in notes)


# -- several instances -------------------------------------------------------------------------


@pytest.mark.slow
def test_a_job_is_looked_for_in_the_instance_that_has_it(service, reference, monkeypatch):
    """No instance is given: the client takes one, and must not look in another."""
    monkeypatch.delenv("QISKIT_IBM_INSTANCE")
    # The device need not be asked how long it waits, so that looking comes first.
    text = spec("rep_delay = 1e-4")
    plan = replace(reference[1], experiment=rc.Experiment.parse(text))
    plan = plan.through(Hardware("ibm_marrakesh", Account()))
    monkeypatch.setattr(recycling.running.runs, "connect", connect)
    plan_always(monkeypatch, plan)
    before = len(service.jobs)
    submit = Hardware.submit

    def submit_and_die(self, *arguments, **options):
        submit(self, *arguments, **options)
        raise Killed

    with pytest.MonkeyPatch.context() as dying:
        dying.setattr(Hardware, "submit", submit_and_die)
        with pytest.raises(Killed):
            rc.run(plan.experiment, IBM, "out", spec=text)
    assert states() == {"trial-0": "intended", "trial-1": "planned"}
    assert rc.resume("out").complete
    assert [job.name for job in service.jobs[before:]] == ["job:trial-0", "job:trial-1"]
    assert {service.instances[job.instance].plan for job in service.jobs[before:]} == {"open"}


def test_too_little_memory_is_one_line(capsys):
    with pytest.raises(SystemExit) as end, errors(debug=False):
        raise MemoryError("Unable to allocate 8 GiB")
    assert end.value.code == 3
    assert capsys.readouterr().err == (
        "incomplete: out of memory (Unable to allocate 8 GiB); run the command again with more\n"
    )
