"""Knee of a ladder: the effective length of a job, which its time grows with, and all knees.

With the knee at N0, a fraction φ of the slope below it, the width w and d = N - N0::

    x(N) = N0 + φ d + (1 - φ) · [(1 - τ) · w ln(1 + exp(d/w)) + τ · (d + √(d² + 4w²))/2]

Far above the knee x grows like N, far below it like φ N. A sharp knee has w = 0; φ = 0 is a floor.
The width is given in units of N0, as the *softness* w/N0. A smooth knee ends as soon as that of a
softplus (τ = 0), as late as that of a hyperbola (τ = 1), or between.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Least number of different lengths above a knee: any two are on a line.
LEAST_LINEAR = 3
#: Largest softness.
SOFTEST = 0.3
#: Widths above a soft knee from which the slope is within 5 % of that far above it: ln 19.
LINEAR_WIDTHS = float(np.log(19))
#: Cells of starts in each gap of the ladder, cells of fractions, and cells of softnesses.
_STARTS, _FRACTIONS, _SOFTNESSES = 2, 2, 2
#: Parameters of a knee, in the order of a cell's sides.
_SIDES = 4


def counted_lengths(
    lengths: Array, start: Array, fraction: Array, softness: Array, tail: Array
) -> Array:
    """Effective lengths, with which the time grows; all arguments broadcast against each other.

    Args:
        lengths: lengths N of the ladder.
        start: length N0 at the knee.
        fraction: fraction φ of the slope below the knee.
        softness: width of the knee in units of N0.
        tail: τ, from 0 (softplus) to 1 (hyperbola).

    Example:
        A sharp knee at 300 with a floor below it:

        >>> counted_lengths(np.array([100, 200, 400, 800]), np.array(300), 0, 0, 0).tolist()
        [300.0, 300.0, 400.0, 800.0]
    """
    excess = lengths - start
    width, distance = softness * np.abs(start), np.abs(excess)
    # Beside the larger of the distance and 0; both vanish with the width.
    scaled = distance / np.where(width > 0, width, 1)
    softplus = width * np.log1p(np.exp(-scaled))
    hyperbola = width * (np.sqrt(scaled**2 / 4 + 1) - scaled / 2)
    above = np.maximum(excess, 0) + (1 - tail) * softplus + tail * hyperbola
    return np.asarray(start + fraction * excess + (1 - fraction) * above)


@dataclass(frozen=True)
class Knees:
    """Cells of knees: boxes of start N0, fraction φ, softness w/N0 and tail τ, with their priors.

    Attributes:
        middle: start, fraction, softness and tail in the middle of each cell (array of shape
            (4, cell)).
        half: half of each side (array of shape (4, cell)); 0 where a value stands for itself.
        log_prior: logarithm of the prior probability (array of shape (cell,)).

    Example:
        >>> lengths = np.array([100, 200, 400, 800, 1600])
        >>> knees = coarse_knees(lengths)
        >>> knees.ladder(lengths).shape  # cell, job
        (37, 5)
        >>> knees.variation(lengths).shape  # side, cell, job
        (4, 37, 5)
    """

    middle: Array
    half: Array
    log_prior: Array

    @property
    def linear_from(self) -> Array:
        """Length at which the linear regime begins (array of shape (cell,))."""
        start, _, softness, _ = self.middle
        return np.asarray(start + LINEAR_WIDTHS * softness * np.abs(start))

    def ladder(self, lengths: Array) -> Array:
        """Effective lengths (array of shape (cell, job))."""
        return counted_lengths(lengths, *self.middle[:, :, None])

    def variation(self, lengths: Array) -> Array:
        """Variation of effective lengths along each half side (array of shape (4, cell, job))."""
        varied = []
        for side in range(_SIDES):
            step = np.zeros((_SIDES, 1))
            step[side] = 1
            ends = [
                counted_lengths(lengths, *(self.middle + sign * step * self.half)[:, :, None])
                for sign in (-1, 1)
            ]
            varied.append((ends[1] - ends[0]) / 2)
        return np.stack(varied)

    def some(self, cells: NDArray[np.bool_]) -> Knees:
        """Some of the cells."""
        return Knees(self.middle[:, cells], self.half[:, cells], self.log_prior[cells])

    def split(self, cells: NDArray[np.bool_], sides: NDArray[np.intp]) -> Knees:
        """Some of the cells halved, each along a side."""
        which, place = np.flatnonzero(cells), sides[cells]
        middle, half, prior = (self.middle[:, which], self.half[:, which], self.log_prior[which])
        columns = np.arange(which.size)
        half = half.copy()
        half[place, columns] /= 2
        halves = []
        for sign in (-1, 1):
            moved = middle.copy()
            moved[place, columns] += sign * half[place, columns]
            halves.append((moved, half, prior - np.log(2)))
        kept = self.middle[:, ~cells], self.half[:, ~cells], self.log_prior[~cells]
        return Knees(*(np.concatenate(parts, axis=-1) for parts in zip(kept, *halves, strict=True)))


def coarse_knees(lengths: Array) -> Knees:
    """Make cells of no knee, and of a knee in each gap with three different lengths above it.

    No knee has the probability 1/2, a floor 1/4, any other fraction 1/4; half of the knees are
    sharp. A knee is equally likely in every gap: the lengths of a ladder say on which scale its
    maker expects it.

    Example:
        >>> knees = coarse_knees(np.array([100, 200, 400, 800, 1600]))
        >>> round(float(np.exp(knees.log_prior).sum()), 6)
        1.0
    """
    steps = np.unique(lengths)
    starts = []
    for low, high in pairwise(steps[: steps.size - LEAST_LINEAR + 1]):
        starts += _cells(low, high, _STARTS, 1.0)
    fractions = [(0.0, 0.0, 0.5), *_cells(0.0, 1.0, _FRACTIONS, 0.5)]
    sharp = ((0.0, 0.0, 0.5), (0.0, 0.0, 1.0))
    smooth = [(each, (0.5, 0.5, 1.0)) for each in _cells(0.0, SOFTEST, _SOFTNESSES, 0.5)]
    boxes = np.array(
        [(start, fraction, *widths)
         for start, fraction, widths in product(starts, fractions, [sharp, *smooth])]
    )  # fmt: skip  # (cell, side, 3)
    middle, half, share = np.moveaxis(boxes, 0, -1).swapaxes(0, 1)
    prior = 0.5 * share.prod(axis=0) / (steps.size - LEAST_LINEAR)
    none = np.array([[steps[0]], [1.0], [0.0], [0.0]])
    return Knees(
        np.concatenate([middle, none], axis=-1),
        np.concatenate([half, 0 * none], axis=-1),
        np.log(np.append(prior, 0.5)),
    )


def _cells(low: float, high: float, count: int, share: float) -> list[tuple[float, float, float]]:
    """Middles, half widths and shares of a range in equal cells."""
    half = (high - low) / (2 * count)
    return [(low + (2 * place + 1) * half, half, share / count) for place in range(count)]
