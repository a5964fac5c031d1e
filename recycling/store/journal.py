"""The journal of a job: every attempt from its intent to its outcome, in a sealed file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from recycling.jobs.job import Job
from recycling.store.files import Damaged, read_whole, seal, unseal, write_whole
from recycling.store.schema import Checksum, ServiceRecord, first_fault

State = Literal[
    "planned", "intended", "submitted", "done", "failed", "cancelled", "lost", "unneeded"
]  # fmt: skip
#: States from which nothing follows by itself. Lost: accepted, but its outcome cannot be fetched.
FINAL = frozenset({"done", "failed", "cancelled", "lost"})
#: States of which another attempt may be made.
UNSUCCESSFUL = FINAL - {"done"}
#: States of the jobs of a complete run. Unneeded: the run was settled, or given up, without it.
COMPLETE = frozenset({"done", "unneeded"})
#: Reason of an attempt whose tag alone is known.
LOST = "its journal was damaged"
#: Beginning of the tag that attests a prediction.
PREDICTION_TAG = "prediction:"


class Attempt(BaseModel):
    """An attempt at a job.

    ``tag`` is unique and is written and synced before the submission; ``id`` is the backend's
    name for the job; ``group`` the batch or session it runs in; ``times`` says when each state
    was reached (UTC, ISO 8601); ``shots_checksum`` is that of the stored outcomes; ``prediction``
    is the SHA-256 of the sealed prediction that the tags of the submitted job carry.

    Example:
        >>> attempt = Attempt(tag=tag_of("2f0c", "trial-0", 1))
        >>> attempt.become("submitted", id="job-1").state
        'submitted'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tag: str
    state: State = "intended"
    id: str | None = None
    group: str | None = None
    reason: str = ""
    times: dict[str, str] = {}
    record: dict[str, Any] = {}
    shots_checksum: Checksum | None = None
    prediction: Checksum | None = None

    @field_validator("record")
    @classmethod
    def _is_readable(cls, record: dict[str, Any]) -> dict[str, Any]:
        try:
            ServiceRecord.model_validate(record)
        except ValidationError as error:
            raise ValueError(first_fault(error)) from None
        return record

    def become(self, state: State, **changes: Any) -> Attempt:
        """Copy in another state, with the time of the change."""
        times = self.times | {state: now()}
        return self.model_copy(update={"state": state, "times": times, **changes})


class Surplus(BaseModel):
    """A job that the backend accepted beside that of an attempt; ``qpu_seconds`` is its cost.

    ``state`` is the state last seen, at ``time`` (UTC, ISO 8601); the cost is None until it is
    known.

    Example:
        >>> Surplus(id="job-2", tag="recycling-2f0c-trial-0-1", state="cancelled").settled
        False
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    tag: str
    state: str
    qpu_seconds: float | None = None
    time: str = ""

    @property
    def settled(self) -> bool:
        """Whether its state and its cost are final."""
        return self.state in FINAL and self.qpu_seconds is not None


class JobRecord(BaseModel):
    """A job and its attempts, of which the last is current, and the jobs accepted beside them.

    ``unneeded`` says that the run stopped before the job, or another attempt at it, was submitted.

    Example:
        >>> record = JobRecord(name="trial-0")
        >>> record.state
        'planned'
        >>> record = record.another_attempt("2f0c").update("submitted", id="job-1")
        >>> record.state, record.current.tag
        ('submitted', 'recycling-2f0c-trial-0-1')
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    attempts: tuple[Attempt, ...] = ()
    surplus: tuple[Surplus, ...] = ()
    unneeded: bool = False

    @property
    def state(self) -> State:
        """State of the current attempt; "planned" before the first, or "unneeded"."""
        if self.unneeded:
            return "unneeded"
        return self.attempts[-1].state if self.attempts else "planned"

    @property
    def current(self) -> Attempt:
        """The current attempt."""
        return self.attempts[-1]

    def update(self, state: State, **changes: Any) -> JobRecord:
        """Copy with the current attempt in another state."""
        return self.with_current(self.current.become(state, **changes))

    def with_current(self, attempt: Attempt) -> JobRecord:
        """Copy with another current attempt in place of the present one."""
        return self.model_copy(update={"attempts": (*self.attempts[:-1], attempt)})

    def attesting(self, sha256: str | None) -> JobRecord:
        """Copy whose current attempt carries the checksum of a sealed prediction in its tags."""
        return self.with_current(self.current.model_copy(update={"prediction": sha256}))

    def another_attempt(self, run_id: str) -> JobRecord:
        """Copy with a new attempt, whose tag follows from its number: a lost job can be found."""
        attempt = Attempt(tag=tag_of(run_id, self.name, len(self.attempts) + 1)).become("intended")
        return self.model_copy(update={"attempts": (*self.attempts, attempt)})


