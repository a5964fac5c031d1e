"""From submission to outcome, such that no outcome that is paid for is lost."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

from recycling.errors import BackendFailure
from recycling.jobs.job import Job, expected_shape
from recycling.jobs.outcomes import Outcomes
from recycling.jobs.status import JobStatus
from recycling.running.desk import Desk, pause
from recycling.store.journal import FINAL, UNSUCCESSFUL

#: First and longest wait between two looks at jobs under way, s.
FIRST_POLL, LONGEST_POLL = 0.5, 60.0


@dataclass(frozen=True)
class Collector:
    """Fetches the outcomes of the jobs of one run."""

    desk: Desk

    def collect_all(self, *, wait: bool, last: bool = True) -> None:
        """Fetch the outcomes of all jobs, waiting for them if asked.

        One that cannot be fetched stops no other one: it is told when nothing else is left. Surplus
        jobs are looked for until lists must show them if these are the ``last`` jobs of the run.
        """
        step = FIRST_POLL
        while pending := self.desk.in_state("submitted"):
            started = monotonic()
            self.desk.book_surplus()
            ended, failures = self._pass(pending)
            if ended:
                step = FIRST_POLL
            elif failures and (not wait or len(failures) == len(pending)):
                raise failures[0]
            elif not wait:
                break
            else:
                # Short jobs are fetched at once, a queue of hours is not asked every second.
                pause(max(0.0, step - (monotonic() - started)))
                step = min(1.5 * step, LONGEST_POLL)
        else:
            if not last:
                return
            self._book_surplus_at_the_end()
            # A surplus job may have taken the place of one that failed.
            if self.desk.in_state("submitted"):
                self.collect_all(wait=wait)

    def _pass(self, pending: Sequence[Job]) -> tuple[int, list[BackendFailure]]:
        """Look at each job; returns how many came to an end, and what went wrong with others."""
        ended = 0
        failures: list[BackendFailure] = []
        attempts: int | None = None  # as many as usual
        for job in pending:
            try:
                ended += self._collect(job, attempts)
                attempts = None
            except BackendFailure as failure:
                failures.append(failure)
                # A service that is away is not waited for once for every job.
                attempts = 1
        return ended, failures

    def ask_again(self, *, must: bool) -> None:
        """Ask once more for lost jobs: they cost nothing, where another attempt is paid again.

        Raises:
            BackendFailure: no answer, though there ``must`` be one before another attempt is made.
        """
        for job in self.desk.in_state("lost"):
            try:
                self._collect(job, attempts=None if must else 1)
            except BackendFailure:
                if must:
                    raise

    def _book_surplus_at_the_end(self) -> None:
        """Look for surplus jobs when lists must show all that was submitted."""
        pause(self.desk.lookup.behind(self.desk.work.jobs))
        self.desk.patiently(lambda: self.desk.lookup.book_surplus(self.desk.work.jobs))

    def _collect(self, job: Job, attempts: int | None) -> bool:
        """Look at one job, and fetch it if it is done; returns whether it came to an end."""
        record = self.desk.writer.run.journal(job)
        job_id = record.current.id or ""
        status = self.desk.patiently(lambda: self.desk.backend.poll(job_id), attempts)
        if status.state == "done":
            self.desk.watch(job.name, "fetching", self.desk.done())
            try:
                # The job is paid for, and to ask again costs nothing: whatever the fault.
                outcomes = self.desk.patiently(
                    lambda: self._fetch(job, job_id), attempts, repeat=lambda _failure: True
                )
            except BackendFailure as failure:
                if failure.transient or (attempts is not None and record.state != "lost"):
                    raise
                status = JobStatus("lost", str(failure))
            else:
                self.desk.writer.store(record, outcomes)
                self.desk.writer.note("done", job=job.name)
        known = (record.state, record.current.reason) == (status.state, status.reason)
        if status.state in UNSUCCESSFUL and not known:
            told = self._charged(status, job_id)
            self.desk.writer.save(record.update(status.state, reason=status.reason, **told))  # type: ignore[arg-type]
            self.desk.writer.note(status.state, job=job.name, reason=status.reason)
        elif status.state not in FINAL and record.state == "lost":
            self.desk.writer.save(record.update("submitted", reason=""))
        self.desk.watch(job.name, status.state, self.desk.done())
        return status.state in FINAL

    def _charged(self, status: JobStatus, job_id: str) -> dict[str, Any]:
        """Entry of a journal for what a job without outcomes was charged, where the service says.

        The budget of the run counts it.
        """
        seconds = None
        if status.state != "lost":
            with suppress(BackendFailure):
                seconds = self.desk.backend.charged(job_id)
        if seconds is None:
            return {}
        return {"record": {"metrics": {"usage": {"qpu_charge_time_seconds": seconds}}}}

    def _fetch(self, job: Job, job_id: str) -> Outcomes:
        pubs = self.desk.work.planned.pubs(job)
        outcomes = self.desk.backend.fetch(job, pubs, job_id)
        found = outcomes.shots if outcomes.table is None else outcomes.table
        expected = expected_shape(job, pubs)
        if found is None or found.shape != expected:
            shape = None if found is None else found.shape
            raise BackendFailure(
                f"{job.name}: the result has the shape {shape} instead of {expected}"
            )
        return outcomes
