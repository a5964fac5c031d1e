"""A backend in memory that keeps what it accepted, and fails where its script says so."""

import os
import zlib
from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

import recycling.running.desk
import recycling.running.runs
import recycling.studies.protocol
from recycling.errors import BackendFailure
from recycling.jobs.job import expected_shape
from recycling.jobs.outcomes import Outcomes
from recycling.jobs.status import JobStatus, ListedJob
from recycling.running.work import Work
from recycling.spec.experiment import Experiment
from recycling.store.writer import new_run

#: An experiment that compiles in no time: the noiseless device has no chip.
SPEC = """\
name = "scripted"
seed = 2

[device]
profile = "ideal"

[sweep]
theta_b = [0.0, 0.5]
p_x = [0.4]

[measurement]
shots = 20
trials = 3

[inference]
resamples = 100
"""
EXPERIMENT = Experiment.parse(SPEC)


def busy(message="503 Service Unavailable"):
    """A failure that may pass."""
    return BackendFailure(message, transient=True)


def refused(message="400 the job is malformed"):
    """A failure that stays."""
    return BackendFailure(message)


class Killed(BaseException):
    """The process is gone: from here on nothing is written and nothing is sent."""


@dataclass(frozen=True)
class Accepted:
    """A job that the service has accepted, and will be paid for."""

    id: str
    tag: str
    job: str
    group: str
    time: float
    run: str


@dataclass(frozen=True)
class Fault:
    """Raise an error instead of an answer; the service has ``acted`` or not."""

    error: BaseException
    acted: bool = False


