"""From intent to submission, such that no job is submitted twice.

A tag is unique, and is on the disk before its job is submitted. Where an answer is missing, or
another process may have gone on with a copy of the run, only the backend knows whether it accepted
the job: it is asked for the tag before anything is submitted, for as long as its lists may lag.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from recycling.errors import BackendFailure
from recycling.jobs.job import Job
from recycling.running.desk import Desk, pause
from recycling.running.lookup import LATER, Listed
from recycling.store.journal import UNSUCCESSFUL, JobRecord, prediction_tag_of, run_tag_of


@dataclass(frozen=True)
class Submission:
    """Submits the jobs of one run."""

    desk: Desk

    def settle(
        self, *, states: Collection[str] = ("planned", "intended"), retry_failed: bool = False
    ) -> None:
        """Look for what would be submitted, and begin other attempts; nothing is submitted yet.

        Args:
            states: states of jobs that the backend may have accepted without our knowing.
            retry_failed: look for another attempt at unsuccessful jobs too, and begin it.
        """
        again = self.desk.in_state(*UNSUCCESSFUL) if retry_failed else []
        due = [*self.desk.in_state(*states), *again]
        if not due:
            return
        found = self._look(due, again)
        for job in due:
            record = self.desk.lookup.adopted(self.desk.writer.run.journal(job), found)
            if record.state in UNSUCCESSFUL:
                if record.state == "lost":
                    with suppress(BackendFailure):  # whatever it does, nobody waits for it any more
                        self.desk.backend.cancel(record.current.id or "")
                record = self.desk.writer.save(record.another_attempt(self.desk.run_id))
                record = self.desk.lookup.adopted(record, found)
            if record.state == "submitted":
                self.desk.watch(record.name, "submitted", self.desk.done())

    def _look(self, due: Sequence[Job], again: Sequence[Job]) -> Listed:
        """Look for jobs until all are found, or until lists do not lag behind any more."""
        records = [self.desk.writer.run.journal(job) for job in due]
        # A lost journal may have had further attempts.
        tags = {self.desk.lookup.tag(r, ahead) for r in records for ahead in range(LATER + 1)}
        names = {job.name for job in again}
        awaited = {self.desk.lookup.tag(r, int(r.name in names)) for r in records}
        found: Listed = {}
        for wait in self.desk.lookup.waits(fresh=self.desk.writer.fresh):
            pause(wait)
            found = self.desk.patiently(lambda: self.desk.lookup.find(tags))
            if awaited <= found.keys():
                break
        return found

    def submit_all(self) -> None:
        """Submit every job that has no outcome and is not under way."""
        try:
            for job in self.desk.in_state("planned", "intended"):
                self._submit(job, self.desk.writer.run.journal(job))
        except Exception:
            # Not after Ctrl-C: to close asks the service, which may not answer; the next resume
            # closes.
            self._close()
            raise
        self._close()

    def _close(self) -> None:
        """Close what was opened for the jobs. A failure is noted: the jobs do not depend on it."""
        try:
            self.desk.patiently(self.desk.backend.close)
        except BackendFailure as failure:
            self.desk.writer.note("not closed", reason=str(failure))

    def _submit(self, job: Job, record: JobRecord) -> None:
        sealed = self.desk.prediction
        if record.state == "planned":
            record = record.another_attempt(self.desk.run_id)
            record = self.desk.writer.save(record.attesting(sealed))
        elif record.current.prediction != sealed:
            record = self.desk.writer.save(record.attesting(sealed))
        tags = (run_tag_of(self.desk.run_id), *([prediction_tag_of(sealed)] if sealed else ()))
        tag, pubs = record.current.tag, self.desk.work.planned.pubs(job)
        sent = 0

        def submit() -> str:
            nonlocal sent
            # Once it was sent, nobody knows but the backend: ask before it is sent again.
            if sent and (found := self._accepted(tag)) is not None:
                return found
            sent += 1
            return self.desk.backend.submit(job, pubs, (tag, *tags))

        self.desk.watch(job.name, "submitting", self.desk.done())
        try:
            job_id = self.desk.patiently(submit)
        except BackendFailure as failure:
            if failure.transient:
                raise  # the intent stays, and is settled by the next resume
            # An answer that cannot be read looks like a refusal.
            found = self.desk.patiently(lambda: self._accepted(tag))
            if found is None:
                self.desk.writer.save(record.update("failed", reason=str(failure)))
                raise
            job_id = found
        self._submitted(record, job_id)
        if sent > 1:
            self.desk.book_surplus()

    def _accepted(self, tag: str) -> str | None:
        """Id of a job whose submission was not answered, if it is found before lists catch up."""
        for wait in self.desk.lookup.waits():
            pause(wait)
            if found := self.desk.lookup.find([tag]):
                return found[tag][0]
        return None

    def _submitted(self, record: JobRecord, job_id: str) -> JobRecord:
        self.desk.watch(record.name, "submitted", self.desk.done())
        return self.desk.writer.save(
            record.update("submitted", id=job_id, group=self.desk.backend.group, reason="")
        )
