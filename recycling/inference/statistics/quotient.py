"""Ratio of two correlated estimates, with limits that may be infinite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import elementwise

from recycling.inference.statistics.interval import Interval, Intervals
from recycling.inference.statistics.propagation import total

Real = NDArray[np.float64]


def quotient(numerator: Intervals, denominator: Intervals, correlation: Real) -> Intervals:
    """Ratio of two estimates whose limits are those of Fieller, with one-sided deviations.

    A ratio θ is inside of its limits where those of ``numerator`` - θ ``denominator`` hold zero.
    So the error of the denominator enters in proportion to θ. Where a denominator is not resolved
    from zero, no ratio can be excluded on either side, and the limits are ±inf.

    Args:
        numerator: estimates (arrays of shape (...)).
        denominator: estimates of something positive; the ratio is NaN where they are not.
        correlation: of the two (array of shape (...)).

    Source: Fieller, J. R. Stat. Soc. B 16, 175 (1954); with one-sided deviations Donner and Zou,
        Stat. Methods Med. Res. 21, 347 (2012).

    Example:
        >>> one = Interval(np.array([1.0]), low=np.array([0.5]), high=np.array([1.5]))
        >>> two = Interval(np.array([2.0]), low=np.array([1.8]), high=np.array([2.2]))
        >>> ratio = quotient(one, two, correlation=np.zeros(1))
        >>> [round(float(end[0]), 3) for end in ratio.ends.values()]
        [0.5, 0.249, 0.761]
    """
    shape = np.broadcast_shapes(numerator.value.shape, denominator.value.shape)
    above, below = (_flat(own, shape) for own in (numerator, denominator))
    shared = np.broadcast_to(correlation, shape).ravel()
    value = np.divide(
        above.value, below.value, out=np.full_like(above.value, np.nan), where=below.value > 0
    )
    unknown = np.isnan(above.value) | np.isnan(below.value)
    low, high = (np.where(unknown, np.nan, end) for end in (-np.inf, np.inf))
    resolved = np.flatnonzero((below.low > 0) & ~unknown)
    if resolved.size:
        ends = _limits(above[resolved], below[resolved], shared[resolved])
        low[resolved], high[resolved] = ends
    return Interval(*(x.reshape(shape) for x in (value, low, high)))


def _limits(above: Intervals, below: Intervals, correlation: Real) -> tuple[Real, Real]:
    """Ratios at which a limit of the difference is zero; denominators are resolved."""
    ratio = above.value / below.value

    def lower(x: Real, points: NDArray[np.intp]) -> Real:
        return _difference(above[points], below[points], x, correlation[points]).low

    def upper(x: Real, points: NDArray[np.intp]) -> Real:
        return _difference(above[points], below[points], x, correlation[points]).high

    # A deviation of the difference is at most the sum of both.
    least = np.minimum(np.minimum(above.low / below.low, 0), ratio)
    most = np.maximum(np.maximum(above.high / below.low, 0), ratio)
    return _root(lower, least, ratio), _root(upper, ratio, most)


def _difference(above: Intervals, below: Intervals, ratio: Real, correlation: Real) -> Intervals:
    matrix = np.ones((2, 2, *np.shape(ratio)))
    matrix[0, 1] = matrix[1, 0] = -np.sign(ratio) * correlation
    return total([above, below.times(-ratio)], matrix)


def _root(
    decreasing: Callable[[Real, NDArray[np.intp]], Real], start: Real, stop: Real
) -> NDArray[np.float64]:
    """Root of a decreasing function of each element, or the end of its range that is closest."""
    everywhere = np.arange(start.size)
    at_start, at_stop = (decreasing(x, everywhere) for x in (start, stop))
    root = np.where(at_start <= 0, start, stop)
    inside = np.flatnonzero((at_start > 0) & (at_stop < 0))
    if inside.size:
        bracket = start[inside], stop[inside]
        root[inside] = elementwise.find_root(decreasing, bracket, args=(inside,)).x
    return root


def _flat(estimates: Intervals, shape: tuple[int, ...]) -> Intervals:
    """The estimates along a single axis."""
    arrays = (getattr(estimates, own.name) for own in fields(estimates))
    return Interval(*(np.broadcast_to(array, shape).ravel() for array in arrays))
