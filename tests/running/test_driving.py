"""The driver: nothing is lost, nothing is submitted twice, whatever the backend does."""

import json
import os
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import recycling as rc
import recycling.running.runs
from recycling.errors import BackendFailure, Incomplete
from recycling.jobs.outcomes import Outcomes
from recycling.jobs.status import JobStatus
from recycling.running.desk import ATTEMPTS, LONGEST_WAIT
from recycling.store.files import seal, unseal
from recycling.store.journal import tag_of
from recycling.studies.stored import cancel, resume, status
from tests.scripted import (
    EXPERIMENT,
    SPEC,
    DeathAt,
    Killed,
    Service,
    busy,
    install,
    refused,
    tree,
    watch_disk,
)

NAMES = ("trial-0", "trial-1", "trial-2")


@pytest.fixture(scope="module")
def plan():
    return rc.plan(EXPERIMENT)


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def waits(monkeypatch, service, plan):
    return install(monkeypatch, service, plan)


@pytest.fixture
def start(waits, tmp_path):
    """Run the experiment, or go on with it by the same call."""
    del waits

    def at(name="run", **how):
        return rc.run(EXPERIMENT, out=tmp_path / name, spec=SPEC, **how)

    return at


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run"


@pytest.fixture(scope="module")
def undisturbed(plan, tmp_path_factory):
    """Counts of a run that nothing went wrong with."""
    with pytest.MonkeyPatch.context() as patch:
        install(patch, Service(), plan)
        return rc.run(EXPERIMENT, out=tmp_path_factory.mktemp("undisturbed") / "run").counts


def journal(path, name):
    return unseal((path / "jobs" / f"{name}.json").read_bytes())


def contents(path):
    return {name: (path / name).read_bytes() for name in tree(path) if (path / name).is_file()}


def states(path):
    return {name: record.state for name, record in status(path).items()}


def one_line(caught):
    text = str(caught.value)
    assert len(text.splitlines()) == 1, text
    return text


# -- the way of a job that nothing happens to ------------------------------------------------


def test_every_job_is_submitted_once_and_fetched(start, service, path):
    run = start()
    assert service.jobs() == dict.fromkeys(NAMES, 1)
    assert set(service.tags().values()) == {1}
    assert run.complete
    assert run.record["state"] == "done"
    # Each part knows its own job: intent, submission and outcome are of one name.
    for accepted in service.accepted:
        attempt = journal(path, accepted.job)["attempts"][-1]
        assert (attempt["id"], attempt["tag"]) == (accepted.id, accepted.tag)
        assert attempt["state"] == "done"
        assert attempt["record"] == {"metrics": {"usage": {"seconds": 2}}}
        assert list(attempt["times"]) == ["intended", "submitted", "done"]
        assert sorted(attempt["times"].values()) == list(attempt["times"].values())


def test_all_jobs_are_in_one_group_which_is_closed(start, service, path):
    start()
    assert {accepted.group for accepted in service.accepted} == {"group-1"}
    assert service.closed == ["group-1"]
    assert {journal(path, name)["attempts"][0]["group"] for name in NAMES} == {"group-1"}


def test_the_intent_is_on_the_disk_before_the_submission(start, service, path, monkeypatch):
    accept, written, seen = service.call, [], []
    sync = os.fsync

    def look_then(method, act):
        if method == "submit":
            seen.append(journal(path, NAMES[len(seen)])["attempts"][-1])
            assert written[-1] == "sync", "the last thing done on the disk is a sync"
        return accept(method, act)

    monkeypatch.setattr(service, "call", look_then)
    monkeypatch.setattr(os, "fsync", lambda number: (sync(number), written.append("sync")))
    move = Path.replace
    monkeypatch.setattr(Path, "replace", lambda a, b: (move(a, b), written.append("rename"))[0])
    start()
    assert [attempt["state"] for attempt in seen] == ["intended"] * 3
    assert [attempt["tag"] for attempt in seen] == [a.tag for a in service.accepted]


def test_tags_are_unique_over_runs(start, service):
    start("one")
    start("two")
    assert len(service.tags()) == 2 * len(NAMES)


def test_a_finished_run_asks_nothing_and_is_left_alone(start, service, path, undisturbed):
    start()
    calls, files = list(service.calls), contents(path)
    assert resume(path).complete
    assert start().counts.identical(undisturbed), "nor does the same call begin anew"
    assert service.calls == calls
    assert contents(path) == files


