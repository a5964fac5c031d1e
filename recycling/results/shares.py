"""A sweep over devices in shares: of how many of its points recycling pays, along every axis."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from circuits.design import RECYCLING
from recycling.errors import BadInput

if TYPE_CHECKING:
    import xarray as xr

Real = NDArray[np.float64]
Bool = NDArray[np.bool_]

#: What is asked of a point, in words, by the quantity that answers it.
QUESTIONS = {
    "gain": "G > 0",
    "excess_tight": "ΔQ_B < Q_tight",
    "excess_landauer": "ΔQ_B < Q_Landauer",
}
#: Least and most bins of an axis, and samples for which there is a bin of two axes.
_LEAST, _MOST, _FOR_BIN = 4, 24, 100
#: Points that are read at once.
_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class ShareAxis:
    """An axis of a sweep in bins.

    Attributes:
        name: that of its coordinate.
        units: unit of its values.
        log: whether it is even in the logarithm.
        values: centre of each bin, or each value where there are few.
        words: each value where they are names, such as those of profiles; else empty.
        places: bin of each entry of the coordinate.
        dim: dim of the coordinate.
    """

    name: str
    units: str
    log: bool
    values: Real
    words: tuple[str, ...]
    places: NDArray[np.intp] = field(repr=False)
    dim: str


@dataclass(frozen=True)
class Shares:
    """Shares of the points of a sweep, in the recycling arm.

    Attributes:
        count: number of points, those of parameters and p_x that the spec sweeps included.
        axes: axes of the sweep by name.
        total: share at all points, by the question.
        margins: share in each bin of an axis, by the question and the axis; NaN without points.
        maps: share in each bin of two axes (array of shape (first, second)), by the question and
            the axes.

    Example:
        >>> maps = {("gain", "t1", "t2"): np.array([[0.0, 0.5], [0.5, 1.0]])}
        >>> Shares(4, {}, {"gain": 0.5}, {}, maps).maps["gain", "t1", "t2"][1, 1]
        np.float64(1.0)
    """

    count: int
    axes: Mapping[str, ShareAxis]
    total: Mapping[str, float]
    margins: Mapping[tuple[str, str], Real]
    maps: Mapping[tuple[str, str, str], Real]

    def strongest(self, question: str) -> list[str]:
        """Names of the axes along which a share differs most, the strongest first.

        Example:
            >>> margins = {("gain", "t1"): np.array([0.1, 0.9]), ("gain", "t2"): np.ones(2)}
            >>> Shares(4, dict.fromkeys(("t2", "t1")), {}, margins, {}).strongest("gain")
            ['t1', 't2']
        """
        spread = {name: float(np.nanstd(self.margins[question, name])) for name in self.axes}
        return sorted(self.axes, key=lambda name: -spread[name])


def answers(dataset: xr.Dataset) -> dict[str, Bool]:
    """Whether each point of a sweep answers each question with yes, in the recycling arm.

    Heat counts as below a bound where something is erased, as in a verdict.

    Args:
        dataset: results of a sweep.

    Returns:
        Arrays by the name of the quantity, with the dims of the gain but the arm.

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


