"""Find the jobs of a run on its backend by their tags, and book those that were accepted twice.

A gateway, a copy of the run directory or a lagging list can lead to two jobs for one tag. Of them
the oldest is kept, since every copy of the run then keeps the same one; the others are cancelled
where they still can be, and stay in the journal with their state and their cost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from recycling.errors import BackendFailure
from recycling.execution.backend import Backend
from recycling.jobs.job import Job
from recycling.store.journal import FINAL, LOST, Attempt, JobRecord, Surplus, now, tag_of
from recycling.store.writer import RunWriter

#: Ids of jobs by tag, the oldest first.
Listed = Mapping[str, Sequence[str]]
#: Waits before the looks for a job that may have been accepted, as parts of the time that lists lag
#: behind. Together they are all of it: what the last look does not find was not accepted.
LOOKS = (0.0, 0.1, 0.3, 0.6)
#: Attempts after the last known one that are looked for where a journal was lost.
LATER = 3
#: States of a job that brings no outcome.
_DEAD = FINAL - {"done"}


@dataclass(frozen=True)
class Lookup:
    """What the backend has under the tags of one run. ``tell`` is called with each new finding."""

    writer: RunWriter
    backend: Backend
    tell: Callable[[str], None]

    def find(self, tags: Collection[str]) -> Listed:
        """Jobs that the backend has with each tag; a tag without one has no entry.

        Raises:
            BackendFailure: it cannot be asked.
        """
        # One query lists all jobs of a run, unless a version began it that gave no such tag.
        common = self.writer.run.record.get("run_tag")
        asked = tags if common is None else [common]
        jobs = {job.id: job for tag in asked for job in self.backend.find(tag)}
        found: dict[str, list[str]] = {}
        for job in jobs.values():
            for tag in set(job.tags) & set(tags):
                found.setdefault(tag, []).append(job.id)
        return found

    def tag(self, record: JobRecord, ahead: int = 0) -> str:
        """Tag of the current attempt of a job (the first one, if there is none), or a later one."""
        number = max(1, len(record.attempts) + ahead)
        return tag_of(str(self.writer.run.record["run_id"]), record.name, number)

    def waits(self, *, fresh: bool = False) -> list[float]:
        """Waits before looks, s. What nobody else can have submitted (fresh) is looked for once."""
        lag = self.backend.list_lag
        return [part * lag for part in (LOOKS if lag and not fresh else LOOKS[:1])]

    def behind(self, jobs: Iterable[Job]) -> float:
        """Time until lists must show all that was submitted, s."""
        attempts = [a for job in jobs for a in self.writer.run.journal(job).attempts]
        times = [
            datetime.fromisoformat(a.times["submitted"]) for a in attempts if "submitted" in a.times
        ]
        lag = self.backend.list_lag
        if not (lag and times):
            return 0.0
        age = (datetime.now(UTC) - max(times)).total_seconds()
        # Another machine's clock may be ahead of this one's.
        return min(max(0.0, lag - age), lag)

    def adopted(self, record: JobRecord, found: Listed) -> JobRecord:
        """Journal of a job, with the job that the backend has accepted for it, if it has one."""
        if record.state == "planned":
            if self.tag(record) not in found:
                return record
            record = self._another_attempt(record)
        record = self._with_lost_attempts(record, found)
        ids = found.get(record.current.tag, ())
        if not ids or record.current.id is not None:
            return record
        group = self.backend.group
        return self.writer.save(record.update("submitted", id=ids[0], group=group, reason=""))

    def _with_lost_attempts(self, record: JobRecord, found: Listed) -> JobRecord:
        """Where a journal was lost, later attempts may have been made: their tags are known."""
        if record.state != "intended" or record.current.reason != LOST:
            return record
        made = [n for n in range(1, LATER + 1) if self.tag(record, n) in found]
        for _ in range(max(made, default=0)):
            record = self._another_attempt(self.writer.save(record.update("failed")))
        return record

    def _another_attempt(self, record: JobRecord) -> JobRecord:
        run_id = str(self.writer.run.record["run_id"])
        return self.writer.save(record.another_attempt(run_id))

    def book_surplus(self, jobs: Iterable[Job]) -> None:
        """Look for jobs beside those that the journals name, cancel them if possible, book them.

        Raises:
            BackendFailure: the backend cannot be asked.
        """
        records = [self.writer.run.journal(job) for job in jobs]
        found = self.find([attempt.tag for record in records for attempt in record.attempts])
        for record in records:
            self._book(self._with_oldest(record, found), found)

    def _with_oldest(self, record: JobRecord, found: Listed) -> JobRecord:
        """Journal that names the oldest of several jobs that bring an outcome, if one does.

        So do a refused submission that was accepted all the same, and a failed job with a double.
        """
        current = record.attempts[-1] if record.attempts else None
        if current is None or current.state not in ("submitted", "failed", "lost"):
            return record
        ids = found.get(current.tag, ())
        if current.state == "submitted" and current.id not in ids:
            return record  # the list lags: which of them is the oldest is not known
        if not set(ids) - {current.id}:
            return record
        alive = (job_id for job_id in ids if self.backend.poll(job_id).state not in _DEAD)
        oldest = next(alive, current.id)
        if oldest == current.id:
            return record
        return self.writer.save(record.update("submitted", id=oldest, reason=""))

    def _book(self, record: JobRecord, found: Listed) -> None:
        known = {attempt.id for attempt in record.attempts}
        booked = {job.id: job for job in record.surplus if job.id not in known}
        for attempt in record.attempts:
            for job_id in found.get(attempt.tag, ()):
                before = booked.get(job_id)
                if job_id in known or (before is not None and before.settled):
                    continue
                booked[job_id] = self._settle(attempt, job_id, found[attempt.tag])
                if before is None or before.state != booked[job_id].state:
                    self._tell(record.name, booked[job_id])
        surplus = tuple(booked.values())
        if surplus != record.surplus:
            self.writer.save(record.model_copy(update={"surplus": surplus}))

    def _settle(self, attempt: Attempt, job_id: str, ids: Sequence[str]) -> Surplus:
        """Cancel a surplus job if that harms no copy of the run, and learn its state and cost."""
        unwanted = attempt.state in _DEAD
        if unwanted or (attempt.id in ids and ids.index(job_id) > ids.index(attempt.id)):
            try:
                self.backend.cancel(job_id)
            except BackendFailure as failure:
                if failure.transient:
                    raise  # otherwise it is over already
        state = self.backend.poll(job_id).state
        seconds = self.backend.charged(job_id) if state in FINAL - {"lost"} else None
        return Surplus(id=job_id, tag=attempt.tag, state=state, qpu_seconds=seconds, time=now())

    def _tell(self, name: str, job: Surplus) -> None:
        self.tell(f"{name}: {describe(job)}")
        details = job.model_dump(mode="json", exclude={"time"})
        self.writer.note("surplus", job=name, **details)


def describe(job: Surplus) -> str:
    """A surplus job in words."""
    cost = "of unknown cost" if job.qpu_seconds is None else f"{job.qpu_seconds:g} s of QPU time"
    return f"surplus job {job.id} ({job.state}, {cost})"
