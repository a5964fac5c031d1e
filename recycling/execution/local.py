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
    """A simulator. Nothing is lost with it: outcomes follow from job and seed alone."""

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
    """Seed of a job: independent of all others, and of when and how often it is executed."""
    if job.trial is None:
        return np.random.SeedSequence(seed, spawn_key=(2, *job.name.encode()))
    return np.random.SeedSequence(seed, spawn_key=(0, job.trial, job.points[0], job.first_shot))
