"""Differences of independent estimates, with limits from theirs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from recycling.inference.statistics.interval import Interval, Intervals

Real = NDArray[np.float64]
#: Relative difference of two numbers without errors that is rounding.
ROUNDING = 1e-9


def difference(first: Intervals, second: Intervals) -> Intervals:
    """Subtract the second estimate from the first, independent one.

    The limit on each side follows from the two limits that lead to it (MOVER), so that skewed
    intervals stay so.

    Source: G. Y. Zou and A. Donner, Statistics in Medicine 27, 1693 (2008).

    Example:
        >>> from recycling.inference.statistics.interval import Interval
        >>> one = Interval(np.array([3.0]), np.array([2.7]), np.array([3.4]))
        >>> two = Interval(np.array([1.0]), np.array([0.7]), np.array([1.4]))
        >>> found = difference(one, two)
        >>> [end.round(6).tolist() for end in found.ends.values()]
        [[2.0], [1.5], [2.5]]
    """
    with np.errstate(invalid="ignore"):
        value = first.value - second.value
        down = np.hypot(first.value - first.low, second.high - second.value)
        up = np.hypot(first.high - first.value, second.value - second.low)
        return Interval(value, value - down, value + up)


def distance(found: Intervals, quantile: float, scale: Real) -> Real:
    """Difference in standard errors, from its limit on the way to zero.

    Args:
        found: differences with their limits.
        quantile: normal quantile of the limits.
        scale: size of the numbers that were subtracted, for those without errors.

    Returns:
        Array of the same shape; NaN where there is no difference. Without errors it is 0 where the
        difference is rounding, else infinite.

    Example:
        >>> from recycling.inference.statistics.interval import Interval
        >>> found = Interval(np.array([1.0]), np.array([0.5]), np.array([1.5]))
        >>> distance(found, 1.96, np.array([1.0])).tolist()
        [3.92]
    """
    value = found.value
    side = np.where(value > 0, value - found.low, found.high - value)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = quantile * value / side
        exact = np.where(np.abs(value) <= ROUNDING * scale, 0.0, np.sign(value) * np.inf)
    return np.where(np.isnan(value), np.nan, np.where(side > 0, z, exact))


def two_sided(z: Real) -> Real:
    """P-value of a distance of any sign.

    Example:
        >>> two_sided(np.array([0.0, -1.959964])).round(3).tolist()
        [1.0, 0.05]
    """
    return np.asarray(2 * ndtr(-np.abs(z)))
