"""What a rehearsal keeps in its folder: jobs, sessions and outcomes outlive its process."""

from datetime import timedelta

import pytest
from qiskit import QuantumCircuit
from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.executor_sampler import Sampler

from recycling.rehearsal import progress, usage
from recycling.rehearsal.shots import sample
from recycling.rehearsal.state import State
from recycling.rehearsal.timing import reported
from tests.loopback import Destiny, LoopbackService

TORINO = "ibm_torino"
SMALL = {"snapshots": ("FakeTorino",), "seed": 3}


@pytest.fixture(scope="module")
def payload():
    """A job as IBM's client sends it: two circuits, one of them with a reset."""
    first, second = QuantumCircuit(133, 1), QuantumCircuit(133, 2)
    first.x(5)
    first.measure(5, 0)
    second.sx(5)
    second.reset(4)
    second.measure([5, 4], [0, 1])
    with LoopbackService(**SMALL) as service, pytest.MonkeyPatch.context() as patch:
        for name, value in service.environment().items():
            patch.setenv(name, value)
        made = Sampler(mode=QiskitRuntimeService().backend(TORINO))
        made.options.environment.job_tags = ["mine", "job:trial-0"]
        made.options.execution = {"scheduler_timing": True}
        made.run([first, second], shots=400)
        (job,) = service.jobs
        return {"program_id": "executor", "backend": TORINO, "tags": job.tags, "params": job.params}


def service_on(folder, **options):
    """A service that keeps its jobs in a folder; its server never runs."""
    service = LoopbackService(**SMALL | options, state=State(folder))
    service._server.server_close()
    return service


def crn_of(service, plan="premium"):
    return next(crn for crn, each in service.instances.items() if each.plan == plan)


def test_a_job_is_kept_before_its_answer_and_gives_the_outcome_of_any_other_process(
    payload, tmp_path
):
    before = service_on(tmp_path)
    job = before.submit(crn_of(before), payload, None)
    # The process dies here: nobody has heard of the job but the disk.
    after = service_on(tmp_path)
    assert [each.id for each in after.jobs] == [job.id]
    assert after.accepted("mine") == 1
    assert after.poll(job.id).state == "Completed"
    again = service_on(tmp_path)
    assert again.job(job.id).result == after.job(job.id).result
    assert again.job(job.id).metrics() == after.job(job.id).metrics()
    # Dead before it stored the outcome: it is drawn once more, and is the same.
    for suffix in ("json", "result"):
        (tmp_path / "jobs" / f"{job.id}.{suffix}").unlink()
    State(tmp_path).keep_job(before.job(job.id))
    assert data(service_on(tmp_path).poll(job.id)) == data(after.job(job.id))


def data(job):
    """The result of a job, without its times."""
    return job.result.partition(b'"metadata":{"chunk_timing"')[0]


def test_sessions_tags_and_forgotten_jobs_are_kept(payload, tmp_path):
    before = service_on(tmp_path)
    crn = crn_of(before)
    session = before.open_session(crn, {"backend": TORINO, "mode": "batch"})
    kept = before.submit(crn, payload | {"session_id": session.id}, None)
    lost = before.submit(crn, payload, Destiny("Lost"))
    before.retag(kept.id, ["other"])
    before.close_session(session.id, cancel=False)
    before.poll(lost.id)
    after = service_on(tmp_path)
    assert after.session(session.id) == before.session(session.id)
    assert after.job(kept.id).tags == ("other",)
    assert after.forgotten == {lost.id: 404}
    assert after.submit(crn, payload, None).id not in (kept.id, lost.id)


def test_a_job_waits_in_the_queue_and_then_runs_for_what_it_is_charged(payload, monkeypatch):
    service = LoopbackService(**SMALL, queue=40.0)
    service._server.server_close()
    crn, moment = crn_of(service), usage.now()

    def at(seconds):
        monkeypatch.setattr(progress, "now", lambda: moment + timedelta(seconds=seconds))
        return [service.poll(job.id).state for job in jobs]

    jobs = [service.submit(crn, payload, None) for _ in range(2)]
    starts = [progress.start_of(3, 40.0, job) - moment for job in jobs]
    assert at(0.5) == ["Queued", "Queued"]
    assert at(max(starts).total_seconds() + 0.1)[0] != "Queued"
    first, second = sorted((job for job in jobs if job.usage), key=lambda job: job.running)
    # One after the other, each for its time.
    assert second.running >= first.finished
    assert (first.finished - first.running).total_seconds() == pytest.approx(2.2, abs=0.01)
    assert at(10_000) == ["Completed", "Completed"]
    assert all(job.result for job in jobs)


def test_workloads_of_a_used_up_open_plan_wait(payload):
    service = LoopbackService(**SMALL)
    service._server.server_close()
    crn = crn_of(service, "open")
    done = service.submit(crn, payload, None)
    service.poll(done.id)
    done.usage = usage.Usage(598.0)
    assert service.usage(crn)["usage_limit_reached"]
    waiting = service.submit(crn, payload, None)
    assert service.poll(waiting.id).state == "Queued"
    done.created -= timedelta(days=29)
    assert service.poll(waiting.id).state == "Completed"


@pytest.mark.slow
def test_the_local_sampler_executes_the_same_job(payload):
    service = LoopbackService(**SMALL, engine="sampler")
    service._server.server_close()
    job = service.submit(crn_of(service), payload, None)
    assert service.poll(job.id).state == "Completed", service.job(job.id).log
    items = service.chips[TORINO].executor.run(job.task, job.params)
    for draw in ("exact", "sampler"):
        one, two = sample(items, 4000, [1], draw)
        assert one["c"].mean() == pytest.approx(1.0, abs=0.05)
        # 5 standard errors of 4,000 shots.
        assert two["c"][..., 0].mean() == pytest.approx(0.5, abs=0.04)
        assert two["c"][..., 1].mean() < 0.1


@pytest.mark.parametrize("how", ["true", "shuffled", "missing", "foreign"])
def test_schedules_are_reported_as_asked_for(how):
    own = [{"timing": f"main,x_{n},Qubit {n},0,{n},play\n" * 2, "circuit_duration": n}
           for n in range(8)]  # fmt: skip
    given = reported(own, how, [1, 2])
    assert len(given) == 8
    match how:
        case "true":
            assert given == own
        case "shuffled":
            assert given != own
            assert sorted(given, key=str) == sorted(own, key=str)
        case "missing":
            assert given.count(None) == 1
        case "foreign":
            assert [each in own for each in given].count(False) == 1
