"""Counts of any design as the tables that inference takes, their axes in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.design import FLAG, Design
from circuits.tomography import BASIS_ANGLES

if TYPE_CHECKING:
    import xarray as xr

#: Axes of a table that are no part of a record; the swept parameters are one of them.
_BEFORE_SWEEP = ("arm",)
_AFTER_SWEEP = ("trial", "stage", "preparation", "basis")


def tables_of(counts: xr.DataArray, design: Design) -> NDArray[Any]:
    """Counts of (arm, point, trial, stage, preparation, basis, record).

    Args:
        counts: over the dims of the design, in any order.
        design: what was measured.
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