# -- submissions that are not answered -------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_accepted_submission_without_an_answer_is_found(start, service, number):
    service.fail("submit", number, error=busy("time-out"), acted=True)
    assert start().complete
    assert set(service.tags().values()) == {1}
    assert service.jobs() == dict.fromkeys(NAMES, 1)


def test_an_accepted_submission_that_was_refused_in_words_is_found(start, service, path):
    """A client that cannot read the answer raises something that does not look transient."""
    service.fail("submit", 1, error=refused("unterminated JSON"), acted=True)
    try:
        start()
    except BackendFailure:
        resume(path, retry_failed=True)
    assert service.jobs() == dict.fromkeys(NAMES, 1)


def test_a_submission_that_was_not_accepted_is_repeated(start, service):
    service.fail("submit", 0, 1, error=busy())
    assert start().complete
    assert service.calls.count("submit") == len(NAMES) + 2
    assert set(service.tags().values()) == {1}


@pytest.mark.parametrize("lag", [0.9, 10.0])
def test_a_job_that_lists_show_late_is_found(start, service, lag):
    """The list of jobs may lag behind: one look is not enough."""
    service.lag, service.list_lag = lag, 10.0
    service.fail("submit", 0, error=busy("time-out"), acted=True)
    assert start().complete
    assert set(service.tags().values()) == {1}


@pytest.mark.parametrize("error", [Killed(), KeyboardInterrupt()])
@pytest.mark.parametrize("lag", [3.0, 10.0])
def test_a_process_that_ends_behind_an_acceptance_pays_nothing_twice(
    start, service, path, lag, error
):
    """It is gone on with at once, while the service's list does not show the job yet."""
    service.lag, service.list_lag = lag, 10.0
    service.fail("submit", 1, error=error, acted=True)
    with pytest.raises((Killed, Incomplete)):
        start()
    assert resume(path).complete
    assert service.jobs() == dict.fromkeys(NAMES, 1)


def test_what_appears_later_than_lists_lag_is_paid_twice_but_not_forgotten(start, service, path):
    """What durability.md excludes: it is booked when it appears."""
    service.lag, service.list_lag = 30.0, 10.0
    service.fail("submit", 1, error=Killed(), acted=True)
    with pytest.raises(Killed):
        start()
    for name in NAMES:
        service.answers[name] = [JobStatus("queued")] * 20
    service.over = {"id-2"}
    assert resume(path).complete
    assert service.jobs() == {"trial-0": 1, "trial-1": 2, "trial-2": 1}
    record = status(path)["trial-1"]
    assert record.current.id == "id-1", "the older one is kept"
    assert [(job.id, job.state) for job in record.surplus] == [("id-2", "done")]


@pytest.mark.parametrize("outage", [1, ATTEMPTS - 1, ATTEMPTS, ATTEMPTS + 1, 3 * ATTEMPTS])
def test_nothing_is_submitted_again_while_nobody_can_be_asked(start, service, path, outage):
    """Accepted, not answered, and then the service is away: it must be asked before a second."""
    service.fail("submit", 0, error=busy("time-out"), acted=True)
    service.fail("find", *range(1, 1 + outage), error=busy("no route to host"))
    for _ in range(9):
        try:
            start()
            break
        except BackendFailure:
            assert states(path)["trial-0"] == "intended"
    assert service.jobs() == dict.fromkeys(NAMES, 1)


# -- failures that pass, and failures that stay ----------------------------------------------


@pytest.mark.parametrize("method", ["submit", "poll", "fetch"])
def test_failures_that_pass_are_waited_for_ever_longer(start, service, waits, method):
    service.fail(method, *range(ATTEMPTS - 1), error=busy())
    assert start().complete
    assert len(waits) == ATTEMPTS - 1
    assert waits == sorted(waits)
    assert max(waits) <= LONGEST_WAIT


@pytest.mark.parametrize("method", ["submit", "poll", "fetch"])
def test_repetition_is_bounded(start, service, path, method):
    service.fail(method, *range(1000), error=busy("503 for ever"))
    with pytest.raises(BackendFailure, match="503 for ever") as caught:
        start()
    one_line(caught)
    # A service that is away is not waited for once for every job.
    assert service.calls.count(method) <= ATTEMPTS + len(NAMES) - 1
    # The journal says what is known, and no more: the next resume goes on.
    expected = {"submit": "intended", "poll": "submitted", "fetch": "submitted"}
    assert states(path)["trial-0"] == expected[method]
    service.faults.clear()
    assert resume(path).complete
    assert service.jobs() == dict.fromkeys(NAMES, 1)


