"""Counts of every setting, put together from the outcomes of jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.design import Design
from circuits.tomography import BASIS_ANGLES
from recycling.jobs.job import Job
from recycling.jobs.outcomes import Outcomes
from recycling.spec.experiment import Experiment

if TYPE_CHECKING:
    import xarray as xr


def trial_counts(design: Design, outcomes: Iterable[tuple[Job, Outcomes]]) -> NDArray[Any]:
    """Counts of one trial, its jobs put together.

    Args:
        design: design of the experiment.
        outcomes: all jobs of the trial with what came out of them.

    Returns:
        Array of shape (arm, stage, preparation, point, basis, flag, *measured), one axis for each
        measured qubit; the axis "flag" counts the records of all flags, the first the lowest bit.
    """
    parts: dict[tuple[int, int], Any] = {}
    for job, outcome in outcomes:
        parts[job.points] = parts.get(job.points, 0) + outcome.counts()
    whole = np.concatenate([parts[points] for points in sorted(parts)], axis=1)
    return by_setting(design, flags_together(design, whole))


def counts_of(experiment: Experiment, by_trial: Mapping[int, NDArray[Any]]) -> xr.DataArray:
    """Counts over the dims of the design, from the ``trial_counts`` of each trial."""
    import xarray as xr

    design = experiment.design
    shape = tuple(len(values) for values in experiment.coordinates.values())
    axis = design.dims.index("trial")
    on_grid = [_unflattened(counts, shape) for counts in by_trial.values()]
    coordinates: dict[str, Any] = {
        **setting_coordinates(design),
        **experiment.coordinates,
        "basis": list(BASIS_ANGLES),
        "trial": list(by_trial),
    }
    return xr.DataArray(
        np.stack(on_grid, axis=axis), dims=design.dims, coords=coordinates, name="counts"
    )


def setting_coordinates(design: Design) -> dict[str, list[str]]:
    """Coordinates of the dims that a circuit stands for, in their order."""
    return {
        "arm": list(design.arm_names),
        "stage": list(design.stages),
        "preparation": list(design.preparations),
    }


def by_setting(design: Design, table: NDArray[Any]) -> NDArray[Any]:
    """Table of the PUBs (setting, ...) over (arm, stage, preparation, ...)."""
    lengths = (len(names) for names in setting_coordinates(design).values())
    return table.reshape(*lengths, *table.shape[1:])


def flags_together(design: Design, table: NDArray[Any]) -> NDArray[Any]:
    """Table with one axis for the record of all flags in place of an axis for each flag.

    Args:
        design: design of the experiment.
        table: array whose last axes are the recorded bits: (..., *flags, *measured).

    Returns:
        Array of shape (..., record of the flags, *measured), the first flag the lowest bit.
    """
    flags, measured = len(design.flags), len(design.measured)
    first = table.ndim - flags - measured
    axes = [*range(first), *reversed(range(first, first + flags)), *range(-measured, 0)]
    lowest_last = table.transpose([axis % table.ndim for axis in axes])
    return lowest_last.reshape(
        *table.shape[:first], design.flag_records, *table.shape[table.ndim - measured :]
    )


def _unflattened(counts: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Counts (arm, stage, preparation, point, ...) with an axis for each swept parameter."""
    return counts.reshape(*counts.shape[:3], *shape, *counts.shape[4:])
