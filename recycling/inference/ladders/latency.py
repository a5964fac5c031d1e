"""Time of an operation from the times of jobs that repeat it N times: gate-time amplification.

Model of the job with a ladder of length N (arXiv:2601.07522, App. A.4)::

    t(N) = overhead + slope · x(N) + drift + jitter,   recorded in steps of r

Far above a knee x(N) grows like N: there the slope is the time of an operation. Below the knee,
where a shot is shorter than the shortest of the control system, x(N) grows by a fraction φ of that;
the knee may be sharp or smooth (``recycling.inference.ladders.knee``). The drift is a smooth
function of the order of submission, and a job may be an outlier without information
(``recycling.inference.ladders.disturbances``).

A recorded time stands for an interval of length r, so its likelihood is the probability of that
interval and not a density. Whether times are rounded up, down or to the nearest step does not
matter: it moves the overhead, which is unknown anyway.

The slope is averaged over everything else that is unknown, by quadrature and importance sampling
(``recycling.inference.ladders.draws``). So the data choose the linear regime, the drift and the
outliers, each choice has the weight of its probability, and the interval of the slope contains that
doubt.
Priors are flat for overhead and slope; 1/s for the total spread s² = jitter² + r²/12, as for any
scale, which gives Student's interval where r is small.

``benchmarks/latency.py`` measures the coverage, and that of simpler ways, which is lower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recycling.errors import BadInput
from recycling.inference.ladders.draws import Draws, draw, systematic
from recycling.inference.ladders.nodes import Ladder
from recycling.inference.statistics.interval import Interval

Array = NDArray[np.float64]

#: Least number of different lengths.
LEAST_LENGTHS = 5
#: Draws behind the band around the model's times, and its drift.
_CURVES = 1_000
_QUANTILES = (0.5, 0.025, 0.975)


@dataclass(frozen=True)
class LadderFit:
    """What the times of a ladder say: medians, and central 95 % intervals.

    Attributes:
        slope: time that another operation adds to an execution, far above the knee, s.
        overhead: time of a job beside its operations, the line at N = 0 in the middle of the run,
            s.
        jitter: standard deviation of the times of jobs beside rounding, s.
        linear_from: length from which the time grows by the slope, to 5 % where the knee is smooth;
            the shortest length where there is no knee.
        break_probability: probability that there is a knee.
        drift: change of the overhead from the first job to the last, s.
        drift_probability: probability that it changes.
        outlier_probability: probability of each job to be an outlier (array of shape (job,)).
        regime: whether each job is in the linear regime (array of shape (job,)).
        fitted: median, low and high of the model's time of each job in the middle of the run, s
            (array of shape (3, job)).
        drifted: median of the drift of each job, s (array of shape (job,)).
        effective_draws: effective number of independent draws behind the intervals.
    """

    slope: Interval[float]
    overhead: Interval[float]
    jitter: Interval[float]
    linear_from: Interval[float]
    break_probability: float
    drift: Interval[float]
    drift_probability: float
    outlier_probability: Array
    regime: NDArray[np.bool_]
    fitted: Array
    drifted: Array
    effective_draws: float

    @property
    def outlier(self) -> NDArray[np.bool_]:
        """Whether each job is more likely an outlier than not (array of shape (job,))."""
        return self.outlier_probability > 0.5


def fit_ladder(
    lengths: ArrayLike,
    times: ArrayLike,
    *,
    resolution: float,
    executions: int = 1,
    order: ArrayLike | None = None,
) -> LadderFit:
    """Estimate the time of an operation, with its 95 % interval, and the linear regime.

    Args:
        lengths: number of operations N of each job; a length may be repeated.
        times: recorded time of each job, s.
        resolution: step in which the times are recorded, s.
        executions: number of executions of the circuit in each job.
        order: place of each job in the order of submission; without it no drift is estimated.

    Raises:
        BadInput: there are fewer than 5 different lengths, times are not finite or all alike, or
            the time does not grow with the length.

    Example:
        >>> lengths = [100, 200, 400, 800, 1600, 3200]
        >>> times = [2.01, 2.03, 2.07, 2.16, 2.32, 2.64]  # s, of 10 000 executions each
        >>> fit = fit_ladder(lengths, times, resolution=0.01, executions=10_000)
        >>> f"{fit.slope.value:.1e} s"
        '2.0e-08 s'
    """
    n, t, places = _checked(lengths, times, resolution, executions, order)
    draws = draw(Ladder(n, t, resolution), places)
    slope = _interval(draws.slope, draws.weight)
    if not slope.value > 0:
        raise BadInput(
            f"times: slope = {slope.value / executions:.3g} s: they do not grow with the length; "
            "give longer ladders or more shots"
        )
    start, weight = draws.knees.linear_from[draws.knee], draws.weight
    linear_from = _interval(start, weight)
    some = systematic(weight, _CURVES, 0.5)
    first, last = (0, 0) if places is None else (int(places.argmin()), int(places.argmax()))
    return LadderFit(
        slope=slope / executions,
        overhead=_interval(draws.overhead, weight),
        jitter=_interval(draws.jitter, weight),
        linear_from=linear_from,
        break_probability=float(weight[start > n.min()].sum()),
        drift=_interval(draws.drift[:, last] - draws.drift[:, first], weight),
        drift_probability=float(weight[draws.drift.any(axis=1)].sum()),
        outlier_probability=weight @ draws.outlier,
        regime=n >= linear_from.value,
        fitted=_curve(draws, draws.knees.ladder(n), some),
        drifted=np.median(draws.drift[some], axis=0),
        effective_draws=draws.effective,
    )


def _interval(values: Array, weight: Array) -> Interval[float]:
    """Median and 95 % interval of weighted values."""
    value, low, high = map(float, _quantiles(values, weight))
    return Interval(value, low, high)


def _quantiles(values: Array, weight: Array) -> Array:
    """Median, low and high end of weighted values (array of shape (3,))."""
    order = np.argsort(values)
    below = np.cumsum(weight[order]) - 0.5 * weight[order]
    return np.interp(_QUANTILES, below, values[order])


def _curve(draws: Draws, ladder: Array, some: NDArray[np.intp]) -> Array:
    """Median, low and high end of the times (array of shape (3, job)) of some draws.

    ``ladder`` are the lengths that count (array of shape (cell, job)).
    """
    times = draws.overhead[some, None] + draws.slope[some, None] * ladder[draws.knee[some]]
    return np.quantile(times, _QUANTILES, axis=0)


def _checked(
    lengths: ArrayLike,
    times: ArrayLike,
    resolution: float,
    executions: int,
    order: ArrayLike | None,
) -> tuple[Array, Array, Array | None]:
    n, t = np.asarray(lengths, dtype=float), np.asarray(times, dtype=float)
    places = None if order is None else np.asarray(order, dtype=float)
    if n.ndim != 1 or n.shape != t.shape:
        raise BadInput(
            f"times have the shape {t.shape}, lengths {n.shape}: give one time for each length"
        )
    if places is not None and places.shape != n.shape:
        raise BadInput(
            f"order has the shape {places.shape}, lengths {n.shape}: give a place for each job"
        )
    given = (("lengths", n), ("times", t), *((("order", places),) if places is not None else ()))
    for name, values in given:
        if bad := np.flatnonzero(~np.isfinite(values)).tolist():
            raise BadInput(f"{name}[{bad[0]}] = {values[bad[0]]}: give a finite number")
    if not 0 < resolution < np.inf:
        raise BadInput(f"resolution = {resolution} s: give a positive, finite time")
    if executions < 1:
        raise BadInput(f"executions = {executions}: give 1 or more")
    if (different := np.unique(n).size) < LEAST_LENGTHS:
        raise BadInput(f"lengths: {different} different ones: give {LEAST_LENGTHS} or more")
    if np.ptp(t) == 0:
        raise BadInput(
            f"times: all are {t[0]:g} s: a resolution of {resolution:g} s does not tell them "
            "apart; give longer ladders or more shots"
        )
    return n, t, places
