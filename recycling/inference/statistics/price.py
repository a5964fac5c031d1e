"""The price of jobs, fitted to what past jobs were billed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

#: Fewest jobs from which a price is fitted, and a time of each execution beside the overhead.
FEWEST, FEWEST_OF_BOTH = 3, 4
#: Ratio of the most to the fewest executions from which both can be told apart.
SPREAD = 2.0
#: Scatter above which a fit is poor: s, and as a share of the median bill.
POOR, POOR_SHARE = 1.0, 0.05
#: Standard deviation of a normal distribution over its median absolute deviation.
_OF_NORMAL = 1.4826
#: Residuals beyond so many standard deviations count less (Huber).
_HUBER = 1.345


@dataclass(frozen=True)
class PriceFit:
    """Overhead of a job and time of an execution beyond what the formula explains, s.

    Attributes:
        overhead: QPU time of a job besides its executions, s.
        overhead_error: its standard error, s.
        per_execution: QPU time of an execution beyond its wait and its circuit, s.
        per_execution_error: its standard error, s; 0 where it was not fitted.
        scatter: robust standard deviation of a bill about the fit, s.
        count: number of jobs.
        poor: whether the scatter is too large for the fit to be used.

    Example:
        >>> fit = fit_price([22, 42, 62, 82], [20, 40, 60, 80], [1e4, 2e4, 3e4, 4e4])
        >>> round(fit.overhead, 6), fit.poor
        (2.0, False)
    """

    overhead: float
    overhead_error: float
    per_execution: float
    per_execution_error: float
    scatter: float
    count: int
    poor: bool

    def seconds(self, explained: ArrayLike, executions: ArrayLike) -> NDArray[np.float64]:
        """QPU time of jobs by this price, s.

        Args:
            explained: waits and circuits of all executions of each job, s.
            executions: circuit executions of each job.

        Example:
            >>> PriceFit(2.0, 0.1, 1e-6, 1e-7, 0.3, 9, False).seconds([20.0], [1e6]).tolist()
            [23.0]
        """
        extra = self.per_execution * np.asarray(executions, dtype=float)
        return np.asarray(self.overhead + np.asarray(explained, dtype=float) + extra)


def fit_price(billed: ArrayLike, explained: ArrayLike, executions: ArrayLike) -> PriceFit | None:
    """Fit the price of past jobs, such that a few odd bills do not move it (Huber's loss).

    Bills are in whole seconds: their rounding is part of the scatter, and its mean of the overhead.

    Args:
        billed: QPU time that was charged for each job, s.
        explained: waits and circuits of all its executions, s.
        executions: its circuit executions.

    Returns:
        The fit; None for fewer jobs than ``FEWEST``. Where jobs hardly differ in their executions,
        the overhead alone is fitted.

    Example:
        >>> fit_price([22, 42], [20, 40], [1e4, 2e4]) is None
        True
    """
    bills, rest, counts = (
        np.asarray(each, dtype=float) for each in (billed, explained, executions)
    )
    if len(bills) < FEWEST:
        return None
    beyond = bills - rest
    both = len(bills) >= FEWEST_OF_BOTH and counts.max() >= SPREAD * max(counts.min(), 1.0)
    unit = counts.max() if both else 1.0
    design = np.stack([np.ones_like(counts), counts / unit], axis=-1)[:, : 1 + both]
    start = np.zeros(design.shape[-1])
    start[0] = np.median(beyond)
    scatter = _robust(beyond - start[0])
    for _ in range(3):
        scale = max(_HUBER * scatter, 1e-6)
        found = least_squares(
            lambda values: design @ values - beyond, start, loss="huber", f_scale=scale
        ).x
        start, scatter = found, _robust(beyond - design @ found)
    freedom = len(bills) / max(len(bills) - design.shape[-1], 1)
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * freedom) * scatter
    too_wide = scatter > max(POOR, POOR_SHARE * float(np.median(bills)))
    return PriceFit(
        overhead=float(found[0]),
        overhead_error=float(errors[0]),
        per_execution=float(found[1] / unit) if both else 0.0,
        per_execution_error=float(errors[1] / unit) if both else 0.0,
        scatter=scatter,
        count=len(bills),
        poor=bool(too_wide or found[0] < -3 * errors[0]),
    )


def _robust(residuals: NDArray[np.float64]) -> float:
    """Standard deviation by the median absolute deviation; at least that of rounding to 1 s."""
    deviation = _OF_NORMAL * float(np.median(np.abs(residuals)))
    return max(deviation, 12**-0.5)
