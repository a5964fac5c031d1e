"""Joint uncertainty of what is computed from several estimates with limits of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Limited:
    """Estimates with their limits at some quantile (arrays of one shape)."""

    value: Real
    low: Real
    high: Real

    def __neg__(self) -> Limited:
        return Limited(-self.value, -self.high, -self.low)

    def map(self, increasing: Callable[[Real], Real]) -> Limited:
        """Increasing function of the estimates."""
        return Limited(*(np.asarray(increasing(x)) for x in (self.value, self.low, self.high)))

    def centred(self) -> Limited:
        """The errors alone: the same deviations from zero."""
        return Limited(np.zeros_like(self.value), self.low - self.value, self.high - self.value)

    def times(self, factor: Real | float) -> Limited:
        """The estimates times a factor of any sign, whose limits then change places."""
        ends = self.low * factor, self.high * factor
        return Limited(self.value * factor, np.minimum(*ends), np.maximum(*ends))


def total(terms: Sequence[Limited], correlation: Real) -> Limited:
    """Sum of correlated estimates: their one-sided deviations add in quadrature.

    For normal estimates this is the usual propagation of errors. For others it keeps their
    asymmetry, and with it their coverage.

    Args:
        terms: estimates (arrays of shape (...)).
        correlation: their correlation matrix (array of shape (term, term), or with (...) behind).

    Source: Zou and Donner, Statistics in Medicine 27, 1693 (2008), with correlations.
    """
    value = np.sum([term.value for term in terms], axis=0)
    up = [np.maximum(term.high - term.value, 0) for term in terms]
    down = [np.maximum(term.value - term.low, 0) for term in terms]
    return Limited(
        value, value - _quadrature(down, correlation), value + _quadrature(up, correlation)
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
        found = difference(
            one.limited, other.limited, self._correlation(one.coefficients, other.coefficients)
        )
        pairs = zip(one.coefficients, other.coefficients, strict=True)
        return Term(found, tuple(a - b for a, b in pairs))

    def sum(self, *terms: Term) -> Term:
        """Sum of terms, with the correlation that their estimates leave between them."""
        correlation = np.ones((len(terms), len(terms), *self.correlation.shape[2:]))
        for i, one in enumerate(terms):
            for j, other in enumerate(terms[:i]):
                correlation[i, j] = self._correlation(one.coefficients, other.coefficients)
        columns = zip(*(term.coefficients for term in terms), strict=True)
        return Term(
            total([term.limited for term in terms], correlation), tuple(sum(c) for c in columns)
        )

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