def tag_of(run_id: str, job: str, attempt: int) -> str:
    """Tag of an attempt, unique over all runs.

    Example:
        >>> tag_of("2f0c", "trial-0", 1)
        'recycling-2f0c-trial-0-1'
    """
    return f"recycling-{run_id}-{job}-{attempt}"


def run_tag_of(run_id: str) -> str:
    """Tag that all jobs of a run share, so that a single query lists them.

    Example:
        >>> run_tag_of("2f0c")
        'run:2f0c'
    """
    return f"run:{run_id}"


def prediction_tag_of(sha256: str) -> str:
    """Tag of all jobs of a run that attests its prediction, of 75 characters.

    Example:
        >>> len(prediction_tag_of("0" * 64))
        75
    """
    return f"{PREDICTION_TAG}{sha256}"


def now() -> str:
    """Time in UTC, ISO 8601, to the millisecond.

    Example:
        >>> len(now()) == len("2026-01-31T12:00:00.000+00:00")
        True
    """
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def journal_path(run: Path, job: str) -> Path:
    """File of a job's journal.

    Example:
        >>> journal_path(Path("runs/small"), "trial-0").as_posix()
        'runs/small/jobs/trial-0.json'
    """
    return run / "jobs" / f"{job}.json"


def write_journal(run: Path, record: JobRecord) -> None:
    """Write the journal of a job, complete and synced.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     (Path(folder) / "jobs").mkdir()
        ...     write_journal(Path(folder), JobRecord(name="trial-0"))
        ...     unseal(journal_path(Path(folder), "trial-0").read_bytes())
        {'name': 'trial-0', 'attempts': []}
    """
    # Without these entries a journal is the same as before they existed.
    unused = {name for name in ("surplus", "unneeded") if not getattr(record, name)}
    content = record.model_dump(mode="json", exclude=unused)
    for attempt in content["attempts"]:
        if attempt["prediction"] is None:
            del attempt["prediction"]
    write_whole(journal_path(run, record.name), seal(content))


def has_tags_of(record: JobRecord, run_id: str) -> bool:
    """Whether every attempt has the tag that follows from the run, the job and its number.

    Example:
        >>> record = JobRecord(name="trial-0").another_attempt("2f0c")
        >>> has_tags_of(record, "2f0c"), has_tags_of(record, "another run")
        (True, False)
    """
    tags = [attempt.tag for attempt in record.attempts]
    return tags == [tag_of(run_id, record.name, number + 1) for number in range(len(tags))]


def read_journal(run: Path, run_id: str, job: Job) -> JobRecord:
    """Read the journal of a job. It exists from the beginning of the run.

    Raises:
        Damaged: the file is missing, is not what was written, or is of another job or run.
        OSError: as for ``read_whole``.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from types import SimpleNamespace
        >>> with TemporaryDirectory() as folder:
        ...     (Path(folder) / "jobs").mkdir()
        ...     write_journal(Path(folder), JobRecord(name="trial-0"))
        ...     read_journal(Path(folder), "2f0c", SimpleNamespace(name="trial-0")).state
        'planned'
    """
    try:
        content = unseal(read_whole(journal_path(run, job.name)))
        record = JobRecord.model_validate(content)
    except ValidationError as error:
        raise Damaged(f"it cannot be read: {first_fault(error)}") from None
    if record.name != job.name:
        raise Damaged("it belongs to another job")
    if not has_tags_of(record, run_id):
        raise Damaged(f"it belongs to another run: tag = {record.attempts[0].tag!r}")
    if fault := _contradiction(record):
        raise Damaged(f"it contradicts itself: {fault}")
    return record


def _contradiction(record: JobRecord) -> str:
    """Describe the first state that lacks what it implies; empty where there is none."""
    for number, attempt in enumerate(record.attempts, start=1):
        if attempt.state in ("planned", "unneeded"):
            return f"attempt {number} is only {attempt.state}"
        if attempt.state == "submitted" and not attempt.id:
            return f"attempt {number} is submitted without an id"
        if attempt.state == "done" and not attempt.shots_checksum:
            return f"attempt {number} is done without a checksum of its shots"
        if attempt.state not in FINAL and number < len(record.attempts):
            return f"attempt {number} of {len(record.attempts)} is {attempt.state}"
    return ""
