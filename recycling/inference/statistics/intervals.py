"""Confidence limits by test inversion, for proportions and for lengths of Bloch vectors.

A limit is the parameter for which the observed statistic lies at a given quantile of its
distribution. Quantiles ζ and -ζ of the standard normal distribution end an interval of confidence
1 - 2 Φ(-ζ), and quantile 0 gives the median-unbiased estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import elementwise
from scipy.special import betainc, ndtr

Real = NDArray[np.float64]
Index = NDArray[np.intp]

#: Accuracy of a limit: a hundredth of the sampling error of ten million shots is 3e-6.
_TOLERANCE = 1e-6
#: A component of a vector is shrunk by its noise, but its square to no less than this share of its
#: variance. With less, a pure state slightly off an axis is taken for a state on the axis, without
#: noise: it covers 93 % with 0.75. With more, noisy components that are zero widen the interval.
_LEAST_SHARE = 1.25
#: End of the path of ``_Path``: lengths there are far beyond 1.
_LONGEST = 1 - 1e-6
#: Largest skewness for which Wilson and Hilferty's quantile is used; that of χ²₁ is 2.8.
_SKEWEST = 2.0
#: Stands for the variance of a pure state on an axis, which has none.
_NO_VARIANCE = 1e-40
#: Points that are inverted together: their arrays stay in the processor's cache.
_TOGETHER = 2048


def proportion_limits(successes: Real, trials: Real, quantile: float) -> tuple[Real, Real]:
    """Lower and upper mid-P limit of binomial proportions.

    Args:
        successes: number of successes, not necessarily an integer (array of shape (...)).
        trials: number of trials (likewise); the limits are NaN where it is 0.
        quantile: standard normal quantile of the upper limit.

    Returns:
        Lower and upper limit (arrays of shape (...)).

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
    limits = _root(tail, (0.0, at_zero), (1.0, at_one), (counted, total))
    limits[~(total > 0)] = np.nan
    low, high = limits.reshape(2, *k.shape)
    return low, 1 - high


@dataclass(frozen=True)
class Part:
    """A sample, without or with an X gate, that is mixed with the other into a state.

    Attributes:
        weight: its weight in the mixture (array of shape (point,)).
        mean: sampled Bloch vector (array of shape (basis, point)).
        shots: shots behind each component (likewise).
        top: value that an outcome 0 stands for (array of shape (point,)).
        bottom: value that an outcome 1 stands for (likewise).

    Example:
        >>> one = np.ones(1)
        >>> mean, shots = np.array([[0.1], [0.0], [0.8]]), np.full((3, 1), 1000)
        >>> part = Part(weight=0.9 * one, mean=mean, shots=shots, top=one, bottom=-one)
        >>> part.variance().round(5).ravel().tolist()
        [0.00099, 0.001, 0.00036]
    """

    weight: Real
    mean: Real
    shots: Real
    top: Real
    bottom: Real

    def variance(self) -> Real:
        """Variance of the mean, with two shots added so that it is never zero (basis, point)."""
        middle = (self.top + self.bottom) / 2
        smooth = middle + (self.mean - middle) * self.shots / (self.shots + 2)
        return (self.top - smooth) * (smooth - self.bottom) / self.shots

    def cumulants(self, mean: Real) -> tuple[Real, Real, Real]:
        """Cumulants 2, 3 and 4 of its share in the mixture if ``mean`` were the true vector."""
        inside = np.clip(mean, self.bottom, self.top)
        variance = (self.top - inside) * (inside - self.bottom)
        share = self.weight / self.shots
        second = variance * share * self.weight
        third = second * share * (self.top + self.bottom - 2 * inside)
        fourth = second * share**2 * ((self.top - self.bottom) ** 2 - 6 * variance)
        return second, third, fourth

    def at(self, points: Any) -> Part:
        """The same at some of the points."""
        return Part(
            self.weight[points], self.mean[:, points], self.shots[:, points], self.top[points],
            self.bottom[points],
        )  # fmt: skip


@dataclass(frozen=True)
class Mixed:
    """Two samples and the mixture that they make.

    Attributes:
        parts: samples without and with an X gate.
        slopes: change of each component of the mixture with each independent standard normal error
            of the calibration (array of shape (error, basis, point)).

    Example:
        >>> one, shots = np.ones(1), np.full((3, 1), 1000)
        >>> parts = (
        ...     Part(0.9 * one, np.array([[0.1], [0.0], [0.8]]), shots, top=one, bottom=-one),
        ...     Part(0.1 * one, np.array([[0.1], [0.0], [-0.8]]), shots, top=one, bottom=-one),
        ... )
        >>> mixed = Mixed(parts, slopes=np.zeros((0, 3, 1)))
        >>> mixed.vector().round(4).ravel().tolist()
        [0.1, 0.0, 0.64]
    """

    parts: tuple[Part, Part]
    slopes: Real

    def vector(self) -> Real:
        """Bloch vector of the mixture by linear inversion (basis, point)."""
        ground, excited = self.parts
        return np.asarray(ground.weight * ground.mean + excited.weight * excited.mean)

    def noise(self) -> Real:
        """Variance of each of its components by sampling (basis, point)."""
        ground, excited = self.parts
        return np.asarray(
            ground.weight**2 * ground.variance() + excited.weight**2 * excited.variance()
        )

    def at(self, points: Any) -> Mixed:
        """The same at some of the points."""
        ground, excited = self.parts
        return Mixed((ground.at(points), excited.at(points)), self.slopes[:, :, points])


