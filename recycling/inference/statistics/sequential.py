"""Tests that are repeated after every round, at the level of a single test: alpha spending.

A test that is made after each of several rounds finds something false more often than its level
says. A spending function fixes beforehand how much of the level may be spent up to each look; from
it follow the nominal levels of the looks. The smallest level at which a p-value is a finding at its
look is again a p-value, and it holds whatever made the rounds stop: by the data, or by anything
else. So Holm's correction takes it like any other.

Sources: Lan and DeMets, Biometrika 70, 659 (1983) for the spending functions; Armitage, McPherson
and Rowe, J. R. Stat. Soc. A 132, 235 (1969) for the recursion; Liu and Anderson, J. Am. Stat.
Assoc. 103, 1621 (2008) for sequential p-values.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.optimize import elementwise
from scipy.special import ndtr, ndtri

from recycling.inference.statistics.trials import Scatter

Real = NDArray[np.float64]
Spending = Literal["obrien-fleming", "pocock"]

#: First look. A single round shows no drift, so that nothing may be decided after it.
FIRST_LOOK = 2
#: Most looks.
MOST_LOOKS = 20
#: Nodes of the integral over a look, and its lower end in standard deviations.
_NODES, _LOWEST = 96, -7.0
#: Normal quantiles of the levels between which a sequential p-value is interpolated. Levels above
#: the last are no findings: there the p-value is 1.
_QUANTILES = np.linspace(-8.0, -0.5, 31)


def spent(level: Real | float, fraction: Real | float, spending: Spending) -> Real:
    """Level that may be spent until a fraction of the rounds is done.

    Args:
        level: one-sided level of all looks together (scalar or array).
        fraction: fraction of the most rounds, above 0 to 1 (likewise).
        spending: "obrien-fleming" spends little at first, "pocock" nearly evenly.

    Source: Lan and DeMets, Biometrika 70, 659 (1983).

    Example:
        >>> spent(0.025, np.array([0.4, 1.0]), "obrien-fleming").round(5).tolist()
        [0.00039, 0.025]
        >>> spent(0.025, np.array([0.4, 1.0]), "pocock").round(5).tolist()
        [0.01308, 0.025]
    """
    if spending == "pocock":
        return np.asarray(level * np.log1p(np.expm1(1.0) * fraction))
    return np.asarray(2 * ndtr(ndtri(np.asarray(level) / 2) / np.sqrt(fraction)))


def nominal_levels(level: Real, looks: int, spending: Spending) -> Real:
    """Level of the test at each look, so that all looks together keep a level.

    Args:
        level: one-sided levels of all looks together (array of shape (level,)).
        looks: most looks, fixed beforehand; they are evenly spaced.
        spending: see ``spent``.

    Returns:
        Levels of the looks (array of shape (level, looks)); 0 before ``FIRST_LOOK``.

    Example:
        >>> nominal_levels(np.array([0.025]), looks=5, spending="pocock").round(4).tolist()
        [[0.0, 0.0131, 0.009, 0.0088, 0.0088]]
    """
    steps = np.arange(FIRST_LOOK, looks + 1)
    until = np.stack([spent(level, step / looks, spending) for step in steps], axis=-1)
    shares = np.diff(until, axis=-1, prepend=0)
    found = np.zeros((len(level), looks))
    found[:, FIRST_LOOK - 1] = shares[:, 0]
    # Sums of standard normal rounds that have crossed no boundary: their density at some nodes.
    nodes, weights = _nodes(FIRST_LOOK, -ndtri(shares[:, 0]))
    density = weights * _normal(nodes / np.sqrt(FIRST_LOOK)) / np.sqrt(FIRST_LOOK)
    for place, step in enumerate(steps[1:], start=1):
        boundary = _boundary(nodes, density, step, shares[:, place], until[:, place])
        found[:, step - 1] = ndtr(-boundary)
        following, weights = _nodes(step, boundary)
        moved = _normal(following[:, :, None] - nodes[:, None, :])
        density = weights * (moved @ density[..., None])[..., 0]
        nodes = following
    return found


def sequential(p_values: Real, look: int, looks: int, spending: Spending) -> Real:
    """Smallest levels at which p-values of a look are findings: p-values that hold at any look.

    Args:
        p_values: p-values of the rounds up to a look together (array); NaN stays.
        look: number of these rounds, from 1.
        looks: most looks, fixed beforehand.
        spending: see ``spent``.

    Returns:
        P-values of the same shape; 1 at a look that comes before ``FIRST_LOOK``.

    Example:
        >>> sequential(np.array([1e-6, 1e-3]), look=2, looks=5, spending="pocock").round(6).tolist()
        [2e-06, 0.001912]
    """
    values = np.asarray(p_values, dtype=float)
    if look < FIRST_LOOK:
        return np.where(np.isnan(values), np.nan, 1.0)
    at_look = ndtri(_levels(looks, spending)[:, look - 1])
    # The least level stands in for smaller ones.
    quantile = PchipInterpolator(at_look, _QUANTILES)(np.clip(ndtri(values), *at_look[[0, -1]]))
    found = np.where(ndtri(values) > at_look[-1], 1.0, ndtr(quantile))
    return np.where(np.isnan(values), np.nan, found)


def conditional_power(distance: Real, look: int, looks: int, needed: float) -> Real:
    """Probability of a finding at the last look, if the present estimate is the truth.

    Args:
        distance: present estimates in standard errors, positive where a finding would be (array).
        look: number of rounds done.
        looks: most looks.
        needed: distance in standard errors that a finding needs at the last look.

    Source: Lan and Wittes, Biometrics 44, 579 (1988).

    Example:
        >>> conditional_power(np.array([0.5, 3.0]), look=2, looks=5, needed=3.0).round(3).tolist()
        [0.002, 0.988]
    """
    done = look / looks
    expected = distance / np.sqrt(done)
    if look == looks:
        return np.where(np.isnan(distance), np.nan, distance >= needed)
    return np.asarray(ndtr((expected - needed) / np.sqrt(1 - done)))


def needed_distance(level: float, looks: int, points: int, spending: Spending) -> float:
    """Distance that a finding needs at the last look, where nothing drifts.

    In standard errors of the shots: what few rounds cannot show of their drift is allowed for.

    Args:
        level: level of the finding, all looks together.
        looks: most looks.
        points: points of the sweep: the more, the better known is the drift that they share.
        spending: see ``spent``.

    Example:
        >>> round(needed_distance(0.00135, looks=5, points=11, spending="obrien-fleming"), 2)
        3.48
    """
    nominal = nominal_levels(np.array([level]), looks, spending)[0, -1]
    return float(np.max(Scatter.expected(looks, points).deviation(-ndtri(nominal))))


def check_looks(looks: int) -> str:
    """Say why a number of looks cannot be had; empty where it can.

    Example:
        >>> check_looks(1)
        'a single round shows no drift: give 2 to 20'
    """
    if FIRST_LOOK <= looks <= MOST_LOOKS:
        return ""
    reason = "a single round shows no drift: " if looks < FIRST_LOOK else ""
    return f"{reason}give {FIRST_LOOK} to {MOST_LOOKS}"


def spendings() -> tuple[str, ...]:
    """List the names of the spending functions.

    Example:
        >>> spendings()
        ('obrien-fleming', 'pocock')
    """
    return get_args(Spending)


@lru_cache(maxsize=64)
def _levels(looks: int, spending: Spending) -> Real:
    """Nominal levels (level, look) for the levels of ``_QUANTILES``."""
    return nominal_levels(ndtr(_QUANTILES), looks, spending)


def _nodes(step: int, boundary: Real) -> tuple[Real, Real]:
    """Nodes and weights of Gauss and Legendre below a boundary (level, node)."""
    places, weights = np.polynomial.legendre.leggauss(_NODES)
    low, high = _LOWEST * np.sqrt(step), (boundary * np.sqrt(step))[:, None]
    half = (high - low) / 2
    return low + half * (1 + places), half * weights


def _boundary(nodes: Real, density: Real, step: int, share: Real, until: Real) -> Real:
    """Boundary of a look, in standard deviations, that sums cross at last with a given share."""

    def excess(boundary: Real, level: NDArray[np.intp]) -> Real:
        beyond = ndtr(nodes[level] - (boundary * np.sqrt(step))[..., None])
        return np.asarray(np.log((density[level] * beyond).sum(axis=-1)) - np.log(share[level]))

    # They cross it now with less than the probability to be beyond it, and with all of that but
    # what has crossed before.
    ends = -ndtri(until) - 1e-6, -ndtri(share) + 1e-6
    return np.asarray(elementwise.find_root(excess, ends, args=(np.arange(len(share)),)).x)


def _normal(x: Real) -> Real:
    return np.asarray(np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))
