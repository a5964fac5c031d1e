"""Interval of any function of correlated estimates, from the interval of each.

Each estimate alone is moved over its interval. What the function rises and falls by are deviations,
and those of all estimates add in quadrature with their correlations, as in ``propagation.total``,
of which this is the form for functions that are no sums. A deviation towards the end of the range
of an estimate is certain, and is added as it is, for the reason given there.

Source: Zou and Donner, Statistics in Medicine 27, 1693 (2008), for sums.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recycling.inference.statistics.interval import Interval, Intervals

Real = NDArray[np.float64]

#: Places of an estimate within its interval at which the function is taken.
_PLACES = 21


def combined(
    function: Callable[[Real], Real],
    estimates: Intervals,
    correlation: Real,
    *,
    least: float = -np.inf,
    most: float = np.inf,
) -> Interval[float]:
    """Value and interval of a function of estimates.

    Args:
        function: takes values of all estimates (array of shape (estimate, ...)), gives (...).
        estimates: the estimates (arrays of shape (estimate,)).
        correlation: of their errors (array of shape (estimate, estimate)).
        least: lower end of the range of every estimate.
        most: upper end.

    Where the function is infinite, as a bound without a process, no deviations can be added: then
    the ends are the least and the largest that it has along any estimate.

    Example:
        >>> pair = Interval(np.array([0.5, 0.2]), np.array([0.4, 0.1]), np.array([0.6, 0.3]))
        >>> ratio = combined(lambda x: x[0] / x[1], pair, np.eye(2))
        >>> {name: round(end, 2) for name, end in ratio.ends.items()}
        {'value': 2.5, 'low': 1.53, 'high': 5.05}
    """
    centre = estimates.value
    value = float(function(centre[:, None])[0])
    count = len(centre)
    places = np.linspace(estimates.low, estimates.high, _PLACES, axis=-1)
    moved = np.broadcast_to(centre[:, None, None], (count, count, _PLACES)).copy()
    moved[range(count), range(count)] = places
    alone = function(moved)  # by each estimate, at each of its places
    if not np.isfinite(value):
        return Interval(value, float(alone.min()), float(alone.max()))
    change = alone - value
    up, down = np.maximum(change.max(axis=1), 0), np.maximum(-change.min(axis=1), 0)
    up_way, down_way = (
        np.sign(places[range(count), extreme] - centre)
        for extreme in (change.argmax(axis=1), change.argmin(axis=1))
    )
    ends = estimates.low <= least, estimates.high >= most
    return Interval(
        value,
        value - _together(down, down_way, correlation, ends),
        value + _together(up, up_way, correlation, ends),
    )


def _together(
    deviations: Real, ways: Real, correlation: Real, at_end: tuple[NDArray[np.bool_], ...]
) -> float:
    """Deviation of all estimates together; ``ways`` say whether each comes from below or above."""
    certain = ((ways < 0) & at_end[0]) | ((ways > 0) & at_end[1])
    signed = np.where(certain, 0, deviations * ways)
    # Infinite where the function has no value any more, as a bound without a process.
    if np.isinf(deviations).any():
        return float("inf")
    square = float(signed @ correlation @ signed)
    return float(deviations[certain].sum() + np.sqrt(max(square, 0)))
