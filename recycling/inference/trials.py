"""Trials together: their counts added up, and how far they differ by more than their shots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from recycling.inference.estimates import Estimate

Real = NDArray[np.float64]

#: Chance below which the scatter of trials counts as drift, and widens the limits.
DRIFT_LEVEL = 0.05


@dataclass(frozen=True)
class Scatter:
    """How trials scatter.

    Attributes:
        ratio: Birge ratio √(χ²/(n - 1)): scatter over the one that shots explain; NaN for fewer
            than two trials with a finite error.
        p_value: chance of a larger one without drift.
    """

    ratio: Real
    p_value: Real

    @property
    def factor(self) -> Real:
        """Factor for the limits of all trials together: above 1 where there is drift."""
        drifting = (self.p_value < DRIFT_LEVEL) & (self.ratio > 1)
        return np.where(drifting, self.ratio, 1.0)


def scatter(values: Real, errors: Real) -> Scatter:
    """Scatter of trials (last axis) against their standard errors.

    Source: Birge, Phys. Rev. 40, 207 (1932).
    """
    known = np.isfinite(values) & np.isfinite(errors) & (errors > 0)
    weights = np.divide(1, errors**2, out=np.zeros_like(errors), where=known)
    finite = np.where(known, values, 0)
    total = weights.sum(axis=-1)
    mean = np.divide(
        (weights * finite).sum(axis=-1), total, out=np.zeros_like(total), where=total > 0
    )
    square = (weights * (finite - mean[..., None]) ** 2).sum(axis=-1)
    freedom = known.sum(axis=-1) - 1.0
    ratio = np.full_like(square, np.nan)
    np.divide(square, freedom, out=ratio, where=freedom > 0)
    p_value = np.where(freedom > 0, chdtrc(np.maximum(freedom, 1), square), 1.0)
    return Scatter(np.sqrt(ratio), p_value)


def widened(estimate: Estimate, factor: Real) -> Estimate:
    """The estimate with limits farther from its value, and all that follows from them."""

    def farther(end: Real) -> Real:
        with np.errstate(invalid="ignore"):
            moved = estimate.value + factor * (end - estimate.value)
        return np.where(np.isfinite(end) & (factor > 1), moved, end)

    return Estimate(
        estimate.value,
        farther(estimate.low),
        farther(estimate.high),
        estimate.stderr * factor,
        estimate.z / factor,
    )
