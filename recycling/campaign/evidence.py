"""What a campaign takes from a finished run: metrics, calibration of the bath, checksums, times."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.inference.bath.brackets import Bracket
from recycling.inference.statistics.significance import CLAIMED
from recycling.results.calibrations import calibrations
from recycling.results.verdicts import verdicts

if TYPE_CHECKING:
    import xarray as xr

    from recycling.store.directory import Run

#: Our journals keep milliseconds, s.
_OUR_DIGIT = 1e-3


def metrics_of(run: Run, dataset: xr.Dataset) -> dict[str, float]:
    """Compute the metrics of a finished run, but for those that other runs decide.

    Args:
        run: the run.
        dataset: its analysis.

    Returns:
        Values by name, of which all are finite: what a run does not determine is left out.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> with TemporaryDirectory() as folder:
        ...     run = recycling.run(experiment, out=f"{folder}/run")
        ...     metrics = metrics_of(run, recycling.analyse(run))
        >>> sorted(metrics)
        ['entropy_decrease', 'saving_landauer', 'saving_tight', 'success', 'success_fidelity']
    """
    found = {"success": 1.0}
    fidelity = dataset["success_fidelity_combined"].sel(limit="value").values
    found["success_fidelity"] = _extreme(np.min, fidelity.ravel())
    for bound in CLAIMED:
        of_points = verdicts(dataset, bound=bound)
        found[f"saving_{bound}"] = _extreme(np.max, [-each.excess for each in of_points])
        found[f"below_{bound}"] = _extreme(np.max, [-each.z for each in of_points])
    found["entropy_decrease"] = _extreme(np.min, [each.entropy_decrease for each in of_points])
    bracket, _ = brackets_of(run)
    if bracket is not None:
        found["t1"], found["t2"] = bracket.t1.value, bracket.t2.value
        errors = bracket.false_excited.value + bracket.false_ground.value
        found["readout_fidelity"] = 1 - errors / 2
        found["ground_population"] = 1 - bracket.thermal_population.value
    return {name: float(value) for name, value in found.items() if isfinite(value)}


def brackets_of(run: Run) -> tuple[Bracket | None, Bracket | None]:
    """Brackets before and after a run; None where there is none.

    Example:
        >>> from types import SimpleNamespace
        >>> brackets_of(SimpleNamespace(jobs=()))
        (None, None)
    """
    names = [job.name for job in run.jobs if job.is_bracket]
    if not names:
        return None, None
    known = calibrations(run).brackets
    return known.get(names[0]), known.get(names[-1])


def shots_of(run: Run) -> dict[str, str]:
    """Checksums of the outcomes of a run, by the name of their job.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> with TemporaryDirectory() as folder:
        ...     run = recycling.run(recycling.preset("theory"), out=f"{folder}/run")
        ...     list(shots_of(run))
        ['trial-0']
    """
    journals = (run.journal(job) for job in run.jobs)
    return {
        journal.name: journal.current.shots_checksum
        for journal in journals
        if journal.attempts and journal.current.shots_checksum
    }


def clock_times(run: Run) -> list[tuple[float, float, float]]:
    """Times of jobs by two clocks, s since 1970: sent, created at the service, answered.

    Only machines have a clock of their own. Times are kept with few digits: sent is moved before
    what it may have been, and answered behind, so that rounding is no jump.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> with TemporaryDirectory() as folder:
        ...     run = recycling.run(recycling.preset("theory"), out=f"{folder}/run")
        ...     clock_times(run)
        []
    """
    found = []
    for job in run.jobs:
        for attempt in run.journal(job).attempts:
            stamps = (attempt.record.get("metrics") or {}).get("timestamps") or {}
            created, ours = stamps.get("created"), attempt.times
            sent, server, answered = map(
                _seconds, (ours.get("intended"), created, ours.get("submitted"))
            )
            times = sent - _digit(str(created)), server, answered + _OUR_DIGIT
            if all(map(isfinite, times)):
                found.append(times)
    return found


def _seconds(text: Any) -> float:
    """Time of ISO 8601, s since 1970; NaN where it is none, or has no time zone."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return float("nan")
    return time.timestamp() if time.tzinfo is not None else float("nan")


def _digit(text: str) -> float:
    """Value of the last digit of a time of ISO 8601, s; times are cut, not rounded."""
    digits = re.search(r":\d\d\.(\d+)", text)
    return 10.0 ** -len(digits[1]) if digits else 1.0


def _extreme(choose: Any, values: Iterable[float]) -> float:
    """Extreme of the values that are finite; NaN where there is none."""
    known = [value for value in values if isfinite(value)]
    return float(choose(known)) if known else float("nan")