def test_a_refusal_is_kept_with_its_reason(start, service, path):
    service.fail("submit", 1, error=refused("instance has no time left"))
    with pytest.raises(BackendFailure, match="instance has no time left"):
        start()
    assert service.calls.count("submit") == 2, "a refusal is not repeated"
    assert states(path)["trial-1"] == "failed"
    assert journal(path, "trial-1")["attempts"][-1]["reason"] == "instance has no time left"
    assert status(path)["trial-1"].current.reason == "instance has no time left"


def test_resume_leaves_a_refused_job_alone_unless_told(start, service, path, undisturbed):
    service.fail("submit", 1, error=refused())
    with pytest.raises(BackendFailure):
        start()
    for _ in range(2):
        with pytest.raises(BackendFailure, match="trial-1 failed: 400 the job is malformed") as e:
            resume(path)
        assert "resume --retry-failed" in one_line(e)
    # All others went their way.
    assert states(path) == {"trial-0": "done", "trial-1": "failed", "trial-2": "done"}
    assert service.jobs() == {"trial-0": 1, "trial-2": 1}
    run = resume(path, retry_failed=True)
    assert service.jobs() == dict.fromkeys(NAMES, 1)
    assert run.counts.identical(undisturbed)
    attempts = journal(path, "trial-1")["attempts"]
    assert [attempt["state"] for attempt in attempts] == ["failed", "done"]
    assert attempts[0]["reason"] == "400 the job is malformed", "the history is kept"
    assert attempts[0]["tag"] != attempts[1]["tag"]


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_a_job_that_ends_badly_is_kept_with_its_reason(start, service, path, end):
    service.answers["trial-2"] = [JobStatus("queued"), JobStatus(end, "calibration error 1305")]
    with pytest.raises(BackendFailure, match=f"trial-2 {end}: calibration error 1305") as caught:
        start()
    one_line(caught)
    assert states(path) == {"trial-0": "done", "trial-1": "done", "trial-2": end}
    assert status(path)["trial-2"].current.reason == "calibration error 1305"
    with pytest.raises(BackendFailure, match="calibration error 1305"):
        resume(path)
    assert set(service.jobs().values()) == {1}, "it is not submitted again by itself"
    run = resume(path, retry_failed=True)
    assert run.complete
    assert service.jobs() == {"trial-0": 1, "trial-1": 1, "trial-2": 2}
    assert set(service.tags().values()) == {1}


def test_several_failed_jobs_are_told(start, service):
    for name in NAMES[:2]:
        service.answers[name] = [JobStatus("failed", "no reason")]
    with pytest.raises(BackendFailure, match=r"trial-0 failed: no reason \(and 1 more\)"):
        start()


def test_a_failure_without_a_reason_says_so(start, service):
    service.answers["trial-0"] = [JobStatus("failed")]
    with pytest.raises(BackendFailure, match="trial-0 failed: the backend gives no reason"):
        start()


def test_counts_of_the_trials_that_are_whole_can_be_had(start, service, path, undisturbed):
    service.answers["trial-1"] = [JobStatus("failed", "once")]
    with pytest.raises(BackendFailure):
        start()
    found = rc.open_run(path).counts
    np.testing.assert_array_equal(found["trial"], [0, 2])
    xr.testing.assert_identical(found, undisturbed.sel(trial=[0, 2]))


# -- results that are not what was asked for -------------------------------------------------


def fewer_shots(_job, outcomes):
    return replace(outcomes, shots=outcomes.shots[..., :-1])


def fewer_points(_job, outcomes):
    return replace(outcomes, shots=outcomes.shots[:, :1])


def fewer_pubs(_job, outcomes):
    return replace(outcomes, shots=outcomes.shots[:-1])


def nothing(_job, outcomes):
    return replace(outcomes, shots=None)


def table_instead(_job, outcomes):
    return Outcomes(outcomes.bits, table=outcomes.counts())


WRONG = [fewer_shots, fewer_points, fewer_pubs, nothing, table_instead]


@pytest.mark.parametrize("alter", WRONG)
def test_a_result_of_another_shape_is_never_stored(start, service, path, alter, undisturbed):
    service.alter = alter
    with pytest.raises(BackendFailure, match="trial-0: the result has the shape") as caught:
        start()
    one_line(caught)
    assert service.calls.count("fetch") == len(NAMES) * ATTEMPTS
    assert set(states(path).values()) == {"lost"}
    assert list((path / "shots").iterdir()) == []
    service.alter = Service.alter
    assert resume(path).counts.identical(undisturbed)


