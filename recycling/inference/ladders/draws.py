"""Weighted draws of everything that is unknown about a ladder.

The draws are from the lines of ``recycling.inference.ladders.nodes``, whose errors are normal. The
weight of each draw is the ratio of the true likelihood, which includes steps, to the normal one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from recycling.inference.ladders.knee import Knees
from recycling.inference.ladders.nodes import Ladder, Nodes, find_nodes

Array = NDArray[np.float64]

#: Number of values of the spread, and their range in units of that of the best line: for few points
#: it may be far larger.
_SPREADS, _NARROWEST, _WIDEST = 96, 1 / 6, 40.0
#: Draws of each round of the importance sampling. The last round is left out where the round before
#: is worth enough independent draws. The seed is fixed: the same times give the same interval.
_DRAWS, _ENOUGH, _SEED = (4096, 4096, 16_384, 131_072), 500, 0
#: Widening of the errors of rounding in what is drawn from.
_WIDENED = 2.0
#: Power that flattens the weights of spreads in the first round.
_FLATTENED = 0.3
#: Steps so small against the jitter that a probability is a density times the step.
_FINE = 1e-3


@dataclass(frozen=True)
class Draws:
    """Weighted draws of all parameters (arrays of shape (draw,)); times in s.

    ``knee`` is a column of ``knees``; ``drift`` is the drift of each job (array of shape
    (draw, job)), ``outlier`` whether a job is an outlier (likewise).

    Example:
        >>> lengths = np.array([100, 200, 400, 800, 1600])
        >>> times = np.array([2.1, 2.21, 2.4, 2.8, 3.6])
        >>> draws = draw(Ladder(lengths, times, resolution=0.01), order=None)
        >>> draws.effective > 1000
        True
    """

    knees: Knees
    knee: NDArray[np.intp]
    slope: Array
    overhead: Array
    jitter: Array
    drift: Array
    outlier: NDArray[np.bool_]
    weight: Array

    @property
    def effective(self) -> float:
        """Number of independent draws that these are worth."""
        return float(1 / np.sum(self.weight**2))


def draw(ladder: Ladder, order: Array | None) -> Draws:
    """Draw all parameters by importance sampling.

    Args:
        ladder: what was measured.
        order: place of each job in the order of submission, if known.

    Times near the edges of their steps mean a small jitter, but look like a large jitter under
    normal errors: so the first draws only estimate the spread.

    Example:
        >>> lengths = np.array([100, 200, 400, 800, 1600])
        >>> times = np.array([2.1, 2.21, 2.4, 2.8, 3.6])
        >>> draws = draw(Ladder(lengths, times, resolution=0.01), order=None)
        >>> f"{np.average(draws.slope, weights=draws.weight):.1e} s"
        '1.0e-03 s'
    """
    nodes = find_nodes(ladder, order)
    jitters = _jitters(nodes, ladder.resolution)
    spread = np.sqrt(jitters**2 + _WIDENED * ladder.resolution**2 / 12)
    log_weight = (
        nodes.log_line[:, None]
        - nodes.degrees[:, None] * np.log(spread)
        - 0.5 * nodes.squares[:, None] / spread**2
    )
    weight = np.exp(log_weight - log_weight.max())
    by_spread = weight.sum(axis=0)
    expected = by_spread**_FLATTENED
    generator = np.random.default_rng(_SEED)
    for count in _DRAWS:
        share = 0.9 * expected / expected.sum() + 0.1 / _SPREADS
        factor = np.divide(share, by_spread, where=by_spread > 0, out=np.zeros_like(share))
        place = systematic((weight * factor).ravel(), count, generator.random())
        node, column = np.unravel_index(place, weight.shape)
        lines = _draw_lines(ladder, nodes, node, spread[column], generator)
        excess = lines.log_excess(jitters[column], spread[column], ladder.resolution)
        excess -= np.log(factor[column])
        drawn = np.exp(excess - excess.max())
        drawn /= drawn.sum()
        expected = np.bincount(column, weights=drawn, minlength=_SPREADS)
        if count == _DRAWS[2] and 1 / np.sum(drawn**2) > _ENOUGH:
            break
    return Draws(nodes.knees, nodes.cell[node], lines.slope, lines.overhead, jitters[column],
                 lines.drift, ~lines.kept, drawn)  # fmt: skip


@dataclass(frozen=True)
class _DrawnLines:
    """Lines with their drifts (arrays of shape (draw,) and (draw, job))."""

    slope: Array
    overhead: Array
    drift: Array
    residuals: Array
    kept: NDArray[np.bool_]

    def log_excess(self, jitter: Array, spread: Array, resolution: float) -> Array:
        """Log of the true likelihood over that of normal errors (array of shape (draw,))."""
        truth = _log_probability(self.residuals, jitter[:, None], resolution)
        normal = _log_normal(self.residuals, spread[:, None], resolution)
        return np.asarray(np.where(self.kept, truth - normal, 0).sum(axis=-1))


def _draw_lines(
    ladder: Ladder,
    nodes: Nodes,
    node: NDArray[np.intp],
    spread: Array,
    generator: np.random.Generator,
) -> _DrawnLines:
    """Draw a line and its drift for each node with its spread."""
    count, given, disturbances = node.size, nodes.given[node], nodes.disturbances
    x = nodes.knees.ladder(ladder.lengths)[nodes.cell[node]]
    middle = float(ladder.times.mean())
    times = ladder.times - middle
    noise = generator.standard_normal((2, count)) * spread
    slope = nodes.slope[node] + noise[0] / np.sqrt(nodes.sxx[node])
    mean = np.stack([each.mean for each in disturbances])
    stderr = np.array([each.mean_stderr for each in disturbances])
    residuals = times - slope[:, None] * x
    overhead = np.einsum("dj,dj->d", mean[given], residuals) + stderr[given] * noise[1]
    residuals -= overhead[:, None]
    drift = np.zeros_like(residuals)
    normal = generator.standard_normal((count, disturbances[0].basis.shape[1])) * spread[:, None]
    for place, each in enumerate(disturbances):
        if each.strength > 0:
            rows = given == place
            coefficients = residuals[rows] @ each.drift.T + normal[rows] @ each.drift_factor.T
            drift[rows] = coefficients @ each.basis.T
    kept = np.stack([each.kept for each in disturbances])[given]
    return _DrawnLines(slope, overhead + middle, drift, residuals - drift, kept)


def systematic(probability: Array, count: int, offset: float) -> NDArray[np.intp]:
    """Draw places by their probability, evenly along their sum.

    Args:
        probability: probability of each place, up to a factor (array of shape (place,)).
        count: number of draws.
        offset: offset of the first draw, in [0, 1).

    Example:
        >>> systematic(np.array([0.5, 0.25, 0.25]), count=8, offset=0.5).tolist()
        [0, 0, 0, 0, 1, 1, 2, 2]
    """
    sums = np.cumsum(probability)
    places = np.searchsorted(sums, (offset + np.arange(count)) / count * sums[-1])
    return np.asarray(np.minimum(places, probability.size - 1))


def _jitters(nodes: Nodes, resolution: float) -> Array:
    """Values of the jitter, such that each has the same prior (array of shape (spread,)).

    With jitter = (r/√12) sinh u the prior d(jitter)/s is du.
    """
    rounding = resolution / np.sqrt(12)
    best = max(rounding, float(np.sqrt(np.min(nodes.squares / nodes.degrees))))
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
    """Log of a normal density, times a step."""
    return np.asarray(
        -0.5 * np.square(residuals / spread) - np.log(np.sqrt(2 * np.pi) * spread / resolution)
    )
