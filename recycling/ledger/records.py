"""Rows of what has to be forgotten later: the flag, and the index of the failed branch."""

from __future__ import annotations

from collections.abc import Iterator
from math import log, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.constants import k as boltzmann
from scipy.special import entr

from circuits.design import FLAG, RECYCLING
from recycling.inference.states.estimates import QUANTILE
from recycling.inference.statistics.interval import Interval
from recycling.ledger.energies import Erasure
from recycling.ledger.rows import Row
from recycling.results.dataset import POINT, by_point
from recycling.thermodynamics import binary_entropy, record_cost

if TYPE_CHECKING:
    import xarray as xr

    from circuits.design import Design

Real = NDArray[np.float64]


def flag_row(erasure: Erasure, record_temperature: float, origin: str) -> Row:
    """Cost of the record that says whether the branch failed, k_B T_rec H(p_branch).

    Args:
        erasure: the estimates.
        record_temperature: where the record is erased, K.
        origin: where that temperature comes from, in words.

    Example:
        >>> import xarray as xr
        >>> from recycling.results.schema import LIMITS
        >>> from recycling.thermodynamics import Bath
        >>> name = "branch_probability_combined"
        >>> branch = xr.DataArray([0.75, 0.7, 0.8], {"limit": list(LIMITS)}, name=name)
        >>> erasure = Erasure(branch.to_dataset(), Bath.qubit(), "measured", "B")
        >>> f"{flag_row(erasure, 0.043, '= 0.043 K').joule:.2e} J"
        '3.34e-25 J'
    """
    branch = erasure.get("branch_probability")
    ends = sorted(float(binary_entropy(np.clip(end, 0, 1))) for end in branch.ends.values())
    # The entropy is largest in between, where an interval holds 1/2.
    high = log(2) if branch.low <= 0.5 <= branch.high else ends[-1]
    value = float(binary_entropy(np.clip(branch.value, 0, 1)))
    unit = boltzmann * record_temperature
    note = (
        f"k T_rec H(p) with p = {branch.value:.4f} of this run, T_rec {origin}; both arms keep it"
    )
    return Row.of("flag record", Interval(value * unit, ends[0] * unit, high * unit),
                  record_temperature, "modelled", note)  # fmt: skip


def branch_rows(
    counts: xr.DataArray, design: Design, index: int, record_temperature: float, origin: str
) -> Iterator[Row]:
    """Cost of the index of the failed branch, k_B T_rec H(m), where there are several.

    Args:
        counts: counts or probabilities of the run.
        design: its design.
        index: point of the sweep.
        record_temperature: where the record is erased, K.
        origin: where that temperature comes from, in words.

    Example:
        >>> from dataclasses import replace
        >>> import xarray as xr
        >>> from circuits import HHL
        >>> design = replace(HHL([[2, -1], [-1, 2]]).design, failure=(0, 1))
        >>> table = np.full((2, 2, 2, 1, 3, 1, 2, 2, 2, 2), 100)
        >>> counts = xr.DataArray(table, {"arm": list(design.arm_names)}, dims=design.dims)
        >>> [f"{row.joule:.2e} J" for row in branch_rows(counts, design, 0, 0.043, "= 0.043 K")]
        ['4.12e-25 J']
    """
    if len(design.failure) < 2:
        return
    point = by_point(counts.sel(arm=RECYCLING), design.parameter_names).isel({POINT: index})
    records = point.sum([dim for dim in point.dims if dim != FLAG]).values[list(design.failure)]
    total = float(records.sum())
    if not total > 0:
        return
    share = records / total
    unit = boltzmann * record_temperature
    cost = float(record_cost(share, record_temperature))
    # Of infinitely many shots the counts are probabilities.
    error = 0.0 if counts.dtype.kind == "f" else QUANTILE * _deviation(share) / sqrt(total)
    low, high = max(cost - unit * error, 0.0), min(cost + unit * error, unit * log(len(share)))
    note = (
        f"k T_rec H(m) of {len(share)} failed branches as recorded, T_rec {origin}; paid where the "
        "index m is kept"
    )
    yield Row.of("branch record", Interval(cost, low, max(high, cost)), record_temperature,
                 "modelled", note)  # fmt: skip


def _deviation(share: Real) -> float:
    """Standard deviation of -ln p of a branch, which is that of H(m) times √shots."""
    entropy = float(entr(share).sum())
    surprise = np.log(share, out=np.zeros_like(share), where=share > 0)
    return sqrt(max(float((share * surprise**2).sum()) - entropy**2, 0.0))