def test_a_result_that_cannot_be_read_is_asked_for_again(start, service, undisturbed):
    service.fail("fetch", 0, 2, error=refused("zlib: incorrect data check"))
    assert start().counts.identical(undisturbed)
    assert service.jobs() == dict.fromkeys(NAMES, 1)


# -- jobs that cannot be fetched ---------------------------------------------------------------


@pytest.fixture
def first_lost(start, service, path):
    """A run of which the service has forgotten the first job, with the others done behind it."""
    service.answers = {name: [JobStatus("queued")] for name in NAMES}
    with pytest.raises(Incomplete):
        start(wait=False)
    service.lost = {"id-0"}
    with pytest.raises(BackendFailure, match="trial-0 lost: 404 id-0; submit it again") as caught:
        resume(path)
    assert "recycling resume --retry-failed" in one_line(caught)
    return path


def test_a_lost_job_blocks_no_other_one(first_lost):
    assert states(first_lost) == {"trial-0": "lost", "trial-1": "done", "trial-2": "done"}
    assert status(first_lost)["trial-0"].current.reason == "404 id-0"


def test_a_lost_job_alone_is_submitted_again(first_lost, service, undisturbed):
    assert resume(first_lost, retry_failed=True).counts.identical(undisturbed)
    assert service.jobs() == {"trial-0": 2, "trial-1": 1, "trial-2": 1}
    assert set(service.tags().values()) == {1}
    assert [a["state"] for a in journal(first_lost, "trial-0")["attempts"]] == ["lost", "done"]


@pytest.mark.parametrize("retry_failed", [False, True])
def test_a_lost_job_that_is_there_again_is_fetched(first_lost, service, retry_failed, undisturbed):
    service.lost = set()
    service.answers["trial-0"] = [JobStatus("running")]
    assert resume(first_lost, retry_failed=retry_failed).counts.identical(undisturbed)
    assert service.jobs() == dict.fromkeys(NAMES, 1)


def test_a_lost_job_is_not_paid_again_while_nobody_can_be_asked(first_lost, service):
    service.fail("poll", *range(service.calls.count("poll"), 99), error=busy())
    with pytest.raises(BackendFailure, match="503"):
        resume(first_lost, retry_failed=True)
    assert service.jobs() == dict.fromkeys(NAMES, 1)
    assert states(first_lost)["trial-0"] == "lost"


def test_an_unknown_state_is_lost_with_its_reason(start, service, path):
    service.answers["trial-1"] = [JobStatus("lost", "id-1 is in the unknown state PAUSED")]
    with pytest.raises(BackendFailure, match="trial-1 lost: id-1 is in the unknown state PAUSED"):
        start()
    assert states(path) == {"trial-0": "done", "trial-1": "lost", "trial-2": "done"}


@pytest.mark.parametrize("error", [busy("gone for a while"), refused("401 Unauthorized")])
def test_a_job_that_is_not_answered_for_blocks_no_other_one(start, service, path, error):
    """Whatever is wrong with the first one: what is behind it is fetched, and it is not lost."""
    service.fail("poll", *range(ATTEMPTS if error.transient else 1), error=error)
    service.answers["trial-0"] = [JobStatus("queued")] * 9
    with pytest.raises(Incomplete):
        start(wait=False)
    assert states(path) == {"trial-0": "submitted", "trial-1": "done", "trial-2": "done"}
    service.faults.clear()
    assert resume(path).complete
    assert service.jobs() == dict.fromkeys(NAMES, 1)


def test_a_job_that_is_never_answered_for_is_told_in_the_end(start, service, path, monkeypatch):
    call = service.call

    def failing(method, act):
        if method != "fetch":
            return call(method, act)
        if (answer := call(method, act)).record["job"] == "trial-0":
            raise busy("503 for ever")
        return answer

    monkeypatch.setattr(service, "call", failing)
    service.alter = lambda job, outcomes: replace(outcomes, record={"job": job.name})
    with pytest.raises(BackendFailure, match="503 for ever"):
        start()
    assert states(path) == {"trial-0": "submitted", "trial-1": "done", "trial-2": "done"}


