"""Simulators as backends: a job is executed when it is fetched, always to the same outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recycling.devices.device import Device
from recycling.execution.backend import JobProgress
from recycling.jobs.job import Job, Pub
from recycling.jobs.outcomes import Outcomes
from recycling.jobs.status import JobStatus, ListedJob

if TYPE_CHECKING:
    from recycling.execution.registry import Simulate


@dataclass(frozen=True)
class LocalBackend:
    """A simulator, with which nothing is lost: outcomes follow from job and seed alone.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> from recycling.execution.exact import execute_exact
        >>> backend = LocalBackend(execute_exact, device, seed=1, progress=lambda _job, _done: None)
        >>> backend.submit(Job("trial-0", trial=0), [], ["recycling-2f0c-trial-0-1"])
        'recycling-2f0c-trial-0-1'
        >>> backend.poll("recycling-2f0c-trial-0-1").state
        'done'
    """

    simulate: Simulate
    device: Device
    seed: int
    progress: JobProgress
    group: None = None
    list_lag: float = 0.0

    def submit(self, job: Job, pubs: Sequence[Pub], tags: Sequence[str]) -> str:
        """Accept any job: its unique tag is its id."""
        del job, pubs
        return tags[0]

    def find(self, tag: str) -> Sequence[ListedJob]:
        """Nothing is kept here, and nothing is paid for twice."""
        del tag
        return ()

    def poll(self, job_id: str) -> JobStatus:
        """Every job is ready to be fetched."""
        del job_id
        return JobStatus("done")

    def fetch(self, job: Job, pubs: Sequence[Pub], job_id: str) -> Outcomes:
        """Execute the job."""
        del job_id
        seed = job_seed(self.seed, job)
        return self.simulate(job, pubs, self.device, seed, lambda done: self.progress(job, done))

    def cancel(self, job_id: str) -> None:
        """Nothing runs between two calls."""

    def charged(self, job_id: str) -> float | None:
        """Nothing is charged for."""
        del job_id
        return None

    def close(self) -> None:
        """Nothing is open."""


def job_seed(seed: int, job: Job) -> np.random.SeedSequence:
    """Derive the seed of a job: independent of all others, and of the time of its execution.

    Example:
        >>> job_seed(7, Job("trial-1", trial=1)).spawn_key
        (0, 1, 0, 0)
    """
    if job.trial is None:
        return np.random.SeedSequence(seed, spawn_key=(2, *job.name.encode()))
    return np.random.SeedSequence(seed, spawn_key=(0, job.trial, job.points[0], job.first_shot))
