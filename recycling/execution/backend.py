"""The interface of all backends: prepare, submit, poll, fetch, cancel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from recycling.jobs.job import Job, Pub
from recycling.jobs.outcomes import Outcomes
from recycling.jobs.status import JobStatus, ListedJob

Progress = Callable[[float], None]
#: Called with a job that is executed here and the fraction of it that is done.
JobProgress = Callable[[Job, float], None]


class Backend(Protocol):
    """Where jobs are executed. Made by ``recycling.execution.prepare``.

    Raises:
        BackendFailure: from every method: the backend failed, refused, or did not answer.
    """

    @property
    def group(self) -> str | None:
        """Id of the batch or session that submitted jobs run in, if there is one."""

    @property
    def list_lag(self) -> float:
        """Longest time after which an accepted job is found by its tags, s."""

    def submit(self, job: Job, pubs: Sequence[Pub], tags: Sequence[str]) -> str:
        """Submit a job under its tags, the first one unique, and return its id."""

    def find(self, tag: str) -> Sequence[ListedJob]:
        """All jobs with a tag that the backend has accepted, the oldest first."""

    def poll(self, job_id: str) -> JobStatus:
        """State of a job."""

    def fetch(self, job: Job, pubs: Sequence[Pub], job_id: str) -> Outcomes:
        """Outcomes of a finished job."""

    def cancel(self, job_id: str) -> None:
        """Cancel a job that is not finished."""

    def charged(self, job_id: str) -> float | None:
        """QPU time that a job is charged for, s; None where it is not known, or not yet."""

    def close(self) -> None:
        """All jobs are submitted: close what was opened for them."""


@dataclass(frozen=True)
class Submitted:
    """A job as somebody submitted it: circuits on the chip, with their values, shots and tags.

    ``created`` says when, by the service (ISO 8601), if it says so.
    """

    id: str
    pubs: tuple[Pub, ...]
    shots: int
    tags: tuple[str, ...] = ()
    created: str | None = None


class Recalls(Protocol):
    """A backend that tells what was submitted to it.

    Raises:
        BadInput: there is no such job.
        BackendFailure: as ``Backend``; or the content of the job is gone, or of another kind.
    """

    def submitted(self, job_id: str) -> Submitted:
        """What was submitted as a job."""