def test_a_result_that_stays_unreadable_blocks_no_other_one(start, service, path):
    service.alter = lambda job, o: fewer_shots(job, o) if job.name == "trial-0" else o
    with pytest.raises(BackendFailure, match="trial-0 lost: trial-0: the result has the shape"):
        start()
    assert states(path) == {"trial-0": "lost", "trial-1": "done", "trial-2": "done"}
    with pytest.raises(BackendFailure, match="trial-0 lost"):
        resume(path)
    service.alter = Service.alter
    assert resume(path, retry_failed=True).complete
    assert service.jobs() == dict.fromkeys(NAMES, 1), "it is fetched before it is paid again"


def test_cancelling_finds_a_lost_job(start, service, path):
    service.answers = {name: [JobStatus("queued")] for name in NAMES}
    with pytest.raises(Incomplete):
        start(wait=False)
    service.lost = {"id-0"}
    assert cancel(path) == 2
    assert states(path) == {"trial-0": "lost", "trial-1": "cancelled", "trial-2": "cancelled"}


def test_one_job_that_cannot_be_cancelled_stops_no_other_one(start, service, path):
    service.answers = {name: [JobStatus("queued")] * 3 for name in NAMES}
    with pytest.raises(Incomplete):
        start(wait=False)
    service.fail("cancel", *range(ATTEMPTS), error=busy())
    with pytest.raises(BackendFailure, match="503"):
        cancel(path)
    assert states(path) == {"trial-0": "submitted", "trial-1": "cancelled", "trial-2": "cancelled"}


# -- copies of a run, and jobs that were accepted twice ----------------------------------------


@pytest.mark.parametrize("lag", [0.0, 10.0])
@pytest.mark.parametrize("sent", [0, 1, 2])
def test_copies_of_a_run_pay_once(start, service, path, tmp_path, lag, sent, undisturbed):
    """One after the other, with a list that lags."""
    service.lag, service.list_lag = lag, 10.0
    service.fail("submit", sent, error=Killed())
    with pytest.raises(Killed):
        start()
    copy = tmp_path / "copy"
    shutil.copytree(path, copy)
    for folder in (copy, path):
        assert resume(folder).counts.identical(undisturbed)
    assert service.jobs() == dict.fromkeys(NAMES, 1)
    assert all(record.surplus == () for record in status(path).values())


def test_copies_submit_a_failed_job_again_once(start, service, path, tmp_path):
    service.answers["trial-1"] = [JobStatus("failed", "once")]
    with pytest.raises(BackendFailure):
        start()
    copy = tmp_path / "copy"
    shutil.copytree(path, copy)
    for folder in (copy, path):
        assert resume(folder, retry_failed=True).complete
    assert service.jobs() == {"trial-0": 1, "trial-1": 2, "trial-2": 1}


def accepted_twice(service):
    """Let every submission be accepted twice, as a gateway may do that sends again by itself."""
    accept = service.accept

    def twice(tag, job, run, group):
        first = accept(tag, job, run, group)
        accept(tag, job, run, group)
        return first

    service.accept = twice


@pytest.mark.parametrize("lag", [0.0, 9.0])
@pytest.mark.parametrize("queued", [0, 9])
@pytest.mark.parametrize("answered", [True, False])
def test_jobs_accepted_twice_are_cancelled_or_booked(
    start, service, path, lag, queued, answered, undisturbed
):
    service.lag, service.list_lag = lag, 10.0
    accepted_twice(service)
    service.answers = {name: [JobStatus("queued")] * queued for name in NAMES}
    if not queued:
        service.over = {"id-1", "id-3", "id-5"}
    if not answered:
        service.fail("submit", 0, 2, error=busy(), acted=True)
    said = []
    run = start(watch=lambda _job, text, _done: said.append(text))
    assert run.counts.identical(undisturbed)
    expected = ("done", 2.0) if not queued else ("cancelled", 0.0)
    for number, name in enumerate(NAMES):
        record = status(path)[name]
        assert record.current.id == f"id-{2 * number}", "the older one is kept"
        (job,) = record.surplus
        assert (job.id, job.tag) == (f"id-{2 * number + 1}", record.current.tag)
        assert (job.state, job.qpu_seconds) == expected
        assert any(job.id in text for text in said)
    assert len(service.accepted) == 2 * len(NAMES)
    assert sum(line["event"] == "surplus" for line in run.telemetry) == len(NAMES)


