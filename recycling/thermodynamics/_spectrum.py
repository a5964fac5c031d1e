"""Gibbs states of a finite spectrum, in units of its width and counted from its ground level.

Every inverse temperature `beta` here is dimensionless, (E_max - E_min) / (k_B T), and may be
anything from 0 to +inf.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import cast

import numpy as np

from recycling.thermodynamics import _qubit
from recycling.thermodynamics._arrays import FloatArray, namespace_of

LARGEST = float(np.finfo(np.float64).max)
SMALLEST = float(np.finfo(np.float64).smallest_normal)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Levels of a finite system, shape (d,), d >= 2, with minimum 0 and maximum 1."""

    levels: FloatArray

    @cached_property
    def dimension(self) -> int:
        """Number of levels d, each counted with its degeneracy."""
        return self.levels.size

    @cached_property
    def excited_levels(self) -> FloatArray:
        """Levels above the ground level, shape (d - g0,)."""
        return self.levels[self.levels > 0]

    @cached_property
    def ground_degeneracy(self) -> int:
        """Number of ground states g0."""
        return self.dimension - self.excited_levels.size

    def populations(self, beta: FloatArray) -> FloatArray:
        """Gibbs populations, (n,) -> (n, d)."""
        xp = namespace_of(beta)
        weights = xp.exp(-_finite(beta)[..., None] * xp.asarray(self.levels))
        return cast(FloatArray, weights / xp.sum(weights, axis=-1, keepdims=True))

    def mean_level(self, beta: FloatArray) -> FloatArray:
        """Mean energy, (n,) -> (n,)."""
        populations = self.populations(beta)
        return cast(FloatArray, populations @ namespace_of(beta).asarray(self.levels))

    def heat_capacity(self, beta: FloatArray) -> FloatArray:
        """Heat capacity beta^2 Var(E) in units of k_B, (n,) -> (n,)."""
        xp = namespace_of(beta)
        deviation = xp.asarray(self.levels) - self.mean_level(beta)[..., None]
        # The weight goes in before the square, which would overflow at beta = LARGEST.
        scaled = xp.sqrt(self.populations(beta)) * (_finite(beta)[..., None] * deviation)
        return cast(FloatArray, xp.sum(scaled**2, axis=-1))

    def entropy(self, beta: FloatArray) -> FloatArray:
        """Gibbs entropy in nats, (n,) -> (n,)."""
        xp = namespace_of(beta)
        above, below = self.entropy_margins(beta)
        from_ground = math.log(self.ground_degeneracy) + above
        from_top = math.log(self.dimension) - below
        return cast(FloatArray, xp.where(above < below, from_ground, from_top))

    def entropy_margins(self, beta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Distances S - ln g0 and ln d - S of the Gibbs entropy from both ends of its range.

        The first keeps its relative precision at low temperature, the second at high: there it is
        -ln<e^(-beta y)> - beta <y> with centred levels y, whose first order in beta cancels before
        anything is rounded.
        """
        xp = namespace_of(beta)
        reduced = _finite(beta)[..., None] * xp.asarray(self.excited_levels)
        weights = xp.exp(-reduced) / self.ground_degeneracy
        excited = xp.sum(weights, axis=-1)
        above = xp.log1p(excited) + xp.sum(reduced * weights, axis=-1) / (1 + excited)

        centred = xp.minimum(beta, 1)[..., None] * xp.asarray(self.levels - self.levels.mean())
        change = xp.expm1(-centred)
        norm = xp.mean(change, axis=-1)
        deficit = -xp.log1p(norm) - xp.mean(centred * change, axis=-1) / (1 + norm)
        width = math.log(self.dimension / self.ground_degeneracy)
        return above, xp.where(beta < 1, deficit, width - above)

    def mean_level_at_entropy(self, entropy: FloatArray) -> FloatArray:
        """Least mean energy at which a state can have the entropy (nats), (n,) -> (n,).

        0 below ln g0, where the ground level has a state of every entropy; +inf above ln d.
        """
        if self.dimension == 2:
            energy = _qubit.excited_population(entropy)
        else:
            energy = self.mean_level(self.beta_at_entropy(entropy))
        xp, largest = namespace_of(entropy), math.log(self.dimension) + self._entropy_rounding
        return cast(FloatArray, xp.where(entropy > largest, np.inf, energy))

    def entropy_at_mean_level(self, level: FloatArray) -> FloatArray:
        """Entropy of the Gibbs state (T > 0) of a mean energy, (n,) -> (n,) in nats.

        -inf below the ground level, where there is no state; ln d from the mean of all levels up.
        """
        mean = float(self.levels.mean())
        entropy = np.where(level < 0, -np.inf, math.log(self.dimension))
        entropy = np.where(level == 0, math.log(self.ground_degeneracy), entropy)
        inside = (level > 0) & (level < mean)
        if inside.any():
            entropy[inside] = self.entropy(self._beta_at_mean_level(level[inside], mean))
        return np.where(np.isnan(level), np.nan, entropy)

    def _beta_at_mean_level(self, level: FloatArray, mean: float) -> FloatArray:
        """Solve for beta, given a mean energy between 0 and the mean of all levels, (n,) -> (n,).

        The unknown is ln beta. The bracket is rigorous:

        - mean - <E> is the integral of Var(E) <= 1/4 over beta, so at most beta / 4;
        - <E> <= n e^(-beta gap), with n = d/g0 - 1, once beta * gap >= 1.
        """
        from scipy.optimize import elementwise  # slow to import

        ratio = self.dimension / self.ground_degeneracy - 1
        hot = 4 * np.maximum(mean - level, SMALLEST)
        cold = np.maximum(1, np.log(ratio / level)) / self.excited_levels.min()

        def residual(log_beta: FloatArray, target: FloatArray) -> FloatArray:
            mean_level = self.mean_level(np.exp(log_beta))
            return np.log(np.maximum(mean_level, SMALLEST)) - target

        bracket = (np.log(hot) - 1, np.log(cold) + 1)
        root = elementwise.find_root(residual, bracket, args=(np.log(level),))
        assert root.success.all()
        return np.asarray(np.exp(root.x))

    @property
    def _entropy_rounding(self) -> float:
        """How far rounding may carry an entropy S(bath) + S(before) - S(after) above ln d.

        Each is a sum of d terms good to (d + 1) eps; the sum of the three adds an eps.
        """
        rounding = (3 * (self.dimension + 1) + 1) * np.finfo(np.float64).eps
        return float(rounding * math.log(self.dimension))

    def beta_at_entropy(self, entropy: FloatArray) -> FloatArray:
        """Inverse temperature of the Gibbs state of the given entropy (nats), (n,) -> (n,).

        +inf from ln g0 down, 0 from ln d up.
        """
        if self.dimension == 2:
            return _qubit.inverse_temperature(entropy)
        lowest, lowest_remainder = _log(self.ground_degeneracy)
        highest, highest_remainder = _log(self.dimension)
        beta = np.where(entropy <= lowest, np.inf, np.where(entropy >= highest, 0, np.nan))
        inside = (entropy > lowest) & (entropy < highest)
        if inside.any():
            above = (entropy[inside] - lowest) - lowest_remainder
            below = (highest - entropy[inside]) + highest_remainder
            beta[inside] = self._beta_at_margins(above, below)
        return beta

    def _beta_at_margins(self, above: FloatArray, below: FloatArray) -> FloatArray:
        """Solve for beta, given S - ln g0 and ln d - S, both positive, (n,) -> (n,).

        The unknown is ln beta and the residual is the log-ratio of the margins: monotonic, smooth,
        and to relative precision at both ends. The bracket is rigorous, with room to spare:

        - ln d - S is the integral of beta' Var(E) with Var(E) <= 1/4, so at most beta^2 / 8;
        - S - ln g0 <= n (1 + c) e^(-c), with n = d/g0 - 1, c = beta * gap >= 1, and
          ln(1 + c) <= c/2 + 0.2.
        """
        from scipy.optimize import elementwise  # slow to import

        above = np.maximum(above, _qubit.COLDEST)
        ratio = self.dimension / self.ground_degeneracy - 1
        cold = np.maximum(1, 2 * (math.log(ratio) - np.log(above) + 1)) / self.excited_levels.min()
        hot = np.sqrt(2 * below)

        def residual(log_beta: FloatArray, target: FloatArray) -> FloatArray:
            margin_above, margin_below = self.entropy_margins(np.exp(log_beta))
            return np.log(np.maximum(margin_above, SMALLEST)) - np.log(margin_below) - target

        target = np.log(above) - np.log(below)
        root = elementwise.find_root(residual, (np.log(hot), np.log(cold)), args=(target,))
        assert root.success.all()
        return np.asarray(np.exp(root.x))


def _finite(beta: FloatArray) -> FloatArray:
    """Replace +inf, whose product with a level 0 would be NaN, by the largest float."""
    return cast(FloatArray, namespace_of(beta).minimum(beta, LARGEST))


def _log(count: int) -> tuple[float, float]:
    """Return ln(count) as the nearest float and the remainder that it leaves."""
    nearest = math.log(count)
    return nearest, float(Decimal(count).ln() - Decimal(nearest))