def shares(dataset: xr.Dataset) -> Shares:
    """Count where recycling pays; the results are read in parts.

    Args:
        dataset: results of a sweep, with the names of its axes in the attribute ``swept``.

    Raises:
        BadInput: it is of no sweep.

    Example:
        >>> import xarray as xr
        >>> dims, values = ("sample", "arm"), np.linspace(-1, 3, 256)[:, None]
        >>> names = ("gain", "excess_tight", "excess_landauer", "entropy_decrease")
        >>> numbers = {name: (dims, values) for name in names}
        >>> coordinates = {"arm": ["recycling"], "t1": ("sample", np.linspace(1, 2, 256))}
        >>> found = shares(xr.Dataset(numbers, coordinates, {"swept": '["device.t1"]'}))
        >>> found.total["gain"], found.margins["gain", "t1"].tolist()
        (0.75, [0.0, 1.0, 1.0, 1.0])
    """
    if "swept" not in getattr(dataset, "attrs", ()):
        raise BadInput("dataset: it is of no sweep; give what recycling.sweep returns")
    gain = dataset["gain"].sel(arm=RECYCLING)
    axes = {axis.name: axis for axis in _axes(dataset, gain)}
    longest = max(gain.dims, key=lambda dim: gain.sizes[dim])
    step = max(1, _AT_ONCE * gain.sizes[longest] // max(gain.size, 1))
    counted: dict[tuple[str, ...], Real] = {}
    for first in range(0, gain.sizes[longest], step):
        part = slice(first, first + step)
        block = dataset.isel({longest: part})
        found: dict[str, Bool] = {"": np.ones((), dtype=bool), **answers(block)}
        shape = found["gain"].shape
        places = {
            name: _spread(axis, part if axis.dim == longest else slice(None), gain.dims, shape)
            for name, axis in axes.items()
        }
        for question, yes in found.items():
            weights = np.broadcast_to(yes, shape).ravel()
            for names in _groups(axes):
                key = (question, *names)
                counted[key] = counted.get(key, 0.0) + _count(axes, places, names, weights)
    return Shares(
        count=gain.size,
        axes=axes,
        total={name: float(counted[(name,)] / gain.size) for name in QUESTIONS},
        margins={(q, a): _share(counted, q, a) for q in QUESTIONS for a in axes},
        maps={(q, *pair): _share(counted, q, *pair) for q in QUESTIONS
              for pair in combinations(axes, 2)},
    )  # fmt: skip


def _groups(axes: Mapping[str, ShareAxis]) -> list[tuple[str, ...]]:
    return [(), *((name,) for name in axes), *combinations(axes, 2)]


def _count(
    axes: Mapping[str, ShareAxis],
    places: Mapping[str, NDArray[np.intp]],
    names: tuple[str, ...],
    yes: Bool,
) -> Real:
    """Number of points in each bin of some axes that answer with yes."""
    lengths = [len(axes[name].values) for name in names]
    if not names:
        return np.asarray(float(yes.sum()))
    cells = np.ravel_multi_index([places[name][yes] for name in names], lengths)
    return np.bincount(cells, minlength=int(np.prod(lengths))).reshape(lengths).astype(float)


def _share(counted: Mapping[tuple[str, ...], Real], question: str, *names: str) -> Real:
    every, yes = counted[("", *names)], counted[(question, *names)]
    return np.divide(yes, every, out=np.full_like(every, np.nan), where=every > 0)


def _spread(
    axis: ShareAxis, part: slice, dims: tuple[object, ...], shape: tuple[int, ...]
) -> NDArray[np.intp]:
    """Bin of every point of a block on an axis."""
    own = [-1 if dim == axis.dim else 1 for dim in dims]
    return np.broadcast_to(axis.places[part].reshape(own), shape).ravel()


def _axes(dataset: xr.Dataset, gain: xr.DataArray) -> list[ShareAxis]:
    """Axes of a sweep, and parameters of several values that its spec sweeps at every point."""
    swept = [key.partition(".")[2] for key in json.loads(dataset.attrs["swept"])]
    inner = [str(dim) for dim in gain.dims if dim in dataset.coords and str(dim) not in swept]
    names = [*swept, *(dim for dim in inner if gain.sizes[dim] > 1)]
    return [_axis(dataset[name]) for name in names]


def _axis(coordinate: xr.DataArray) -> ShareAxis:
    # Samples have one value of an axis for each of all others.
    sampled = coordinate.dims != (coordinate.name,)
    bins = int(np.clip((coordinate.size / _FOR_BIN) ** 0.5, _LEAST, _MOST)) if sampled else _MOST
    values, notes = coordinate.values, coordinate.attrs
    distinct, places = np.unique(values.astype(str if values.dtype.kind in "OUT" else float),
                                 return_inverse=True)  # fmt: skip
    log = notes.get("scale") == "log"
    words: tuple[str, ...] = ()
    if distinct.dtype.kind == "U":
        words, distinct = tuple(distinct.tolist()), np.arange(len(distinct), dtype=float)
    elif len(distinct) > bins:
        along = np.log if log else np.asarray
        ends = along(np.array(notes.get("range", (distinct[0], distinct[-1])), dtype=float))
        edges = np.linspace(ends[0], ends[1], bins + 1)
        places = np.clip(np.searchsorted(edges, along(values), side="right") - 1, 0, bins - 1)
        centres = (edges[1:] + edges[:-1]) / 2
        distinct = np.exp(centres) if log else centres
    return ShareAxis(
        str(coordinate.name), str(notes.get("units", "1")), log, distinct, words, places,
        str(coordinate.dims[0]),
    )  # fmt: skip
