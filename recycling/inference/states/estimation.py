"""From samples to entropies and populations with calibrated limits.

Lengths of Bloch vectors and populations get their limits by test inversion; everything else is
computed from them, with the correlations of estimates that share shots or a calibration. The states
before and after the erasure come from different shots.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from circuits.tomography import BASIS_ANGLES
from recycling.inference.states.frames import along, in_frame, shares_of, taking_part
from recycling.inference.states.records import Layout
from recycling.inference.states.samples import Mixture, Samples
from recycling.inference.statistics.interval import Interval, Intervals
from recycling.inference.statistics.lengths import length_limits
from recycling.inference.statistics.propagation import total
from recycling.inference.statistics.proportions import proportion_limits
from recycling.thermodynamics import binary_entropy

Real = NDArray[np.float64]

Z = list(BASIS_ANGLES).index("Z")
#: Stage and qubit.
Place = tuple[int, int]
#: Estimates without and with an X gate along each axis (basis, ..., stage, qubit).
Outcomes = tuple[Intervals, Intervals]


@dataclass(frozen=True)
class States:
    """Entropies (nats) and excited populations with limits, and how they are correlated.

    ``entropy`` and ``population`` hold arrays of shape (..., stage, qubit), ``correlation`` one of
    shape (5, 5, ...) for the ``entropies_of`` and ``populations_of`` in their order.

    Example:
        >>> from circuits import HHL
        >>> from recycling.inference.states.records import RecordMap
        >>> from recycling.inference.states.samples import mixture
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> samples = mixture(np.full((4, 5, 2, 2, 3, 16), 100), records, p_x=np.array([0.4]))
        >>> states = estimate_states(samples, estimate_outcomes(samples, 1.96), quantile=1.96)
        >>> states.at_trial(slice(0, 2)).entropy.value.shape  # point, p_x, trial, stage, qubit
        (4, 1, 2, 2, 3)
    """

    entropy: Intervals
    population: Intervals
    correlation: Real
    layout: Layout

    def at_trial(self, trial: slice) -> States:
        """The same of some trials, the last of the axes before the stages."""
        there = (..., trial, slice(None), slice(None))
        return replace(
            self,
            entropy=self.entropy[there],
            population=self.population[there],
            correlation=self.correlation[..., trial],
        )


def entropies_of(layout: Layout) -> tuple[Place, ...]:
    """Places of the entropies that heat and bounds follow from.

    Example:
        >>> from circuits import HHL
        >>> entropies_of(Layout.of(HHL([[2, -1], [-1, 2]]).design))  # stage, qubit
        ((0, 0), (1, 0), (0, 1))
    """
    target, bath = layout.target, layout.bath
    return (layout.before, target), (layout.after, target), (layout.before, bath)


def populations_of(layout: Layout) -> tuple[Place, ...]:
    """Places of the populations that they follow from.

    Example:
        >>> from circuits import HHL
        >>> populations_of(Layout.of(HHL([[2, -1], [-1, 2]]).design))  # stage, qubit
        ((0, 1), (1, 1))
    """
    return (layout.before, layout.bath), (layout.after, layout.bath)


def estimate_states(mixture: Mixture, outcomes: Outcomes, quantile: float) -> States:
    """Entropies and populations with their limits at a normal quantile.

    The values of entropies are median-unbiased, and never outside of their limits; populations are
    those of the basis Z alone, or of the axes that z has a part in, without bias. What needs an
    axis without shots is NaN.

    Example:
        >>> from circuits import HHL
        >>> from recycling.inference.states.records import RecordMap
        >>> from recycling.inference.states.samples import mixture
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> samples = mixture(np.full((3, 2, 2, 3, 16), 100), records, p_x=np.array([0.1, 0.4]))
        >>> states = estimate_states(samples, estimate_outcomes(samples, 1.96), quantile=1.96)
        >>> states.entropy.value.shape  # point, p_x, stage, qubit
        (3, 2, 2, 3)
    """
    flat = mixture.flat()
    shape = mixture.vector().shape[1:]
    lengths = length_limits(flat, (quantile, 0, -quantile))
    # Of states that cannot be, of two samples far beyond 1, the limits may come in another order.
    low, median, high = (length.reshape(shape) for length in np.sort(lengths, axis=0))
    # The entropy falls with the length.
    length = Interval(median, low, high).within(0, 1)
    entropy = (-length).map(lambda x: np.asarray(binary_entropy((1 + x) / 2)))
    shares = _shares_of_z(mixture)
    ground, excited = (
        _component(own, shares).map(lambda x: (1 + x) / 2).within(0, 1) for own in outcomes
    )
    weight, slopes = mixture.p_x, np.moveaxis(mixture.slopes(), 1, 0)
    of_z = slopes[Z] if shares is None else along(shares[:, None], slopes)
    calibration = calibration_terms(of_z / 2, quantile)
    terms = [ground.times(1 - weight), excited.times(weight), *calibration]
    population = total(terms, np.eye(len(terms)))
    noise = flat.noise().reshape(3, *shape)
    return States(entropy, population, _correlation(mixture, noise), mixture.layout)


def _shares_of_z(mixture: Mixture) -> Real | None:
    """Component of each axis along z (basis, ..., stage, qubit); None for x, y and z."""
    return None if mixture.axes is None else shares_of(2, mixture.axes)


def _component(outcomes: Intervals, shares: Real | None) -> Intervals:
    """Minus the component z of Bloch vectors: of the axes that have a part in it.

    Settings of different axes have different shots, so that their errors are independent.
    """
    if shares is None:
        return outcomes[Z]
    ends = outcomes.value, outcomes.low, outcomes.high, outcomes.cut_low, outcomes.cut_high
    known = Interval(*(taking_part(shares, np.asarray(end)) for end in ends))
    parts = known.times(shares)
    return total([parts[basis] for basis in range(len(shares))], np.eye(len(shares)))


def estimate_fidelity(
    mixture: Mixture, outcomes: Outcomes, reference: Real | None, quantile: float
) -> Intervals:
    """Fidelity (1 + r·t)/2 with pure states of the even mixture of both preparations.

    NaN where there is no reference, or the output has more than one qubit.

    Args:
        mixture: samples; its weights are not used.
        outcomes: their ``estimate_outcomes``.
        reference: Bloch vectors t (array of shape (point, 3)).
        quantile: normal quantile of the limits.

    Returns:
        Of the output before the erasure (arrays of shape (point, ...)).

    Example:
        >>> from circuits import HHL
        >>> from recycling.inference.states.records import RecordMap
        >>> from recycling.inference.states.samples import mixture
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> samples = mixture(np.full((3, 2, 2, 3, 16), 100), records, p_x=np.array([0.1, 0.4]))
        >>> outcomes, reference = estimate_outcomes(samples, 1.96), np.tile([0.0, 0.0, 1.0], (3, 1))
        >>> estimate_fidelity(samples, outcomes, reference, quantile=1.96).value.round(4).tolist()
        [0.5, 0.5, 0.5]
    """
    layout = mixture.layout
    if reference is None or layout.output is None:
        unknown = np.full(mixture.ground.mean[0, :, 0, ..., 0, 0].shape, np.nan)
        return Interval(unknown, unknown, unknown)
    there = (..., layout.before, layout.output)
    wanted = reference.reshape(
        len(reference), *(1,) * (mixture.ground.mean.ndim - 2 - reference.ndim), 3
    )
    frame = None if mixture.axes is None else mixture.axes[(*there, slice(None), slice(None))]
    shares = np.moveaxis(in_frame(wanted, frame), -1, 0)
    terms = [_component(own[there], shares).times(-1 / 4) for own in outcomes]
    slopes = np.moveaxis((mixture.ground.slopes + mixture.excited.slopes)[there], 1, 0)
    terms += calibration_terms(along(shares[:, None], slopes) / 4, quantile)
    found = total(terms, np.eye(len(terms)))
    return found.map(lambda overlap: 1 / 2 + overlap).within(0, 1)[:, 0]


def estimate_outcomes(mixture: Mixture, quantile: float) -> Outcomes:
    """Minus the Bloch components of both preparations, which rise with the number of outcomes 1.

    Example:
        >>> from circuits import HHL
        >>> from recycling.inference.states.records import RecordMap
        >>> from recycling.inference.states.samples import mixture
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> samples = mixture(np.full((3, 2, 2, 3, 16), 100), records, p_x=np.array([0.1, 0.4]))
        >>> ground, excited = estimate_outcomes(samples, quantile=1.96)
        >>> ground.value.shape  # basis, point, 1 for p_x, stage, qubit
        (3, 3, 1, 2, 3)
    """
    both = (mixture.ground, mixture.excited)
    shares = [np.clip((own.top - own.mean) / (own.top - own.bottom), 0, 1) for own in both]
    shots = [
        np.broadcast_to(own.shots, share.shape) for own, share in zip(both, shares, strict=True)
    ]
    # The limits of both are sought at once.
    counted, total = (np.concatenate([each.ravel() for each in part]) for part in (shares, shots))
    low, high = proportion_limits(total * counted, total, quantile)
    size = shares[0].size
    return (
        _outcome(mixture.ground, shares[0], (low[:size], high[:size])),
        _outcome(mixture.excited, shares[1], (low[size:], high[size:])),
    )


def _outcome(samples: Samples, share: Real, limits: tuple[Real, Real]) -> Intervals:
    """Minus the Bloch components of a preparation, by shares of outcomes 1 and their limits."""
    low, high = (limit.reshape(share.shape) for limit in limits)
    scale = samples.top - samples.bottom
    return Interval(share, low, high).within(0, 1).map(lambda ones: scale * ones - samples.top)


def calibration_terms(slopes: Iterable[Real], quantile: float) -> list[Intervals]:
    """Independent errors of the calibration as terms of a sum (error, ...).

    Example:
        >>> terms = calibration_terms(np.array([[0.1, -0.2]]), quantile=1.96)
        >>> [term.high.round(2).tolist() for term in terms]
        [[0.2, 0.39]]
    """
    widths = [np.abs(slope) * quantile for slope in slopes]
    return [Interval(np.zeros_like(width), -width, width) for width in widths]


def _correlation(mixture: Mixture, noise: Real) -> Real:
    """Correlations of ``entropies_of`` and ``populations_of``, to first order."""
    vector, shared = mixture.vector(), mixture.shared()
    # An axis without shots moves nothing that is known.
    noise, slopes = np.nan_to_num(noise), np.nan_to_num(mixture.slopes())
    length = np.sqrt((vector**2).sum(axis=0))
    # An entropy falls with the length of r, a population with z.
    against = -np.divide(vector, length, out=np.zeros_like(vector), where=length > 0)
    down, shares = np.zeros_like(vector), _shares_of_z(mixture)
    if shares is None:
        down[Z] = -1
    else:
        down -= shares
    entropies = entropies_of(mixture.layout)
    places = [*entropies, *populations_of(mixture.layout)]
    gradients = [
        (against if index < len(entropies) else down)[..., stage, qubit]
        for index, (stage, qubit) in enumerate(places)
    ]
    moved = [
        (gradient * slopes[..., stage, qubit]).sum(axis=1)
        for gradient, (stage, qubit) in zip(gradients, places, strict=True)
    ]

    def covariance(i: int, j: int) -> Real:
        (stage, qubit), (other_stage, other) = places[i], places[j]
        found: Real = (moved[i] * moved[j]).sum(axis=0)
        if stage == other_stage:
            sampled = noise[..., stage, qubit] if qubit == other else shared[..., stage]
            found = found + (gradients[i] * gradients[j] * sampled).sum(axis=0)
        return found

    deviations = [np.sqrt(covariance(i, i)) for i in range(len(places))]
    correlation = np.ones((len(places), len(places), *vector.shape[1:-2]))
    for i in range(len(places)):
        for j in range(i):
            scale = deviations[i] * deviations[j]
            correlation[i, j] = np.divide(
                covariance(i, j), scale, out=np.zeros_like(scale), where=scale > 0
            )
            correlation[j, i] = correlation[i, j]
    return correlation
