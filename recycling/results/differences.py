"""Differences between two Datasets, or a Dataset and a prediction, quantity by quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recycling.inference.states.estimates import QUANTILE
from recycling.inference.statistics.difference import difference, distance, two_sided
from recycling.inference.statistics.interval import Interval
from recycling.inference.statistics.significance import holm
from recycling.results.schema import LIMITS, OF_LINK, VARIABLES

if TYPE_CHECKING:
    import xarray as xr

    from recycling.inference.statistics.interval import Intervals

#: Distance at which two values of a coordinate are the same one.
_SAME = 1e-9
#: Ends of the names of what is kept beside a difference.
Z, P_VALUE = "_z", "_p"


def quantities_at(dataset: xr.Dataset, p_x: float) -> xr.Dataset:
    """Select every quantity of all trials together at a p_x, under its plain name.

    Example:
        >>> import xarray as xr
        >>> dims = ("p_x", "limit")
        >>> heat = (dims, [[0.0, -1.0, 1.0], [2.0, 1.0, 3.0]])
        >>> dataset = xr.Dataset({"heat_combined": heat}, {"p_x": [0.1, 0.4]})
        >>> quantities_at(dataset, 0.4)["heat"].values.tolist()
        [2.0, 1.0, 3.0]
    """
    names = [name for name in VARIABLES | OF_LINK if f"{name}_combined" in dataset]
    found = dataset[[f"{name}_combined" for name in names]]
    if "p_x" in found.dims:
        found = found.sel(p_x=p_x, method="nearest", tolerance=_SAME).drop_vars("p_x")
    return found.rename({f"{name}_combined": name for name in names})


def common(first: xr.Dataset, second: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """Select the quantities, points, arms, stages and qubits that both have.

    Example:
        >>> import xarray as xr
        >>> one = xr.Dataset({"heat": ("theta", [1.0, 2.0])}, {"theta": [0.1, 0.2]})
        >>> two = xr.Dataset({"heat": ("theta", [5.0, 6.0])}, {"theta": [0.2, 0.3]})
        >>> [each["heat"].values.tolist() for each in common(one, two)]
        [[2.0], [5.0]]
    """
    names = [name for name in first.data_vars if name in second]
    first, second = first[names], second[names]
    places: tuple[dict[str, list[int]], dict[str, list[int]]] = ({}, {})
    for dim in map(str, first.dims):
        if dim == "limit" or dim not in second.dims:
            continue
        ours, theirs = first[dim].values, second[dim].values
        if ours.dtype.kind == "f":
            same = np.abs(ours[:, None] - theirs) <= _SAME
        else:
            same = ours[:, None] == theirs
        places[0][dim], places[1][dim] = (axis.tolist() for axis in np.nonzero(same))
    return first.isel(places[0]), second.isel(places[1])


def names_of(found: xr.Dataset) -> list[str]:
    """List the quantities of differences, in the order of a Dataset's variables.

    Example:
        >>> import xarray as xr
        >>> names_of(xr.Dataset({"heat_z": 0.0, "heat": 1.0, "entropy": 0.1}))
        ['entropy', 'heat']
    """
    return [name for name in VARIABLES | OF_LINK if name in found]


def differences(first: xr.Dataset, second: xr.Dataset) -> xr.Dataset:
    """Subtract the second from the first, where both have a quantity over the same dims.

    Args:
        first: quantities with the dim "limit", as ``quantities_at`` gives them.
        second: independent ones.

    Returns:
        Each difference with its 95 % interval over the dims of both; ``<name>_z``, in standard
        errors, and ``<name>_p``, the two-sided p-value for all places of the quantity together
        (Holm).

    Example:
        >>> import xarray as xr
        >>> one = xr.Dataset({"heat": ("limit", [1.0, 0.5, 1.5])})
        >>> found = differences(one, one * 2)
        >>> found["heat"].values.round(2).tolist(), round(float(found["heat_z"]), 2)
        ([-1.0, -2.12, 0.12], -1.75)
    """
    import xarray as xr

    first, second = common(first, second)
    found: dict[str, xr.DataArray] = {}
    for name in map(str, first.data_vars):
        if set(first[name].dims) != set(second[name].dims):
            continue
        one = first[name].transpose(..., "limit")
        two = second[name].transpose(*one.dims)
        gap = difference(_interval(one), _interval(two))
        scale = np.fmax(np.abs(one.values[..., 0]), np.abs(two.values[..., 0]))
        z = np.asarray(distance(gap, QUANTILE, scale))
        limits = np.stack(list(gap.ends.values()), axis=-1)
        found[name] = one.copy(data=limits)
        found[name + Z] = one[..., 0].copy(data=z)
        found[name + P_VALUE] = one[..., 0].copy(data=holm(two_sided(z).ravel()).reshape(z.shape))
    return xr.Dataset(found).assign_coords(limit=list(LIMITS))


def _interval(array: xr.DataArray) -> Intervals:
    values: NDArray[np.float64] = array.values
    return Interval(values[..., 0], values[..., 1], values[..., 2])
