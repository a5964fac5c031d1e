"""Counts of every setting, put together from the outcomes of jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.allocation import Allocation
from circuits.design import Design
from circuits.tomography import BASIS_ANGLES
from recycling.jobs.job import Job
from recycling.jobs.outcomes import Outcomes
from recycling.spec.experiment import Experiment

if TYPE_CHECKING:
    import xarray as xr


def trial_counts(
    design: Design,
    outcomes: Iterable[tuple[Job, Outcomes]],
    allocation: Allocation | None = None,
) -> NDArray[Any]:
    """Put together the counts of a trial from its jobs.

    Args:
        design: design of the experiment.
        outcomes: all jobs of the trial with their outcomes.
        allocation: how the shots are shared out; None for equal shots.

    Returns:
        Array of shape (arm, stage, preparation, point, basis, flag, *measured), an axis for each
        measured qubit. The axis "flag" has the records of all flags, the first flag the lowest bit.

    Example:
        >>> from circuits import HHL
        >>> job = Job("trial-0", trial=0, points=(0, 2), shots=100)
        >>> outcomes = Outcomes(bits=4, shots=np.zeros((8, 2, 3, 100), dtype=np.uint8))
        >>> trial_counts(HHL([[2, -1], [-1, 2]]).design, [(job, outcomes)]).shape
        (2, 2, 2, 2, 3, 2, 2, 2, 2)
    """
    parts: dict[tuple[int, int], Any] = {}
    for job, outcome in outcomes:
        counts = outcome.counts()
        record = counts.shape[-outcome.bits :]
        if allocation is not None and job.shots is not None:
            entries = counts.reshape(-1, *record)
            counts = allocation.points(*job.points).together(entries)
        # Beside other circuits, outcomes of equal shots are flat too.
        counts = counts.reshape(len(design.settings), -1, len(BASIS_ANGLES), *record)
        parts[job.points] = parts.get(job.points, 0) + counts
    table = np.concatenate([parts[points] for points in sorted(parts)], axis=1)
    return by_setting(design, flags_together(design, table))


def table_of_trial(design: Design, counts: NDArray[Any]) -> NDArray[Any]:
    """Order the counts of a trial as the table of its outcomes: the inverse of ``trial_counts``.

    Args:
        design: design of the experiment.
        counts: array of shape (arm, stage, preparation, point, basis, flag, *measured).

    Returns:
        Array of shape (setting, point, basis, record), the first recorded bit the lowest.

    Example:
        >>> from circuits import HHL
        >>> design = HHL([[2, -1], [-1, 2]]).design
        >>> table_of_trial(design, np.zeros((2, 2, 2, 5, 3, 2, 2, 2, 2), dtype=int)).shape
        (8, 5, 3, 16)
    """
    setting, flag = 5, 5
    measured = range(setting + 1, counts.ndim)
    lowest_last = counts.transpose([*range(setting), *reversed(measured), flag])
    return lowest_last.reshape(len(design.settings), *counts.shape[3:setting], -1)


def counts_of(experiment: Experiment, by_trial: Mapping[int, NDArray[Any]]) -> xr.DataArray:
    """Label the ``trial_counts`` of all trials with the dims of the design.

    Example:
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ...     measurement={"shots": 100, "trials": 2},
        ... )
        >>> counts = np.zeros((2, 2, 2, 2, 3, 2, 2, 2, 2), dtype=int)
        >>> counts_of(experiment, {0: counts, 1: counts}).sizes["trial"]
        2
    """
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
    """Coordinates of the dims of the settings, in their order.

    Example:
        >>> from circuits import HHL
        >>> setting_coordinates(HHL([[2, -1], [-1, 2]]).design)["stage"]
        ['before', 'after']
    """
    return {
        "arm": list(design.arm_names),
        "stage": list(design.stages),
        "preparation": list(design.preparations),
    }


def by_setting(design: Design, table: NDArray[Any]) -> NDArray[Any]:
    """Reshape a table of the PUBs (setting, ...) to (arm, stage, preparation, ...).

    Example:
        >>> from circuits import HHL
        >>> by_setting(HHL([[2, -1], [-1, 2]]).design, np.zeros((8, 5, 3))).shape
        (2, 2, 2, 5, 3)
    """
    lengths = (len(names) for names in setting_coordinates(design).values())
    return table.reshape(*lengths, *table.shape[1:])


def flags_together(design: Design, table: NDArray[Any]) -> NDArray[Any]:
    """Merge the axes of all flags into an axis of their records.

    Args:
        design: design of the experiment.
        table: array whose last axes are the recorded bits: (..., *flags, *measured).

    Returns:
        Array of shape (..., record of the flags, *measured), the first flag the lowest bit.

    Example:
        >>> from circuits import HHL
        >>> flags_together(HHL([[2, -1], [-1, 2]]).design, np.zeros((8, 5, 2, 2, 2, 2))).shape
        (8, 5, 2, 2, 2, 2)
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
