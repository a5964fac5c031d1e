"""Runs in rounds: they stop when they are settled, whatever the backend does and whoever dies."""

import json
import random
from dataclasses import replace
from types import SimpleNamespace

import pytest

import recycling as rc
import recycling.studies.protocol
from recycling.errors import BackendFailure, Incomplete
from recycling.jobs.status import JobStatus
from recycling.running.adopting import _concluded
from recycling.store.files import seal, unseal
from recycling.store.rounds import Look
from recycling.store.writer import continued_run
from recycling.studies.stored import cancel, resume, status
from tests.scripted import DeathAt, Killed, Service, busy, install, tree, watch_disk

SPEC = """\
name = "staged"
seed = 2

[device]
profile = "ideal"

[sweep]
theta_b = [0.5]
p_x = [0.4]

[measurement]
shots = 20
trials = 5

[hardware]
assignment = true
assignment_shots = 100

[inference]
resamples = 100
"""
EXPERIMENT = rc.Experiment.parse(SPEC)
#: What is submitted of a run that is settled after three rounds; two are left out.
NEEDED = ("assignment", "trial-0", "trial-1", "trial-2", "assignment-after")
LEFT_OUT = ("trial-3", "trial-4")


def look_that_decides(*decisions):
    """Look without an analysis, which decides by the number of rounds, from the second on."""

    def look(run, rounds, qpu_seconds):
        assert run.counts.sizes["trial"] >= rounds
        decision = decisions[min(rounds - 2, len(decisions) - 1)]
        return Look(
            round=rounds, time="", spent=0.0, nominal=0.0, power=0.5, qpu_seconds=qpu_seconds,
            decision=decision,
        )  # fmt: skip

    return look


def decide(monkeypatch, *decisions):
    """Let looks decide so; what the outcomes mean is not looked at."""
    study = replace(
        recycling.studies.protocol.STUDY,
        look=look_that_decides(*decisions),
        notes=lambda _run: (),
        keep=lambda _run: None,
    )
    monkeypatch.setattr(recycling.studies.protocol, "STUDY", study)
    monkeypatch.setattr("recycling.studies.stored.study_of", lambda _kind: study)


@pytest.fixture(scope="module")
def plan():
    return rc.plan(EXPERIMENT)


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def start(monkeypatch, service, plan, tmp_path):
    """Run the experiment until it is settled, or go on with it by the same call."""
    install(monkeypatch, service, plan)
    decide(monkeypatch, "go on", "settled")

    def at(name="run", until="below_tight", **how):
        return rc.run(EXPERIMENT, out=tmp_path / name, spec=SPEC, until=until, **how)

    return at


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run"


def states(path):
    return {name: record.state for name, record in status(path).items()}


def rounds(path):
    return unseal((path / "rounds.json").read_bytes())


def one_line(caught):
    text = str(caught.value)
    assert len(text.splitlines()) == 1, text
    return text


def check_settled(run, service):
    assert service.jobs() == dict.fromkeys(NEEDED, 1)
    assert set(service.tags().values()) == {1}
    assert states(run.path) == dict.fromkeys(NEEDED, "done") | dict.fromkeys(LEFT_OUT, "unneeded")
    assert (run.complete, run.record["state"]) == (True, "done")
    assert [look["round"] for look in rounds(run.path)["looks"]] == [2, 3]
    assert rounds(run.path)["stopped"]["reason"] == "settled"
    assert run.counts.sizes["trial"] == 3


def test_a_settled_run_submits_no_further_round(start, service):
    run = start()
    check_settled(run, service)
    assert [accepted.job for accepted in service.accepted] == list(NEEDED)
    calls = list(service.calls)
    assert start().complete
    assert resume(run.path).complete
    assert service.calls == calls, "a finished run asks nothing"
    assert not run.damage()


@pytest.mark.parametrize("reason", ["futile", "rounds used up"])
def test_other_reasons_to_stop_close_the_run_too(start, service, monkeypatch, reason):
    decide(monkeypatch, *(["futile"] if reason == "futile" else ["go on"] * 3 + [reason]))
    run = start()
    assert rounds(run.path)["stopped"]["reason"] == reason
    trials = 2 if reason == "futile" else 5
    assert run.counts.sizes["trial"] == trials
    assert service.accepted[-1].job == "assignment-after"
    assert len(service.accepted) == trials + 2


def test_a_run_without_a_rule_is_as_before(start, path):
    run = start(until=None)
    assert "until" not in run.record
    assert "rounds.json" not in tree(path)
    assert all("unneeded" not in json.loads(p.read_bytes()) for p in path.glob("jobs/*.json"))
    assert run.counts.sizes["trial"] == 5


# -- deaths ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def all_points(plan, tmp_path_factory):
    """Number of points at which a run can die: every sync, and every call of the service."""
    with pytest.MonkeyPatch.context() as patch:
        service, counting = Service(), DeathAt()
        install(patch, service, plan)
        decide(patch, "go on", "settled")
        service.point = counting
        watch_disk(patch, counting)
        out = tmp_path_factory.mktemp("points") / "run"
        rc.run(EXPERIMENT, out=out, spec=SPEC, until="below_tight")
        return counting.passed


