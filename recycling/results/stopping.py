"""P-values and intervals at any look, by the Dataset of a run that stops when it is settled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from recycling.inference.states.estimates import CONFIDENCE, QUANTILE
from recycling.inference.statistics.interval import Interval, Intervals
from recycling.inference.statistics.sequential import FIRST_LOOK, nominal_levels, sequential
from recycling.inference.statistics.trials import Scatter, scatter
from recycling.results.dataset import POINT, by_point, shown_p_x, swept

if TYPE_CHECKING:
    import xarray as xr

    from recycling.store.rounds import Until

Real = NDArray[np.float64]

#: Attribute that names the target of such a run; the names of those that say how begin with it.
UNTIL = "until"


def until_attributes(until: Until) -> dict[str, str | int | float]:
    """Make the attributes of a Dataset whose run stops when it is settled.

    Example:
        >>> from recycling.store.rounds import Until
        >>> until_attributes(Until(target="both", rounds=5))["until_spending"]
        'obrien-fleming'
    """
    rule = until.model_dump(mode="json", exclude={"target"})
    return {UNTIL: until.target, **{f"{UNTIL}_{name}": value for name, value in rule.items()}}


def at_any_look(dataset: xr.Dataset) -> Callable[[Real], Real]:
    """Make the function from p-values of the rounds so far to those that hold at any look.

    Of a run that measures all of its trials, p-values stay as they are.

    Example:
        >>> import xarray as xr
        >>> rule = {"until": "both", "until_rounds": 5, "until_spending": "pocock"}
        >>> dataset = xr.Dataset(coords={"trial": [0, 1]}, attrs=rule)
        >>> at_any_look(dataset)(np.array([1e-3])).round(6).tolist()
        [0.001912]
    """
    if UNTIL not in dataset.attrs:
        return lambda p_values: p_values
    look, looks = dataset.sizes["trial"], int(dataset.attrs[f"{UNTIL}_rounds"])
    spending = dataset.attrs[f"{UNTIL}_spending"]
    return lambda p_values: sequential(p_values, look, looks, spending)


def repeated_interval(dataset: xr.Dataset, arm: str, bound: str) -> Intervals | None:
    """Compute 95 % intervals of an excess at every point that hold at all looks at once, J.

    They are the intervals of the Dataset, as much wider as the level of this look asks for. None
    for a run that measures all of its trials, and before the first look.

    Args:
        dataset: the analysis.
        arm: name of the arm.
        bound: that the excess is over: "tight" or "landauer".

    Source: Jennison and Turnbull, J. R. Stat. Soc. B 51, 305 (1989).

    Example:
        >>> import xarray as xr
        >>> from circuits.design import RECYCLING
        >>> repeated_interval(xr.Dataset(), RECYCLING, "tight") is None
        True
    """
    look = dataset.sizes.get("trial", 0)
    if UNTIL not in dataset.attrs or look < FIRST_LOOK:
        return None
    looks, spending = int(dataset.attrs[f"{UNTIL}_rounds"]), dataset.attrs[f"{UNTIL}_spending"]
    tail = np.array([(1 - CONFIDENCE) / 2])
    quantile = float(-ndtri(nominal_levels(tail, looks, spending)[0, look - 1]))
    name = f"excess_{bound}"
    point, found = _trials(dataset, arm, name)
    factor = found.deviation(quantile) / found.deviation(QUANTILE)
    ends = point[f"{name}_combined"].transpose("limit", POINT).sel(limit=["value", "low", "high"])
    value, low, high = ends.values
    with np.errstate(invalid="ignore"):  # an end may be infinite
        return Interval(value, value - factor * (value - low), value + factor * (high - value))


def distance_by_shots(dataset: xr.Dataset, arm: str, name: str) -> Real:
    """Compute how far estimates of all trials are from 0, in standard errors of the shots alone.

    Args:
        dataset: the analysis.
        arm: name of the arm.
        name: of the estimate: "entropy_decrease", "excess_tight" or "excess_landauer".

    Returns:
        Distances (array over the points); NaN where nothing is estimated.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> from recycling.jobs.counts import counts_of
        >>> from recycling.results.analysis import analyse_counts
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": 1600, "trials": 2},
        ...     inference={"resamples": 100},
        ... )
        >>> even = np.full((2, 2, 2, 2, 3, 2, 2, 2, 2), 100)
        >>> dataset = analyse_counts(experiment, counts_of(experiment, {0: even, 1: even}), {})
        >>> from circuits.design import RECYCLING
        >>> distance_by_shots(dataset, RECYCLING, "excess_tight").shape
        (2,)
    """
    point, found = _trials(dataset, arm, name)
    value = point[f"{name}_combined"].sel(limit="value").values
    stderr = point[f"{name}_combined_stderr"].values / found.inflation
    distance = np.full_like(value, np.nan)
    known = np.isfinite(value) & (stderr > 0)
    np.divide(value, stderr, out=distance, where=known)
    return distance


def _trials(dataset: xr.Dataset, arm: str, name: str) -> tuple[xr.Dataset, Scatter]:
    """Estimate at the points of an arm, and how its trials scatter."""
    names = [name, f"{name}_stderr", f"{name}_combined", f"{name}_combined_stderr"]
    point = by_point(dataset[names].sel(arm=arm, p_x=shown_p_x(dataset)), swept(dataset))
    trials, errors = (point[own].transpose(POINT, "trial").values for own in names[:2])
    return point, scatter(trials, errors)
