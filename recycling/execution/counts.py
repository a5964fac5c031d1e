"""Counts of every setting, put together from the outcomes of jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.protocol import ARMS, PREPARATIONS, STAGES
from circuits.tomography import BASIS_ANGLES
from recycling.execution import prepare
from recycling.execution.backend import Outcomes
from recycling.experiment import Experiment
from recycling.jobs import Job
from recycling.planning import Plan

if TYPE_CHECKING:
    import xarray as xr

#: Axes of counts: the setting, then the recorded bits.
DIMENSIONS = (
    "arm", "stage", "preparation", "theta_b", "basis", "trial", "flag", "S", "B", "C_I"
)  # fmt: skip


def trial_counts(outcomes: Iterable[tuple[Job, Outcomes]]) -> NDArray[Any]:
    """Counts of one trial, its jobs put together.

    Returns:
        Array of shape (arm, stage, preparation, theta_b, basis, flag, S, B, C_I).
    """
    parts: dict[tuple[int, int], Any] = {}
    for job, outcome in outcomes:
        parts[job.points] = parts.get(job.points, 0) + outcome.counts()
    whole = np.concatenate([parts[points] for points in sorted(parts)], axis=1)
    return whole.reshape(len(ARMS), len(STAGES), len(PREPARATIONS), *whole.shape[1:])


def counts_of(experiment: Experiment, by_trial: Mapping[int, NDArray[Any]]) -> xr.DataArray:
    """Counts over ``DIMENSIONS``, from the ``trial_counts`` of each trial."""
    import xarray as xr

    coordinates = {
        "arm": list(ARMS),
        "stage": list(STAGES),
        "preparation": list(PREPARATIONS),
        "theta_b": experiment.theta_b,
        "basis": list(BASIS_ANGLES),
        "trial": list(by_trial),
    }
    counts = np.stack(list(by_trial.values()), axis=DIMENSIONS.index("trial"))
    return xr.DataArray(counts, dims=DIMENSIONS, coords=coordinates, name="counts")


def simulate_counts(plan: Plan) -> xr.DataArray:
    """Counts of a plan on a simulator, here and now, without a run directory."""
    backend = prepare(plan)
    by_trial: dict[int, list[Job]] = {}
    for job in plan.jobs:
        if job.trial is not None:
            by_trial.setdefault(job.trial, []).append(job)
    # One job's shots at a time: those of all can be more than fits into memory.
    return counts_of(
        plan.experiment,
        {
            trial: trial_counts((j, backend.fetch(j, plan.pubs(j), j.name)) for j in jobs)
            for trial, jobs in by_trial.items()
        },
    )
