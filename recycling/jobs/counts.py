"""Counts of every setting, put together from the outcomes of jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.protocol import ARMS, PREPARATIONS, STAGES
from circuits.tomography import BASIS_ANGLES
from recycling.jobs.job import Job
from recycling.jobs.outcomes import Outcomes
from recycling.spec.experiment import Experiment

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
