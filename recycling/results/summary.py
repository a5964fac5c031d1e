"""The results of a run in a sentence, and as plain data for scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.inference.statistics.significance import CLAIMED, NAMES_OF_CLAIMED
from recycling.results.controls import Control, failed_controls
from recycling.results.dataset import shown_p_x
from recycling.results.link_gains import channel_of, link_gains
from recycling.results.sweep import sweep_axes
from recycling.results.verdicts import Verdict, verdicts

if TYPE_CHECKING:
    import xarray as xr

#: Names of the two ledgers of a run with a link.
_NET, _STRICT = "net against separate", "strict"


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
    net = "; ".join(
        _against(verdicts(dataset, bound=bound), dataset, "ΔQ_B", NAMES_OF_CLAIMED[bound])
        for bound in CLAIMED
    )
    link = channel_of(dataset.attrs)
    if link is not None:
        found = verdicts(dataset, bound="strict_tight")
        strict = _against(found, dataset, "ΔQ_B + link heat", NAMES_OF_CLAIMED["tight"])
        if link.transmissivity == 0:
            strict = "unknown, since nothing arrives"
        net = f"{_NET}: {net}; {_STRICT}: {strict}. {_of_the_link(dataset)}"
    sampled = dataset.attrs.get("shots") != "exact"
    single = " One trial: this holds if nothing drifted." if len(dataset["trial"]) == 1 else ""
    return f"At p_x = {shown_p_x(dataset):g}, {net}.{single if sampled else ''}"


def _against(found: list[Verdict], dataset: xr.Dataset, heat: str, bound: str) -> str:
    """Say where a heat is below a bound."""
    below = [verdict for verdict in found if verdict.below]
    if not below:
        noun = sweep_axes(dataset)[0].noun
        return f"{heat} is below {bound} at none of {len(found)} {noun}s{_open(found)}"
    strongest = min(verdict.z for verdict in below)
    strength = f" (z down to {strongest:.1f})" if np.isfinite(strongest) else ""
    where = _places(dataset, [verdict.below for verdict in found])
    return f"{heat} is below {bound} at {where}{strength}"


def _of_the_link(dataset: xr.Dataset) -> str:
    """Say how much of the gain the link makes alone."""
    gains = link_gains(dataset)
    assert gains is not None  # there is a link
    share = gains.share
    if np.isnan(share).all():
        return "No gain is resolved"
    everything, most = share == 1, float(np.max(share[share < 1], initial=0))

    def part(of: str) -> str:
        return f"{100 * most:.2g} % of {of} at most" if most else f"none of {of}"

    if not everything.any():
        return f"The link alone makes {part('the gain')}"
    elsewhere = f", elsewhere {part('it')}" if (share < 1).any() else ""
    where = _places(dataset, list(everything))
    return f"The link alone makes all of the gain at {where}{elsewhere}"


def _places(dataset: xr.Dataset, there: Sequence[bool]) -> str:
    """Number of points, and between which values where a single parameter is swept."""
    first, *others = sweep_axes(dataset)
    where = f"{sum(there)} of {len(there)} {first.noun}s"
    if others:
        return where
    ranges = []
    for inside, group in groupby(zip(there, first.values, strict=True), key=itemgetter(0)):
        values = [value for _, value in group]
        last = f" to {values[-1]:.3f}" if len(values) > 1 else ""
        if inside:
            ranges.append(f"{values[0]:.3f}{last}")
    return f"{where}, {first.symbol} = {' and '.join(ranges)}"


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
            for bound in CLAIMED
            for verdict in verdicts(dataset, bound=bound)
        ],
        **_ledgers(dataset),
        "controls": [
            {"name": c.name, "expected": c.expected, "found": c.found, "passed": c.passed}
            for c in checks
        ],
        "files": {name: str(path) for name, path in files.items()},
    }


def _ledgers(dataset: xr.Dataset) -> dict[str, Any]:
    """Verdicts of the strict ledger, and what the link makes alone; nothing without a link."""
    link, gains = channel_of(dataset.attrs), link_gains(dataset)
    if link is None or gains is None:
        return {}
    net, strict = verdicts(dataset), verdicts(dataset, bound="strict_tight")
    rows = zip(net, strict, gains.gain, gains.alone, gains.made_by_link, strict=True)
    return {
        "verdict_ledger": _NET,
        "link": {
            **asdict(link),
            "ledger": _STRICT,
            "verdicts": [
                {
                    "bound": "tight",
                    **verdict.point,
                    **_verdict(verdict),
                    "link_heat_J": verdict.heat - beside.heat,
                    "gain_J": float(gain),
                    "link_gain_J": float(alone),
                    "link_makes": made,
                }
                for beside, verdict, gain, alone, made in rows
            ],
        },
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
