"""Joint uncertainty of what is computed from several estimates with limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recycling.inference.statistics.interval import Interval, Intervals

Real = NDArray[np.float64]


def total(terms: Sequence[Intervals], correlation: Real) -> Intervals:
    """Sum of correlated estimates: their one-sided deviations add in quadrature.

    For normal estimates this is the usual propagation of errors. For others it keeps their
    asymmetry, and with it their coverage.

    A limit that the end of its range has cut short is another matter. Its deviation c is all that
    the estimate can be off, not a quantile of how far it is off. In a quadrature it would vanish
    beside larger ones, √(c² + d²) < c + d, and sums of true values at the ends of their ranges, as
    those of a cold bath are, would be out of reach. So it is added as it is:

        deviation = Σ c_i + √(Σ d_i² + 2 Σ_i<j ρ_ij d_i d_j)

    with the certain parts c and the other parts d. Since an error is never larger than its certain
    part, this fails no more often than the limit of the others alone, however all of them are
    correlated (Boole's inequality: chances of failure add, and one of them is zero).

    Args:
        terms: estimates (arrays of shape (...)).
        correlation: their correlation matrix (array of shape (term, term), or with (...) behind).

    Source: Zou and Donner, Statistics in Medicine 27, 1693 (2008), with correlations; certain parts
        are not in it.

    Example:
        >>> term = Interval(np.array([1.0]), low=np.array([0.7]), high=np.array([1.4]))
        >>> both = total([term, term], correlation=np.eye(2))
        >>> [round(float(end[0]), 3) for end in both.ends.values()]
        [2.0, 1.576, 2.566]
    """
    value = np.sum([term.value for term in terms], axis=0)
    cut_low, cut_high = sum(term.cut_low for term in terms), sum(term.cut_high for term in terms)
    down = [np.maximum(term.value - term.low - term.cut_low, 0) for term in terms]
    up = [np.maximum(term.high - term.value - term.cut_high, 0) for term in terms]
    return Interval(
        value,
        value - cut_low - _quadrature(down, correlation),
        value + cut_high + _quadrature(up, correlation),
        cut_low,
        cut_high,
    )


def difference(one: Intervals, other: Intervals, correlation: Real) -> Intervals:
    """Difference of two estimates that rise and fall together.

    Where they nearly cancel, the upper deviation of the first goes with the upper deviation of the
    second, and not, as in ``total``, with the lower.

    Args:
        one: estimates (arrays of shape (...)).
        other: what is taken from them.
        correlation: of the two (array of shape (...)).

    Example:
        >>> term = Interval(np.array([1.0]), low=np.array([0.7]), high=np.array([1.4]))
        >>> none = difference(term, term, correlation=np.array([1.0]))
        >>> [float(end[0]) for end in none.ends.values()]
        [0.0, 0.0, 0.0]
    """
    moves = [
        np.sqrt(np.maximum(a**2 + b**2 - 2 * correlation * a * b, 0))
        for a, b in (
            (one.high - one.value, other.high - other.value),
            (one.value - one.low, other.value - other.low),
        )
    ]
    # Which way a joint move takes their difference depends on which of them leads.
    most, value = np.maximum(*moves), one.value - other.value
    return Interval(value, value - most, value + most)


def _quadrature(deviations: Sequence[Real], correlation: Real) -> Real:
    square = np.zeros_like(deviations[0])
    for i, deviation in enumerate(deviations):
        square += deviation**2
        for j in range(i):
            square += 2 * correlation[i, j] * deviation * deviations[j]
    # One-sided deviations at a boundary may not go with the correlation.
    return np.sqrt(np.maximum(square, 0))


@dataclass(frozen=True)
class Term:
    """Increasing function of a linear combination of the estimates of a ``Joint``.

    Example:
        >>> interval = Interval(np.array([1.0]), np.array([0.7]), np.array([1.4]))
        >>> (-Term(interval, coefficients=(1, 0))).coefficients
        (-1, 0)
    """

    limited: Intervals
    coefficients: tuple[float, ...]

    def __neg__(self) -> Term:
        return Term(-self.limited, tuple(-c for c in self.coefficients))

    def times(self, factor: float) -> Term:
        """The term times a factor of any sign.

        Example:
            >>> interval = Interval(np.array([1.0]), np.array([0.7]), np.array([1.4]))
            >>> Term(interval, coefficients=(1, 0)).times(-0.5).limited.low.tolist()
            [-0.7]
        """
        return Term(self.limited.times(factor), tuple(factor * c for c in self.coefficients))

    def map(self, increasing: Callable[[Real], Real]) -> Term:
        """Increasing function of the term."""
        return Term(self.limited.map(increasing), self.coefficients)


@dataclass(frozen=True)
class Joint:
    """Correlated estimates, from which sums are made.

    Attributes:
        estimates: the estimates (arrays of shape (...)).
        correlation: their correlation matrix (array of shape (estimate, estimate, ...)).

    Example:
        >>> term = Interval(np.array([1.0]), low=np.array([0.7]), high=np.array([1.4]))
        >>> joint = Joint((term, term), correlation=np.eye(2)[..., None])
        >>> first, second = joint.terms()
        >>> joint.sum(first, -second).coefficients
        (1, -1)
    """

    estimates: tuple[Intervals, ...]
    correlation: Real

    def terms(self) -> list[Term]:
        """The estimates themselves."""
        rows = np.eye(len(self.estimates), dtype=int).tolist()
        return [Term(own, tuple(row)) for own, row in zip(self.estimates, rows, strict=True)]

    def difference(self, one: Term, other: Term) -> Term:
        """Difference of terms that rise and fall together; see ``difference``."""
        found = difference(one.limited, other.limited, self.correlation_of(one, other))
        pairs = zip(one.coefficients, other.coefficients, strict=True)
        return Term(found, tuple(a - b for a, b in pairs))

    def sum(self, *terms: Term) -> Term:
        """Sum of terms, with the correlation that their estimates leave between them."""
        correlation = np.ones((len(terms), len(terms), *self.correlation.shape[2:]))
        for i, one in enumerate(terms):
            for j, other in enumerate(terms[:i]):
                correlation[i, j] = self.correlation_of(one, other)
        columns = zip(*(term.coefficients for term in terms), strict=True)
        return Term(
            total([term.limited for term in terms], correlation), tuple(sum(c) for c in columns)
        )

    def correlation_of(self, one: Term, other: Term) -> Real:
        """Correlation of two terms (array of shape (...))."""
        return self._correlation(one.coefficients, other.coefficients)

    def _correlation(self, one: tuple[float, ...], other: tuple[float, ...]) -> Real:
        deviations = [(own.high - own.low) / 2 for own in self.estimates]

        def covariance(a: tuple[float, ...], b: tuple[float, ...]) -> Real:
            shared = np.zeros(self.correlation.shape[2:])
            for i, weight in enumerate(a):
                for j, weight_of_other in enumerate(b):
                    if weight and weight_of_other:
                        shared += (
                            weight * weight_of_other * self.correlation[i, j]
                            * deviations[i] * deviations[j]
                        )  # fmt: skip
            return shared

        scale = np.sqrt(np.maximum(covariance(one, one) * covariance(other, other), 0))
        shared = covariance(one, other)
        ratio = np.divide(shared, scale, out=np.zeros_like(shared), where=scale > 0)
        return np.clip(ratio, -1, 1)
