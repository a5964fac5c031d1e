"""From samples to heat, entropies and bounds with calibrated limits.

Lengths of Bloch vectors and populations get their limits by test inversion; everything else is
computed from them, with the correlations of what shares shots or a calibration. The states before
and after the erasure come from different shots.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from circuits.protocol import STAGES
from circuits.tomography import BASIS_ANGLES
from recycling.inference.states.samples import C_I, B, Mixture, S, Samples
from recycling.inference.statistics.intervals import length_limits, proportion_limits
from recycling.inference.statistics.propagation import Joint, Limited, Term, total
from recycling.inference.statistics.quotient import quotient
from recycling.thermodynamics import Bath, binary_entropy, landauer_bound

Real = NDArray[np.float64]

BEFORE, AFTER = (STAGES.index(stage) for stage in ("before", "after"))
Z = list(BASIS_ANGLES).index("Z")
#: Stage and qubit of the entropies, then of the populations, that heat and bounds follow from.
_ENTROPIES = ((BEFORE, S), (AFTER, S), (BEFORE, B))
_POPULATIONS = ((BEFORE, B), (AFTER, B))


#: Estimates without and with an X gate (arrays of shape (basis, ..., stage, qubit)).
Outcomes = tuple[Limited, Limited]


@dataclass(frozen=True)
class States:
    """Entropies (nats) and excited populations with limits, and how they are correlated.

    ``entropy`` and ``population`` hold arrays of shape (..., stage, qubit), ``correlation`` one of
    shape (5, 5, ...) for the ``_ENTROPIES`` and ``_POPULATIONS`` in their order.
    """

    entropy: Limited
    population: Limited
    correlation: Real


def estimate_states(mixture: Mixture, outcomes: Outcomes, quantile: float) -> States:
    """Entropies and populations with their limits at a normal quantile.

    The values of entropies are median-unbiased, and never outside of their limits; populations are
    those of the basis Z alone, without bias.
    """
    flat = mixture.flat()
    shape = mixture.vector().shape[1:]
    lengths = length_limits(flat, (quantile, 0, -quantile))
    # Of states that cannot be, of two samples far beyond 1, the limits may come in another order.
    low, median, high = (length.reshape(shape) for length in np.sort(lengths, axis=0))
    # The entropy falls with the length.
    length = Limited(median, low, high).within(0, 1)
    entropy = (-length).map(lambda x: np.asarray(binary_entropy((1 + x) / 2)))
    ground, excited = (own[Z].map(lambda x: (1 + x) / 2).within(0, 1) for own in outcomes)
    weight = mixture.p_x
    calibration = calibration_terms(mixture.slopes()[:, Z] / 2, quantile)
    terms = [ground.times(1 - weight), excited.times(weight), *calibration]
    population = total(terms, np.eye(len(terms)))
    noise = flat.noise().reshape(3, *shape)
    return States(entropy, population, _correlation(mixture, noise))


def estimate_fidelity(
    mixture: Mixture, outcomes: Outcomes, target: Real, quantile: float
) -> Limited:
    """Fidelity (1 + r·t)/2 with pure states of the even mixture of both preparations.

    Args:
        mixture: samples; its weights are not used.
        outcomes: their ``estimate_outcomes``.
        target: Bloch vectors t (array of shape (basis, theta_b)).
        quantile: normal quantile of the limits.

    Returns:
        Of C_I before the erasure (arrays of shape (theta_b, ...)).
    """
    there = (..., BEFORE, C_I)
    axes = mixture.ground.mean.ndim - 2 - target.ndim
    along = target.reshape(*target.shape, *(1,) * axes)
    terms: list[Limited] = []
    for own in outcomes:
        overlap = own[there].times(-along / 4)
        terms += [overlap[basis] for basis in range(len(along))]
    slopes = (along * (mixture.ground.slopes + mixture.excited.slopes)[there]).sum(axis=1) / 4
    terms += calibration_terms(slopes, quantile)
    found = total(terms, np.eye(len(terms)))
    return found.map(lambda overlap: 1 / 2 + overlap).within(0, 1)[:, 0]


def estimate_outcomes(mixture: Mixture, quantile: float) -> Outcomes:
    """Minus the Bloch components of both preparations, which rise with the number of outcomes 1."""
    ground, excited = (_outcome(own, quantile) for own in (mixture.ground, mixture.excited))
    return ground, excited


def _outcome(samples: Samples, quantile: float) -> Limited:
    shots, scale = samples.shots, samples.top - samples.bottom
    share = np.clip((samples.top - samples.mean) / scale, 0, 1)
    low, high = proportion_limits(shots * share, shots, quantile)
    return Limited(share, low, high).within(0, 1).map(lambda ones: scale * ones - samples.top)


def calibration_terms(slopes: Iterable[Real], quantile: float) -> list[Limited]:
    """Independent errors of the calibration as terms of a sum (error, ...)."""
    widths = [np.abs(slope) * quantile for slope in slopes]
    return [Limited(np.zeros_like(width), -width, width) for width in widths]


def _correlation(mixture: Mixture, noise: Real) -> Real:
    """Correlations of ``_ENTROPIES`` and ``_POPULATIONS``, to first order."""
    vector, shared, slopes = mixture.vector(), mixture.shared(), mixture.slopes()
    length = np.sqrt((vector**2).sum(axis=0))
    # An entropy falls with the length of r, a population with z.
    against = -np.divide(vector, length, out=np.zeros_like(vector), where=length > 0)
    down = np.zeros_like(vector)
    down[Z] = -1
    places = [*_ENTROPIES, *_POPULATIONS]
    gradients = [
        (against if index < len(_ENTROPIES) else down)[..., stage, qubit]
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


def estimate_heat_and_bounds(
    found: States, bath: Bath, stretch: Real | float = 1.0
) -> dict[str, Limited]:
    """Heat, entropy decrease, bounds, gain, excesses and dissipation ratio with limits.

    Args:
        found: entropies and populations.
        bath: bath at the temperature of the bounds.
        stretch: what the deviations of heat and bound are multiplied by in their ratio, whose own
            limits cannot be stretched (array of shape (...)).

    Returns:
        Estimates by the names of ``thermodynamic_quantities`` (arrays of shape (...)), J and nats.
        A bound or excess is +inf, at its value or a limit, where no process exists.
    """
    gap = float(bath.energies[-1] - bath.energies[0])
    room = float(np.log(len(bath.energies)))
    entropy, energy = found.entropy, found.population.times(gap)
    joint = Joint(
        (
            *(entropy[..., *place] for place in _ENTROPIES),
            *(energy[..., *place] for place in _POPULATIONS),
        ),
        found.correlation,
    )
    before, after, reservoir, initial, final = joint.terms()
    decrease, heat = joint.sum(before, -after), joint.sum(final, -initial)
    reached = decrease.map(lambda x: x + float(bath.entropy()))
    reached_athermal = joint.sum(before, -after, reservoir)

    def gibbs_energy(term: Term) -> Term:
        return term.map(lambda x: _gibbs_energy(x, bath, room))

    absorbed = gibbs_energy(reached_athermal)
    landauer = decrease.map(lambda x: np.asarray(landauer_bound(x, bath)))
    tight = gibbs_energy(reached).map(lambda x: x - float(bath.mean_energy()))
    no_process, no_athermal = (_beyond(term.limited, room) for term in (reached, reached_athermal))
    # ΔS moves both of its energies at once, and the entropy and the energy of B move together.
    by_decrease = _gain_over_decrease(decrease.limited, reservoir, initial, bath, room)
    by_reservoir = joint.difference(
        initial, reservoir.map(lambda x: _gibbs_energy(x + decrease.limited.value, bath, room))
    )
    gain = total([by_decrease, by_reservoir.limited.centred()], np.eye(2))
    ratio = quotient(
        _stretched(heat.limited, stretch),
        _stretched(tight.limited, stretch),
        joint.correlation_of(heat, tight),
    ).map(lambda x: x - 1)
    return {
        "entropy_decrease": decrease.limited,
        "heat": heat.limited,
        "bound_landauer": landauer.limited,
        "bound_tight": _plus(tight.limited, no_process),
        "bound_athermal": _plus(joint.sum(absorbed, -initial).limited, no_athermal),
        "gain": _lost(_plus(gain, no_process), no_athermal),
        "excess_tight": _plus(joint.sum(heat, -tight).limited, no_process),
        "excess_landauer": joint.sum(heat, -landauer).limited,
        "excess_athermal": _plus(joint.sum(final, -absorbed).limited, no_athermal),
        "dissipation_ratio": _where_possible(ratio, no_process),
    }


def _gain_over_decrease(
    decrease: Limited, reservoir: Term, initial: Term, bath: Bath, room: float
) -> Limited:
    """Gain with the limits that those of ΔS give it, in whichever direction."""
    thermal = float(bath.entropy())
    surplus = initial.limited.value - float(bath.mean_energy())
    value, *ends = (
        _gibbs_energy(x + thermal, bath, room)
        - _gibbs_energy(x + reservoir.limited.value, bath, room)
        + surplus
        for x in (decrease.value, decrease.low, decrease.high)
    )
    return Limited(
        value, np.minimum(value, np.minimum(*ends)), np.maximum(value, np.maximum(*ends))
    )


def _gibbs_energy(entropy: Real, bath: Bath, room: float) -> Real:
    """Energy of the Gibbs state of an entropy, mirrored at the largest one.

    Beyond it there is no such state. But a limit needs a function that goes on rising there: one
    that is flat would leave out the error of an estimate that is at the end of its range by chance.
    """
    beyond = np.maximum(entropy - room, 0)
    energy = np.asarray(bath.energy_at_entropy(entropy - 2 * beyond))
    largest = float(np.asarray(bath.energy_at_entropy(room)))
    return np.where(beyond > 0, 2 * largest - energy, energy)


def _beyond(entropy: Limited, room: float) -> Limited:
    """+inf where an entropy exceeds the largest one, so that no process exists; else 0."""
    return Limited(
        *(np.where(x > room, np.inf, 0) for x in (entropy.value, entropy.low, entropy.high))
    )


def _stretched(estimates: Limited, factor: Real | float) -> Limited:
    """Estimates with limits that are farther from them by a factor."""
    value, errors = estimates.value, estimates.centred().times(factor)
    return replace(errors, value=value, low=value + errors.low, high=value + errors.high)


def _plus(one: Limited, other: Limited) -> Limited:
    return Limited(one.value + other.value, one.low + other.low, one.high + other.high)


def _where_possible(ratio: Limited, no_process: Limited) -> Limited:
    """Ratio, or +inf where no process exists."""
    ends = (
        (ratio.value, no_process.value),
        (ratio.low, no_process.low),
        (ratio.high, no_process.high),
    )
    return Limited(*(np.where(np.isposinf(none), np.inf, end) for end, none in ends))


def _lost(gain: Limited, no_process: Limited) -> Limited:
    """Gain of a bath state for which no process may exist: -inf there."""
    ends = (
        (gain.value, no_process.value),
        (gain.low, no_process.high),
        (gain.high, no_process.low),
    )
    return Limited(*(np.where(np.isposinf(none), -np.inf, end) for end, none in ends))