@pytest.mark.parametrize("part", [0, pytest.param(11, marks=pytest.mark.slow)])
def test_a_death_at_any_point_decides_the_same(start, plan, all_points, part):
    assert all_points > 80
    # Every eleventh point; the soak dies at all of them.
    for number in range(part, all_points, 22):
        with pytest.MonkeyPatch.context() as patch:
            dying, death = Service(), DeathAt(number)
            install(patch, dying, plan)
            decide(patch, "go on", "settled")
            dying.point = death
            watch_disk(patch, death)
            with pytest.raises(Killed):
                start(f"run-{number}")
            death.number = None
            check_settled(start(f"run-{number}"), dying)


def test_many_deaths_decide_the_same(start, plan, all_points):
    chance = random.Random(4)
    with pytest.MonkeyPatch.context() as patch:
        dying = Service()
        install(patch, dying, plan)
        decide(patch, "go on", "settled")
        disk = DeathAt()
        dying.point = lambda: disk()
        watch_disk(patch, lambda: disk())
        for _ in range(12):
            disk = DeathAt(chance.randrange(all_points // 3))
            try:
                start()
            except Killed:
                continue
            break
        disk = DeathAt()
        check_settled(start(), dying)


# -- commands that do not wait, failures, cancelling -------------------------------------------


def test_without_waiting_only_the_present_round_is_submitted(start, service, path):
    running = JobStatus("running")
    service.answers = {
        "trial-1": [running] * 2, "trial-2": [running], "assignment-after": [running]
    }  # fmt: skip
    with pytest.raises(Incomplete, match="resume"):
        start(wait=False)
    assert sorted(service.jobs()) == ["assignment", "trial-0", "trial-1"]
    with pytest.raises(Incomplete):
        resume(path, wait=False)
    assert sorted(service.jobs()) == ["assignment", "trial-0", "trial-1", "trial-2"]
    assert states(path)["trial-3"] == "planned"
    with pytest.raises(Incomplete):
        resume(path, wait=False)
    assert states(path)["trial-3"] == "unneeded"
    check_settled(resume(path, wait=False), service)


def test_a_failed_job_stops_the_rounds_until_it_is_repeated(start, service, path):
    service.answers = {"trial-2": [JobStatus("failed", "broken")]}
    with pytest.raises(BackendFailure, match="trial-2 failed: broken"):
        start()
    assert states(path)["trial-3"] == "planned"
    with pytest.raises(BackendFailure):
        resume(path)
    run = resume(path, retry_failed=True)
    assert service.jobs() == dict.fromkeys(NEEDED, 1) | {"trial-2": 2}
    assert rounds(run.path)["stopped"]["reason"] == "settled"


def test_a_run_in_rounds_is_cancelled(start, service, path):
    service.answers = {"trial-1": [JobStatus("running")] * 2}
    with pytest.raises(Incomplete):
        start(wait=False)
    assert cancel(path) == 1
    assert states(path)["trial-1"] == "cancelled"
    with pytest.raises(BackendFailure, match="cancelled"):
        resume(path)
    assert resume(path, retry_failed=True).complete


def test_a_submission_without_an_answer_is_found(start, service):
    for number in range(len(NEEDED)):
        service.fail("submit", 2 * number, error=busy("time-out"), acted=True)
    check_settled(start(), service)


def test_a_run_in_rounds_that_adopts_its_last_job_is_complete_once_it_was_looked_at(start, path):
    run, study = start(), recycling.studies.protocol.STUDY
    with continued_run(run) as writer:
        concluded = _concluded(study, writer, SimpleNamespace(jobs=run.jobs))
    assert (concluded.complete, states(path)["trial-3"]) == (True, "unneeded")
    (path / "rounds.json").unlink()
    with continued_run(run) as writer, pytest.raises(Incomplete, match="nobody has looked"):
        _concluded(study, writer, SimpleNamespace(jobs=run.jobs))


# -- the hard cap --------------------------------------------------------------------------------


def billed(service):
    """QPU time that the scripted service has billed, s."""
    return 2.0 * len(service.accepted)


@pytest.mark.parametrize("budget", [8.0, 9.2, 11.0, 13.2, 40.0])
def test_no_job_is_submitted_that_could_pass_the_cap(start, service, path, monkeypatch, budget):
    """Two seconds are billed a job, a little less than is estimated: the closing is reserved."""
    decide(monkeypatch, "go on", "go on", "go on", "rounds used up")
    try:
        run = start(max_qpu_seconds=budget)
    except rc.BadInput:
        assert budget < 9
        assert not service.accepted
        assert not path.exists()
        return
    assert billed(service) <= budget
    assert service.accepted[-1].job == "assignment-after"
    enough = run.counts.sizes["trial"] == 5
    reason = rounds(path)["stopped"]["reason"]
    assert reason == ("rounds used up" if enough else "budget used up")


def test_bills_above_the_estimate_leave_the_closing_out_rather_than_pass(start, service, path):
    """Ten times the estimate is billed: then nothing more may be submitted."""

    def dear(_job, outcomes):
        return replace(outcomes, record={"metrics": {"usage": {"seconds": 20}}})

    service.alter = dear
    run = start(max_qpu_seconds=70.0)
    assert rounds(path)["stopped"]["reason"] == "budget used up"
    assert states(path)["assignment-after"] == "unneeded"
    assert run.counts.sizes["trial"] == 2
    assert len(service.accepted) == 3


def test_a_lost_job_may_have_been_billed(start, service, path):
    service.lost = {"id-2"}
    with pytest.raises(BackendFailure, match="trial-1 lost"):
        start(max_qpu_seconds=9.2)
    with pytest.raises(rc.BadInput, match="are used, and what must follow takes about"):
        resume(path, retry_failed=True)
    assert len(service.accepted) == 3
    assert resume(path, retry_failed=True, max_qpu_seconds=40).complete
    assert service.jobs() == dict.fromkeys(NEEDED, 1) | {"trial-1": 2}


# -- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        {"until": "below"},
        {"until": "both", "until_points": 2},
        {"until": "both", "until_points": 0},
        {"until": "both", "spending": "all"},
        {"until": "both", "futility": 1.0},
        {"until": "both", "futility": float("nan")},
        {"until": "both", "max_qpu_seconds": 1.0},
        {"until": "both", "max_qpu_seconds": float("inf")},
    ],
)
def test_a_rule_that_cannot_be_is_one_line_and_sends_nothing(start, service, path, how):
    with pytest.raises(rc.BadInput) as caught:
        start(**how)
    assert " = " in one_line(caught)
    assert not service.calls
    assert not path.exists()