def test_a_surplus_job_takes_the_place_of_one_that_failed(start, service, path, undisturbed):
    """It is paid for: nothing is submitted again."""
    accepted_twice(service)
    service.over = {"id-1"}
    service.answers["trial-0"] = [JobStatus("failed", "too hot")]
    assert start().counts.identical(undisturbed)
    assert len(service.accepted) == 2 * len(NAMES)
    assert status(path)["trial-0"].current.id == "id-1"


def test_runs_whose_jobs_share_no_tag_are_looked_for_one_by_one(start, service, path):
    """Runs that an older version began."""
    service.fail("submit", 1, error=KeyboardInterrupt(), acted=True)
    with pytest.raises(Incomplete):
        start()
    record = unseal((path / "run.json").read_bytes())
    del record["run_tag"]
    for name in ("run.json", "run.json.copy"):
        (path / name).write_bytes(seal(record))
    service.accepted = [replace(accepted, run="") for accepted in service.accepted]
    assert resume(path).complete
    assert service.jobs() == dict.fromkeys(NAMES, 1)


def test_one_query_looks_for_all_jobs(start, service):
    start()
    # Before the first submission, before fetching, and at the end.
    assert service.calls.count("find") == 3


# -- not waiting, interrupting, cancelling ---------------------------------------------------


def test_without_waiting_the_jobs_stay_under_way(start, service, path, waits, undisturbed):
    service.answers["trial-1"] = [JobStatus("queued"), JobStatus("running"), JobStatus("running")]
    with pytest.raises(Incomplete, match="2 of 3 jobs are done") as caught:
        start(wait=False)
    assert f"recycling resume {path}" in one_line(caught)
    assert waits == []
    assert states(path) == {"trial-0": "done", "trial-1": "submitted", "trial-2": "done"}
    with pytest.raises(Incomplete):
        resume(path, wait=False)
    assert resume(path).counts.identical(undisturbed)
    assert service.jobs() == dict.fromkeys(NAMES, 1)


def test_a_long_queue_is_asked_ever_less(start, service, waits):
    for name in NAMES:
        service.answers[name] = [JobStatus("queued")] * 200
    assert start().complete
    assert len(waits) == 200
    # Each pause leaves out the time that the looks themselves took.
    assert waits[0] <= 0.5
    assert all(wait <= 60 for wait in waits)
    assert waits[-1] > 59
    assert sum(waits) > 180 * 59, "hours are not asked every second"


def test_progress_is_told(start, service):
    service.answers["trial-0"] = [JobStatus("queued"), JobStatus("running")]
    seen = []
    start(watch=lambda job, state, _done: seen.append((job, state)))
    assert [state for job, state in seen if job == "trial-0"] == [
        "submitting", "submitted", "queued", "running", "fetching", "done",
    ]  # fmt: skip


def test_a_run_is_cancelled(start, service, path):
    for name in NAMES[:2]:
        service.answers[name] = [JobStatus("queued")] * 3
    with pytest.raises(Incomplete):
        start(wait=False)
    assert cancel(path) == 2
    assert service.cancelled == ["id-0", "id-1"]
    assert states(path) == {"trial-0": "cancelled", "trial-1": "cancelled", "trial-2": "done"}
    assert cancel(path) == 0
    with pytest.raises(BackendFailure, match="trial-0 cancelled: on request"):
        resume(path)
    service.answers.clear()
    assert resume(path, retry_failed=True).complete
    assert service.jobs() == {"trial-0": 2, "trial-1": 2, "trial-2": 1}


def test_cancelling_finds_a_job_whose_submission_was_not_answered(start, service, path):
    service.fail("submit", 0, error=KeyboardInterrupt(), acted=True)
    with pytest.raises(Incomplete):
        start()
    assert cancel(path) == 1
    assert service.cancelled == ["id-0"]


# -- journals that were lost -----------------------------------------------------------------


def lose(path, name, how):
    file = path / "jobs" / f"{name}.json"
    if how == "deleted":
        file.unlink()
    elif how == "cut":
        file.write_bytes(file.read_bytes()[:-20])
    else:
        file.write_bytes(b"")


@pytest.fixture
def under_way(start, service, path):
    """A run whose jobs are all submitted and queued."""
    for name in NAMES:
        service.answers[name] = [JobStatus("queued")] * 2
    with pytest.raises(Incomplete):
        start(wait=False)
    service.answers.clear()
    return path


