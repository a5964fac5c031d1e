"""The results of a run in a sentence, and as plain data for scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.results.controls import Control, failed_controls
from recycling.results.dataset import shown_p_x
from recycling.results.sweep import sweep_axes
from recycling.results.verdicts import Bound, Verdict, verdicts

if TYPE_CHECKING:
    import xarray as xr

#: Bounds that a finding is claimed against, and their names in text.
_BOUNDS: Mapping[Bound, str] = {"tight": "Q_tight", "landauer": "Q_Landauer"}


def headline(dataset: xr.Dataset) -> str:
    """Write the verdict in a sentence or two.

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
        >>> from recycling.results.analysis import analyse_counts
        >>> dataset = analyse_counts(experiment, counts, {})
        >>> headline(dataset)
        'At p_x = 0.4, ΔQ_B is below Q_tight at none of 2 angles; ΔQ_B is ...'
    """
    parts = [_against(dataset, bound) for bound in _BOUNDS]
    sampled = dataset.attrs.get("shots") != "exact"
    single = " One trial: this holds if nothing drifted." if len(dataset["trial"]) == 1 else ""
    return f"At p_x = {shown_p_x(dataset):g}, {'; '.join(parts)}.{single if sampled else ''}"


def _against(dataset: xr.Dataset, bound: Bound) -> str:
    """Say where the heat is below a bound."""
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
    """Values between which the heat is below a bound, where a single parameter is swept."""
    first, *others = sweep_axes(dataset)
    if others:
        return ""
    ranges = []
    for below, group in groupby(found, key=lambda verdict: verdict.below):
        values = [verdict.point[first.name] for verdict in group]
        last = f" to {values[-1]:.3f}" if len(values) > 1 else ""
        if below:
            ranges.append(f"{values[0]:.3f}{last}")
    return f", {first.symbol} = {' and '.join(ranges)}"


def _open(found: list[Verdict]) -> str:
    """Findings that fail for lack of trials or of an erasure, in brackets."""
    reasons = Counter(v.text for v in found if v.outcome in ("few trials", "erasure not resolved"))
    text = "; ".join(f"{reason} at {count}" for reason, count in reasons.items())
    return f" ({text})" if text else ""


def summary(
    dataset: xr.Dataset, checks: Sequence[Control], files: Mapping[str, Path]
) -> dict[str, Any]:
    """Collect the verdicts and controls of an analysis as plain data, and the paths of its files.

    Args:
        dataset: the analysis.
        checks: its controls.
        files: paths by their content.

    Returns:
        Numbers with their units in the keys; NaN and infinity as they are.

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
        >>> from recycling.results.analysis import analyse_counts
        >>> dataset = analyse_counts(experiment, counts, {})
        >>> dataset.attrs |= {"data_kind": "simulated", "warnings": ""}
        >>> facts = summary(dataset, checks=[], files={})
        >>> facts["trials"], len(facts["verdicts"])
        ('1 of 1', 4)
    """
    return {
        "controls_failed": failed_controls(checks),
        "headline": headline(dataset),
        **{
            name: dataset.attrs[name]
            for name in ("data_kind", "trials", "readout", "masked", "warnings")
        },
        "verdicts": [
            {"bound": bound, **verdict.point, **_verdict(verdict)}
            for bound in _BOUNDS
            for verdict in verdicts(dataset, bound=bound)
        ],
        "controls": [
            {"name": c.name, "expected": c.expected, "found": c.found, "passed": c.passed}
            for c in checks
        ],
        "files": {name: str(path) for name, path in files.items()},
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "p_x": verdict.p_x,
        "entropy_decrease_nat": verdict.entropy_decrease,
        "entropy_decrease_z": verdict.erasure_z,
        "heat_J": verdict.heat,
        "excess_J": verdict.excess,
        "low_J": verdict.interval.low,
        "high_J": verdict.interval.high,
        "stderr_J": verdict.stderr,
        "z": verdict.z,
        "p_value": verdict.p_value,
        "p_adjusted": verdict.p_adjusted,
        "below": verdict.below,
        "verdict": verdict.text,
    }
