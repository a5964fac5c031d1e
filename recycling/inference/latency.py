"""Time of one operation from the times of jobs that repeat it N times: gate-time amplification.

Model of the job with a ladder of length N (arXiv:2601.07522, App. A.4)::

    t(N) = overhead + slope · [max(N, N0) + φ · min(N - N0, 0)] + jitter,   recorded in steps of r

Above the break N0 the time grows by the slope. Below it, where a shot is shorter than the shortest
that the control system makes, it grows by a fraction φ of the slope: 0 is a floor, 1 is no break.

A recorded time stands for an interval of length r, so its likelihood is the probability of that
interval and not a density. Whether times are rounded up, down or to the nearest step does not
matter: it moves the overhead, which is unknown anyway.

The slope is averaged over everything else that is unknown, by quadrature and importance sampling:
overhead, jitter, φ, and the break, which may be in any gap of the ladder or nowhere. So the data
choose the linear regime, each choice counts by its probability, and the interval of the slope
contains that doubt. Priors are flat for overhead and slope; 1/s for the total spread
s² = jitter² + r²/12, as for any scale, which gives Student's interval where r is small. No break
has the probability 1/2, a floor 1/4, any other φ 1/4. A break is as likely in one gap as in
another, since the lengths of a ladder say on which scale its maker expects it.

``benchmarks/latency.py`` measures the coverage, and that of the simpler ways that lose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_ndtr

from recycling.errors import BadInput

Array = NDArray[np.float64]

#: Least number of different lengths, and of those in the linear regime: any two are on a line.
LEAST_LENGTHS, LEAST_LINEAR = 5, 3
#: Cells of breaks in each gap of the ladder, cells of φ, and values of the spread s.
_BREAKS, _FRACTIONS, _SPREADS = 4, 8, 96
#: Share below which a cell is left as it is, largest variation within the others in units of the
#: spread, and number of cells beyond which none is split.
_SHARE, _VARIATION, _MOST_CELLS = 1e-3, 0.3, 10_000
#: Range of the spread in units of that of the best line: for few points it may be far larger.
_NARROWEST, _WIDEST = 1 / 6, 40.0
#: Draws of each round of the importance sampling, of which the last is spared where the one before
#: is worth enough independent ones; and their seed: the same times always give the same interval.
_DRAWS, _ENOUGH, _SEED = (4096, 4096, 16_384, 131_072), 500, 0
#: Draws behind the band around the model's times.
_CURVES = 1_000
#: Widening of the errors of rounding in what is drawn from.
_WIDENED = 2.0
#: Power that flattens the weights of spreads in the first round.
_FLATTENED = 0.3
#: Steps so small against the jitter that a probability is a density times the step.
_FINE = 1e-3
_QUANTILES = (0.5, 0.025, 0.975)


@dataclass(frozen=True)
class Interval:
    """Median and central 95 % interval."""

    value: float
    low: float
    high: float

    def __truediv__(self, divisor: float) -> Interval:
        return Interval(self.value / divisor, self.low / divisor, self.high / divisor)


@dataclass(frozen=True)
class LadderFit:
    """What the times of a ladder say.

    Attributes:
        slope: time that one more operation adds to one execution, s.
        overhead: time of a job beside its operations, the line at N = 0, s.
        jitter: standard deviation of the times of jobs beside rounding, s.
        linear_from: length at which the linear regime begins; the shortest one where there is no
            break.
        break_probability: probability that there is a break.
        regime: whether each job is in the linear regime (array of shape (job,)).
        fitted: median, low and high of the model's time of each job, s (array of shape (3, job)).
        effective_draws: number of independent draws that the intervals are worth.
    """

    slope: Interval
    overhead: Interval
    jitter: Interval
    linear_from: Interval
    break_probability: float
    regime: NDArray[np.bool_]
    fitted: Array
    effective_draws: float


def fit_ladder(
    lengths: ArrayLike, times: ArrayLike, *, resolution: float, executions: int = 1
) -> LadderFit:
    """Estimate the time of one operation, with its 95 % interval, and the linear regime.

    Args:
        lengths: number of operations N of each job; a length may come more than once.
        times: recorded time of each job, s.
        resolution: step in which the times are recorded, s.
        executions: how often each job executes its circuit.

    Raises:
        BadInput: fewer than 5 different lengths, times that are not finite or all alike, a time
            that does not grow with the length.
    """
    n, t = _checked(lengths, times, resolution, executions)
    breaks = _breaks(n, t, resolution)
    draws = _draw(n, t, breaks, resolution)
    slope = draws.interval(draws.slope)
    if not slope.value > 0:
        raise BadInput(
            f"times: slope = {slope.value / executions:.3g} s: they do not grow with the length; "
            "give longer ladders or more shots"
        )
    start = breaks.start[draws.node]
    linear_from = draws.interval(start)
    return LadderFit(
        slope=slope / executions,
        overhead=draws.interval(draws.overhead),
        jitter=draws.interval(draws.jitter),
        linear_from=linear_from,
        break_probability=float(draws.weight[start > n.min()].sum()),
        regime=n >= linear_from.value,
        fitted=draws.curve(breaks.ladder(n)),
        effective_draws=float(1 / np.sum(draws.weight**2)),
    )


@dataclass(frozen=True)
class _Breaks:
    """Cells of breaks and fractions φ: their middles, widths and priors (arrays of shape (cell,)).

    No break and a floor are cells without width.
    """

    start: Array
    start_width: Array
    fraction: Array
    fraction_width: Array
    log_prior: Array

    def ladder(self, lengths: Array) -> Array:
        """Lengths as they count for the time (array of shape (cell, job))."""
        start, fraction = self.start[:, None], self.fraction[:, None]
        return np.asarray(
            np.maximum(lengths, start) + fraction * np.minimum(lengths - start, 0), dtype=float
        )

    def variation(self, lengths: Array) -> Array:
        """How far the counted lengths vary from the middle of a cell (array like ``ladder``)."""
        below = np.maximum(self.start[:, None] - lengths, 0)
        by_start = (1 - self.fraction) * self.start_width / 2
        return np.asarray(
            (below > 0) * by_start[:, None] + below * self.fraction_width[:, None] / 2
        )

    def split(self, which: NDArray[np.bool_]) -> _Breaks:
        """Some of the cells halved along each side that has a width."""
        cells = np.stack(
            [self.start, self.start_width, self.fraction, self.fraction_width, self.log_prior]
        )
        kept, halves = cells[:, ~which], cells[:, which]
        for middle, width in ((0, 1), (2, 3)):
            wide = halves[width] > 0
            lower = halves[:, wide].copy()
            lower[4] -= np.log(2)
            lower[width] /= 2
            upper = lower.copy()
            lower[middle] -= lower[width] / 2
            upper[middle] += upper[width] / 2
            halves = np.concatenate([halves[:, ~wide], lower, upper], axis=-1)
        return _Breaks(*np.concatenate([kept, halves], axis=-1))


@dataclass(frozen=True)
class _Lines:
    """Best line of each cell with the break given, by least squares (arrays of shape (cell,))."""

    x: Array
    mean_x: Array
    mean_t: float
    sxx: Array
    slope: Array
    squares: Array

    @classmethod
    def through(cls, x: Array, t: Array) -> _Lines:
        """Lines through times t (array of shape (job,)) over x (array of shape (cell, job))."""
        mean_x, mean_t = x.mean(axis=-1), float(t.mean())
        centred = x - mean_x[:, None]
        sxx = np.square(centred).sum(axis=-1)
        slope = centred @ (t - mean_t) / sxx
        squares = np.square(t - mean_t - slope[:, None] * centred).sum(axis=-1)
        return cls(x, mean_x, mean_t, sxx, slope, squares)


@dataclass(frozen=True)
class _Draws:
    """Weighted draws of all parameters (arrays of shape (draw,)); times in s a length."""

    node: NDArray[np.intp]
    slope: Array
    overhead: Array
    jitter: Array
    weight: Array

    def quantiles(self, values: Array) -> Array:
        """Median, low and high end of values (array of shape (3,))."""
        order = np.argsort(values)
        below = np.cumsum(self.weight[order]) - 0.5 * self.weight[order]
        return np.interp(_QUANTILES, below, values[order])

    def curve(self, ladder: Array) -> Array:
        """Median, low and high end of the times (array of shape (3, job)); ladder: (node, job)."""
        some = _systematic(self.weight, _CURVES, 0.5)
        times = self.overhead[some, None] + self.slope[some, None] * ladder[self.node[some]]
        return np.quantile(times, _QUANTILES, axis=0)

    def interval(self, values: Array) -> Interval:
        """Median and 95 % interval of values."""
        return Interval(*map(float, self.quantiles(values)))


def _checked(
    lengths: ArrayLike, times: ArrayLike, resolution: float, executions: int
) -> tuple[Array, Array]:
    n, t = np.asarray(lengths, dtype=float), np.asarray(times, dtype=float)
    if n.ndim != 1 or n.shape != t.shape:
        raise BadInput(
            f"times have the shape {t.shape}, lengths {n.shape}: give one time for each length"
        )
    for name, values in (("lengths", n), ("times", t)):
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
    return n, t


def _breaks(n: Array, t: Array, resolution: float) -> _Breaks:
    """No break, or one in any gap that leaves three lengths above it.

    A cell is split as long as the times of the model vary within it by more than a part of their
    spread, unless they fit badly even in its best place.
    """
    breaks = _coarse_breaks(np.unique(n))
    least, power = n.size * resolution**2 / 12, 0.5 * (n.size - 2)
    while breaks.start.size < _MOST_CELLS:
        lines = _Lines.through(breaks.ladder(n), t)
        middle = np.maximum(lines.squares, least)
        spread = np.sqrt(middle.min() / (n.size - 2))
        reach = np.abs(lines.slope) * np.linalg.norm(breaks.variation(n), axis=-1)
        best = np.maximum(np.maximum(np.sqrt(lines.squares) - reach, 0) ** 2, least)
        prior = np.exp(breaks.log_prior) / np.sqrt(lines.sxx)
        share, at_best = (prior * (middle.min() / each) ** power for each in (middle, best))
        # No more of a cell fits well than a strip as wide as the spread.
        strip = spread / np.maximum(spread, reach)
        heavy = (reach > _VARIATION * spread) & (at_best * strip > _SHARE * share.sum())
        if not heavy.any():
            break
        breaks = breaks.split(heavy)
    return breaks


def _coarse_breaks(lengths: Array) -> _Breaks:
    """Gaps in a few cells each: for a floor, and for other fractions."""
    gaps = lengths.size - LEAST_LINEAR
    width = np.repeat(np.diff(lengths)[:gaps] / _BREAKS, _BREAKS)
    place = np.tile(np.arange(_BREAKS) + 0.5, gaps)
    start = np.repeat(lengths[:gaps], _BREAKS) + place * width
    fractions = np.append(0.0, (np.arange(_FRACTIONS) + 0.5) / _FRACTIONS)
    wide = np.append(0.0, np.full(_FRACTIONS, 1 / _FRACTIONS))
    prior = np.append(0.25, np.full(_FRACTIONS, 0.25 / _FRACTIONS)) / start.size
    count = fractions.size
    return _Breaks(
        np.append(np.tile(start, count), lengths[0]),
        np.append(np.tile(width, count), 0.0),
        np.append(np.repeat(fractions, start.size), 1.0),
        np.append(np.repeat(wide, start.size), 0.0),
        np.log(np.append(np.repeat(prior, start.size), 0.5)),
    )


def _draw(n: Array, t: Array, breaks: _Breaks, resolution: float) -> _Draws:
    """Draw all parameters.

    For a given break, φ and spread a line with normal errors is solved in closed form; from these
    solutions is drawn, and each draw weighted by how much the true likelihood differs. Times near
    the edges of their steps speak for a small jitter, but look like a large one to normal errors:
    so the first draws only find out how large the spread is.
    """
    lines = _Lines.through(breaks.ladder(n), t)
    jitters = _jitters(lines.squares, n.size, resolution)
    spread = np.sqrt(jitters**2 + _WIDENED * resolution**2 / 12)
    log_weight = (
        breaks.log_prior[:, None]
        - 0.5 * np.log(lines.sxx)[:, None]
        - (n.size - 2) * np.log(spread)
        - 0.5 * lines.squares[:, None] / spread**2
    )
    weight = np.exp(log_weight - log_weight.max())
    by_spread = weight.sum(axis=0)
    expected = by_spread**_FLATTENED
    generator = np.random.default_rng(_SEED)
    for count in _DRAWS:
        share = 0.9 * expected / expected.sum() + 0.1 / _SPREADS
        factor = np.divide(share, by_spread, where=by_spread > 0, out=np.zeros_like(share))
        cell = _systematic((weight * factor).ravel(), count, generator.random())
        node, column = np.unravel_index(cell, weight.shape)
        s = spread[column]
        slope = lines.slope[node] + s / np.sqrt(lines.sxx[node]) * generator.standard_normal(count)
        centre = lines.mean_t + s / np.sqrt(n.size) * generator.standard_normal(count)
        overhead = centre - slope * lines.mean_x[node]
        jitter = jitters[column]
        residuals = t - overhead[:, None] - slope[:, None] * lines.x[node]
        truth = _log_probability(residuals, jitter[:, None], resolution)
        excess = (truth - _log_normal(residuals, s[:, None], resolution)).sum(axis=-1)
        excess -= np.log(factor[column])
        drawn = np.exp(excess - excess.max())
        drawn /= drawn.sum()
        expected = np.bincount(column, weights=drawn, minlength=_SPREADS)
        if count == _DRAWS[2] and 1 / np.sum(drawn**2) > _ENOUGH:
            break
    return _Draws(node, slope, overhead, jitter, drawn)


def _systematic(probability: Array, count: int, offset: float) -> NDArray[np.intp]:
    """Draw places by their probability, evenly along their sum."""
    sums = np.cumsum(probability)
    found = np.searchsorted(sums, (offset + np.arange(count)) / count * sums[-1])
    return np.asarray(np.minimum(found, probability.size - 1))


def _jitters(squares: Array, count: int, resolution: float) -> Array:
    """Values of the jitter, such that each has the same prior (array of shape (spread,)).

    With jitter = (r/√12) sinh u the prior d(jitter)/s is du.
    """
    rounding = resolution / np.sqrt(12)
    best = max(rounding, np.sqrt(squares.min() / (count - 2)))
    ends = np.arccosh(np.maximum(np.array([_NARROWEST, _WIDEST]) * best / rounding, 1))
    middles = (np.arange(_SPREADS) + 0.5) / _SPREADS
    return np.asarray(rounding * np.sinh(ends[0] + middles * np.diff(ends)))


def _log_probability(residuals: Array, jitter: Array, resolution: float) -> Array:
    """Log of the probability that a time is recorded in its step."""
    far = np.abs(residuals)
    near_edge, far_edge = (-(far - resolution / 2) / jitter, -(far + resolution / 2) / jitter)
    upper = log_ndtr(near_edge)
    with np.errstate(divide="ignore"):
        exact = upper + np.log1p(-np.exp(log_ndtr(far_edge) - upper))
    return np.where(resolution < _FINE * jitter, _log_normal(residuals, jitter, resolution), exact)


def _log_normal(residuals: Array, spread: Array, resolution: float) -> Array:
    """Log of a normal density, times one step."""
    return np.asarray(
        -0.5 * np.square(residuals / spread) - np.log(np.sqrt(2 * np.pi) * spread / resolution)
    )