@pytest.mark.parametrize("how", ["deleted", "cut", "emptied"])
def test_a_lost_journal_of_a_submitted_job_is_found_by_its_tag(
    under_way, service, how, undisturbed
):
    before = len(service.accepted)
    lose(under_way, "trial-1", how)
    assert resume(under_way).counts.identical(undisturbed)
    assert len(service.accepted) == before, "nothing was submitted again"
    (accepted,) = (a for a in service.accepted if a.job == "trial-1")
    assert journal(under_way, "trial-1")["attempts"][-1]["id"] == accepted.id


@pytest.mark.parametrize("how", ["deleted", "cut"])
@pytest.mark.parametrize("first", ["refused", "failed"])
def test_a_lost_journal_of_a_second_attempt_is_found_by_its_tag(start, service, path, how, first):
    if first == "refused":
        service.fail("submit", 1, error=refused())
    else:
        service.answers["trial-1"] = [JobStatus("failed", "once")]
    with pytest.raises(BackendFailure):
        start()
    service.answers["trial-1"] = [JobStatus("queued")] * 9
    with pytest.raises(Incomplete):
        resume(path, retry_failed=True, wait=False)
    before = len(service.accepted)
    second = [accepted for accepted in service.accepted if accepted.job == "trial-1"][-1]
    lose(path, "trial-1", how)
    service.answers.clear()
    assert resume(path).complete
    assert len(service.accepted) == before
    attempts = journal(path, "trial-1")["attempts"]
    assert (len(attempts), attempts[-1]["id"], attempts[-1]["tag"]) == (2, second.id, second.tag)


def test_a_lost_journal_and_a_bad_connection_submit_nothing_twice(under_way, service):
    before = len(service.accepted)
    lose(under_way, "trial-1", "cut")
    service.fail("find", *range(ATTEMPTS - 1), error=busy())
    assert resume(under_way).complete
    assert len(service.accepted) == before


def test_a_lost_journal_does_not_stop_cancelling(under_way, service):
    lose(under_way, "trial-1", "cut")
    assert cancel(under_way) == len(NAMES)
    assert sorted(service.cancelled) == ["id-0", "id-1", "id-2"]


def test_status_says_which_journal_is_damaged(under_way):
    lose(under_way, "trial-1", "cut")
    found = status(under_way)
    assert found["trial-1"] == "journal damaged: it cannot be read"
    assert found["trial-0"].state == "submitted"


def test_a_journal_of_another_job_is_not_taken(under_way, service):
    jobs = under_way / "jobs"
    (jobs / "trial-1.json").write_bytes((jobs / "trial-0.json").read_bytes())
    before = len(service.accepted)
    run = resume(under_way)
    assert len(service.accepted) == before
    ids = {name: run.journal(job).current.id for name, job in zip(NAMES, run.jobs, strict=True)}
    assert len(set(ids.values())) == len(NAMES)


def test_a_found_job_keeps_to_its_own_group(start, service, path):
    """To go on with what was accepted opens no batch: on hardware that is one more to pay for."""
    service.fail("submit", 2, error=KeyboardInterrupt(), acted=True)
    with pytest.raises(Incomplete):
        start()
    assert service.opened == 1
    assert resume(path).complete
    assert service.opened == 1


# -- interruption and death anywhere ---------------------------------------------------------


def method_calls(start, service):
    start("count")
    return [(name, number) for name in dict.fromkeys(service.calls)
            for number in range(service.calls.count(name))]  # fmt: skip


@pytest.mark.parametrize("acted", [pytest.param(False, marks=pytest.mark.slow), True])
def test_an_interrupt_at_any_call_loses_nothing(
    start, acted, undisturbed, monkeypatch, plan, tmp_path
):
    calls = [(n, i) for n in ("open", "submit", "find", "poll", "fetch", "close") for i in range(3)
             if not (n in ("open", "close") and i)]  # fmt: skip
    for number, (method, index) in enumerate(calls):
        other = Service()
        install(monkeypatch, other, plan)
        other.fail(method, index, error=KeyboardInterrupt(), acted=acted)
        out = tmp_path / f"run-{number}"
        with pytest.raises(Incomplete, match="interrupted; nothing is lost") as caught:
            start(out.name)
        assert f"recycling resume {out}" in one_line(caught)
        assert resume(out).counts.identical(undisturbed)
        assert other.jobs() == dict.fromkeys(NAMES, 1), (method, index)
        assert set(other.tags().values()) == {1}


@pytest.fixture(scope="module")
def disk_points(plan, tmp_path_factory):
    """Number of points of a whole run on the disk."""
    return points(plan, tmp_path_factory.mktemp("disk"), calls=False)


