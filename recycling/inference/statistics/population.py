"""Excited population of a qubit near its ground state, from counts behind an imperfect readout.

Such a population lies within a few standard errors of zero, where neither a Gaussian nor a
bootstrap interval covers. With the readout errors e₀ = P(1|0) and e₁ = P(0|1), a shot is recorded
as 1 with probability q = e₀ + (1 - e₀ - e₁) p. The interval holds every p that the number k of ones
among n shots does not reject at 2.5 % on either side, by the mid-P tail P(K < k) + P(K = k)/2.
Calibration error makes q uncertain; averaged over a beta distribution of q of that mean and
variance, k is beta-binomial, and the same tail serves. The upper end never falls below that of a
record at the background, k = n e₀ (a power-constrained limit: Cowan et al., arXiv:1105.3166), so
that a downward fluctuation leaves no empty interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import chdtrc

from recycling.errors import BadInput
from recycling.inference.statistics.interval import Interval

Real = NDArray[np.float64]
Whole = NDArray[np.int64]

CONFIDENCE = 0.95
#: Chance of a false alarm of a test of homogeneity.
_ALARM = 1e-3
#: Standard deviations around its mean that hold all of a distribution of counts.
_WINDOW = 40
#: Probability that stands for zero: a logarithm of it still exists.
_ALMOST_ZERO = 1e-12
#: Least expected count at which Pearson's statistic follows χ².
_LEAST_EXPECTED = 5


@dataclass(frozen=True)
class Population:
    """Excited population with its 95 % interval, all in [0, 1]; ``note`` holds an objection."""

    interval: Interval[float]
    note: str = ""


def excited_population(
    excited: ArrayLike,
    shots: ArrayLike,
    readout: tuple[float, float] = (0.0, 0.0),
    covariance: ArrayLike | None = None,
    dimensions: Sequence[str] = (),
) -> Population:
    """Excited population, readout errors taken out, with a 95 % interval that covers near zero.

    Args:
        excited: how many shots were recorded as 1 (array of any shape: parts that are pooled).
        shots: how many shots there were (array of the same shape).
        readout: e₀ = P(recorded 1 | 0) and e₁ = P(recorded 0 | 1).
        covariance: of the two (array of shape (2, 2)); by default they are known exactly.
        dimensions: names of the axes of ``excited``. Where parts differ along an axis by more
            than chance (1e-3), the note says so and the variance grows by the reduced χ².

    Returns:
        Population; all NaN, with a note, where there are no shots.

    Raises:
        BadInput: counts, readout errors or a covariance that cannot be.

    Example:
        >>> population = excited_population(excited=12, shots=1000, readout=(0.005, 0.01))
        >>> {name: round(end, 4) for name, end in population.interval.ends.items()}
        {'value': 0.0071, 'low': 0.0015, 'high': 0.0155}
    """
    parts, totals = _checked_counts(excited, shots)
    errors = checked_covariance(readout, covariance)
    ones, n = int(parts.sum()), int(totals.sum())
    if n == 0:
        return Population(Interval(np.nan, np.nan, np.nan), "no shots")
    growth, note = _inhomogeneity(parts, totals, dimensions)
    e0, contrast = readout[0], 1 - sum(readout)
    background = e0 + _half_a_count(e0, float(errors[0, 0]))

    def tail(population: float, count: int) -> float:
        q = background + contrast * population
        slope = np.array([1 - population, -population])
        variance = float(slope @ errors @ slope) + (growth - 1) * q * (1 - q) / n
        return mid_tail(count, n, q, variance)

    def crossing(count: int, level: float) -> float:
        """Population at which the tail, which falls with it, passes a level."""
        if tail(0.0, count) <= level:
            return 0.0
        if tail(1.0, count) >= level:
            return 1.0
        return float(brentq(lambda p: tail(p, count) - level, 0, 1, xtol=1e-9))

    rest = (1 - CONFIDENCE) / 2
    value = float(np.clip((ones / n - e0) / contrast, 0, 1))
    low = crossing(ones, 1 - rest)
    high = crossing(max(ones, int(np.ceil(n * e0))), rest)
    # A population cut to [0, 1] may lie beyond an end; the interval holds it always.
    return Population(Interval(value, min(low, value), max(high, value)), note)


def mid_tail(count: int, shots: int, mean: float, variance: float) -> float:
    """P(K < k) + P(K = k)/2 of a beta-binomial K.

    Args:
        count: k.
        shots: n.
        mean: mean of the probability q of a record 1.
        variance: variance of q; 0 makes K binomial.

    Example:
        >>> round(mid_tail(count=5, shots=100, mean=0.05, variance=0), 4)
        0.526
    """
    q = min(max(mean, _ALMOST_ZERO), 1 - _ALMOST_ZERO)
    binomial = q * (1 - q)
    # 1/(a + b) of the beta distribution, whose variance is at most q (1 - q).
    spread = min(variance / max(binomial - variance, _ALMOST_ZERO * binomial), 1 / _ALMOST_ZERO)
    deviation = np.sqrt(shots * binomial + shots**2 * variance)
    first = max(0, int(shots * q - _WINDOW * deviation))
    last = min(shots, int(shots * q + _WINDOW * deviation) + 1)
    if not first <= count <= last:
        return float(count > last)
    k = np.arange(first, last)
    # Ratios of neighbours, not gamma functions: those would cancel for a small spread.
    ratio = (shots - k) / (k + 1) * (q + k * spread) / (1 - q + (shots - k - 1) * spread)
    logs = np.concatenate([[0.0], np.cumsum(np.log(ratio))])
    weights = np.exp(logs - logs.max())
    below = count - first
    return float((weights[:below].sum() + weights[below] / 2) / weights.sum())


def checked_covariance(readout: tuple[float, float], covariance: ArrayLike | None) -> Real:
    """Covariance of the readout errors (2, 2), zero for none.

    Raises:
        BadInput: readout errors or a covariance that cannot be.

    Example:
        >>> checked_covariance((0.01, 0.02), None).shape
        (2, 2)
    """
    e0, e1 = readout
    if not (0 <= e0 <= 1 and 0 <= e1 <= 1 and e0 + e1 < 1):
        raise BadInput(
            f"readout = ({e0:g}, {e1:g}): give two probabilities with a sum below 1, "
            "or the records do not tell |1⟩ from |0⟩"
        )
    if covariance is None:
        return np.zeros((2, 2))
    matrix = np.asarray(covariance, dtype=np.float64)
    if matrix.shape != (2, 2):
        raise BadInput(f"covariance has the shape {matrix.shape}: give (2, 2)")
    rounding = 1e-12 * np.abs(matrix).max()
    symmetric = (np.abs(matrix - matrix.T) <= rounding).all()
    if not symmetric or (np.linalg.eigvalsh(matrix) < -rounding).any():
        raise BadInput(f"covariance = {matrix.tolist()}: give a symmetric matrix, none negative")
    return matrix


def _half_a_count(rate: float, variance: float) -> float:
    """Shift to the mean of what can have yielded a rate: half a count, since counts are skewed."""
    if variance == 0:
        return 0.0
    return variance / (2 * max(rate, float(np.sqrt(variance))))


def _inhomogeneity(excited: Whole, shots: Whole, dimensions: Sequence[str]) -> tuple[float, str]:
    """By how much parts differ: factor of the variance (1 for chance alone), and a note."""
    growth, found = 1.0, []
    rate = excited.sum() / shots.sum()
    for axis, name in enumerate(dimensions):
        others = tuple(other for other in range(excited.ndim) if other != axis)
        ones, totals = excited.sum(axis=others), shots.sum(axis=others)
        expected = totals * rate
        freedom = len(ones) - 1
        if freedom == 0 or min(expected.min(), (totals - expected).min()) < _LEAST_EXPECTED:
            continue
        statistic = float(((ones - expected) ** 2 / (expected * (1 - rate))).sum())
        if chdtrc(freedom, statistic) < _ALARM:
            growth = max(growth, statistic / freedom)
            found.append(f"{name} (χ² = {statistic:.1f}, degrees of freedom: {freedom})")
    if not found:
        return 1.0, ""
    return growth, f"differs along {', '.join(found)}: variance times {growth:.1f}"


def _checked_counts(excited: ArrayLike, shots: ArrayLike) -> tuple[Whole, Whole]:
    ones, totals = np.asarray(excited), np.asarray(shots)
    if ones.shape != totals.shape:
        raise BadInput(f"excited has the shape {ones.shape}, shots {totals.shape}: give the same")
    for name, array in (("excited", ones), ("shots", totals)):
        if not np.issubdtype(array.dtype, np.integer):
            raise BadInput(f"{name} has the type {array.dtype}: give whole numbers of shots")
    wrong = (ones < 0) | (ones > totals)
    if wrong.any():
        raise BadInput(
            f"excited = {ones[wrong].flat[0]} of {totals[wrong].flat[0]} shots: give 0 to all"
        )
    return ones.astype(np.int64), totals.astype(np.int64)
