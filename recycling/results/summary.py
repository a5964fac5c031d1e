"""The results of a run in one sentence, and as plain data for scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.results.controls import Control, failed_controls
from recycling.results.sweep import sweep_axes, sweep_points
from recycling.results.verdicts import Bound, Verdict, shown_p_x, verdicts

if TYPE_CHECKING:
    import xarray as xr

#: Bounds that a finding is claimed against, and their names in text.
_BOUNDS: Mapping[Bound, str] = {"tight": "Q_tight", "landauer": "Q_Landauer"}


def headline(dataset: xr.Dataset) -> str:
    """The verdict in one sentence or two."""
    parts = [_against(dataset, bound) for bound in _BOUNDS]
    sampled = dataset.attrs.get("shots") != "exact"
    single = " One trial: this holds if nothing drifted." if len(dataset["trial"]) == 1 else ""
    return f"At p_x = {shown_p_x(dataset):g}, {'; '.join(parts)}.{single if sampled else ''}"


def _against(dataset: xr.Dataset, bound: Bound) -> str:
    """Where the heat is below one bound."""
    found = verdicts(dataset, bound=bound)
    count, noun = len(found), f"{sweep_axes(dataset)[0].noun}s"
    below = [verdict for verdict in found if verdict.below]
    if not below:
        return f"ΔQ_B is below {_BOUNDS[bound]} at none of {count} {noun}{_open(found)}"
    strongest = min(verdict.z for verdict in below)
    strength = f" (z down to {strongest:.1f})" if np.isfinite(strongest) else ""
    where = f"{len(below)} of {count} {noun}{_ranges(dataset, found)}"
    return f"ΔQ_B is below {_BOUNDS[bound]} at {where}{strength}"


def _ranges(dataset: xr.Dataset, found: Sequence[Verdict]) -> str:
    """Values between which the heat is below a bound, where one parameter is swept."""
    first, *others = sweep_axes(dataset)
    if others:
        return ""
    ranges = []
    pairs = zip(sweep_points(dataset), found, strict=True)
    for below, group in groupby(pairs, key=lambda pair: pair[1].below):
        values = [value for (value,), _ in group]
        last = f" to {values[-1]:.3f}" if len(values) > 1 else ""
        if below:
            ranges.append(f"{values[0]:.3f}{last}")
    return f", {first.symbol} = {' and '.join(ranges)}"


def _open(found: list[Verdict]) -> str:
    """Findings that fail for want of trials or of an erasure, in brackets."""
    reasons = Counter(v.text for v in found if v.outcome in ("few trials", "erasure not resolved"))
    text = "; ".join(f"{reason} at {count}" for reason, count in reasons.items())
    return f" ({text})" if text else ""


def summary(
    dataset: xr.Dataset, checks: Sequence[Control], files: Mapping[str, Path]
) -> dict[str, Any]:
    """Verdicts and controls of an analysis as plain data, and where its files are.

    Args:
        dataset: the analysis.
        checks: its controls.
        files: paths by what they hold.

    Returns:
        Numbers with their units in the keys; NaN and infinity as they are.
    """
    return {
        "controls_failed": failed_controls(checks),
        "headline": headline(dataset),
        **{
            name: dataset.attrs[name]
            for name in ("data_kind", "trials", "readout", "masked", "warnings")
        },
        "verdicts": [
            {"bound": bound, **point, **_verdict(verdict)}
            for bound in _BOUNDS
            for point, verdict in zip(_points(dataset), verdicts(dataset, bound=bound), strict=True)
        ],
        "controls": [
            {"name": c.name, "expected": c.expected, "found": c.found, "passed": c.passed}
            for c in checks
        ],
        "files": {name: str(path) for name, path in files.items()},
    }


def _points(dataset: xr.Dataset) -> list[dict[str, float]]:
    """Values of the swept parameters at each point, by name."""
    names = [axis.name for axis in sweep_axes(dataset)]
    return [dict(zip(names, point, strict=True)) for point in sweep_points(dataset)]


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "p_x": verdict.p_x,
        "entropy_decrease_nat": verdict.entropy_decrease,
        "entropy_decrease_z": verdict.erasure_z,
        "heat_J": verdict.heat,
        "excess_J": verdict.excess,
        "low_J": verdict.low,
        "high_J": verdict.high,
        "stderr_J": verdict.stderr,
        "z": verdict.z,
        "p_value": verdict.p_value,
        "p_adjusted": verdict.p_adjusted,
        "below": verdict.below,
        "verdict": verdict.text,
    }