def length_limits(mixed: Mixed, quantiles: Iterable[float]) -> list[Real]:
    """Limits of the length ℓ of the Bloch vector of mixtures of two samples.

    The statistic is |r̂|², cut at its expectations for ℓ = 0 and for ℓ = 1. Its first three
    cumulants follow from those of the binomial counts, for the state of length ℓ that is closest
    to the sampled one in units of the noise.

    Args:
        mixed: samples (arrays over points).
        quantiles: standard normal quantiles, positive for lower limits.

    Returns:
        For each quantile an array of shape (point,) in [0, 1]; NaN where a sample is empty.

    Example:
        >>> one, shots = np.ones(1), np.full((3, 1), 1000)
        >>> parts = (
        ...     Part(0.9 * one, np.array([[0.1], [0.0], [0.8]]), shots, top=one, bottom=-one),
        ...     Part(0.1 * one, np.array([[0.1], [0.0], [-0.8]]), shots, top=one, bottom=-one),
        ... )
        >>> low, middle, high = length_limits(Mixed(parts, np.zeros((0, 3, 1))), [1.96, 0, -1.96])
        >>> [round(float(limit[0]), 3) for limit in (low, middle, high)]
        [0.61, 0.646, 0.679]
    """
    levels = np.array(list(quantiles), dtype=float)
    points = mixed.slopes.shape[-1]
    pieces = [
        mixed.at(slice(start, start + _TOGETHER)) for start in range(0, max(points, 1), _TOGETHER)
    ]
    return list(np.concatenate([_limits_of(piece, levels) for piece in pieces], axis=1))


def _limits_of(mixed: Mixed, quantiles: Real) -> Real:
    """Limits (quantile, point); see ``length_limits``."""
    path = _Path.of(mixed)
    shortest, longest = (path.cumulants(mean) for mean in (0 * path.vector, path.pure()))
    observed = np.clip((path.vector**2).sum(axis=0), shortest[0], longest[0])
    shape = (len(quantiles), len(observed))
    some: list[tuple[Index, _Path]] = []

    def difference(where: Real, points: Index, quantile: Real) -> Real:
        # The solver asks for the same points again and again, then for fewer.
        if not some or some[0][0] is not points:
            some[:] = [(points, path.at(points))]
        there = some[0][1]
        expected = _quantile(there.cumulants(there.closest(where)), quantile)
        return np.asarray(expected - observed[points])

    points = np.broadcast_to(np.arange(shape[1]), shape).ravel()
    at_zero = (_quantile(shortest, quantiles[:, None]) - observed).ravel()
    # At the far end of the path any statistic is exceeded.
    far = np.full(points.size, np.inf)
    arguments = (points, np.repeat(quantiles, shape[1]))
    where = _root(difference, (0.0, at_zero), (_LONGEST, far), arguments)
    lengths = np.sqrt((path.at(points).closest(where) ** 2).sum(axis=0))
    return np.asarray(np.minimum(lengths, 1).reshape(shape))


