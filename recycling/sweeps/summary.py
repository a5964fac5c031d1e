"""A sweep in numbers: at what share of the points recycling pays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.design import RECYCLING

if TYPE_CHECKING:
    import xarray as xr

#: What is asked of a point, in words, by the quantity that answers it.
QUESTIONS = {
    "gain": "G > 0",
    "excess_tight": "ΔQ_B < Q_tight",
    "excess_landauer": "ΔQ_B < Q_Landauer",
}


def answers(dataset: xr.Dataset) -> dict[str, NDArray[np.bool_]]:
    """Whether each point of a sweep answers each question with yes, in the recycling arm.

    Heat counts as below a bound where something is erased, as in a verdict.

    Args:
        dataset: that of ``sweep``.

    Returns:
        Arrays by the name of the quantity, with the dims of the sweep, then parameters and p_x.

    Example:
        >>> import xarray as xr
        >>> dims, values = ("sample", "arm"), np.array([[0.1], [-0.1]])
        >>> names = ("gain", "excess_tight", "excess_landauer", "entropy_decrease")
        >>> numbers = {name: (dims, values) for name in names}
        >>> answers(xr.Dataset(numbers, {"arm": ["recycling"]}))["gain"].tolist()
        [True, False]
    """
    arm = dataset.sel(arm=RECYCLING)
    erased = arm["entropy_decrease"].values > 0
    found = {"gain": arm["gain"].values > 0}
    for name in ("excess_tight", "excess_landauer"):
        found[name] = (arm[name].values < 0) & erased
    return found


def sweep_summary(dataset: xr.Dataset) -> dict[str, Any]:
    """Describe a sweep for scripts.

    Example:
        >>> import xarray as xr
        >>> dims, values = ("sample", "arm"), np.array([[0.1], [-0.1]])
        >>> names = ("gain", "excess_tight", "excess_landauer", "entropy_decrease")
        >>> numbers = {name: (dims, values) for name in names}
        >>> dataset = xr.Dataset(numbers, {"arm": ["recycling"]}, {"swept": '["device.t1"]'})
        >>> sweep_summary(dataset)["share"]["gain"]
        0.5
    """
    found = answers(dataset)
    return {
        "points": int(next(iter(found.values())).size),
        "swept": json.loads(dataset.attrs["swept"]),
        "share": {name: float(yes.mean()) for name, yes in found.items()},
    }


def summary_lines(dataset: xr.Dataset) -> list[str]:
    """Describe a sweep for people.

    Example:
        >>> import xarray as xr
        >>> dims, values = ("sample", "arm"), np.array([[0.1], [-0.1]])
        >>> names = ("gain", "excess_tight", "excess_landauer", "entropy_decrease")
        >>> numbers = {name: (dims, values) for name in names}
        >>> dataset = xr.Dataset(numbers, {"arm": ["recycling"]}, {"swept": '["device.t1"]'})
        >>> summary_lines(dataset)
        ['G > 0 at 50 % of 2 points, ΔQ_B < Q_tight at 0 %, ΔQ_B < Q_Landauer at 0 % (simulated)']
    """
    found = answers(dataset)
    shares = [f"{QUESTIONS[name]} at {100 * yes.mean():.3g} %" for name, yes in found.items()]
    count = next(iter(found.values())).size
    return [f"{shares[0]} of {count} points, {', '.join(shares[1:])} (simulated)"]
