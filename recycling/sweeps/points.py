"""The points of a sweep: values of every axis, each a function of its place alone.

So any part of a sweep can be computed by itself, anywhere and again, with the same values.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recycling.spec.over import GridAxis, Over, RandomAxis, Sampled, SobolAxis, coordinate_of

#: Dim of the random and Sobol axes, which vary together.
SAMPLE = "sample"
#: Numbers, or names such as those of profiles.
Values = NDArray[Any]
Region = tuple[slice, ...]


@dataclass(frozen=True)
class Points:
    """The points of a sweep: the product of its listed axes and its samples.

    Attributes:
        over: the axes.
        seed: of the random and Sobol axes.

    Example:
        >>> from recycling.spec.over import over_of
        >>> content = {"samples": 4, "device.t1": {"random": [1e-4, 2e-4]}, "sweep.p_x": [0.1, 0.4]}
        >>> points = Points(over_of(content, {}, ()), seed=0)
        >>> points.sizes, points.count
        ({'p_x': 2, 'sample': 4}, 8)
        >>> columns = points.columns((slice(1, 2), slice(2, 4)))
        >>> columns["sweep.p_x"].tolist(), columns["device.t1"].shape
        ([0.4, 0.4], (2,))
    """

    over: Over
    seed: int

    @property
    def sizes(self) -> dict[str, int]:
        """Length of each dim: a dim for each listed axis, and that of the samples last."""
        sizes = {coordinate_of(key): len(self.listed(key)) for key in self.over.listed}
        if self.over.samples is not None:
            sizes[SAMPLE] = self.over.samples
        return sizes

    @property
    def count(self) -> int:
        """Number of points."""
        return prod(self.sizes.values())

    def listed(self, key: str) -> Values:
        """All values of a listed axis (array of one axis)."""
        axis = self.over.listed[key]
        return np.asarray(axis.values if isinstance(axis, GridAxis) else axis)

    def sampled(self, start: int, stop: int) -> dict[str, NDArray[np.float64]]:
        """Values of some successive samples on each random and Sobol axis, by their keys."""
        axes = self.over.sampled
        random = [key for key, axis in axes.items() if isinstance(axis, RandomAxis)]
        sobol = [key for key, axis in axes.items() if isinstance(axis, SobolAxis)]
        unit: dict[str, NDArray[np.float64]] = {
            key: _random(self.seed, key, start, stop) for key in random
        }
        if sobol:
            unit |= dict(zip(sobol, _sobol(self.seed, len(sobol), start, stop), strict=True))
        return {key: _stretched(axis, unit[key]) for key, axis in axes.items()}

    def columns(self, region: Region) -> dict[str, Values]:
        """Values of every axis at the points of a region, by its key (arrays of shape (points,)).

        Args:
            region: a slice for each dim of ``sizes``; the last dim is the fastest.
        """
        ranges = [range(size)[part] for size, part in zip(self.sizes.values(), region, strict=True)]
        shape = tuple(map(len, ranges))
        columns: dict[str, Values] = {}
        for place, key in enumerate(self.over.listed):
            values = self.listed(key)[region[place]]
            columns[key] = _along(values, place, shape)
        if self.over.samples is not None:
            samples = self.sampled(ranges[-1].start, ranges[-1].stop)
            columns |= {
                key: _along(values, len(shape) - 1, shape) for key, values in samples.items()
            }
        return columns


def _along(values: Values, axis: int, shape: tuple[int, ...]) -> Values:
    """Values along one axis of a grid, at all of its points."""
    spread = values.reshape([-1 if place == axis else 1 for place in range(len(shape))])
    return np.broadcast_to(spread, shape).ravel()


def _random(seed: int, key: str, start: int, stop: int) -> NDArray[np.float64]:
    """Numbers in [0, 1) of a stream of the key, from a place on: a draw takes one step of it."""
    stream = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=tuple(key.encode())))
    stream.advance(start)
    return np.random.Generator(stream).random(stop - start)


def _sobol(seed: int, dims: int, start: int, stop: int) -> NDArray[np.float64]:
    """Points of a scrambled Sobol sequence from a place on (array of shape (dim, point))."""
    from scipy.stats import qmc

    sequence = qmc.Sobol(dims, scramble=True, rng=np.random.default_rng(seed))
    if start:
        sequence.fast_forward(start)
    with warnings.catch_warnings():
        # A number of samples that is no power of two is the user's choice.
        warnings.filterwarnings("ignore", "The balance properties", UserWarning)
        return np.asarray(sequence.random(stop - start)).T


def _stretched(axis: Sampled, unit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers in [0, 1) between the ends of an axis."""
    low, high = axis.between
    if axis.scale == "log":
        return low * (high / low) ** unit
    return low + (high - low) * unit


def distinct(columns: Mapping[str, Values], keys: tuple[str, ...]) -> list[tuple[object, ...]]:
    """Distinct values of some columns together, in the order in which they come.

    Example:
        >>> distinct({"a": np.array([1.0, 2.0, 1.0])}, ("a",))
        [(1.0,), (2.0,)]
    """
    if not keys:
        return [()]
    return list(dict.fromkeys(zip(*(columns[key].tolist() for key in keys), strict=True)))
