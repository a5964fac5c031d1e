"""Joint distribution of heat, entropy and bounds over a sweep, by resampling shots.

A nonparametric bootstrap: the joint record of all qubits is drawn anew, setting by setting. Its
percentiles are no intervals: where a state is nearly pure or nearly maximally mixed they repeat the
bias of the plain estimator. But they show how estimates move together, and so how much wider limits
must be to hold everywhere at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recycling.inference.bath.quantities import thermodynamic_quantities
from recycling.inference.states.estimates import CONFIDENCE, QUANTILE, Question
from recycling.inference.states.frames import beside
from recycling.inference.states.plain import projected
from recycling.inference.states.records import RecordMap
from recycling.inference.states.samples import mixture

Real = NDArray[np.float64]

#: Quantities that bands over a sweep are made of. Those of the tight bound and of Landauer's follow
#: from ΔS, on which alone they depend.
_RESAMPLED = ("entropy_decrease", "heat", "excess_tight", "excess_landauer", "bound_athermal")
BANDED = (*_RESAMPLED, "bound_tight", "bound_landauer", "dissipation_ratio")
#: Further ones, of an experiment with a link.
BANDED_OF_LINK = ("link_heat", "excess_strict_tight")


def banded(names: Iterable[str]) -> list[str]:
    """List those of the estimates that have bands over a sweep.

    Example:
        >>> banded(["gain", "heat", "link_heat"])
        ['heat', 'link_heat']
    """
    return [name for name in (*BANDED, *BANDED_OF_LINK) if name in set(names)]


def resample(
    counts: NDArray[Any], records: RecordMap, resamples: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Draw the counts of all trials anew and add the trials up.

    Args:
        counts: counts (array of shape (point, trial, stage, preparation, basis, record)).
        records: weight and values of each record.
        resamples: number of draws.
        generator: source of randomness.

    Returns:
        Array of shape (point, draw, stage, preparation, basis, record). Draws of records that are
        alike for target and bath are all in the first of these records, so the output of the
        algorithm cannot be read from them.

    Example:
        >>> from circuits import HHL
        >>> from recycling.inference.states.records import Layout
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> counts = np.full((4, 5, 2, 2, 3, 16), 100)  # point, trial, ..., record
        >>> resample(counts, records, resamples=20, generator=np.random.default_rng(1)).shape
        (4, 20, 2, 2, 3, 16)
    """
    points, trials, *setting, _ = counts.shape
    kinds, kind = _kinds(records)
    tables = np.stack([counts[..., kind == k].sum(axis=-1) for k in range(len(kinds))], axis=-1)
    # Counts that were referred to another readout are whole in their sum alone, but for rounding.
    shots = np.rint(tables.sum(axis=-1)).astype(np.int64)
    probabilities = tables / np.maximum(shots, 1)[..., None]
    total = np.zeros((points, resamples, *setting, len(kinds)), dtype=np.int64)
    for trial in range(trials):
        size = (resamples, *shots[:, trial].shape)
        draws = generator.multinomial(shots[:, trial], probabilities[:, trial], size=size)
        total += draws.swapaxes(0, 1)
    whole = np.zeros((*total.shape[:-1], counts.shape[-1]), dtype=np.int64)
    whole[..., kinds] = total
    return whole


def _kinds(records: RecordMap) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First record of each kind that target and bath tell apart, and the kind of each record."""
    values = records.values[..., records.layout.thermal].swapaxes(1, 2)
    counted = np.concatenate([records.weights[None], *values])
    _, first, kind = np.unique(counted, axis=1, return_index=True, return_inverse=True)
    return first, kind.ravel()


def simultaneous_quantile(draws: NDArray[np.int64], question: Question) -> float:
    """Normal quantile at which limits hold over the sweep at once, with 95 % confidence.

    That of the largest deviation of any estimate from its mean, in standard deviations, over what
    ``BANDED`` depends on, all points and all p_x (sup-t). Points where some draw has no process are
    left out.

    Args:
        draws: resampled counts (array of shape (point, draw, stage, preparation, basis, record)).
        question: settings of the estimates.

    Example:
        >>> from circuits import HHL
        >>> from recycling.inference.states.records import Layout
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> generator = np.random.default_rng(1)
        >>> counts = generator.multinomial(1600, np.full(16, 1 / 16), size=(4, 5, 2, 2, 3))
        >>> draws = resample(counts, records, resamples=100, generator=generator)
        >>> from recycling.thermodynamics import Bath
        >>> p_x = np.array([0.1, 0.4])
        >>> question = Question(records, (), p_x, Bath.qubit(), None, "linear inversion")
        >>> simultaneous_quantile(draws, question) > QUANTILE
        True
    """
    samples = mixture(draws, question.records, question.p_x[:1])
    # The output of the algorithm has no part in any of them.
    layout = samples.layout
    ground, excited = (
        _by_state(own.mean[:, :, 0, ..., layout.thermal])
        for own in (samples.ground, samples.excited)
    )
    frames = beside(question.axes, 1)
    axes = None if frames is None else frames[..., layout.thermal, :, :]
    moving = (*_RESAMPLED, *(BANDED_OF_LINK if question.link is not None else ()))
    largest = np.zeros((len(moving) + 1, draws.shape[1]))
    for p_x in question.p_x:  # each by itself: its arrays stay in the processor's cache
        vector = (1 - p_x) * ground + p_x * excited
        quantities = thermodynamic_quantities(
            *projected(vector, axes), question.bath, layout, question.link
        )
        found = (*(quantities[name] for name in moving), _ratio_moves(quantities))
        for own, values in zip(largest, found, strict=True):
            np.maximum(own, _largest_deviation(values), out=own)
    quantile = np.quantile(largest, CONFIDENCE, axis=1).max()
    return max(QUANTILE, float(quantile))


def _by_state(vectors: Real) -> Real:
    """The same array (..., stage, qubit), with each state's numbers side by side in memory."""
    states = np.ascontiguousarray(np.moveaxis(vectors, (-2, -1), (0, 1)))
    return np.moveaxis(states, (0, 1), (-2, -1))


def _ratio_moves(found: Mapping[str, Real]) -> Real:
    """How much heat - ratio · bound moves in each draw.

    A ratio r of heat and bound is outside of its limits where heat - r bound is resolved from zero,
    so that its band needs the deviations of that difference.
    """
    heat, bound = found["heat"], found["bound_tight"]
    with np.errstate(invalid="ignore", divide="ignore"):  # no process in some draw: left out
        ratio = heat.mean(axis=1, keepdims=True) / bound.mean(axis=1, keepdims=True)
        return np.asarray(heat - ratio * bound)


def _largest_deviation(values: Real) -> Real:
    """Largest deviation of each draw from the mean, in standard deviations; (point, draw)."""
    sure = values[np.isfinite(values).all(axis=1)]
    deviations = np.abs(sure - sure.mean(axis=1, keepdims=True))
    spread = sure.std(axis=1, keepdims=True)
    moving = spread[:, 0] > 0
    return np.asarray((deviations[moving] / spread[moving]).max(axis=0, initial=0))
