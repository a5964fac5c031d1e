"""Everything that counts of one arm say, with calibrated 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from recycling.inference.states.estimation import (
    calibration_terms,
    estimate_fidelity,
    estimate_heat_and_bounds,
    estimate_outcomes,
    estimate_states,
)
from recycling.inference.states.plain import plain_estimates
from recycling.inference.states.samples import RecordMap, mixture
from recycling.inference.statistics.intervals import proportion_limits
from recycling.inference.statistics.propagation import Limited, total
from recycling.thermodynamics import Bath

Real = NDArray[np.float64]

Estimator = Literal["linear inversion", "median unbiased"]

#: Two-sided confidence of every interval, and the normal quantile of its upper end.
CONFIDENCE = 0.95
QUANTILE = float(-ndtri((1 - CONFIDENCE) / 2))


@dataclass(frozen=True)
class Question:
    """What is asked of counts.

    Attributes:
        records: what each record counts for.
        moved: the same for a calibration that is one standard error off, for each independent
            error of it.
        p_x: excited weights (array of shape (p_x,)).
        bath: bath at the temperature of the bounds.
        solution: ideal output of the algorithm (array of shape (theta_b, 2)).
        estimator: of the values; the limits are always those of the calibrated tests.
    """

    records: RecordMap
    moved: Sequence[RecordMap]
    p_x: Real
    bath: Bath
    solution: NDArray[np.complex128]
    estimator: Estimator


@dataclass(frozen=True)
class Estimate:
    """Estimate with the ends of its interval, its standard error, and how far it is from zero.

    ``median`` is the median-unbiased estimate, which the limits are those of; ``z`` is its distance
    from zero in units of the limit that lies on the way: +inf where no process exists, NaN where
    nothing was sampled.
    """

    value: Real
    low: Real
    high: Real
    stderr: Real
    z: Real
    median: Real

    @classmethod
    def exact(cls, value: Real) -> Estimate:
        """Value without sampling error."""
        zero = np.zeros_like(value)
        return cls(value, value, value, zero, np.where(np.isposinf(value), np.inf, np.nan), value)

    @classmethod
    def of(cls, limited: Limited, value: Real, quantile: float) -> Estimate:
        """Estimate with limits at a normal quantile; ``value`` is what to show for it."""
        with np.errstate(invalid="ignore"):  # both limits may be infinite
            width = limited.high - limited.low
        stderr = np.where(np.isnan(width) & ~np.isnan(value), np.inf, width / (2 * quantile))
        z = z_score(limited, quantile)
        return cls(value, limited.low, limited.high, stderr, z, limited.value)


def z_score(limited: Limited, quantile: float) -> Real:
    """Estimate in units of its one-sided deviation towards zero."""
    value = limited.value
    with np.errstate(invalid="ignore"):
        towards = np.where(value > 0, value - limited.low, limited.high - value)
    known = np.isfinite(value) & (towards > 0)
    z = np.divide(value * quantile, towards, out=np.full_like(value, np.nan), where=known)
    return np.where(np.isposinf(value), np.inf, z)


def estimate(
    counts: NDArray[Any], question: Question, quantile: float = QUANTILE
) -> dict[str, Estimate]:
    """Estimate everything from the counts of one arm.

    Args:
        counts: counts (array of shape (theta_b, trial, stage, preparation, basis, 16)).
        question: what is asked.
        quantile: normal quantile of the limits.

    Returns:
        Estimates by name: those of ``thermodynamic_quantities`` with leading axes (theta_b, p_x,
        trial), and ``branch_probability`` and ``fidelity`` of shape (theta_b, trial).
    """
    states = mixture(counts, question.records, question.p_x, question.moved)
    outcomes = estimate_outcomes(states, quantile)
    found = estimate_states(states, outcomes, quantile)
    limited = {
        "entropy": found.entropy,
        "excited_population": found.population,
        **estimate_heat_and_bounds(found, question.bath),
        "fidelity": estimate_fidelity(states, outcomes, _bloch(question.solution), quantile),
        "branch_probability": _branch_probability(counts, question, quantile),
    }
    if question.estimator == "median unbiased":
        values = {name: own.value for name, own in limited.items()}
    else:
        values = plain_values(counts, question)
    return {name: Estimate.of(own, values[name], quantile) for name, own in limited.items()}


def estimate_erasure(
    counts: NDArray[Any], question: Question, quantile: float, stretch: Real | float = 1.0
) -> dict[str, Limited]:
    """Heat, entropy decrease, bounds and excesses alone, median-unbiased; see ``estimate``.

    ``stretch`` is that of ``estimate_heat_and_bounds``.
    """
    states = mixture(counts, question.records, question.p_x, question.moved).without_output()
    found = estimate_states(states, estimate_outcomes(states, quantile), quantile)
    return estimate_heat_and_bounds(found, question.bath, stretch)


def plain_values(counts: NDArray[Any], question: Question) -> dict[str, Real]:
    """Values by linear inversion and projection; see ``estimate`` for their shapes."""
    return plain_estimates(counts, question.records, question.p_x, question.bath, question.solution)


def _bloch(solution: NDArray[np.complex128]) -> Real:
    """Bloch vectors (basis, theta_b) of pure states (theta_b, 2)."""
    x, y = solution[:, 0], solution[:, 1]
    coherence = 2 * x.conj() * y
    return np.stack([coherence.real, coherence.imag, np.abs(x) ** 2 - np.abs(y) ** 2])


def _branch_probability(counts: NDArray[Any], question: Question, quantile: float) -> Limited:
    """Probability of the branch, from all settings together (theta_b, trial)."""
    pooled = np.asarray(counts, dtype=float).sum(axis=(-4, -3, -2))
    shots = pooled.sum(axis=-1)
    weights = question.records.weights
    # Records with a flag have one weight.
    least, most = (float(f(weights)) for f in (np.min, np.max))
    counted = pooled @ (weights - least) / (most - least)
    share, *moved = (
        np.divide(sums, shots, out=np.full_like(shots, np.nan), where=shots > 0)
        for sums in (counted, *(pooled @ (own.weights - weights) for own in question.moved))
    )
    limits = proportion_limits(counted, shots, quantile)
    found = Limited(share, *limits).map(lambda x: least + (most - least) * x)
    terms = [found, *calibration_terms(moved, quantile)]
    return total(terms, np.eye(len(terms))).map(lambda x: np.clip(x, 0, 1))
