"""The service: accounts, backends, jobs and sessions on a real socket of this machine."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Event, RLock, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self

from recycling.execution.ibm.wire import decode
from recycling.rehearsal.chips import Chip
from recycling.rehearsal.effects import Destiny
from recycling.rehearsal.execution import Engine, Physics
from recycling.rehearsal.faults import Faults
from recycling.rehearsal.http import API, Refusal
from recycling.rehearsal.instances import ALLOWANCE_DAYS, INSTANCES
from recycling.rehearsal.jobs import JobRecord
from recycling.rehearsal.progress import advance
from recycling.rehearsal.server import Server
from recycling.rehearsal.sessions import SessionRecord
from recycling.rehearsal.sign_in import bearer_token
from recycling.rehearsal.state import State
from recycling.rehearsal.usage import Usage, later, now

#: Executions that the service accepts in one job.
EXECUTIONS_PER_JOB = 10_000_000
#: Longest life of a session, s.
MAX_TIME = 8 * 3600
INVALID = "Error in the validation process of the job"


class LoopbackService:
    """IBM Quantum on 127.0.0.1, for one account; a context manager.

    Args:
        snapshots: class names of the snapshots behind the backends.
        seed: seed of all shots. Those of a job follow from it and from the job's tag that starts
            with "job:", or, without one, from what the job does; not from time or order.
        physics: what the snapshots do not say.
        engine: what executes jobs: "exact", or "sampler" for IBM's Sampler in its local mode.
        faults: misbehaviour.
        queue_polls: GETs of a job for which it stays queued; ``service.job(id)`` is one, and
            ``job.status()`` another.
        running_polls: GETs for which it then stays running.
        list_lag: time after which a job that was accepted is listed, s.
        at_once: a job is executed when it is accepted, as where nothing is queued.
        posts_per_minute: job posts accepted in a minute; None: any number.
        executions_per_job: circuit executions accepted in a job; None: any number.
        port: TCP port; 0 takes a free one.
        queue: median wait of a job in the queue, s; then it runs for as long as it is charged for.
            None: a job waits for polls alone, as above.
        token: key of the account.
        state: where it keeps its jobs; None keeps them in memory alone.
    """

    def __init__(
        self,
        *,
        snapshots: tuple[str, ...] = ("FakeMarrakesh", "FakeTorino"),
        seed: int = 0,
        physics: Physics | None = None,
        engine: Engine = "exact",
        faults: Faults | None = None,
        queue_polls: int = 0,
        running_polls: int = 0,
        list_lag: float = 0.0,
        at_once: bool = False,
        posts_per_minute: int | None = None,
        executions_per_job: int | None = EXECUTIONS_PER_JOB,
        port: int = 0,
        queue: float | None = None,
        token: str = "secret-loopback-token",
        state: State | None = None,
    ) -> None:
        chips = [Chip(snapshot, physics or Physics(), engine) for snapshot in snapshots]
        self.chips = {each.name: each for each in chips}
        self.instances = {instance.crn: instance for instance in INSTANCES}
        self.token = token
        self.seed = seed
        self.faults = faults or Faults()
        self.queue_polls, self.running_polls = queue_polls, running_polls
        self.list_lag, self.at_once, self.queue = list_lag, at_once, queue
        #: Ids of jobs that it does not know any more, and what it answers then.
        self.forgotten: dict[str, int] = {} if state is None else state.forgotten()
        self.posts_per_minute, self.executions_per_job = posts_per_minute, executions_per_job
        self.stopping = Event()
        #: Number of requests by (method, path).
        self.requests: Counter[tuple[str, str]] = Counter()
        self.state = state
        stored = ((), ()) if state is None else (state.jobs(), state.sessions())
        self._jobs: dict[str, JobRecord] = {job.id: job for job in stored[0]}
        self._sessions: dict[str, SessionRecord] = {each.id: each for each in stored[1]}
        self._posts: deque[float] = deque()
        #: Plan of the account that the environment names, and the folder of the rehearsal.
        self.plan, self.folder = "premium", None if state is None else state.folder
        self.last_request = monotonic()
        self._lock = RLock()
        self._server = Server(self, port)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def bearer(self) -> str:
        """Token that it gives for the key of the account."""
        return bearer_token(self.token)

    @property
    def port(self) -> int:
        """TCP port of the server."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self, plan: str = "premium") -> dict[str, str]:
        """Variables with which ``QiskitRuntimeService()`` finds this service and no other."""
        crn = next(crn for crn, instance in self.instances.items() if instance.plan == plan)
        return {
            "QISKIT_IBM_CHANNEL": "ibm_quantum_platform",
            "QISKIT_IBM_URL": self.url + API,
            "QISKIT_IBM_TOKEN": self.token,
            "QISKIT_IBM_INSTANCE": crn,
            "IAM_URL": self.url + "/iam",
            "GLOBAL_SEARCH_URL": self.url + "/search",
            "GLOBAL_CATALOG_URL": self.url + "/catalog",
        }

    @property
    def jobs(self) -> list[JobRecord]:
        """All jobs ever accepted, oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def accepted(self, tag: str) -> int:
        """Number of jobs accepted with a tag."""
        return sum(tag in job.tags for job in self.jobs)

    def listed(self) -> list[JobRecord]:
        """Jobs that its list shows, oldest first."""
        latest = now() - timedelta(seconds=self.list_lag)
        return [j for j in self.jobs if j.created <= latest and j.id not in self.forgotten]

    def forget(self, job_id: str, code: int = 404) -> None:
        """Know a job no more, as after it was deleted (404) or has expired (410)."""
        self.forgotten[job_id] = code
        if self.state is not None:
            self.state.keep_forgotten(self.forgotten)

    def count(self, method: str, path: str) -> None:
        """Count a request."""
        with self._lock:
            self.requests[method, path.removeprefix(API)] += 1
            self.last_request = monotonic()

    def submit(self, instance: str, payload: dict[str, Any], destiny: Destiny | None) -> JobRecord:
        """Accept a job.

        Raises:
            Refusal: malformed, too large, too many a minute, or its session is closed.
        """
        self._check_rate()
        if payload.get("program_id") != "executor":
            raise Refusal(404, f"Program not found: {payload.get('program_id')}", 1228)
        if payload.get("backend") not in self.chips:
            raise Refusal(404, f"Backend {payload.get('backend')} not found.", 1007)
        try:
            task = decode(payload["params"])
        except Exception as error:  # whatever it is, the job cannot be read
            raise Refusal(400, f"{INVALID}: {error}", 1002) from error
        limit = self.executions_per_job
        if limit is not None and task.executions > limit:
            excess = f"{task.executions} circuit executions exceed the maximum of {limit}."
            raise Refusal(400, f"{INVALID}: {excess}", 1002)
        session_id = payload.get("session_id")
        if session_id and not self.session(session_id).accepting:
            raise Refusal(409, "Session has been closed.", 1217)
        with self._lock:
            job = JobRecord(
                id=f"loopback{len(self._jobs):012d}",
                backend=payload["backend"],
                instance=instance,
                tags=tuple(payload.get("tags", ())),
                session_id=session_id,
                params=payload["params"],
                max_execution_time=payload.get("cost"),
                destiny=destiny or Destiny("Completed"),
                created=now(),
            )
            job.task = task
            self._keep(job)
            self._jobs[job.id] = job
        return self.poll(job.id) if self.at_once else job

    def job(self, job_id: str) -> JobRecord:
        """A job by its id.

        Raises:
            Refusal: there is none.
        """
        with self._lock:
            if job_id not in self._jobs or job_id in self.forgotten:
                code = self.forgotten.get(job_id, 404)
                raise Refusal(code, f"Job not found. Job ID: {job_id}", 1291)
            return self._jobs[job_id]

    def poll(self, job_id: str) -> JobRecord:
        """A job by its id; each poll brings it forward."""
        job = self.job(job_id)
        with job.lock:
            if not job.is_final:
                advance(self, job)
                self._keep(job)
        return job

    def cancel(self, job_id: str) -> None:
        """Cancel a job.

        Raises:
            Refusal: it is over.
        """
        job = self.job(job_id)
        with job.lock:
            if job.is_final:
                raise Refusal(409, f"The job cannot be cancelled: it is {job.state}.", 1221)
            job.end("Cancelled", "Job was cancelled by the user.")
            self._keep(job)

    def usage(self, instance: str) -> dict[str, Any]:
        """Seconds consumed and left of an instance."""
        since = now() - timedelta(days=ALLOWANCE_DAYS)
        used = sum(
            job.usage.charged
            for job in self.jobs
            if job.usage and job.instance == instance and job.created > since
        )
        limit = self.instances[instance].seconds
        return {
            "instance_id": instance,
            "plan_id": self.instances[instance].plan,
            "usage_consumed_seconds": used,
            "usage_limit_seconds": limit,
            "usage_remaining_seconds": max(limit - used, 0),
            "usage_limit_reached": used >= limit,
        }

    def retag(self, job_id: str, tags: Sequence[str]) -> None:
        """Give a job other tags."""
        job = self.job(job_id)
        with job.lock:
            job.tags = tuple(tags)
            self._keep(job)

    def occupy(self, backend: str, start: datetime, usage: Usage) -> tuple[datetime, datetime]:
        """Give a job its time on a backend, which does one job after the other: start and end."""
        with self._lock:
            ends = [job.finished for job in self.jobs if job.backend == backend and job.usage]
            begin = max([start, *(end for end in ends if end is not None)])
            return begin, later(begin, usage)

    def queue_length(self, backend: str) -> int:
        """Jobs of a backend that are not over."""
        return sum(job.backend == backend and not job.is_final for job in self.jobs)

    def open_session(self, instance: str, payload: dict[str, Any]) -> SessionRecord:
        """Open a session or a batch.

        Raises:
            Refusal: a session on an open plan.
        """
        mode = payload.get("mode", "dedicated")
        if mode == "dedicated" and self.instances[instance].plan == "open":
            raise Refusal(
                400, "You are not authorized to run a session when using the open plan.", 1352
            )
        with self._lock:
            session = SessionRecord(
                id=f"session{len(self._sessions):013d}",
                backend=payload["backend"],
                instance=instance,
                mode=mode,
                max_time=payload.get("max_ttl", MAX_TIME),
                created=now(),
            )
            self._keep_session(session)
            self._sessions[session.id] = session
        return session

    def session(self, session_id: str) -> SessionRecord:
        """A session by its id.

        Raises:
            Refusal: there is none.
        """
        with self._lock:
            if session_id not in self._sessions:
                raise Refusal(404, f"Session not found. Session ID: {session_id}", 1213)
            return self._sessions[session_id]

    def jobs_of(self, session_id: str) -> list[JobRecord]:
        """Jobs of a session."""
        return [job for job in self.jobs if job.session_id == session_id]

    def close_session(self, session_id: str, *, cancel: bool) -> None:
        """Accept no more jobs in a session; ``cancel`` those that are not over."""
        session = self.session(session_id)
        session.accepting, session.closed = False, now() if cancel else session.closed
        self._keep_session(session)
        for job in self.jobs_of(session_id) if cancel else ():
            with job.lock:
                if not job.is_final:
                    job.end("Cancelled", "Session was closed.")
                    self._keep(job)

    def _check_rate(self) -> None:
        if self.posts_per_minute is None:
            return
        with self._lock:
            while self._posts and self._posts[0] <= monotonic() - 60:
                self._posts.popleft()
            if len(self._posts) >= self.posts_per_minute:
                wait = 60 - (monotonic() - self._posts[0])
                raise Refusal(
                    429,
                    f"Too many POST jobs requests received: limit is {self.posts_per_minute} "
                    "per minute.",
                    1202,
                    {"Retry-After": str(int(wait) + 1)},
                )
            self._posts.append(monotonic())

    def _keep(self, job: JobRecord) -> None:
        if self.state is not None:
            self.state.keep_job(job)

    def _keep_session(self, session: SessionRecord) -> None:
        if self.state is not None:
            self.state.keep_session(session)
