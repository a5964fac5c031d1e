"""From a Dataset to the results of an analysis: one for each quantity, arm and point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qiskit_experiments.framework import AnalysisResultData
from uncertainties import ufloat

from recycling.inference.states.estimates import QUANTILE
from recycling.results.dataset import POINT, by_point, shown_p_x, swept
from recycling.results.schema import VARIABLES
from recycling.results.verdicts import Verdict, verdicts

if TYPE_CHECKING:
    import xarray as xr

#: Quantities of each arm and point, all trials together, at the p_x that is shown.
QUANTITIES = (
    "entropy_decrease", "heat", "bound_landauer", "bound_tight", "bound_athermal",
    "excess_landauer", "excess_tight", "excess_athermal",
)  # fmt: skip
#: Bounds that have a verdict.
BOUNDS = ("tight", "landauer")


def results_of(dataset: xr.Dataset) -> Iterator[AnalysisResultData]:
    """Make the results of an analysis.

    Every value is a number with its standard error (SI units, entropies in nats), and a verdict its
    text. ``extra`` holds unit, arm, swept values, p_x, the ends of the 95 % interval, and of what
    is tested z; a verdict has the p-values and the excess with its interval.

    Quality is "bad" without a finite value, "unknown" of a single trial, whose drift nobody knows,
    and "good" else.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.6], "p_x": [0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> from recycling.jobs.counts import counts_of
        >>> from recycling.results.analysis import analyse_counts
        >>> counts = counts_of(experiment, {0: np.full((2, 2, 2, 1, 3, 2, 2, 2, 2), 1 / 16)})
        >>> found = list(results_of(analyse_counts(experiment, counts, {"data_kind": "simulated"})))
        >>> len(found), found[-1].name, found[-1].value
        (18, 'verdict_landauer', 'nothing erased')
    """
    trials, kind = dataset.sizes["trial"], dataset.attrs["data_kind"]
    for arm in dataset["arm"].values.tolist():
        for name in QUANTITIES:
            yield from _of_quantity(dataset, name, arm, trials, kind)
    for bound in BOUNDS:
        for verdict in verdicts(dataset, bound=bound):  # type: ignore[arg-type]
            yield _of_verdict(verdict, bound, kind)


def _of_quantity(
    dataset: xr.Dataset, name: str, arm: str, trials: int, kind: str
) -> Iterator[AnalysisResultData]:
    p_x, parameters = shown_p_x(dataset), swept(dataset)
    names = [f"{name}_combined{end}" for end in ("", "_stderr", "_z")]
    held = dataset[[each for each in names if each in dataset]].sel(arm=arm, p_x=p_x)
    points = by_point(held, parameters)
    limits = points[names[0]].transpose(POINT, "limit").values
    stderr = points[names[1]].values if names[1] in points else _stderr(limits)
    for index, (value, low, high) in enumerate(limits.tolist()):
        extra: dict[str, Any] = {
            "unit": VARIABLES[name].units,
            "arm": arm,
            **{parameter: float(points[parameter][index]) for parameter in parameters},
            "p_x": p_x,
            "low": low,
            "high": high,
            "data_kind": kind,
        }
        if names[2] in points:
            extra["z"] = float(points[names[2]][index])
        quality = _quality(value, trials)
        # A number without error is none with an error of 0.
        number = ufloat(value, stderr[index]) if quality != "bad" and stderr[index] else value
        yield AnalysisResultData(name, number, quality=quality, extra=extra)


def _of_verdict(verdict: Verdict, bound: str, kind: str) -> AnalysisResultData:
    extra: Mapping[str, Any] = {
        "arm": verdict.arm,
        **verdict.point,
        "p_x": verdict.p_x,
        "unit": "J",
        "excess": verdict.excess,
        "low": verdict.interval.low,
        "high": verdict.interval.high,
        "z": verdict.z,
        "p_value": verdict.p_value,
        "p_adjusted": verdict.p_adjusted,
        "data_kind": kind,
    }
    quality = _quality(verdict.excess, verdict.trials)
    return AnalysisResultData(f"verdict_{bound}", verdict.text, quality=quality, extra={**extra})


def _stderr(limits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard errors from 95 % limits (array of shape (point, 3)), where none are kept."""
    width: NDArray[np.float64] = (limits[:, 2] - limits[:, 1]) / (2 * QUANTILE)
    return np.where(np.isfinite(width), width, np.nan)


def _quality(value: float, trials: int) -> str:
    if not np.isfinite(value):
        return "bad"
    return "good" if trials > 1 else "unknown"
