"""Estimate every quantity of an arm from its counts, with calibrated 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from recycling.inference.bath.link import LinkChannel
from recycling.inference.states.erasure import estimate_heat_and_bounds
from recycling.inference.states.estimation import (
    Outcomes,
    States,
    calibration_terms,
    estimate_fidelity,
    estimate_outcomes,
    estimate_states,
)
from recycling.inference.states.frames import beside
from recycling.inference.states.plain import (
    branch_probability,
    mixed,
    plain_estimates,
    plain_fidelity,
    plain_quantities,
)
from recycling.inference.states.records import RecordMap
from recycling.inference.states.samples import Mixture, mixture
from recycling.inference.statistics.interval import Interval, Intervals
from recycling.inference.statistics.propagation import total
from recycling.inference.statistics.proportions import proportion_limits
from recycling.thermodynamics import Bath

Real = NDArray[np.float64]

Estimator = Literal["linear inversion", "median unbiased"]

#: Two-sided confidence of every interval, and the normal quantile of its upper end.
CONFIDENCE = 0.95
QUANTILE = float(-ndtri((1 - CONFIDENCE) / 2))


@dataclass(frozen=True)
class Question:
    """Settings of the estimates from the counts of an arm.

    Attributes:
        records: weight and values of each record.
        moved: a map of the records for each independent error of the calibration, displaced by
            one standard error.
        p_x: excited weights (array of shape (p_x,)).
        bath: bath at the temperature of the bounds.
        reference: Bloch vectors of the pure states that the output is compared with (array of
            shape (point, 3)); NaN or None where none is known.
        estimator: of the values; the limits are always those of the calibrated tests.
        link: the link that the bath's state has crossed; None for an experiment without links.
        axes: axes of tomography, unit vectors in the laboratory (array of shape (point, stage,
            qubit, basis, 3)); None for x, y and z.

    Example:
        >>> from circuits import HHL
        >>> from recycling.inference.states.records import Layout
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> p_x = np.array([0.1, 0.4])
        >>> Question(records, (), p_x, Bath.qubit(), None, "linear inversion").estimator
        'linear inversion'
    """

    records: RecordMap
    moved: Sequence[RecordMap]
    p_x: Real
    bath: Bath
    reference: Real | None
    estimator: Estimator
    link: LinkChannel | None = None
    axes: Real | None = None


@dataclass(frozen=True)
class Estimate:
    """Estimate with its interval, its standard error, and how far it is from zero.

    Attributes:
        value: the value to show.
        interval: the median-unbiased estimate with its limits.
        stderr: standard error.
        z: its distance from zero in units of the limit that lies on the way: +inf where no process
            exists, NaN where nothing was sampled.

    Example:
        >>> interval = Interval(np.array([1.0]), low=np.array([0.8]), high=np.array([1.4]))
        >>> one = Estimate.of(interval, np.array([1.05]), quantile=1.96)
        >>> one.stderr.round(3).tolist(), one.z.round(2).tolist()
        ([0.153], [9.8])
    """

    value: Real
    interval: Intervals
    stderr: Real
    z: Real

    @property
    def low(self) -> Real:
        """Lower ends of the intervals."""
        return self.interval.low

    @property
    def high(self) -> Real:
        """Upper ends of the intervals."""
        return self.interval.high

    @classmethod
    def exact(cls, value: Real) -> Estimate:
        """Value without sampling error."""
        zero = np.zeros_like(value)
        z = np.where(np.isposinf(value), np.inf, np.nan)
        return cls(value, Interval(value, value, value), zero, z)

    @classmethod
    def of(cls, interval: Intervals, value: Real, quantile: float) -> Estimate:
        """Estimate with limits at a normal quantile; ``value`` is what to show for it."""
        with np.errstate(invalid="ignore"):  # both limits may be infinite
            width = interval.high - interval.low
        stderr = np.where(np.isnan(width) & ~np.isnan(value), np.inf, width / (2 * quantile))
        return cls(value, interval, stderr, z_score(interval, quantile))

    def at(self, index: int | slice, axis: int) -> Estimate:
        """A part of the estimates along an axis."""
        where = (slice(None),) * axis + (index,)
        return Estimate(self.value[where], self.interval[where], self.stderr[where], self.z[where])


def z_score(limited: Intervals, quantile: float) -> Real:
    """Estimate in units of its one-sided deviation towards zero.

    Example:
        >>> interval = Interval(np.array([1.0]), low=np.array([0.8]), high=np.array([1.4]))
        >>> z_score(interval, quantile=1.96).round(2).tolist()
        [9.8]
    """
    value = limited.value
    with np.errstate(invalid="ignore"):
        towards = np.where(value > 0, value - limited.low, limited.high - value)
    known = np.isfinite(value) & (towards > 0)
    z = np.divide(value * quantile, towards, out=np.full_like(value, np.nan), where=known)
    return np.where(np.isposinf(value), np.inf, z)


def estimate(
    counts: NDArray[Any], question: Question, quantile: float = QUANTILE
) -> dict[str, Estimate]:
    """Estimate every quantity of an arm from its counts.

    Args:
        counts: counts (array of shape (point, trial, stage, preparation, basis, record)), with as
            many shots in each setting as it has; none is not measured.
        question: settings of the estimates.
        quantile: normal quantile of the limits.

    Returns:
        Estimates by name: those of ``thermodynamic_quantities`` with leading axes (point, p_x,
        trial), and ``branch_probability`` and ``fidelity`` of shape (point, trial).

    Example:
        >>> from circuits import HHL
        >>> from recycling.inference.states.records import Layout
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> p_x = np.array([0.1, 0.4])
        >>> question = Question(records, (), p_x, Bath.qubit(), None, "linear inversion")
        >>> counts = np.full((3, 1, 2, 2, 3, 16), 100)  # point, trial, ..., record
        >>> estimates = estimate(counts, question)
        >>> estimates["heat"].value.shape  # point, p_x, trial
        (3, 2, 1)
    """
    observed = Observed.of(counts, question, quantile)
    return {**observed.at(slice(None)).estimates(), **observed.of_all_weights()}


@dataclass(frozen=True)
class Observed:
    """Counts of an arm as samples, with what is the same at every p_x: made once for all of them.

    Attributes:
        counts: see ``estimate``.
        question: settings of the estimates.
        quantile: normal quantile of the limits.
        states: samples, mixed at every p_x.
        outcomes: limits of what each setting shows.

    Example:
        >>> from circuits import HHL
        >>> from recycling.inference.states.records import Layout
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> p_x = np.linspace(0, 1, 500)
        >>> question = Question(records, (), p_x, Bath.qubit(), None, "linear inversion")
        >>> observed = Observed.of(np.full((3, 1, 2, 2, 3, 16), 100), question)
        >>> observed.at(slice(100, 120)).estimates()["heat"].value.shape  # point, p_x, trial
        (3, 20, 1)
    """

    counts: NDArray[Any]
    question: Question
    quantile: float
    states: Mixture
    outcomes: Outcomes

    @classmethod
    def of(
        cls,
        counts: NDArray[Any],
        question: Question,
        quantile: float = QUANTILE,
        *,
        output: bool = True,
    ) -> Observed:
        """Counts as samples; without ``output`` those of target and bath alone."""
        states = mixture(counts, question.records, question.p_x, question.moved, question.axes)
        states = states if output else states.without_output()
        return cls(counts, question, quantile, states, estimate_outcomes(states, quantile))

    def at(self, weights: slice) -> Weighted:
        """Entropies and populations at some of the p_x."""
        some = replace(self.states, p_x=self.states.p_x[weights])
        limited = estimate_states(some, self.outcomes, self.quantile)
        return Weighted(some, limited, self.question, self.quantile)

    def of_all_weights(self) -> dict[str, Estimate]:
        """The estimates without an axis for p_x: of the output, and of the branch."""
        question, quantile = self.question, self.quantile
        limited = {
            "fidelity": estimate_fidelity(self.states, self.outcomes, question.reference, quantile),
            "branch_probability": _branch_probability(self.counts, question, quantile),
        }
        if question.estimator == "median unbiased":
            values = {name: own.value for name, own in limited.items()}
        else:
            values = {
                "fidelity": plain_fidelity(
                    mixed(self.counts, question.records, 0.5),
                    question.records.layout,
                    question.reference,
                    beside(question.axes, 1),
                ),
                "branch_probability": branch_probability(self.counts, question.records),
            }
        return {name: Estimate.of(own, values[name], quantile) for name, own in limited.items()}


@dataclass(frozen=True)
class Weighted:
    """States of an arm at some of the p_x, with limits; see ``Observed``.

    Example:
        >>> from circuits import HHL
        >>> from recycling.inference.states.records import Layout
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> question = Question(records, (), np.array([0.4]), Bath.qubit(), None, "median unbiased")
        >>> observed = Observed.of(np.full((3, 5, 2, 2, 3, 16), 100), question)
        >>> observed.at(slice(None)).of_last_trial().erasure()["heat"].value.shape
        (3, 1, 1)
    """

    samples: Mixture
    states: States
    question: Question
    quantile: float

    def estimates(self) -> dict[str, Estimate]:
        """Estimates by name, of shape (point, p_x, trial) or (point, p_x, trial, stage, qubit)."""
        question, layout = self.question, self.samples.layout
        limited = {
            "entropy": self.states.entropy,
            "excited_population": self.states.population,
            **self.erasure(),
        }
        if question.estimator == "median unbiased":
            values = {name: own.value for name, own in limited.items()}
        else:
            vector = self.samples.vector()
            values = plain_quantities(
                vector, question.bath, layout, question.link, self.samples.axes
            )
        return {
            name: Estimate.of(own, values[name], self.quantile) for name, own in limited.items()
        }

    def of_last_trial(self) -> Weighted:
        """The same of the last trial alone."""
        return replace(self, states=self.states.at_trial(slice(-1, None)))

    def erasure(self, stretch: Real | float = 1.0) -> dict[str, Intervals]:
        """Heat, entropy decrease, bounds and excesses alone; see ``estimate_heat_and_bounds``."""
        question = self.question
        return estimate_heat_and_bounds(self.states, question.bath, stretch, question.link)


def estimate_erasure(
    counts: NDArray[Any], question: Question, quantile: float, stretch: Real | float = 1.0
) -> dict[str, Intervals]:
    """Heat, entropy decrease, bounds and excesses alone, median-unbiased; see ``estimate``.

    ``stretch`` is that of ``estimate_heat_and_bounds``.

    Example:
        >>> from circuits import HHL
        >>> from recycling.inference.states.records import Layout
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> p_x = np.array([0.1, 0.4])
        >>> question = Question(records, (), p_x, Bath.qubit(), None, "linear inversion")
        >>> counts = np.full((3, 1, 2, 2, 3, 16), 100)  # point, trial, ..., record
        >>> estimate_erasure(counts, question, QUANTILE)["heat"].low.shape
        (3, 2, 1)
    """
    observed = Observed.of(counts, question, quantile, output=False)
    return observed.at(slice(None)).erasure(stretch)


def plain_values(counts: NDArray[Any], question: Question) -> dict[str, Real]:
    """Values by linear inversion and projection; see ``estimate`` for their shapes.

    Example:
        >>> from circuits import HHL
        >>> from recycling.inference.states.records import Layout
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> p_x = np.array([0.1, 0.4])
        >>> question = Question(records, (), p_x, Bath.qubit(), None, "linear inversion")
        >>> plain_values(np.full((3, 1, 2, 2, 3, 16), 100), question)["heat"].shape
        (3, 2, 1)
    """
    return plain_estimates(
        counts,
        question.records,
        question.p_x,
        question.bath,
        question.reference,
        question.link,
        question.axes,
    )


def _branch_probability(counts: NDArray[Any], question: Question, quantile: float) -> Intervals:
    """Probability of the branch, from all settings together (point, trial)."""
    pooled = np.asarray(counts, dtype=float).sum(axis=(-4, -3, -2))
    shots = pooled.sum(axis=-1)
    weights = question.records.weights
    # Records with a flag have the same weight.
    least, most = (float(f(weights)) for f in (np.min, np.max))
    counted = pooled @ (weights - least) / (most - least)
    share, *moved = (
        np.divide(sums, shots, out=np.full_like(shots, np.nan), where=shots > 0)
        for sums in (counted, *(pooled @ (own.weights - weights) for own in question.moved))
    )
    limits = proportion_limits(counted, shots, quantile)
    found = Interval(share, *limits).map(lambda x: least + (most - least) * x)
    terms = [found, *calibration_terms(moved, quantile)]
    return total(terms, np.eye(len(terms))).map(lambda x: np.clip(x, 0, 1))
