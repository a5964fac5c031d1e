"""Trials together: how far they differ by more than their shots, and what that does to limits.

A trial is a job, and what drifts between jobs moves all of its angles at once, or each by itself.
Only the trials themselves show how much: with n of them, the part common to all angles is known
with n - 1 degrees of freedom, whatever the number of angles and shots.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import elementwise
from scipy.special import ndtr, stdtrit

from recycling.inference.states.estimates import Estimate
from recycling.inference.statistics.interval import Interval

Real = NDArray[np.float64]

#: Normal quantile from which on significance is extrapolated; squares of t would overflow beyond.
_FARTHEST = 20.0
#: Relative accuracy of a significance.
_ACCURACY = 1e-9


@dataclass(frozen=True)
class Scatter:
    """How trials scatter about their mean, in units of the variance that shots explain.

    Arrays have the shape of the estimates without trials, (point, ...); what belongs to the whole
    sweep has length 1 along the angles.

    Attributes:
        ratio: Birge ratio √(χ²/(n - 1)) of each angle; NaN for fewer than two trials with an error.
        own: variance of the drift at each angle, from the trials of that angle.
        common: variance of the drift that all angles of a trial share, and a standard deviation of
            its estimate by shots alone, since smaller drift cannot be distinguished from none.
        rest: variance of the drift beyond it, from all angles.
        share: share of drift in the variance of the sweep, from 0 to below 1.
        freedom: degrees of freedom of ``own`` and ``common``.
        rest_freedom: degrees of freedom of ``rest``.

    Example:
        >>> steady = Scatter.expected(trials=5, angles=11)
        >>> round(float(steady.deviation(1.96)[0]), 2)
        2.08
    """

    ratio: Real
    own: Real
    common: Real
    rest: Real
    share: Real
    freedom: Real
    rest_freedom: Real

    @classmethod
    def none(cls, shape: tuple[int, ...]) -> Scatter:
        """Scatter of a single trial, or of infinitely many shots: the drift is unknown."""
        zero = np.zeros(shape)
        return cls(np.full(shape, np.nan), zero, zero, zero, zero, zero, zero)

    @classmethod
    def expected(cls, trials: int, angles: int) -> Scatter:
        """Expected scatter of trials that do not drift (arrays of shape (angles,))."""
        if trials < 2:
            return cls.none((angles,))
        zero, freedom = np.zeros(angles), np.full(angles, trials - 1.0)
        common = np.sqrt(2 / freedom) / angles
        return cls(zero + 1, zero, common, zero, zero, freedom, freedom * (angles - 1))

    @property
    def inflation(self) -> Real:
        """Standard error of all trials together over that which shots explain."""
        return np.sqrt(1 + self.common + self.rest) + 0 * self.own

    def deviation(self, quantile: Real | float) -> Real:
        """Deviation from the truth that is as improbable as a normal quantile.

        In standard errors of the shots of all trials. Squares of the quantiles of what is added up
        add up (Cochran, 1964): normal for the shots, Student's t for each part of the drift. Where
        drift dominates, the trials of an angle show more than the sweep: parts may be uneven.

        Args:
            quantile: normal quantile, positive (scalar or array of the shape of the estimates).
        """
        tail = ndtr(-np.asarray(quantile, dtype=float))
        few, many = (
            np.where(freedom > 0, stdtrit(np.maximum(freedom, 1), tail), 0) ** 2
            for freedom in (self.freedom, self.rest_freedom)
        )
        shared = few * (self.common + self.share * self.rest) + many * (1 - self.share) * self.rest
        uneven = self.share * np.maximum(few * self.own - shared, 0)
        return np.asarray(np.sqrt(quantile**2 + shared + uneven))

    def significance(self, distance: Real) -> Real:
        """Normal quantile that is as improbable as a distance in standard errors of the shots.

        Args:
            distance: signed distance (array of the shape of the estimates); NaN and ±inf stay.
        """
        size = np.abs(distance)
        parts = np.broadcast_arrays(
            size, self.own, self.common, self.rest, self.share, self.freedom, self.rest_freedom
        )
        # Of next to nothing there is nothing to take off.
        drifting = np.isfinite(size) & (size > _ACCURACY) & (np.sum(parts[1:4], axis=0) > 0)
        found = size.copy()
        if drifting.any():
            size, *own = (part[drifting] for part in parts)
            scatter = Scatter(np.ones_like(size), *own)
            farthest = size / scatter.deviation(_FARTHEST)
            inside = np.flatnonzero(farthest < 1)
            quantile = farthest * _FARTHEST
            quantile[inside] = elementwise.find_root(
                lambda x, reach, *own: Scatter(reach, *own).deviation(x) - reach,
                (np.zeros(inside.size), np.minimum(size[inside], _FARTHEST)),
                args=(size[inside], *(part[inside] for part in own)),
                tolerances={"xrtol": _ACCURACY, "xatol": 0, "fatol": 0, "frtol": 0},
            ).x
            found[drifting] = quantile
        return np.copysign(found, distance)


def scatter(values: Real, errors: Real) -> Scatter:
    """Scatter of the trials of a sweep against their standard errors.

    Args:
        values: estimates (array of shape (point, ..., trial)).
        errors: their standard errors by shots (likewise).

    Source: Birge, Phys. Rev. 40, 207 (1932) for the ratio; the parts are those of a two-way
        analysis of variance, angles by trials, whose errors are known.

    Example:
        >>> values = np.array([[1.0, 2.0, 3.0], [1.0, 1.0, 1.2]])  # point, trial
        >>> scatter(values, errors=np.full((2, 3), 0.5)).ratio.round(2).tolist()
        [2.0, 0.23]
    """
    known = np.isfinite(values) & np.isfinite(errors) & (errors > 0)
    # A single trial at an angle shows no scatter.
    known &= known.sum(axis=-1, keepdims=True) > 1
    weights = np.divide(1, errors**2, out=np.zeros_like(errors), where=known)
    finite = np.where(known, values, 0)
    mean = _ratio((weights * finite).sum(axis=-1), weights.sum(axis=-1))[..., None]
    residuals = np.sqrt(weights) * (finite - mean)
    squares = (residuals**2).sum(axis=-1)
    freedom = np.maximum(known.sum(axis=-1) - 1.0, 0)
    trials = np.maximum(known.any(axis=0).sum(axis=-1) - 1.0, 0)[None]
    every, total = freedom.sum(axis=0, keepdims=True), squares.sum(axis=0, keepdims=True)
    angles = np.maximum(_ratio(every, trials), 1)
    # What all angles of a trial share shows in the sum of their residuals.
    together = _ratio(residuals.sum(axis=0) ** 2, known.sum(axis=0)).sum(axis=-1)[None]
    between = _ratio(together, trials)
    within = _ratio(total - together, every - trials)
    unsure = np.sqrt(_ratio(np.full_like(trials, 2.0), trials))
    drift = _excess(_ratio(total, every))
    sure = trials > 0
    return Scatter(
        ratio=np.where(freedom > 0, np.sqrt(_ratio(squares, freedom)), np.nan),
        own=_excess(_ratio(squares, freedom)),
        common=np.where(sure, _excess(between + unsure), 0) / angles,
        rest=_excess(within) * (angles - 1) / angles,
        share=drift / (1 + drift),
        freedom=trials,
        rest_freedom=every - trials,
    )


def _ratio(numerator: Real, denominator: Real) -> Real:
    """Ratio, and 0 where there is nothing to divide by."""
    found = np.zeros(np.broadcast_shapes(np.shape(numerator), np.shape(denominator)))
    np.divide(numerator, denominator, out=found, where=denominator > 0)
    return found


def _excess(mean_square: Real) -> Real:
    """Variance beyond that of shots."""
    return np.maximum(mean_square - 1, 0)


def with_drift(
    estimate: Estimate, scatter: Scatter, quantile: float, *, tested: bool = True
) -> Estimate:
    """Estimate of all trials together whose limits and z allow for drift between trials.

    Args:
        estimate: by shots alone.
        scatter: of its trials.
        quantile: normal quantile of its limits.
        tested: whether z is asked for, which takes longest; otherwise it is NaN.

    Example:
        >>> value = np.array([1.0])
        >>> limited = Interval(value, low=np.array([0.8]), high=np.array([1.2]))
        >>> estimate = Estimate.of(limited, value, quantile=1.96)
        >>> wider = with_drift(estimate, Scatter.expected(trials=5, angles=1), quantile=1.96)
        >>> bool(wider.high[0] > estimate.high[0])
        True
    """
    factor = np.broadcast_to(scatter.deviation(quantile) / quantile, estimate.value.shape)
    median = estimate.interval.value

    def farther(end: Real) -> Real:
        with np.errstate(invalid="ignore"):
            moved = median + factor * (end - median)
        return np.where(np.isfinite(end) & (factor > 1), moved, end)

    return Estimate(
        estimate.value,
        Interval(median, farther(estimate.low), farther(estimate.high)),
        estimate.stderr * scatter.inflation,
        scatter.significance(estimate.z) if tested else np.full_like(estimate.z, np.nan),
    )
