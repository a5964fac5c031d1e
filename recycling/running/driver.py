"""Bring the jobs of a run from intent to outcome, such that none is lost or submitted twice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from shlex import quote

from recycling.errors import BackendFailure, Incomplete, resumable
from recycling.execution.backend import Backend
from recycling.jobs.status import JobStatus
from recycling.running.collecting import Collector
from recycling.running.desk import Desk
from recycling.running.submitting import Submission
from recycling.running.work import Conduct, Watch, Work
from recycling.store.journal import UNSUCCESSFUL
from recycling.store.writer import RunWriter


@dataclass(frozen=True)
class Driver:
    """Brings the jobs of one run to their outcomes."""

    writer: RunWriter
    work: Work
    backend: Backend
    watch: Watch

    @cached_property
    def desk(self) -> Desk:
        """What submission and collection share."""
        return Desk(self.writer, self.work, self.backend, self.watch)

    def complete(self, conduct: Conduct) -> None:
        """Bring all jobs to their outcomes.

        Raises:
            BackendFailure: the backend cannot be reached or refuses a job, or a job has failed or
                is lost; the others were fetched.
            Incomplete: jobs are under way, or it was interrupted.
        """
        submission, collector = Submission(self.desk), Collector(self.desk)
        with resumable(self.writer.run.path):
            collector.ask_again(must=conduct.retry_failed)
            submission.settle(retry_failed=conduct.retry_failed)
            conduct.progress(self._announced())
            submission.submit_all()
            if self.work.remote:
                conduct.progress("waiting for the jobs")
            collector.collect_all(wait=conduct.wait)
            self.check_done()
            self.writer.finish()

    def cancel_all(self) -> int:
        """Cancel every job under way; returns their number.

        Raises:
            BackendFailure: the backend did not answer for some of them; the others are cancelled.
        """
        if not self.desk.in_state("intended", "submitted"):
            return 0
        Submission(self.desk).settle(states=("intended",))
        count, failures = 0, []
        for job in self.desk.in_state("submitted"):
            record = self.writer.run.journal(job)
            try:
                status = self._cancelled(record.current.id or "")
            except BackendFailure as failure:
                failures.append(failure)
                continue
            if status is not None:
                self.writer.save(record.update(status.state, reason=status.reason))  # type: ignore[arg-type]
                count += status.state == "cancelled"
        self.desk.patiently(lambda: self.desk.lookup.book_surplus(self.work.jobs))
        if failures:
            raise failures[0]
        return count

    def _announced(self) -> str:
        """What is about to be submitted, and what it costs."""
        if not self.work.remote:
            return "simulating"
        names = {j.name for j in self.work.jobs if self.desk.state(j) in ("planned", "intended")}
        if not names:
            return "looking for the jobs"
        costs = self.work.cost.jobs if self.work.cost is not None else ()
        seconds = sum(cost.qpu_seconds for cost in costs if cost.job.name in names)
        return f"submitting {len(names)} jobs, in all about {seconds:.0f} s of QPU time"

    def _cancelled(self, job_id: str) -> JobStatus | None:
        """Cancel a job; returns what it is now, None where it is over and has an outcome."""
        try:
            self.desk.patiently(lambda: self.backend.cancel(job_id))
        except BackendFailure as failure:
            if failure.transient:
                raise
            status = self.desk.patiently(lambda: self.backend.poll(job_id))
            return status if status.state == "lost" else None
        return JobStatus("cancelled", "on request")

    def check_done(self) -> None:
        """Check that all jobs have their outcomes.

        Raises:
            BackendFailure: a job has failed, was cancelled or got lost.
            Incomplete: jobs are under way.
        """
        run, jobs = self.writer.run, self.work.jobs
        records = [run.journal(job) for job in jobs]
        failed = [r for r in records if r.state in UNSUCCESSFUL]
        done = sum(r.state == "done" for r in records)
        if done + len(failed) < len(jobs):
            raise Incomplete(
                f"{done} of {len(jobs)} jobs are done, the others are under way; fetch them with: "
                f"recycling resume {quote(str(run.path))}"
            )
        if failed:
            first = failed[0]
            reason = first.current.reason or "the backend gives no reason"
            others = f" (and {len(failed) - 1} more)" if failed[1:] else ""
            raise BackendFailure(
                f"{first.name} {first.state}: {reason}{others}; submit it again with: "
                f"recycling resume --retry-failed {quote(str(run.path))}"
            )
