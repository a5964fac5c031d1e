"""How surprising counts are to who predicted them, and which errors of the prediction explain it.

Each setting is multinomial. Pearson's χ² = Σ r²/E of the residuals r = O − E of all pooled records
falls into a part along the noise, |z|², and an independent rest; see ``ridge`` for z. With the
errors of the calibration the first part is z'C⁻¹z.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc
from scipy.stats import combine_pvalues

from recycling.inference.statistics.ridge import Ridge

Real = NDArray[np.float64]
#: Least expected count of a cell; rarer records are pooled (Cochran, Biometrics 10, 417 (1954)).
LEAST = 5.0
#: Least share of an expected count that a change of the noise leaves.
_KEPT = 0.05
#: Least p-value that is combined: its logarithm is finite.
_LEAST = 1e-300


@dataclass(frozen=True)
class Surprise:
    """Counts of a sweep against their prediction.

    Attributes:
        chi_square: Pearson's χ² of all settings together.
        freedom: its degrees of freedom.
        p_statistical: chance of as large a gap by the scatter of shots alone.
        p_value: the same with the errors of the calibration.
        explained: what the most likely changes of the noise take off χ².
        changes: these changes (array of shape (noise,)).
        errors: standard error of each of them (likewise).
        alone: what each of them takes off χ² if it alone changes (likewise).

    Example:
        >>> even, none = np.full((1, 2), 0.5), np.zeros((0, 1, 2))
        >>> expected = Expectation(np.array([100]), even, none, errors=np.zeros(0))
        >>> round(expected.against(np.array([[60, 40]])).p_statistical, 4)
        0.0451
    """

    chi_square: float
    freedom: int
    p_statistical: float
    p_value: float
    explained: float
    changes: Real
    errors: Real
    alone: Real


@dataclass(frozen=True, eq=False)
class Expectation:
    """What is expected of counts.

    Attributes:
        shots: of each setting (array of shape (setting,)); one without shots says nothing.
        probabilities: of each record (array of shape (setting, record)).
        sensitivities: their derivatives by each number of the noise (array of shape (noise,
            setting, record)).
        errors: standard error of each number (array of shape (noise,)).

    Example:
        >>> even, slope = np.full((1, 2), 0.5), np.array([[[0.5, -0.5]]])
        >>> expected = Expectation(np.array([100]), even, slope, errors=np.array([0.2]))
        >>> found = expected.against(np.array([[60, 40]]))
        >>> round(found.p_value, 2), found.changes.round(2).tolist()
        (0.37, [0.16])
    """

    shots: NDArray[np.integer]
    probabilities: Real
    sensitivities: Real
    errors: Real

    def against(self, counts: NDArray[np.integer]) -> Surprise:
        """Compare counts (array of shape (setting, record)) with what was expected of them."""
        observed = self._pooled(counts)
        chi_square, score = self._distance(observed, self._expected)
        z = self._fit.along @ score
        along, on_noise = float(z @ z), len(z)
        changes = self._fit.gain @ z
        explained = float(score @ changes)
        rest = chi_square - along
        return Surprise(
            chi_square,
            int(np.sum(self._cells - 1)),
            _together([_tail(along, on_noise, 2 * on_noise), self._tail_of_rest(rest)]),
            _together([
                _tail(along - explained, on_noise, 2 * on_noise),
                self._tail_of_rest(self._rest_of(observed, changes)),
            ]),
            explained,
            changes,
            self._fit.spread,
            (score * self.errors) ** 2 / (1 + self._fit.information * self.errors**2),
        )  # fmt: skip

    def _distance(self, observed: Real, expected: Real) -> tuple[float, Real]:
        """χ², and the score of the noise."""
        weight = _inverse(expected)
        residual = np.where(weight > 0, observed - expected, 0)
        return float(np.sum(residual**2 * weight)), self._slopes @ (residual * weight).ravel()

    def _rest_of(self, observed: Real, changes: Real) -> float:
        """χ² beside a noise that has changed, with which the variance of every count changes."""
        moved = self._expected + (changes @ self._slopes).reshape(self._expected.shape)
        expected = np.maximum(moved, _KEPT * self._expected)
        chi_square, score = self._distance(observed, expected)
        information = (self._slopes * _inverse(expected).ravel()) @ self._slopes.T
        z = Ridge.of(information, self.errors).along @ score
        return chi_square - float(z @ z)

    def _tail_of_rest(self, rest: float) -> float | None:
        on_noise = len(self._fit.along)
        freedom = int(np.sum(self._cells - 1)) - on_noise
        return _tail(rest, freedom, self._variance - 2 * on_noise)

    @cached_property
    def _order(self) -> NDArray[np.intp]:
        return np.argsort(self.probabilities, axis=-1)

    @cached_property
    def _rare(self) -> NDArray[np.bool_]:
        """Whether each record, the rarest first, is pooled: it, or all rarer ones, are too few."""
        expected = self.shots[:, None] * np.sort(self.probabilities, axis=-1)
        rarer = np.cumsum(expected, axis=-1) - expected
        return np.asarray((expected < LEAST) | (rarer < LEAST))

    def _pooled(self, values: NDArray[Any]) -> Real:
        """Values of the records, the rarest first, whose place has the sum of those pooled."""
        moved = np.take_along_axis(values, self._order, axis=-1)
        kept = np.where(self._rare, 0.0, moved)
        kept[:, 0] = np.sum(moved, axis=-1, where=self._rare)
        return kept

    @cached_property
    def _expected(self) -> Real:
        return self._pooled(self.shots[:, None] * self.probabilities)

    @cached_property
    def _weight(self) -> Real:
        """1/E, 0 for empty cells."""
        return _inverse(self._expected)

    @cached_property
    def _cells(self) -> NDArray[np.intp]:
        """Number of cells of each setting."""
        return np.asarray(np.maximum(np.sum(self._weight > 0, axis=-1), 1))

    @cached_property
    def _variance(self) -> float:
        """Variance of χ²: n Var = 2n(k - 1) + Σ 1/p - k² - 2k + 2 for a setting of k cells.

        Source: J. B. S. Haldane, Biometrika 29, 133 (1937).
        """
        k, shots = self._cells, np.maximum(self.shots, 1)
        return float(np.sum(2 * (k - 1) + self._weight.sum(-1) - (k**2 + 2 * k - 2) / shots))

    @cached_property
    def _slopes(self) -> Real:
        """J (array of shape (noise, setting x record))."""
        slopes = [self._pooled(self.shots[:, None] * each) for each in self.sensitivities]
        return np.reshape(slopes, (len(slopes), self._expected.size))

    @cached_property
    def _fit(self) -> Ridge:
        return Ridge.of((self._slopes * self._weight.ravel()) @ self._slopes.T, self.errors)


def _inverse(expected: Real) -> Real:
    return np.divide(1, expected, out=np.zeros_like(expected), where=expected > 0)


def _together(tails: Iterable[float | None]) -> float:
    """P-value of independent parts together (Fisher), of those that there are."""
    known = [max(tail, _LEAST) for tail in tails if tail is not None]
    if len(known) < 2:
        return known[0] if known else 1.0
    return float(combine_pvalues(known).pvalue)


def _tail(value: float, mean: float, variance: float) -> float | None:
    """Chance of a larger value, by the gamma distribution with a mean and a variance."""
    if mean <= 0 or variance <= 0:
        return None
    return float(gammaincc(mean**2 / variance, max(value, 0.0) * mean / variance))