@pytest.mark.parametrize("trials", [1, 21])
def test_a_number_of_rounds_that_cannot_be_is_one_line(trials, tmp_path):
    experiment = rc.Experiment.parse(SPEC.replace("trials = 5", f"trials = {trials}"))
    with pytest.raises(rc.BadInput, match=rf"measurement.trials = {trials}: .*give 2 to 20"):
        rc.run(experiment, out=tmp_path / "run", until="both")


def test_infinitely_many_shots_need_no_rounds(tmp_path):
    with pytest.raises(rc.BadInput, match=r"measurement.shots = 'exact'"):
        rc.run(rc.preset("theory"), out=tmp_path / "run", until="both")


@pytest.mark.parametrize(
    "other", [{"until": None}, {"until": "both"}, {"spending": "pocock"}, {"futility": 0.2}]
)
def test_another_rule_for_the_same_directory_is_refused(start, service, path, other):
    start()
    calls, before = list(service.calls), (path / "run.json").read_bytes()
    with pytest.raises(rc.BadInput, match="began with until = below_tight") as caught:
        start(**other)
    assert one_line(caught)
    assert (service.calls, (path / "run.json").read_bytes()) == (calls, before)


# -- damage --------------------------------------------------------------------------------------


@pytest.mark.parametrize("harm", ["missing", "torn", "foreign"])
def test_lost_looks_are_made_again_and_submit_nothing(start, service, path, harm):
    run = start()
    file = path / "rounds.json"
    if harm == "missing":
        file.unlink()
    elif harm == "torn":
        file.write_bytes(file.read_bytes()[:-40])
    else:
        file.write_bytes(seal(rounds(path) | {"run_id": "000000000000"}))
    assert [damage.file for damage in run.again().damage()] == ["rounds.json"]
    resume(path)
    check_settled(run.again(), service)


def test_a_run_that_stopped_goes_no_further_without_its_looks(start, service, path, monkeypatch):
    """What says that it stopped stands in the journals too."""
    start()
    (path / "rounds.json").unlink()
    decide(monkeypatch, "go on")
    resume(path)
    assert service.jobs() == dict.fromkeys(NEEDED, 1)
    assert states(path)["trial-3"] == "unneeded"


def test_a_larger_budget_lets_a_run_that_waits_go_on(start, service, path, monkeypatch):
    """The cap of a run can be raised as long as it has not stopped, and nothing is paid twice."""
    decide(monkeypatch, "go on", "go on", "go on", "rounds used up")
    service.answers = {"trial-1": [JobStatus("running")] * 2}
    with pytest.raises(Incomplete):
        start(wait=False, max_qpu_seconds=9.2)
    run = resume(path, max_qpu_seconds=40.0)
    assert run.record["max_qpu_seconds"] == 40.0
    assert rounds(path)["stopped"]["reason"] == "rounds used up"
    assert set(service.tags().values()) == {1}


def test_a_smaller_budget_stops_before_the_next_round(start, service, path, monkeypatch):
    decide(monkeypatch, "go on")
    service.answers = {"trial-1": [JobStatus("running")] * 2}
    with pytest.raises(Incomplete):
        start(wait=False)
    run = resume(path, max_qpu_seconds=9.2)
    assert rounds(path)["stopped"]["reason"] == "budget used up"
    assert run.counts.sizes["trial"] == 2
    assert billed(service) <= 9.2
