"""The interface of all backends: prepare, submit, poll, fetch, cancel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recycling.devices.answers import JobStatus, ListedJob
from recycling.jobs import Job, Pub

Progress = Callable[[float], None]
#: Called with a job that is executed here and the fraction of it that is done.
JobProgress = Callable[[Job, float], None]


@dataclass(frozen=True)
class Outcomes:
    """What came out of a job, for PUBs of one shape.

    ``shots`` (uint8 array of shape (pub, *sweep, shots)) holds the bits of each shot as a number,
    in the order of the shots, the first classical register its lowest bit. Where there are no
    single shots, ``table`` (array of shape (pub, *sweep, 2ⁿ)) has a probability for each such
    number (shots = "exact") or a count (runs of schema 1).
    ``record`` is what else the backend tells, e.g. of timing; it can be written as JSON.
    """

    bits: int
    shots: NDArray[np.uint8] | None = None
    table: NDArray[np.float64] | NDArray[np.int64] | None = None
    record: Mapping[str, Any] = field(default_factory=dict)

    def counts(self) -> NDArray[np.int64] | NDArray[np.float64]:
        """Counts, or probabilities (array of shape (pub, *sweep, 2, …, 2), first bit first)."""
        if self.shots is None:
            assert self.table is not None
            table: NDArray[Any] = self.table
        else:
            # One histogram for all: each row of shots has a range of bins of its own.
            rows = self.shots.reshape(-1, self.shots.shape[-1])
            size = 2**self.bits
            bins = rows + size * np.arange(len(rows))[:, None]
            table = np.bincount(bins.ravel(), minlength=size * len(rows)).reshape(
                *self.shots.shape[:-1], size
            )
        sweep = table.shape[:-1]
        by_bit = table.reshape(*sweep, *(2,) * self.bits)
        axes = range(len(sweep), by_bit.ndim)
        return by_bit.transpose(*range(len(sweep)), *reversed(axes))


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
