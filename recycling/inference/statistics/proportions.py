"""Confidence limits of proportions by test inversion.

A limit is the parameter for which the observed statistic lies at a given quantile of its
distribution.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, ndtr

from recycling.inference.statistics.roots import increasing_root

Real = NDArray[np.float64]


def proportion_limits(successes: Real, trials: Real, quantile: float) -> tuple[Real, Real]:
    """Lower and upper mid-P limit of binomial proportions.

    Args:
        successes: number of successes, not necessarily an integer (array of shape (...)).
        trials: number of trials (likewise); the limits are NaN where it is 0.
        quantile: standard normal quantile of the upper limit.

    Source: Lancaster, JASA 56, 223 (1961).

    Example:
        >>> low, high = proportion_limits(np.array([0, 30]), np.array([100, 100]), quantile=1.96)
        >>> low.round(3).tolist(), high.round(3).tolist()
        ([0.0, 0.216], [0.03, 0.395])
    """
    k, n = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (successes, trials)))
    # An upper limit of the successes is a lower limit of the failures.
    counted, total = np.stack([k, n - k]).ravel(), np.stack([n, n]).ravel()
    least = np.finfo(float).tiny

    def tail(p: Real, count: Real, total: Real) -> Real:
        """Probability of more than ``count``, and half of that of ``count``, less the level."""
        reached = betainc(np.maximum(count, least), total - count + 1, p)
        beyond = betainc(count + 1, np.maximum(total - count, least), p)
        return np.asarray((reached + beyond) / 2 - ndtr(-quantile))

    at_zero, at_one = (tail(np.full_like(counted, p), counted, total) for p in (0.0, 1.0))
    limits = increasing_root(tail, (0.0, at_zero), (1.0, at_one), (counted, total))
    limits[~(total > 0)] = np.nan
    low, high = limits.reshape(2, *k.shape)
    return low, 1 - high
