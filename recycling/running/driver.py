"""Bring the jobs of a run from intent to outcome, such that none is lost or submitted twice.

A tag is unique, and is on the disk before its job is submitted. Where an answer is missing, or
another process may have gone on with a copy of the run, only the backend knows whether it accepted
the job: it is asked for the tag before anything is submitted, for as long as its lists may lag.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from time import monotonic, sleep
from typing import Any, TypeVar

import tenacity

from recycling.errors import BackendFailure, Incomplete, resumable
from recycling.execution.backend import Backend
from recycling.execution.ibm.answers import JobStatus
from recycling.jobs.job import Job, expected_shape
from recycling.jobs.outcomes import Outcomes
from recycling.planning.plan import Plan
from recycling.running.lookup import LATER, Listed, Lookup
from recycling.store.journal import FINAL, UNSUCCESSFUL, JobRecord, run_tag_of
from recycling.store.writer import RunWriter

T = TypeVar("T")
#: Called with the name of a job, its state, and the fraction of all jobs that is done.
Watch = Callable[[str, str, float], None]
#: Attempts at one request to a backend, the first and the longest wait between two of them, s.
#: Together they outlast the minute after which a service takes posts again.
ATTEMPTS, FIRST_WAIT, LONGEST_WAIT = 8, 1.0, 60.0
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
            retry_failed: begin another attempt at each job that failed, was cancelled or is lost.
            progress: called with the name of each step as it begins.

        Raises:
            BackendFailure: the backend cannot be reached or refuses a job, or a job has failed or
                is lost; the others were fetched.
            Incomplete: jobs are under way, or it was interrupted.
        """
        with resumable(self.writer.run.path):
            self._ask_again(must=retry_failed)
            self._settle(retry_failed=retry_failed)
            progress(self._announced())
            self._submit_all()
            if self.plan.hardware is not None:
                progress("waiting for the jobs")
            self._collect_all(wait=wait)

    def cancel_all(self) -> int:
        """Cancel every job under way; returns their number.

        Raises:
            BackendFailure: the backend did not answer for some of them; the others are cancelled.
        """
        if not self._in_state("intended", "submitted"):
            return 0
        self._settle(states=("intended",))
        count, failures = 0, []
        for job in self._in_state("submitted"):
            record = self.writer.run.journal(job)
            try:
                status = self._cancelled(record.current.id or "")
            except BackendFailure as failure:
                failures.append(failure)
                continue
            if status is not None:
                self.writer.save(record.update(status.state, reason=status.reason))  # type: ignore[arg-type]
                count += status.state == "cancelled"
        self._patiently(lambda: self._lookup.book_surplus(self.plan.jobs))
        if failures:
            raise failures[0]
        return count

    def _submit_all(self) -> None:
        """Submit every job that has no outcome and is not under way."""
        try:
            for job in self._in_state("planned", "intended"):
                self._submit(job, self.writer.run.journal(job))
        except Exception:
            # Not after Ctrl-C: to close asks the service, which may not answer; the next resume
            # closes.
            self._close()
            raise
        self._close()

    def _collect_all(self, *, wait: bool) -> None:
        """Fetch the outcomes of all jobs, waiting for them if asked.

        One that cannot be fetched stops no other one: it is told when nothing else is left.
        """
        pause = FIRST_POLL
        while pending := self._in_state("submitted"):
            started = monotonic()
            self._book_surplus()
            ended, failures = self._pass(pending)
            if ended:
                pause = FIRST_POLL
            elif failures and (not wait or len(failures) == len(pending)):
                raise failures[0]
            elif not wait:
                break
            else:
                # Short jobs are fetched at once, a queue of hours is not asked every second.
                sleep(max(0.0, pause - (monotonic() - started)))
                pause = min(1.5 * pause, LONGEST_POLL)
        else:
            self._book_surplus_at_the_end()
            # A surplus job may have taken the place of one that failed.
            if self._in_state("submitted"):
                return self._collect_all(wait=wait)
        self._conclude()

    def _pass(self, pending: Sequence[Job]) -> tuple[int, list[BackendFailure]]:
        """Look at each job; returns how many came to an end, and what went wrong with others."""
        ended, failures, attempts = 0, [], ATTEMPTS
        for job in pending:
            try:
                ended += self._collect(job, attempts)
                attempts = ATTEMPTS
            except BackendFailure as failure:
                failures.append(failure)
                # A service that is away is not waited for once for every job.
                attempts = 1
        return ended, failures

    def _ask_again(self, *, must: bool) -> None:
        """Ask once more for lost jobs: they cost nothing, where another attempt is paid again.

        Raises:
            BackendFailure: no answer, though there ``must`` be one before another attempt is made.
        """
        for job in self._in_state("lost"):
            try:
                self._collect(job, attempts=ATTEMPTS if must else 1)
            except BackendFailure:
                if must:
                    raise

    def _settle(
        self, *, states: Collection[str] = ("planned", "intended"), retry_failed: bool = False
    ) -> None:
        """Look for what would be submitted, and begin other attempts; nothing is submitted yet.

        Args:
            states: states of jobs that the backend may have accepted without our knowing.
            retry_failed: look for another attempt at unsuccessful jobs too, and begin it.
        """
        again = self._in_state(*UNSUCCESSFUL) if retry_failed else []
        due = [*self._in_state(*states), *again]
        if not due:
            return
        found = self._look(due, again)
        for job in due:
            record = self._lookup.adopted(self.writer.run.journal(job), found)
            if record.state in UNSUCCESSFUL:
                if record.state == "lost":
                    with suppress(BackendFailure):  # whatever it does, nobody waits for it any more
                        self.backend.cancel(record.current.id or "")
                record = self.writer.save(record.another_attempt(self._run_id))
                record = self._lookup.adopted(record, found)
            if record.state == "submitted":
                self.watch(record.name, "submitted", self._done())

    def _look(self, due: Sequence[Job], again: Sequence[Job]) -> Listed:
        """Look for jobs until all are found, or until lists do not lag behind any more."""
        records = [self.writer.run.journal(job) for job in due]
        # A lost journal may have had further attempts.
        tags = {self._lookup.tag(r, ahead) for r in records for ahead in range(LATER + 1)}
        names = {job.name for job in again}
        awaited = {self._lookup.tag(r, int(r.name in names)) for r in records}
        found: Listed = {}
        for wait in self._lookup.waits(fresh=self.writer.fresh):
            sleep(wait)
            found = self._patiently(lambda: self._lookup.find(tags))
            if awaited <= found.keys():
                break
        return found

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

    def _cancelled(self, job_id: str) -> JobStatus | None:
        """Cancel a job; returns what it is now, None where it is over and has an outcome."""
        try:
            self._patiently(lambda: self.backend.cancel(job_id))
        except BackendFailure as failure:
            if failure.transient:
                raise
            status = self._patiently(lambda: self.backend.poll(job_id))
            return status if status.state == "lost" else None
        return JobStatus("cancelled", "on request")

    @cached_property
    def _lookup(self) -> Lookup:
        return Lookup(
            self.writer, self.backend, lambda text: self.watch("service", text, self._done())
        )

    def _in_state(self, *states: str) -> list[Job]:
        return [job for job in self.plan.jobs if self._state(job) in states]

    @property
    def _run_id(self) -> str:
        return str(self.writer.run.record["run_id"])

    def _state(self, job: Job) -> str:
        return self.writer.run.journal(job).state

    def _submit(self, job: Job, record: JobRecord) -> None:
        if record.state == "planned":
            record = self.writer.save(record.another_attempt(self._run_id))
        tag, pubs = record.current.tag, self.plan.pubs(job)
        sent = 0

        def submit() -> str:
            nonlocal sent
            # Once it was sent, nobody knows but the backend: ask before it is sent again.
            if sent and (found := self._accepted(tag)) is not None:
                return found
            sent += 1
            return self.backend.submit(job, pubs, (tag, run_tag_of(self._run_id)))

        self.watch(job.name, "submitting", self._done())
        try:
            job_id = self._patiently(submit)
        except BackendFailure as failure:
            if failure.transient:
                raise  # the intent stays, and is settled by the next resume
            # An answer that cannot be read looks like a refusal.
            found = self._patiently(lambda: self._accepted(tag))
            if found is None:
                self.writer.save(record.update("failed", reason=str(failure)))
                raise
            job_id = found
        self._submitted(record, job_id)
        if sent > 1:
            self._book_surplus()

    def _accepted(self, tag: str) -> str | None:
        """Id of a job whose submission was not answered, if it is found before lists catch up."""
        for wait in self._lookup.waits():
            sleep(wait)
            if found := self._lookup.find([tag]):
                return found[tag][0]
        return None

    def _submitted(self, record: JobRecord, job_id: str) -> JobRecord:
        self.watch(record.name, "submitted", self._done())
        return self.writer.save(
            record.update("submitted", id=job_id, group=self.backend.group, reason="")
        )

    def _book_surplus(self) -> None:
        """Look for surplus jobs; if nobody can be asked now, the next look finds them."""
        with suppress(BackendFailure):
            self._lookup.book_surplus(self.plan.jobs)

    def _book_surplus_at_the_end(self) -> None:
        """Look for surplus jobs when lists must show all that was submitted."""
        sleep(self._lookup.behind(self.plan.jobs))
        self._patiently(lambda: self._lookup.book_surplus(self.plan.jobs))

    def _collect(self, job: Job, attempts: int) -> bool:
        """Look at one job, and fetch it if it is done; returns whether it came to an end."""
        record = self.writer.run.journal(job)
        job_id = record.current.id or ""
        status = self._patiently(lambda: self.backend.poll(job_id), attempts)
        if status.state == "done":
            self.watch(job.name, "fetching", self._done())
            try:
                # The job is paid for, and to ask again costs nothing: whatever the fault.
                outcomes = self._patiently(
                    lambda: self._fetch(job, job_id), attempts, repeat=lambda _failure: True
                )
            except BackendFailure as failure:
                if failure.transient or (attempts < ATTEMPTS and record.state != "lost"):
                    raise
                status = JobStatus("lost", str(failure))
            else:
                self.writer.store(record, outcomes)
                self.writer.note("done", job=job.name)
        known = (record.state, record.current.reason) == (status.state, status.reason)
        if status.state in UNSUCCESSFUL and not known:
            told = self._charged(status, job_id)
            self.writer.save(record.update(status.state, reason=status.reason, **told))  # type: ignore[arg-type]
            self.writer.note(status.state, job=job.name, reason=status.reason)
        elif status.state not in FINAL and record.state == "lost":
            self.writer.save(record.update("submitted", reason=""))
        self.watch(job.name, status.state, self._done())
        return status.state in FINAL

    def _charged(self, status: JobStatus, job_id: str) -> dict[str, Any]:
        """Entry of a journal for what a job without outcomes was charged, where the service says.

        The budget of the run counts it.
        """
        seconds = None
        if status.state != "lost":
            with suppress(BackendFailure):
                seconds = self.backend.charged(job_id)
        if seconds is None:
            return {}
        return {"record": {"metrics": {"usage": {"qpu_charge_time_seconds": seconds}}}}

    def _fetch(self, job: Job, job_id: str) -> Outcomes:
        pubs = self.plan.pubs(job)
        outcomes = self.backend.fetch(job, pubs, job_id)
        found = outcomes.shots if outcomes.table is None else outcomes.table
        expected = expected_shape(job, pubs)
        if found is None or found.shape != expected:
            shape = None if found is None else found.shape
            raise BackendFailure(
                f"{job.name}: the result has the shape {shape} instead of {expected}"
            )
        return outcomes

    def _done(self) -> float:
        """Fraction of the jobs that is done."""
        return sum(self._state(job) == "done" for job in self.plan.jobs) / len(self.plan.jobs)

    def _conclude(self) -> None:
        run, jobs = self.writer.run, self.plan.jobs
        records = [run.journal(job) for job in jobs]
        failed = [r for r in records if r.state in UNSUCCESSFUL]
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

    def _tell(self, state: tenacity.RetryCallState) -> None:
        """Tell that a request is repeated, and why."""
        failure = state.outcome.exception() if state.outcome is not None else None
        self.watch("service", f"attempt {state.attempt_number + 1} after: {failure}", self._done())

    def _patiently(
        self,
        request: Callable[[], T],
        attempts: int | None = None,
        *,
        repeat: Callable[[BackendFailure], bool] = lambda failure: failure.transient,
    ) -> T:
        """Repeat a request that fails for a reason that may pass, a few times, ever later."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda e: isinstance(e, BackendFailure) and repeat(e)
            ),
            stop=tenacity.stop_after_attempt(ATTEMPTS if attempts is None else attempts),
            wait=tenacity.wait_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT),
            before_sleep=self._tell,
            reraise=True,
        )
        return retrying(request)
