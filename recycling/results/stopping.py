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
from recycling.inference.statistics.trials import scatter
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
        >>> repeated_interval(xr.Dataset(), "recycling", "tight") is None
        True
    """
    look = dataset.sizes.get("trial", 0)
    if UNTIL not in dataset.attrs or look < FIRST_LOOK:
        return None
    looks, spending = int(dataset.attrs[f"{UNTIL}_rounds"]), dataset.attrs[f"{UNTIL}_spending"]
    tail = np.array([(1 - CONFIDENCE) / 2])
    quantile = float(-ndtri(nominal_levels(tail, looks, spending)[0, look - 1]))
    names = {part: f"excess_{bound}{part}" for part in ("", "_stderr", "_combined")}
    shown = dataset[list(names.values())].sel(arm=arm, p_x=shown_p_x(dataset))
    point = by_point(shown, swept(dataset))
    trials, errors = (
        point[names[part]].transpose(POINT, "trial").values for part in ("", "_stderr")
    )
    found = scatter(trials, errors)
    factor = found.deviation(quantile) / found.deviation(QUANTILE)
    ends = point[names["_combined"]].transpose("limit", POINT).sel(limit=["value", "low", "high"])
    value, low, high = ends.values
    with np.errstate(invalid="ignore"):  # an end may be infinite
        return Interval(value, value - factor * (value - low), value + factor * (high - value))
