"""From entropies and populations to heat and bounds, with limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recycling.inference.bath.link import LinkChannel
from recycling.inference.bath.quantities import bath_energy
from recycling.inference.states.estimation import States, entropies_of, populations_of
from recycling.inference.statistics.interval import Interval, Intervals
from recycling.inference.statistics.propagation import Joint, Term, total
from recycling.inference.statistics.quotient import quotient
from recycling.thermodynamics import Bath, landauer_bound

Real = NDArray[np.float64]


def estimate_heat_and_bounds(
    states: States, bath: Bath, stretch: Real | float = 1.0, link: LinkChannel | None = None
) -> dict[str, Intervals]:
    """Estimate heat, entropy decrease, bounds, gain, excesses and dissipation ratio with limits.

    Args:
        states: entropies and populations.
        bath: bath at the temperature of the bounds.
        stretch: factor of the deviations of heat and bound in their ratio, whose limits cannot be
            stretched afterwards (array of shape (...)).
        link: the link that the bath's state has crossed; None for an experiment without links.

    Returns:
        Estimates by the names of ``thermodynamic_quantities`` (arrays of shape (...)), J and nats.
        A bound or excess is +inf, at its value or a limit, where no process exists.

    Example:
        >>> from circuits import HHL
        >>> from recycling.inference.states.estimation import estimate_outcomes, estimate_states
        >>> from recycling.inference.states.records import Layout, RecordMap
        >>> from recycling.inference.states.samples import mixture
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> samples = mixture(np.full((3, 2, 2, 3, 16), 100), records, p_x=np.array([0.1, 0.4]))
        >>> states = estimate_states(samples, estimate_outcomes(samples, 1.96), quantile=1.96)
        >>> estimate_heat_and_bounds(states, Bath.qubit())["heat"].value.shape  # point, p_x
        (3, 2)
    """
    room, joint = float(np.log(len(bath.energies))), _joint(states, bath)
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
    gain = _gain(joint, decrease.limited, reservoir, initial, bath, room)
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
        **(_with_link(joint, tight, no_process, bath, link) if link is not None else {}),
    }


def _with_link(
    joint: Joint, tight: Term, no_process: Intervals, bath: Bath, link: LinkChannel
) -> dict[str, Intervals]:
    """Heat that the state left in the link, and the excess of both heats over the tight bound.

    Both follow from the energy E of the bath before the erasure: the link took
    (1 - η)/η (E - hf p_eq) of it, so that the strict heat is E' - E + (1 - η)/η (E - hf p_eq).
    """
    *_, initial, final = joint.terms()
    in_equilibrium = link.lost * float(bath_energy([np.array(link.population)], bath))

    def above_equilibrium(term: Term) -> Intervals:
        return term.map(lambda x: x - in_equilibrium).limited

    strict = joint.sum(joint.sum(final, initial.times(link.lost - 1)), -tight)
    return {
        "link_heat": above_equilibrium(initial.times(link.lost)),
        "excess_strict_tight": _plus(above_equilibrium(strict), no_process),
    }


def _joint(found: States, bath: Bath) -> Joint:
    """Entropies, and energies of the bath, that heat and bounds follow from."""
    energy = found.population.times(float(bath_energy([np.ones(())], bath)))
    return Joint(
        (
            *(found.entropy[..., *place] for place in entropies_of(found.layout)),
            *(energy[..., *place] for place in populations_of(found.layout)),
        ),
        found.correlation,
    )


def _gain(
    joint: Joint, decrease: Intervals, reservoir: Term, initial: Term, bath: Bath, room: float
) -> Intervals:
    """Gain of the bath's state, wherever there are processes.

    ΔS moves both of its energies at once, and the entropy and the energy of the bath move together.
    """
    by_decrease = _gain_over_decrease(decrease, reservoir, initial, bath, room)
    by_reservoir = joint.difference(
        initial, reservoir.map(lambda x: _gibbs_energy(x + decrease.value, bath, room))
    )
    return total([by_decrease, by_reservoir.limited.centred()], np.eye(2))


def _gain_over_decrease(
    decrease: Intervals, reservoir: Term, initial: Term, bath: Bath, room: float
) -> Intervals:
    """Gain with the limits that those of ΔS give it, in whichever direction."""
    thermal = float(bath.entropy())
    surplus = initial.limited.value - float(bath.mean_energy())
    value, *ends = (
        _gibbs_energy(x + thermal, bath, room)
        - _gibbs_energy(x + reservoir.limited.value, bath, room)
        + surplus
        for x in (decrease.value, decrease.low, decrease.high)
    )
    return Interval(
        value, np.minimum(value, np.minimum(*ends)), np.maximum(value, np.maximum(*ends))
    )


def _gibbs_energy(entropy: Real, bath: Bath, room: float) -> Real:
    """Energy of the Gibbs state of an entropy, mirrored at the largest entropy.

    Beyond it there is no such state. But a limit needs a function that goes on rising there: a flat
    function would leave out the error of an estimate that is at the end of its range by chance.
    """
    beyond = np.maximum(entropy - room, 0)
    energy = np.asarray(bath.energy_at_entropy(entropy - 2 * beyond))
    largest = float(np.asarray(bath.energy_at_entropy(room)))
    return np.where(beyond > 0, 2 * largest - energy, energy)


def _beyond(entropy: Intervals, room: float) -> Intervals:
    """+inf where an entropy exceeds the largest, so that no process exists; else 0."""
    return Interval(
        *(np.where(x > room, np.inf, 0) for x in (entropy.value, entropy.low, entropy.high))
    )


def _stretched(estimates: Intervals, factor: Real | float) -> Intervals:
    """Estimates with limits that are farther from them by a factor."""
    value, errors = estimates.value, estimates.centred().times(factor)
    return replace(errors, value=value, low=value + errors.low, high=value + errors.high)


def _plus(one: Intervals, other: Intervals) -> Intervals:
    return Interval(one.value + other.value, one.low + other.low, one.high + other.high)


def _where_possible(ratio: Intervals, no_process: Intervals) -> Intervals:
    """Ratio, or +inf where no process exists."""
    ends = (
        (ratio.value, no_process.value),
        (ratio.low, no_process.low),
        (ratio.high, no_process.high),
    )
    return Interval(*(np.where(np.isposinf(none), np.inf, end) for end, none in ends))


def _lost(gain: Intervals, no_process: Intervals) -> Intervals:
    """Gain of a bath state for which no process may exist: -inf there."""
    ends = (
        (gain.value, no_process.value),
        (gain.low, no_process.high),
        (gain.high, no_process.low),
    )
    return Interval(*(np.where(np.isposinf(none), -np.inf, end) for end, none in ends))
