"""Entropy production of the erasure with the bath's state counted as a resource.

For any unitary on target and bath it is the sum of two terms that cannot be negative::

    ΔQ_B/kT0 - ΔS + F(ρ_B)/kT0 = I(S:B) + D(ρ'_B ‖ thermal)

With F(ρ_B) = E_B - E_th - kT0 (S_B - S_th) only the energy of the bath after the erasure is left of
both energies. A link that the state has crossed adds the entropy that it took up, Q_link/kT_link,
and S_out - S_in of the state, which is not negative either (Spohn): S_out cancels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.constants import h as planck
from scipy.constants import k as boltzmann
from scipy.special import logit

from circuits.design import RECYCLING
from recycling.inference.bath.link import LinkChannel
from recycling.inference.statistics.interval import Interval, Intervals
from recycling.inference.statistics.propagation import total
from recycling.results.dataset import POINT, by_point, qubit_of, shown_p_x, swept
from recycling.results.link_gains import channel_of
from recycling.thermodynamics import Bath, binary_entropy

if TYPE_CHECKING:
    import xarray as xr

Real = NDArray[np.float64]

#: A link at zero temperature takes up entropy without bound: this population stands in for none.
_COLDEST = 1e-300


def entropy_production(dataset: xr.Dataset, arm: str = RECYCLING) -> Intervals:
    """Estimate the entropy production of an arm at the shown p_x, all trials together.

    Returns:
        Estimates with 95 % limits (arrays over the points of the sweep), nats. That of the link,
        which the recycling arm alone crosses, is in it unless nothing of the state arrived, so that
        what was sent is unknown.

    Source: Esposito, Lindenberg and Van den Broeck, New J. Phys. 12, 013013 (2010); Spohn, J. Math.
        Phys. 19, 1227 (1978) for the link.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> from recycling.jobs.counts import counts_of
        >>> counts = counts_of(experiment, {0: np.full((2, 2, 2, 2, 3, 2, 2, 2, 2), 1 / 16)})
        >>> from recycling.results.analysis import analyse_counts
        >>> bath = {"temperature_K": 0.043, "frequency_Hz": 5e9}
        >>> dataset = analyse_counts(experiment, counts, bath)
        >>> entropy_production(dataset).value.round(3).tolist()  # D(1/2 ‖ thermal)
        [2.101, 2.101]
    """
    attributes = dataset.attrs
    bath = Bath.qubit(attributes["frequency_Hz"], attributes["temperature_K"])
    reduced = planck * attributes["frequency_Hz"] / (boltzmann * bath.temperature)
    names = ["entropy_combined", "excited_population_combined"]
    shown = by_point(dataset[names].sel(arm=arm, p_x=shown_p_x(dataset)), swept(dataset))

    def estimate(name: str, stage: int, purpose: str) -> Intervals:
        there = shown[f"{name}_combined"].isel(stage=stage).sel(qubit=qubit_of(dataset, purpose))
        value, low, high = there.transpose("limit", POINT).values
        # Plain values of nearly pure states may lie outside of their intervals.
        return Interval(value, np.minimum(low, value), np.maximum(high, value))

    entropy_before = estimate("entropy", 0, "bath")
    terms = [
        estimate("excited_population", -1, "bath").times(reduced),
        estimate("entropy", -1, "target"),
        -estimate("entropy", 0, "target"),
    ]
    link = channel_of(attributes) if arm == RECYCLING else None
    if link is None or link.transmissivity == 0 or link.coherence == 0:
        terms.append(-entropy_before)
    else:
        terms += _with_link(entropy_before, estimate("excited_population", 0, "bath"), link, bath)
    thermal = reduced * float(bath.mean_energy()) / float(bath.energies[-1])
    return total(terms, np.eye(len(terms))).map(lambda x: x - thermal + float(bath.entropy()))


def _with_link(
    entropy: Intervals, population: Intervals, link: LinkChannel, bath: Bath
) -> tuple[Intervals, Intervals]:
    """Entropy that a link took up, less that of the state that was sent.

    A function of the entropy and the excited population of the state that arrived, with the limits
    that those of each give it.
    """
    population_of_link = max(link.population, _COLDEST)
    inverse_temperature = -logit(population_of_link)  # hf/kT_link

    def taken_up(arrived_entropy: Real, excited: Real) -> Real:
        flow = inverse_temperature * (link.sent(excited) - excited)
        smaller = np.asarray(bath.energy_at_entropy(arrived_entropy)) / float(bath.energies[-1])
        return np.asarray(flow - _sent_entropy(1 - 2 * smaller, excited, link))

    value = taken_up(entropy.value, population.value)
    by_entropy, by_population = (
        [taken_up(entropy_end, population.value) for entropy_end in (entropy.low, entropy.high)],
        [taken_up(entropy.value, excited) for excited in (population.low, population.high)],
    )
    first, second = (
        Interval(value, np.minimum(value, np.minimum(*ends)), np.maximum(value, np.maximum(*ends)))
        for ends in (by_entropy, by_population)
    )
    return first, second.centred()


def _sent_entropy(length: Real, excited: Real, link: LinkChannel) -> Real:
    """Entropy of the state that was sent, by the Bloch vector and population of what arrived."""
    across = np.maximum(length**2 - (1 - 2 * excited) ** 2, 0) / link.coherence**2
    sent = np.sqrt(across + (1 - 2 * link.sent(excited)) ** 2)
    return np.asarray(binary_entropy((1 - np.minimum(sent, 1)) / 2))