@dataclass
class Service:
    """The other side: it lives on when a client dies.

    ``faults`` maps a method and the number of its call, from 0, to a fault; ``answers`` maps the
    name of a job to the states that polls find, until it is done; ``lost`` are ids of jobs that it
    has forgotten. A job is listed ``lag`` seconds after it was accepted, where clients are told
    that it is after ``list_lag``; time passes when a client sleeps.
    """

    lag: float = 0.0
    list_lag: float = 0.0
    waits: list[float] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    accepted: list[Accepted] = field(default_factory=list)
    faults: dict[tuple[str, int], Fault] = field(default_factory=dict)
    answers: dict[str, list[JobStatus]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    #: Ids of jobs that are over: they cannot be cancelled.
    over: set[str] = field(default_factory=set)
    opened: int = 0
    closed: list[str] = field(default_factory=list)
    #: Called before and after each call.
    point: object = staticmethod(lambda: None)
    #: Changes the outcomes of a job.
    alter: object = staticmethod(lambda _job, outcomes: outcomes)

    def client(self, *_arguments, **_keywords):
        """Backend of one process: what takes the place of ``recycling.running.work.prepare``."""
        return Client(self)

    def fail(self, method, *numbers, error, acted=False):
        """Let calls of a method fail; without numbers the next one."""
        for number in numbers or (self.calls.count(method),):
            self.faults[method, number] = Fault(error, acted)

    @property
    def now(self):
        """Time, s."""
        return sum(self.waits)

    def accept(self, tag, job, run, group="another"):
        """Accept a job; returns its id."""
        job_id = f"id-{len(self.accepted)}"
        self.accepted.append(Accepted(job_id, tag, job, group, self.now, run))
        return job_id

    def tags(self):
        """How many jobs were accepted under each tag."""
        return Counter(accepted.tag for accepted in self.accepted)

    def jobs(self):
        """How many jobs were accepted of each name."""
        return Counter(accepted.job for accepted in self.accepted)

    def call(self, method, act):
        """One request and its answer."""
        number = self.calls.count(method)
        self.calls.append(method)
        self.point()
        fault = self.faults.get((method, number))
        if fault is not None and not fault.acted:
            raise fault.error
        answer = act()
        self.point()
        if fault is not None:
            raise fault.error
        return answer


class Client:
    """The service as ``recycling.execution.backend.Backend``, for one process."""

    def __init__(self, service):
        self.service = service
        self.group = None
        self.list_lag = service.list_lag

    def _open(self):
        self.service.opened += 1
        return f"group-{self.service.opened}"

    def submit(self, job, _pubs, tags):
        if self.group is None:
            self.group = self.service.call("open", self._open)

        def accept():
            return self.service.accept(tags[0], job.name, tags[1], self.group)

        return self.service.call("submit", accept)

    def find(self, tag):
        def look():
            return [
                ListedJob(a.id, (a.tag, a.run), a.group)
                for a in self.service.accepted
                if tag in (a.tag, a.run) and self.service.now >= a.time + self.service.lag
            ]

        return self.service.call("find", look)

    def poll(self, job_id):
        def look():
            if job_id in self.service.lost:
                return JobStatus("lost", f"404 {job_id}")
            (accepted,) = (a for a in self.service.accepted if a.id == job_id)
            if job_id in self.service.cancelled:
                return JobStatus("cancelled")
            answers = self.service.answers.get(accepted.job)
            return answers.pop(0) if answers else JobStatus("done")

        return self.service.call("poll", look)

    def fetch(self, job, pubs, job_id):
        (accepted,) = (a for a in self.service.accepted if a.id == job_id)
        assert accepted.job == job.name, "a job is fetched as what it was submitted as"
        return self.service.call("fetch", lambda: self.service.alter(job, outcomes_of(job, pubs)))

    def cancel(self, job_id):
        def stop():
            if job_id in self.service.lost | self.service.over:
                raise refused(f"404 or 409 {job_id}")
            self.service.cancelled.append(job_id)

        self.service.call("cancel", stop)

    def charged(self, job_id):
        return self.service.call(
            "charged", lambda: 0.0 if job_id in self.service.cancelled else 2.0
        )

    def close(self):
        group, self.group = self.group, None
        if group is not None:
            self.service.call("close", lambda: self.service.closed.append(group))


def outcomes_of(job, pubs):
    """Outcomes that a job always has."""
    bits = len(pubs[0].circuit.clbits)
    generator = np.random.default_rng(zlib.crc32(job.name.encode()))
    shots = generator.integers(0, 2**bits, expected_shape(job, pubs), dtype=np.uint8)
    return Outcomes(bits, shots=shots, record={"metrics": {"usage": {"seconds": 2}}})


def begin(plan, text, out):
    """Begin a run of the protocol and leave it: nothing is submitted."""
    study = recycling.studies.protocol.STUDY
    beginning = recycling.running.runs.beginning_of(study, Work(plan, plan.jobs), text, {}, None)
    with new_run(out, beginning):
        pass


def plan_always(monkeypatch, plan):
    """Let every run of the protocol take a plan that is compiled."""
    study = replace(recycling.studies.protocol.STUDY, plan=lambda *_: plan)
    monkeypatch.setattr(recycling.studies.protocol, "STUDY", study)


def install(monkeypatch, service, plan):
    """Let every run go to a service, with a plan that is compiled; returns the waits, s."""
    waits = service.waits
    plan_always(monkeypatch, plan)
    monkeypatch.setattr(recycling.running.runs, "prepare", service.client)
    monkeypatch.setattr(recycling.running.desk, "sleep", lambda wait: wait and waits.append(wait))
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    # Nobody pulls the plug of this machine, and a sync takes longer than all else.
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    return waits


def watch_disk(monkeypatch, point):
    """Call ``point`` at every sync.

    That is in every state of the disk that a death can leave: a file is synced before it gets its
    name, and its folder after; a line is synced when it is written.
    """
    fsync = os.fsync

    def fsync_after(descriptor):
        point()
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync_after)


class DeathAt:
    """Dies at a point, and at every later one: what is dead does nothing more."""

    def __init__(self, number=None, error=Killed):
        self.passed, self.number, self.error = 0, number, error

    def __call__(self):
        number, self.passed = self.passed, self.passed + 1
        if self.number is not None and number >= self.number:
            raise self.error


def tree(folder):
    """Every file and folder under a folder, hidden ones too."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
