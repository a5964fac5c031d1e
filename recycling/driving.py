"""Bring the jobs of a run from intent to outcome, such that none is lost or submitted twice.

A tag is unique, and is on the disk before its job is submitted. Where an answer is missing, only
the backend knows whether it accepted the job: it is asked for the tag before anything is submitted
again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
)

from recycling.errors import BackendFailure, Incomplete
from recycling.execution.backend import Backend, Outcomes
from recycling.jobs import Job, expected_shape
from recycling.planning import Plan
from recycling.store.journal import FINAL, LOST, JobRecord, tag_of
from recycling.store.writer import RunWriter

T = TypeVar("T")
#: Called with the name of a job, its state, and the fraction of all jobs that is done.
Watch = Callable[[str, str, float], None]
#: Attempts at one request to a backend, the first and the longest wait between two of them, s.
#: Together they outlast the minute after which a service takes posts again.
ATTEMPTS, FIRST_WAIT, LONGEST_WAIT = 8, 1.0, 60.0
#: Waits before the looks for a job whose submission was not answered, s: lists lag behind.
LOOKS = (0.0, 1.0, 4.0)
#: First and longest wait between two looks at jobs under way, s.
FIRST_POLL, LONGEST_POLL = 0.5, 60.0


@dataclass(frozen=True)
class Driver:
    """Brings the jobs of one run to their outcomes."""

    writer: RunWriter
    plan: Plan
    backend: Backend
    watch: Watch

    def complete(self, *, wait: bool, retry_failed: bool, progress: Callable[[str], None]) -> None:
        """Bring all jobs to their outcomes.

        Args:
            wait: wait for jobs under way.
            retry_failed: begin with another attempt at each job that failed or was cancelled.
            progress: called with the name of each step as it begins.

        Raises:
            BackendFailure: the backend cannot be reached, refuses a job, or a job has failed.
            Incomplete: jobs are under way, or it was interrupted.
        """
        try:
            if retry_failed:
                self.retry_failed()
            progress(self._announced())
            self.submit_all()
            if self.plan.hardware is not None:
                progress("waiting for the jobs")
            self.collect_all(wait=wait)
        except KeyboardInterrupt:
            raise Incomplete(
                f"interrupted; nothing is lost; go on with: recycling resume {self.writer.run.path}"
            ) from None

    def submit_all(self) -> None:
        """Submit every job that has no outcome and is not under way.

        Raises:
            BackendFailure: the backend refuses a job or cannot be reached.
        """
        try:
            for job in self.plan.jobs:
                record = self._settled(job)
                if record.state in ("planned", "intended"):
                    self._submit(job, record)
        finally:
            self._close()

    def collect_all(self, *, wait: bool) -> None:
        """Fetch the outcomes of all jobs, waiting for them if asked.

        Raises:
            Incomplete: jobs are under way, and ``wait`` is False.
            BackendFailure: the backend cannot be reached, or a job has failed.
        """
        pause = FIRST_POLL
        while pending := [job for job in self.plan.jobs if self._state(job) == "submitted"]:
            started = monotonic()
            progressed = [self._collect(job) for job in pending]
            if any(progressed):
                pause = FIRST_POLL
            elif not wait:
                break
            else:
                # Short jobs are fetched at once, a queue of hours is not asked every second.
                sleep(max(0.0, pause - (monotonic() - started)))
                pause = min(1.5 * pause, LONGEST_POLL)
        self._conclude()

    def retry_failed(self) -> None:
        """Begin another attempt at each job that failed or was cancelled."""
        for job in self.plan.jobs:
            record = self.writer.run.journal(job)
            if record.state in ("failed", "cancelled"):
                self.writer.save(record.another_attempt(self._run_id))

    def cancel_all(self) -> int:
        """Cancel every job under way; returns their number."""
        count = 0
        for job in self.plan.jobs:
            record = self._settled(job)
            if record.state == "submitted" and self._cancelled(record.current.id or ""):
                self.writer.save(record.update("cancelled", reason="on request"))
                count += 1
        return count

    def _announced(self) -> str:
        """What is about to be submitted, and what it costs."""
        if self.plan.hardware is None:
            return "simulating"
        names = {j.name for j in self.plan.jobs if self._state(j) in ("planned", "intended")}
        if not names:
            return "looking for the jobs"
        costs = self.plan.cost.jobs if self.plan.cost is not None else ()
        seconds = sum(cost.qpu_seconds for cost in costs if cost.job.name in names)
        return f"submitting {len(names)} jobs, in all about {seconds:.0f} s of QPU time"

    def _close(self) -> None:
        """Close what was opened for the jobs. A failure is noted: the jobs do not depend on it."""
        try:
            self._patiently(self.backend.close)
        except BackendFailure as failure:
            self.writer.note("not closed", reason=str(failure))

    def _cancelled(self, job_id: str) -> bool:
        """Cancel a job; returns whether it could be: one that is over has an outcome to fetch."""
        try:
            self._patiently(lambda: self.backend.cancel(job_id))
        except BackendFailure as failure:
            if failure.transient:
                raise
            return False
        return True

    def _find(self, tag: str) -> str | None:
        return self._patiently(lambda: self.backend.find(tag))

    @property
    def _run_id(self) -> str:
        return str(self.writer.run.record["run_id"])

    def _state(self, job: Job) -> str:
        return self.writer.run.journal(job).state

    def _settled(self, job: Job) -> JobRecord:
        """Journal of a job; an intent is settled first: the backend may have accepted it."""
        record = self.writer.run.journal(job)
        if record.state != "intended":
            return record
        record = self._with_lost_attempts(job, record)
        job_id = self._find(record.current.tag)
        return record if job_id is None else self._submitted(record, job_id)

    def _with_lost_attempts(self, job: Job, record: JobRecord) -> JobRecord:
        """Where a journal was lost, later attempts may have been made: their tags are known."""
        if record.current.reason != LOST:
            return record
        later = [tag_of(self._run_id, job.name, len(record.attempts) + n) for n in (1, 2, 3)]
        made = [number for number, tag in enumerate(later, start=1) if self._find(tag) is not None]
        for _ in range(max(made, default=0)):
            record = self.writer.save(record.update("failed"))
            record = self.writer.save(record.another_attempt(self._run_id))
        return record

    def _submit(self, job: Job, record: JobRecord) -> None:
        if record.state == "planned":
            record = self.writer.save(record.another_attempt(self._run_id))
        tag, pubs = record.current.tag, self.plan.pubs(job)
        sent = False

        def submit() -> str:
            nonlocal sent
            # Once it was sent, nobody knows but the backend: ask before it is sent again.
            if sent and (found := self._look(tag)) is not None:
                return found
            sent = True
            return self.backend.submit(job, pubs, tag)

        self.watch(job.name, "submitting", self._done())
        try:
            job_id = self._patiently(submit)
        except BackendFailure as failure:
            if failure.transient:
                raise  # the intent stays, and is settled by the next resume
            # An answer that cannot be read looks like a refusal.
            found = self._patiently(lambda: self._look(tag))
            if found is None:
                self.writer.save(record.update("failed", reason=str(failure)))
                raise
            job_id = found
        record = self._submitted(record, job_id)
        # The service's client may have posted again by itself: of several jobs the oldest is kept.
        oldest = self._find(tag)
        if oldest not in (None, job_id):
            self._submitted(record, str(oldest))

    def _look(self, tag: str) -> str | None:
        """Look for a job whose submission was not answered, more than once: lists lag behind."""
        for wait in LOOKS:
            sleep(wait)
            found = self.backend.find(tag)
            if found is not None:
                return found
        return None

    def _submitted(self, record: JobRecord, job_id: str) -> JobRecord:
        self.watch(record.name, "submitted", self._done())
        return self.writer.save(record.update("submitted", id=job_id, group=self.backend.group))

    def _collect(self, job: Job) -> bool:
        """Look at one job, and fetch it if it is done; returns whether it came to an end."""
        record = self.writer.run.journal(job)
        job_id = record.current.id or ""
        status = self._patiently(lambda: self.backend.poll(job_id))
        if status.state == "done":
            self.watch(job.name, "fetching", self._done())
            outcomes = self._patiently(lambda: self._fetch(job, job_id))
            self.writer.store(record, outcomes)
            self.writer.note("done", job=job.name)
        elif status.state in FINAL:
            self.writer.save(record.update(status.state, reason=status.reason))  # type: ignore[arg-type]
            self.writer.note(status.state, job=job.name, reason=status.reason)
        self.watch(job.name, status.state, self._done())
        return status.state in FINAL

    def _fetch(self, job: Job, job_id: str) -> Outcomes:
        pubs = self.plan.pubs(job)
        try:
            outcomes = self.backend.fetch(job, pubs, job_id)
        except BackendFailure as failure:
            # The job is done and paid for, and to ask again costs nothing: whatever the fault.
            raise BackendFailure(str(failure), transient=True) from None
        found = outcomes.shots if outcomes.table is None else outcomes.table
        expected = expected_shape(job, pubs)
        if found is None or found.shape != expected:
            shape = None if found is None else found.shape
            raise BackendFailure(
                f"{job.name}: the result has the shape {shape} instead of {expected}",
                transient=True,
            )
        return outcomes

    def _done(self) -> float:
        """Fraction of the jobs that is done."""
        return sum(self._state(job) == "done" for job in self.plan.jobs) / len(self.plan.jobs)

    def _conclude(self) -> None:
        run, jobs = self.writer.run, self.plan.jobs
        records = [run.journal(job) for job in jobs]
        failed = [r for r in records if r.state in ("failed", "cancelled")]
        done = sum(r.state == "done" for r in records)
        if done + len(failed) < len(jobs):
            raise Incomplete(
                f"{done} of {len(jobs)} jobs are done, the others are under way; fetch them with: "
                f"recycling resume {run.path}"
            )
        if failed:
            first = failed[0]
            reason = first.current.reason or "the backend gives no reason"
            others = f" (and {len(failed) - 1} more)" if failed[1:] else ""
            raise BackendFailure(
                f"{first.name} {first.state}: {reason}{others}; submit it again with: "
                f"recycling resume --retry-failed {run.path}"
            )
        self.writer.finish()

    def _tell(self, state: RetryCallState) -> None:
        """Tell that a request is repeated, and why."""
        failure = state.outcome.exception() if state.outcome is not None else None
        self.watch("service", f"attempt {state.attempt_number + 1} after: {failure}", self._done())

    def _patiently(self, request: Callable[[], T]) -> T:
        """Repeat a request that fails for a reason that may pass, a few times, ever later."""
        retrying = Retrying(
            retry=retry_if_exception(lambda e: isinstance(e, BackendFailure) and e.transient),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT),
            before_sleep=self._tell,
            reraise=True,
        )
        return retrying(request)
