"""Counts of any design as the tables of inference, with its order of axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.design import FLAG, Design
from circuits.tomography import BASIS_ANGLES

if TYPE_CHECKING:
    import xarray as xr

#: Axes of a table that are no part of a record; the swept parameters form another between them.
_BEFORE_SWEEP = ("arm",)
_AFTER_SWEEP = ("trial", "stage", "preparation", "basis")


def tables_of(counts: xr.DataArray, design: Design) -> NDArray[Any]:
    """Order counts to (arm, point, trial, stage, preparation, basis, record).

    Args:
        counts: counts over the dims of the design, in any order.
        design: design of the experiment.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> from recycling.jobs.counts import counts_of
        >>> counts = counts_of(experiment, {0: np.full((2, 2, 2, 2, 3, 2, 2, 2, 2), 1 / 16)})
        >>> tables_of(counts, experiment.design).shape
        (2, 2, 1, 2, 2, 3, 16)
    """
    record = (FLAG, *design.measured)
    ordered = counts.transpose(*_BEFORE_SWEEP, *design.parameter_names, *_AFTER_SWEEP, *record).sel(
        arm=list(design.arm_names),
        stage=list(design.stages),
        preparation=list(design.preparations),
        basis=list(BASIS_ANGLES),
    )
    after = [ordered.sizes[dim] for dim in _AFTER_SWEEP]
    records = int(np.prod([ordered.sizes[dim] for dim in record]))
    values = np.ascontiguousarray(ordered.values)
    return values.reshape(len(design.arm_names), -1, *after, records)