@dataclass(frozen=True)
class _Path:
    """States of each length that are closest to the sampled one in units of the noise.

    Closest to r is r_i / (1 - κ σ_i²), by a Lagrange multiplier κ for the length: along the path
    noisy components change most. It starts from components that are shrunk by their noise, which
    would lengthen them otherwise.
    """

    mixed: Mixed
    vector: Real
    start: Real
    shares: tuple[Real, Real]
    relative: Real

    @classmethod
    def of(cls, mixed: Mixed) -> _Path:
        vector, noise = mixed.vector(), mixed.noise()
        start = np.sqrt(np.maximum(vector**2 - noise, _LEAST_SHARE * noise))
        # A step of the mixture is a step of both samples, each in proportion to its noise.
        shares = [part.weight * part.variance() / noise for part in mixed.parts]
        return cls(
            mixed=mixed,
            vector=vector,
            start=np.copysign(start, vector),
            shares=(shares[0], shares[1]),
            relative=noise / noise.max(axis=0),
        )

    def at(self, points: Index) -> _Path:
        """The same at some of the points."""
        return _Path(
            self.mixed.at(points),
            self.vector[:, points],
            self.start[:, points],
            (self.shares[0][:, points], self.shares[1][:, points]),
            self.relative[:, points],
        )

    def pure(self) -> Real:
        """Pure state in the direction of the start (basis, point)."""
        return np.asarray(self.start / np.sqrt((self.start**2).sum(axis=0)))

    def closest(self, where: Real) -> Real:
        """State at a place of the path: of length 0 at 0, the start at 1/2, ever longer to 1."""
        return self.start * where / (where + self.relative * (1 - 2 * where))

    def cumulants(self, mean: Real) -> tuple[Real, Real, Real]:
        """First three cumulants of |r̂|² if ``mean`` (basis, point) were the true vector."""
        step = mean - self.vector
        ground, excited = (
            part.cumulants(part.mean + share * step)
            for part, share in zip(self.mixed.parts, self.shares, strict=True)
        )
        variance, *higher = (a + b for a, b in zip(ground, excited, strict=True))
        first, second, third = _cumulants_of_squares(mean, variance, *higher)
        if not len(self.mixed.slopes):
            return first, second, third
        added = _cumulants_by_calibration(mean, variance, self.mixed.slopes)
        return first + added[0], second + added[1], third + added[2]


def _cumulants_of_squares(
    mean: Real, second: Real, third: Real, fourth: Real
) -> tuple[Real, Real, Real]:
    """First three cumulants of Σ x² of independent x (basis, point) with the given cumulants.

    Terms with the fifth and higher cumulants are left out: they are of higher order in 1/shots.
    """
    square, variance = mean**2, second**2
    spread = fourth + 2 * variance
    return (
        (square + second).sum(axis=0),
        (4 * (square * second + mean * third) + spread).sum(axis=0),
        (
            8 * square * mean * third
            + 12 * square * spread
            + 48 * mean * second * third
            + 8 * variance * second
        ).sum(axis=0),
    )


def _cumulants_by_calibration(mean: Real, variance: Real, slopes: Real) -> tuple[Real, Real, Real]:
    """Additions of normal errors shared by the components to the first three cumulants of Σ x².

    With the covariance Σ of sampling (diagonal) and calibration together they are, for normal x,
    tr Σ, 2 tr Σ² + 4 m·Σm and 8 tr Σ³ + 24 m·Σ²m.

    Args:
        mean: mean vector m (basis, point).
        variance: sampled variances (basis, point).
        slopes: change of the components with each error (error, basis, point).
    """
    covariance = np.einsum("eap,ebp->abp", slopes, slopes)
    square = np.einsum("abp,bcp->acp", covariance, covariance)
    diagonal, square_diagonal = (np.einsum("aap->ap", matrix) for matrix in (covariance, square))
    moved = np.einsum("abp,bp->ap", covariance, mean)
    return (
        diagonal.sum(axis=0),
        (4 * (mean * moved + variance * diagonal) + 2 * square_diagonal).sum(axis=0),
        (
            24 * (variance * (variance * diagonal + square_diagonal + 2 * mean * moved) + moved**2)
        ).sum(axis=0)
        + 8 * np.einsum("abp,bap->p", square, covariance),
    )


def _quantile(cumulants: tuple[Real, Real, Real], quantile: Real) -> Real:
    """Quantile of the gamma distribution with given first three cumulants.

    Source: Wilson and Hilferty, PNAS 17, 684 (1931), written without division by the skewness.
    """
    mean, variance, third = cumulants
    deviation = np.sqrt(np.maximum(variance, _NO_VARIANCE))
    skewness = np.clip(third / deviation**3, -_SKEWEST, _SKEWEST)
    slope = quantile / 6 - skewness / 36
    step = skewness * slope
    return np.asarray(mean + deviation * 2 * slope * (3 + 3 * step + step**2))


def _root(
    function: Callable[..., Real],
    low: tuple[float, Real],
    high: tuple[float, Real],
    arguments: tuple[NDArray[Any], ...],
) -> Real:
    """Root of an increasing function of each element, or the end of the range it lies beyond.

    Args:
        function: of the elements and the arguments.
        low: lower end of the range, and the function there.
        high: upper end, likewise.
        arguments: arrays over the elements.
    """
    (lowest, at_low), (highest, at_high) = low, high
    inside = np.flatnonzero((at_low < 0) & (at_high > 0))
    root = np.where(at_low >= 0, lowest, highest)
    root[np.isnan(at_low) | np.isnan(at_high)] = np.nan
    if inside.size:
        root[inside] = elementwise.find_root(
            function,
            (np.full(inside.size, lowest), np.full(inside.size, highest)),
            args=tuple(array[inside] for array in arguments),
            tolerances={"xatol": _TOLERANCE, "xrtol": 0, "fatol": 0, "frtol": 0},
        ).x
    return root
