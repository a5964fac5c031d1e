"""The link that a run really had: of an idle one, what its wait made of the bath qubit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.devices.idle import link_made, link_of_wait
from recycling.devices.link import Link
from recycling.inference.states.estimates import QUANTILE
from recycling.inference.statistics.interval import Interval

if TYPE_CHECKING:
    from recycling.devices.device import Device
    from recycling.inference.bath.brackets import Bracket
    from recycling.spec.experiment import Experiment


@dataclass(frozen=True)
class MadeLink:
    """The link between reset and task as it was made.

    Attributes:
        realisation: "channel" or "idle".
        link: the link at the frequency of the bath.
        wait: how long the bath waits in the circuit, s.
        transmissivity: η, with its 95 % interval where a bracket measured T1.
        coherence: factor on the coherence besides that of the loss, likewise.
        source: where both come from.
    """

    realisation: str
    link: Link
    wait: float
    transmissivity: Interval[float]
    coherence: Interval[float]
    source: str


def made_link(
    experiment: Experiment, device: Device, brackets: Iterable[Bracket] = ()
) -> MadeLink | None:
    """Find the link that an experiment has on a device; None without one.

    Args:
        experiment: the spec.
        device: the device of the run.
        brackets: measured ones, whose T1 and T2 count for an idle link before the device's.

    Raises:
        BadInput: B cannot wait as an idle link wants it.

    Example:
        >>> from recycling.devices.profiles import ideal_device, override_device
        >>> from recycling.spec.experiment import Experiment
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9)
        >>> device = override_device(ideal, t1=397e-6, t2=180.5e-6)
        >>> idle = Experiment(name="a", link={"preset": "eth-5m", "realisation": "idle"})
        >>> f"{made_link(idle, device).coherence.value:.3f}"
        '0.513'
    """
    physical = experiment.physical_link
    if physical is None:
        return None
    wait = experiment.link_wait(device)
    if not experiment.link.is_idle:
        return _without_errors("channel", physical, wait, "the spec")
    on_device = link_made(wait, device)
    measured = _measured(brackets)
    if measured is None:
        return _without_errors("idle", on_device, wait, "T1 and T2 of the device")
    return _by_brackets(on_device, wait, *measured)


def channel_attributes(link: Link | None) -> dict[str, float]:
    """Write what a link does to a qubit as attributes of a Dataset; none without a link.

    Example:
        >>> channel_attributes(Link(transmissivity=0.5, temperature=0.0))["link_transmissivity"]
        0.5
    """
    if link is None:
        return {}
    return {
        "link_transmissivity": float(link.total_transmissivity),
        "link_thermal_population": float(link.thermal_population),
        "link_coherence_factor": float(link.coherence_factor),
    }


def link_attributes(made: MadeLink) -> dict[str, Any]:
    """Write a link as attributes of a Dataset; units are in the names.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.spec.experiment import Experiment
        >>> linked = Experiment(name="a", link={"transmissivity": 0.8})
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> link_attributes(made_link(linked, device))["link_transmissivity"]
        0.8
    """
    found = {
        "link": made.realisation,
        "link_source": made.source,
        "link_wait_s": made.wait,
        "link_frequency_Hz": float(np.asarray(made.link.frequency)),
        "link_thermal_photons": float(made.link.thermal_photons),
        **channel_attributes(made.link),
    }
    for name, interval in (("transmissivity", made.transmissivity), ("coherence", made.coherence)):
        found[f"link_{name}"] = interval.value
        if interval.low < interval.high:
            found |= {f"link_{name}_low": interval.low, f"link_{name}_high": interval.high}
    return found


def link_in_words(made: MadeLink) -> str:
    """Describe a link in a line.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.spec.experiment import Experiment
        >>> linked = Experiment(name="a", link={"transmissivity": 0.8})
        >>> link_in_words(made_link(linked, ideal_device(temperature=0.043, frequency=5e9)))
        'channel: η 0.8000, c 1.0000, thermal photons 6.2e-06'
    """
    numbers = (
        f"η {made.transmissivity.value:.4f}, c {made.coherence.value:.4f}, thermal photons "
        f"{float(made.link.thermal_photons):.1e}"
    )
    if made.realisation == "channel":
        waiting = f", after B has waited {made.wait * 1e9:.0f} ns" if made.wait else ""
        return f"channel: {numbers}{waiting}"
    return f"idle: B waits {made.wait * 1e6:.2f} µs: {numbers}, by {made.source}"


def _without_errors(realisation: str, link: Link, wait: float, source: str) -> MadeLink:
    kept = float(link.total_transmissivity)
    phase = float(np.asarray(link.phase_rms))
    coherence = float(np.asarray(link.coherence)) * float(np.exp(-(phase**2) / 2))
    return MadeLink(
        realisation,
        link,
        wait,
        Interval(kept, kept, kept),
        Interval(coherence, coherence, coherence),
        source,
    )


def _measured(brackets: Iterable[Bracket]) -> tuple[dict[str, tuple[float, float]], int] | None:
    """Mean and standard error of T1 and T2 over brackets, their change among the errors."""
    found = list(brackets)
    means: dict[str, tuple[float, float]] = {}
    for name in ("t1", "t2"):
        quantities = [getattr(bracket, name) for bracket in found]
        values = np.array([each.value for each in quantities if np.isfinite(each.stderr)])
        errors = np.array([each.stderr for each in quantities if np.isfinite(each.stderr)])
        if not values.size or not (values > 0).all():
            return None
        statistical = np.sqrt(np.sum(errors**2)) / len(errors)
        means[name] = float(values.mean()), float(np.hypot(statistical, np.ptp(values) / 2))
    return means, len(found)


def _by_brackets(
    planned: Link, wait: float, measured: Mapping[str, tuple[float, float]], count: int
) -> MadeLink:
    """The same wait with measured decay times: errors of ln η and ln c to first order."""
    (t1, t1_error), (t2, t2_error) = measured["t1"], measured["t2"]
    link = link_of_wait(
        wait,
        t1,
        min(t2, 2 * t1),
        float(np.asarray(planned.temperature)),
        float(np.asarray(planned.frequency)),
    )
    in_loss = wait * t1_error / t1**2
    in_coherence = float(np.hypot(in_loss / 2, wait * t2_error / t2**2))
    several = "s" if count > 1 else ""
    return MadeLink(
        "idle",
        link,
        wait,
        _in_logarithm(float(link.total_transmissivity), in_loss),
        _in_logarithm(float(np.asarray(link.coherence)), in_coherence),
        f"T1 and T2 of the bracket{several}",
    )


def _in_logarithm(value: float, error: float) -> Interval[float]:
    """Interval of a factor from 0 to 1 with a standard error of its logarithm."""
    spread = float(np.exp(QUANTILE * error))
    return Interval(value, value / spread, min(value * spread, 1.0))
