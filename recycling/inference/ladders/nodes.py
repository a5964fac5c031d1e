"""Lines through a ladder: the probable knees and disturbances, and the best line of each.

A *node* is a cell of knees under a disturbance. Given it and the spread s of the times, a line with
normal errors is solved in closed form, and its evidence averaged over all s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp

from recycling.inference.ladders.disturbances import (
    STRENGTHS,
    Disturbance,
    disturbance,
    drift_basis,
)
from recycling.inference.ladders.knee import LEAST_LINEAR, Knees, coarse_knees

Array = NDArray[np.float64]
Outliers = frozenset[int]

#: Share below which a cell is left as it is, largest variation within the others in units of the
#: spread, and number of cells beyond which none is split.
_SHARE, _VARIATION, _MOST_CELLS = 1e-3, 0.5, 10_000
#: Jobs for each job that may be an outlier; most sets of outliers that grow by another, and least
#: share of a disturbance.
_JOBS_PER_OUTLIER, _MOST_SETS, _LEAST_DISTURBANCE = 4, 4, 1e-2
#: Share of a node, relative to the best node, below which it is left out.
_LEAST_NODE = 1e-6


@dataclass(frozen=True)
class Ladder:
    """What was measured: lengths and times in s (arrays of shape (job,)), and the step, s.

    Example:
        >>> ladder = Ladder(np.array([100, 200, 400]), np.array([2.1, 2.2, 2.4]), resolution=0.01)
        >>> f"{ladder.range:.2f} s"
        '0.30 s'
    """

    lengths: Array
    times: Array
    resolution: float

    @property
    def range(self) -> float:
        """Range of all times, in which an outlier may be anywhere, s."""
        return float(np.ptp(self.times))


@dataclass(frozen=True)
class Nodes:
    """Cells of knees under the probable disturbances (arrays of shape (node,)).

    Attributes:
        knees: all cells.
        disturbances: all probable disturbances.
        cell: column of ``knees``.
        given: place in ``disturbances``.
        log_line: log of the prior, and of all factors of the evidence but that of the residuals.
        degrees: degrees of freedom of the errors around the line.
        sxx: sum of squares of the effective lengths.
        slope: slope of the best line, s.
        squares: sum of squares of its residuals, s².

    Example:
        >>> lengths = np.array([100, 200, 400, 800, 1600])
        >>> times = np.array([2.1, 2.21, 2.4, 2.8, 3.6])
        >>> nodes = find_nodes(Ladder(lengths, times, resolution=0.01), order=None)
        >>> nodes.slope.shape == nodes.squares.shape == nodes.cell.shape
        True
    """

    knees: Knees
    disturbances: Sequence[Disturbance]
    cell: NDArray[np.intp]
    given: NDArray[np.intp]
    log_line: Array
    degrees: Array
    sxx: Array
    slope: Array
    squares: Array


def find_nodes(ladder: Ladder, order: Array | None) -> Nodes:
    """Find the probable nodes; ``order`` is the place of each job in the submission, if known.

    Example:
        >>> lengths = np.array([100, 200, 400, 800, 1600])
        >>> times = np.array([2.1, 2.21, 2.4, 2.8, 3.6])
        >>> nodes = find_nodes(Ladder(lengths, times, resolution=0.01), order=None)
        >>> f"{nodes.slope[nodes.log_line.argmax()]:.1e} s"
        '1.0e-03 s'
    """
    knees, disturbances = _unknowns(ladder, drift_basis(order, ladder.times.size))
    lines = _Lines.through(ladder, knees, disturbances)
    evidence = lines.log_evidence(lines.squares)
    given, cell = np.nonzero(evidence > evidence.max() + np.log(_LEAST_NODE))
    return Nodes(
        knees,
        disturbances,
        cell,
        given,
        lines.log_line[given, cell],
        lines.degrees[given, 0],
        lines.sxx[given, cell],
        lines.slope[given, cell],
        lines.squares[given, cell],
    )


@dataclass(frozen=True)
class _Lines:
    """Best line of each cell under each disturbance (arrays of shape (disturbance, cell)).

    ``degrees`` and ``least`` have the shape (disturbance, 1); the latter is the sum of squares by
    rounding alone, the least of all. ``x`` are the effective lengths after ``Disturbance.line``
    (array of shape (disturbance, cell, job)).
    """

    log_line: Array
    degrees: Array
    least: Array
    x: Array
    sxx: Array
    slope: Array
    squares: Array

    @classmethod
    def through(cls, ladder: Ladder, knees: Knees, disturbances: Sequence[Disturbance]) -> _Lines:
        """Lines through all times by least squares."""
        x = knees.ladder(ladder.lengths) @ np.stack([given.line.T for given in disturbances])
        t = np.stack([given.line @ (ladder.times - ladder.times.mean()) for given in disturbances])
        sxx = np.square(x).sum(axis=-1)
        slope = np.einsum("gcj,gj->gc", x, t) / sxx
        kept = np.array([[given.kept.sum()] for given in disturbances])
        least = kept * ladder.resolution**2 / 12
        squares = np.square(t[:, None] - slope[:, :, None] * x).sum(axis=-1)
        log_line = knees.log_prior - 0.5 * np.log(sxx)
        log_line += [[given.log_prior + given.log_scale] for given in disturbances]
        # An outlier may be anywhere in the range of all times.
        log_line -= (ladder.times.size - kept) * np.log(ladder.range)
        log_line -= 0.5 * (kept - 2) * np.log(2 * np.pi)
        last = [np.unique(ladder.lengths[given.kept])[-LEAST_LINEAR] for given in disturbances]
        log_line[knees.middle[0] > np.array(last)[:, None]] = -np.inf
        return cls(log_line, kept - 2.0, least, x, sxx, slope, np.maximum(squares, least))

    def variation(self, lengths: Array, disturbances: Sequence[Disturbance]) -> Array:
        """Variation of residuals with the effective lengths, without the part that a slope absorbs.

        Args:
            lengths: variation of the lengths (array of shape (side, cell, job)).
            disturbances: the disturbances.

        Returns:
            Norm over all jobs, s (array of shape (side, disturbance, cell)).
        """
        turned = lengths[:, None] @ np.stack([given.line.T for given in disturbances])
        along = np.einsum("sgcj,gcj->sgc", turned, self.x)
        left = np.square(turned).sum(axis=-1) - along**2 / self.sxx
        return np.asarray(np.abs(self.slope) * np.sqrt(np.maximum(left, 0)))

    def log_evidence(self, squares: Array) -> Array:
        """Log of the evidence for sums of squares, over all spreads, each with the prior 1/s."""
        half = self.degrees / 2
        return np.asarray(self.log_line + gammaln(half) - half * np.log(squares / 2))


def _unknowns(ladder: Ladder, basis: Array) -> tuple[Knees, list[Disturbance]]:
    """Cells of knees as fine as the times need, and the probable disturbances.

    Probable sets of outliers grow by another job.
    """
    strengths = list(STRENGTHS) if basis.shape[1] else [0.0]
    knees = coarse_knees(ladder.lengths)
    disturbances: list[Disturbance] = []
    sets: list[Outliers] = [frozenset()]
    for _ in range(ladder.times.size // _JOBS_PER_OUTLIER + 1):
        disturbances += [disturbance(g, each, basis) for each in sets for g in strengths]
        knees = _refined(ladder, knees, disturbances)
        evidence = _evidence(ladder, knees, disturbances)
        share = np.exp(evidence - logsumexp(evidence))
        disturbances = [
            g for g, p in zip(disturbances, share, strict=True) if p > _LEAST_DISTURBANCE
        ]
        sets = _larger(ladder, knees, disturbances, sets, basis)
        if not sets:
            break
    return knees, disturbances


def _larger(
    ladder: Ladder,
    knees: Knees,
    disturbances: Sequence[Disturbance],
    sets: Sequence[Outliers],
    basis: Array,
) -> list[Outliers]:
    """The best sets with another outlier."""
    strengths = {given.strength for given in disturbances}
    parents = {given.outliers for given in disturbances} & set(sets)
    jobs = range(ladder.times.size)
    sets = sorted({each | {job} for each in parents for job in jobs} - parents, key=sorted)
    if not sets:
        return []
    more = [disturbance(g, each, basis) for each in sets for g in strengths]
    lines = _Lines.through(ladder, knees, disturbances)
    evidence = lines.log_evidence(lines.squares)
    least = logsumexp(evidence) + np.log(_LEAST_DISTURBANCE)
    # Where nothing fits, a larger set will not either.
    knees = knees.some((evidence > evidence.max() + np.log(_LEAST_NODE)).any(axis=0))
    evidence = _evidence(ladder, knees, more).reshape(len(sets), -1)
    by_set = logsumexp(evidence, axis=-1)
    best = np.argsort(-by_set)[:_MOST_SETS]
    return [sets[place] for place in best if by_set[place] > least]


def _evidence(ladder: Ladder, knees: Knees, disturbances: Sequence[Disturbance]) -> Array:
    """Log of the evidence of disturbances (array of shape (disturbance,))."""
    lines = _Lines.through(ladder, knees, disturbances)
    return np.asarray(logsumexp(lines.log_evidence(lines.squares), axis=-1))


def _refined(ladder: Ladder, knees: Knees, disturbances: Sequence[Disturbance]) -> Knees:
    """Cells split as long as the times of the model vary within them by a part of their spread.

    Cells that fit badly even in their best place are left as they are, or are dropped.
    """
    while knees.log_prior.size < _MOST_CELLS:
        lines = _Lines.through(ladder, knees, disturbances)
        evidence = lines.log_evidence(lines.squares)
        least = logsumexp(evidence) + np.log(_SHARE)
        spread = np.sqrt(lines.squares.min(axis=-1, keepdims=True) / lines.degrees)
        along = lines.variation(knees.variation(ladder.lengths), disturbances)
        reach = along.sum(axis=0)
        best = np.square(np.maximum(np.sqrt(lines.squares) - reach, 0))
        # No more of a cell fits well than a strip as wide as the spread.
        strip = np.log(spread / np.maximum(spread, reach))
        at_best = lines.log_evidence(np.maximum(best, lines.least)) + strip
        wanted = np.where(at_best > least, along / spread, 0).max(axis=1)
        alive = (at_best > least + np.log(_LEAST_NODE)).any(axis=0)
        knees, wanted = knees.some(alive), wanted[:, alive]
        heavy = wanted.max(axis=0) > _VARIATION
        if not heavy.any():
            break
        knees = knees.split(heavy, wanted.argmax(axis=0))
    return knees