@pytest.fixture(scope="module")
def all_points(plan, tmp_path_factory):
    """Those, and the points before and after each call of the backend."""
    return points(plan, tmp_path_factory.mktemp("points"), calls=True)


def points(plan, folder, *, calls):
    passed = DeathAt()
    with pytest.MonkeyPatch.context() as patch:
        install(patch, Service(point=passed) if calls else Service(), plan)
        watch_disk(patch, passed)
        rc.run(EXPERIMENT, out=folder / "run")
    return passed.passed


def to_the_end(monkeypatch, start, name, service, plan, deaths):
    """Run and die at points, going on by the same call, until nothing kills it any more."""
    for number in [*deaths, None]:
        with monkeypatch.context() as patch:
            install(patch, service, plan)
            service.point = DeathAt(number)
            watch_disk(patch, service.point)
            try:
                return start(name)
            except (Killed, Incomplete):
                assert number is not None
    raise AssertionError("it came to no end")


@pytest.mark.parametrize("part", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_death_at_any_point_loses_nothing(
    start, plan, monkeypatch, undisturbed, part, all_points
):
    assert all_points > 70, "every file, line and call is seen"
    for number in range(part, all_points, 2):
        service = Service()
        run = to_the_end(monkeypatch, start, f"run-{number}", service, plan, [number])
        assert run.counts.identical(undisturbed)
        assert run.damage() == [], number
        assert service.jobs() == dict.fromkeys(NAMES, 1), number
        assert set(service.tags().values()) == {1}, number
        assert all(len(run.journal(job).attempts) == 1 for job in run.jobs), number


@pytest.mark.slow
def test_many_deaths_lose_nothing(start, plan, monkeypatch, undisturbed, all_points):
    randomness = random.Random(1)
    for number in range(30):
        service = Service()
        deaths = [randomness.randrange(all_points) for _ in range(randomness.randint(2, 6))]
        run = to_the_end(monkeypatch, start, f"run-{number}", service, plan, deaths)
        assert run.counts.identical(undisturbed)
        assert service.jobs() == dict.fromkeys(NAMES, 1), deaths


@pytest.mark.slow
def test_a_full_disk_loses_nothing(start, plan, monkeypatch, undisturbed, disk_points):
    """A write that fails is like a death: what is there is whole, and the next run goes on."""
    for number in range(0, disk_points, 2):
        service = Service()
        with monkeypatch.context() as patch:
            install(patch, service, plan)
            watch_disk(patch, DeathAt(number, OSError(28, "No space left on device")))
            with pytest.raises(OSError, match="No space left"):
                start(f"run-{number}")
        install(monkeypatch, service, plan)
        assert start(f"run-{number}").counts.identical(undisturbed)
        assert service.jobs() == dict.fromkeys(NAMES, 1), number


def chaos(randomness):
    """A fault for one call in six: before it acts, after, or the death of the client."""
    faults = {}
    for method in ("open", "submit", "find", "poll", "fetch", "close"):
        for number in range(60):
            if randomness.random() < 1 / 6:
                error = randomness.choice([busy(), busy("time-out"), Killed(), KeyboardInterrupt()])
                faults[method, number] = (error, randomness.random() < 0.5)
    return faults


@pytest.mark.parametrize(
    "seed", [*range(10), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(10, 40))]
)
def test_chaos_loses_nothing(start, plan, monkeypatch, undisturbed, seed):
    randomness = random.Random(seed)
    service = Service()
    install(monkeypatch, service, plan)
    for (method, number), (error, acted) in chaos(randomness).items():
        service.fail(method, number, error=error, acted=acted)
    for name in NAMES:
        service.answers[name] = [JobStatus("queued")] * randomness.randrange(4)
    for _ in range(100):
        try:
            run = start()
            break
        except (Killed, Incomplete, BackendFailure):
            continue
    assert run.counts.identical(undisturbed)
    assert service.jobs() == dict.fromkeys(NAMES, 1)
    assert set(service.tags().values()) == {1}


def test_the_journal_can_be_read_without_this_package(start, path):
    start()
    for name in NAMES:
        content = json.loads((path / "jobs" / f"{name}.json").read_text(encoding="utf-8"))
        attempt = content["attempts"][0]
        run_id = json.loads((path / "run.json").read_text(encoding="utf-8"))["run_id"]
        assert attempt["tag"] == tag_of(run_id, name, 1)
        assert attempt["state"] == "done"
