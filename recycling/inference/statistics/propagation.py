"""Joint uncertainty of what is computed from several estimates with limits of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Limited:
    """Estimates with their limits at some quantile.

    Attributes:
        value: the estimates (array of shape (...)).
        low: their lower limits (likewise).
        high: their upper limits.
        cut_low: the part of the deviation from ``value`` to ``low`` that is certain: the way to the
            end of a range, which has cut a limit short (likewise, or one for all).
        cut_high: the same of the deviation to ``high``.
    """

    value: Real
    low: Real
    high: Real
    cut_low: Real | float = 0.0
    cut_high: Real | float = 0.0

    def __neg__(self) -> Limited:
        return Limited(-self.value, -self.high, -self.low, self.cut_high, self.cut_low)

    def __getitem__(self, index: Any) -> Limited:
        """Some of the estimates."""
        arrays = self.value, self.low, self.high, self.cut_low, self.cut_high
        return Limited(*(np.broadcast_to(x, self.value.shape)[index] for x in arrays))

    def within(self, least: float, most: float) -> Limited:
        """The estimates cut to the range of their quantity."""
        value, low, high = (np.clip(x, least, most) for x in (self.value, self.low, self.high))
        at_least, at_most = self.low <= least, self.high >= most
        return Limited(
            value, low, high, np.where(at_least, value - low, 0), np.where(at_most, high - value, 0)
        )

    def map(self, increasing: Callable[[Real], Real]) -> Limited:
        """Increasing function of the estimates."""
        value, low, high, nearest_low, nearest_high = (
            np.asarray(increasing(x))
            for x in (
                self.value, self.low, self.high,
                self.value - self.cut_low, self.value + self.cut_high,
            )
        )  # fmt: skip
        return Limited(value, low, high, value - nearest_low, nearest_high - value)

    def centred(self) -> Limited:
        """The errors alone: the same deviations from zero."""
        low, high = self.low - self.value, self.high - self.value
        return Limited(np.zeros_like(self.value), low, high, self.cut_low, self.cut_high)

    def times(self, factor: Real | float) -> Limited:
        """The estimates times a factor of any sign, whose limits then change places."""
        ends = self.low * factor, self.high * factor
        turned, size = np.less(factor, 0), np.abs(factor)
        return Limited(
            self.value * factor,
            np.minimum(*ends),
            np.maximum(*ends),
            np.where(turned, self.cut_high, self.cut_low) * size,
            np.where(turned, self.cut_low, self.cut_high) * size,
        )


def total(terms: Sequence[Limited], correlation: Real) -> Limited:
    """Sum of correlated estimates: their one-sided deviations add in quadrature.

    For normal estimates this is the usual propagation of errors. For others it keeps their
    asymmetry, and with it their coverage.

    A limit that the end of its range has cut short is another matter. Its deviation c is all that
    the estimate can be off, not a quantile of how far it is off. In a quadrature it would vanish
    beside larger ones, √(c² + d²) < c + d, and sums of true values at the ends of their ranges, as
    those of a cold bath are, would be out of reach. So it is added as it is:

        deviation = Σ c_i + √(Σ d_i² + 2 Σ_i<j ρ_ij d_i d_j)

    with the certain parts c and the other ones d. Since an error is never larger than its certain
    part, this fails no more often than the limit of the others alone, however all of them are
    correlated (Boole's inequality: chances of failure add, and one of them is zero).

    Args:
        terms: estimates (arrays of shape (...)).
        correlation: their correlation matrix (array of shape (term, term), or with (...) behind).

    Source: Zou and Donner, Statistics in Medicine 27, 1693 (2008), with correlations; certain parts
        are not in it.
    """
    value = np.sum([term.value for term in terms], axis=0)
    cut_low, cut_high = sum(term.cut_low for term in terms), sum(term.cut_high for term in terms)
    down = [np.maximum(term.value - term.low - term.cut_low, 0) for term in terms]
    up = [np.maximum(term.high - term.value - term.cut_high, 0) for term in terms]
    return Limited(
        value,
        value - cut_low - _quadrature(down, correlation),
        value + cut_high + _quadrature(up, correlation),
        cut_low,
        cut_high,
    )


def difference(one: Limited, other: Limited, correlation: Real) -> Limited:
    """Difference of two estimates that rise and fall together.

    Where they nearly cancel, the upper deviation of the one goes with the upper one of the other,
    and not, as in ``total``, with the lower one.

    Args:
        one: estimates (arrays of shape (...)).
        other: what is taken from them.
        correlation: of the two (array of shape (...)).
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
    return Limited(value, value - most, value + most)


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
    """Increasing function of a linear combination of the estimates of a ``Joint``."""

    limited: Limited
    coefficients: tuple[int, ...]

    def __neg__(self) -> Term:
        return Term(-self.limited, tuple(-c for c in self.coefficients))

    def map(self, increasing: Callable[[Real], Real]) -> Term:
        """Increasing function of the term."""
        return Term(self.limited.map(increasing), self.coefficients)


@dataclass(frozen=True)
class Joint:
    """Correlated estimates, from which sums are made.

    Attributes:
        estimates: the estimates (arrays of shape (...)).
        correlation: their correlation matrix (array of shape (estimate, estimate, ...)).
    """

    estimates: tuple[Limited, ...]
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

    def _correlation(self, one: tuple[int, ...], other: tuple[int, ...]) -> Real:
        deviations = [(own.high - own.low) / 2 for own in self.estimates]

        def covariance(a: tuple[int, ...], b: tuple[int, ...]) -> Real:
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
