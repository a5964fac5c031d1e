"""The jobs of a run in rounds, by when they are submitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recycling.jobs.job import Job


@dataclass(frozen=True)
class Stages:
    """The jobs of a run by when they are submitted.

    Attributes:
        rounds: jobs of each round. Those of the first include what comes before all trials.
        closing: jobs after all trials.

    Example:
        >>> from recycling.jobs.job import Job
        >>> names = ("bracket-before", None), ("trial-0", 0), ("trial-1", 1), ("after", None)
        >>> stages = Stages.of([Job(name, trial) for name, trial in names])
        >>> [[job.name for job in jobs] for jobs in stages.rounds]
        [['bracket-before', 'trial-0'], ['trial-1']]
    """

    rounds: tuple[tuple[Job, ...], ...]
    closing: tuple[Job, ...]

    @classmethod
    def of(cls, jobs: Sequence[Job]) -> Stages:
        """Stages of jobs in the order of their submission."""
        trials = [place for place, job in enumerate(jobs) if job.trial is not None]
        rounds: dict[int, list[Job]] = {}
        trial = 0
        for job in jobs[: trials[-1] + 1]:
            # A calibration between two trials belongs to the round before it.
            trial = trial if job.trial is None else job.trial
            rounds.setdefault(trial, []).append(job)
        return cls(tuple(map(tuple, rounds.values())), tuple(jobs[trials[-1] + 1 :]))
