"""Executions of each setting: Neyman's allocation, and how far from a bound a verdict must be."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from recycling.inference.statistics.trials import scatter

Real = NDArray[np.float64]

#: Simulated sets of trials: a quantile of 95 % is then known to a percent of its excess.
_DRAWS = 4000
#: Steps of the fixed point, and the relative change of a variance at which it ends.
_STEPS, _ACCURACY = 2000, 1e-6


def cheapest_executions(variances: Real, prices: Real, floor: Real) -> Real:
    """Fewest seconds of executions whose errors are all within their limits.

    Minimises Σ c n over n ≥ floor such that Σ V_q/n ≤ 1 for every quantity q. With multipliers λ
    the executions are n = max(floor, √(Σ λ_q V_q/c)): for a single quantity Neyman's allocation.
    The problem is convex, and λ_q ← λ_q (Σ V_q/n) has its optimum as the fixed point, since there
    either λ_q = 0 or the limit is reached.

    Args:
        variances: contribution of one execution of each setting to the variance of each quantity,
            in units of the largest variance allowed (array of shape (quantity, setting)).
        prices: seconds of an execution of each setting (array of shape (setting,)).
        floor: fewest executions of each setting (likewise), positive.

    Returns:
        Executions of each setting, not rounded (array of shape (setting,)); +inf where no number
        of executions is enough.

    Source: Neyman, J. R. Stat. Soc. 97, 558 (1934); for several quantities Chatterjee, Skand.
        Aktuarietidskr. 51, 54 (1968); the multiplicative step is that of optimal design, Silvey,
        Titterington and Torsney, Commun. Stat. A 7, 1379 (1978).

    Example:
        >>> variances = np.array([[1.0, 4.0]])
        >>> cheapest_executions(variances, prices=np.ones(2), floor=np.ones(2)).round(3).tolist()
        [3.0, 6.0]
    """
    if not np.isfinite(variances).all():
        return np.full(variances.shape[1], np.inf)
    active = variances[(variances / floor).sum(axis=1) > 1]
    if not len(active):
        return floor
    # Each quantity alone needs (Σ √(V c))² of λ: the sum of all bounds the optimum from above.
    multipliers = np.sqrt(active * prices).sum(axis=1) ** 2
    for _ in range(_STEPS):
        executions = np.maximum(floor, np.sqrt(multipliers @ active / prices))
        reached = (active / executions).sum(axis=1)
        multipliers = multipliers * reached
        settled = np.where(multipliers > _ACCURACY * multipliers.max(), reached, 1)
        if np.all(np.abs(settled - 1) < _ACCURACY):
            break
    executions = np.maximum(floor, np.sqrt(multipliers @ active / prices))
    worst = (active / executions).sum(axis=1).max()
    # Never beyond a limit by what the fixed point has left.
    return np.asarray(executions * max(worst, 1))


@lru_cache(maxsize=1024)
def needed_distance(trials: int, points: int, significance: float, power: float) -> float:
    """Distance from a bound, in standard errors of the shots, that a verdict finds this often.

    The trials do not drift, but only they show that: their scatter enters each verdict, as
    ``with_drift`` computes it, and it differs from run to run. So this takes the quantile of the
    distance that simulated sets of trials need.

    Args:
        trials: number of trials.
        points: points of the sweep.
        significance: one-sided normal quantile that the verdict must reach.
        power: probability that it does.

    Example:
        >>> round(needed_distance(1, points=1, significance=3.0, power=0.95), 1)  # 3 + 1.64
        4.6
        >>> needed_distance(4, 1, 3.0, 0.95) > needed_distance(8, 1, 3.0, 0.95) > 4.6
        True
    """
    generator = np.random.default_rng(0)
    values = generator.standard_normal((points, _DRAWS, trials))
    deviation = scatter(values, np.ones_like(values)).deviation(significance)
    noise = values.mean(axis=-1) * np.sqrt(trials)
    return float(np.quantile((deviation + noise)[0], power))


def adjusted(significance: float, tests: int) -> float:
    """Significance that a single test must reach, for all tests of a family together.

    By Bonferroni, the hardest step of Holm's procedure.

    Example:
        >>> round(adjusted(3.0, tests=2), 2)
        3.21
    """
    return float(-ndtri(ndtr(-significance) / tests))
