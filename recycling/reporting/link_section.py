"""Section of the report about the link: its parameters, what it made, how well it transmits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recycling.reporting.parts import Paragraph, Part, Rows, Section
from recycling.reporting.tables import Table, number, with_interval
from recycling.results.link import MadeLink, made_link
from recycling.spec.link import NOT_IDLE

if TYPE_CHECKING:
    from recycling.reporting.evidence import Evidence
    from recycling.spec.link import PhotonicSettings

#: Unit of each parameter, and the number that it is divided by.
_UNITS = {
    "insertion_loss": ("dB", 1.0),
    "return_loss": ("dB", 1.0),
    "timing_offset": ("ns", 1e-9),
    "bandwidth": ("1/µs", 1e6),
    "phase_rms": ("rad", 1.0),
    "temperature": ("mK", 1e-3),
    "frequency": ("GHz", 1e9),
    "delay": ("ns", 1e-9),
}
#: Form of numbers without a unit.
_FORM = ".4f"


def link_section(evidence: Evidence) -> Section | None:
    """The link between reset and task; None without one."""
    run = evidence.run
    made = made_link(run.experiment, run.device, evidence.calibrations.brackets.values())
    if made is None:
        return None
    parts: list[Part] = [Paragraph(_kind(made, run.experiment.link.preset))]
    if made.link.warning:
        parts.append(Paragraph(f"{made.link.warning}.", "note", "Warning"))
    parts.append(Rows(parameter_table(run.experiment.link), numbers=False, heading="Parameters"))
    planned = made_link(run.experiment, run.device)
    parts.append(Rows(made_table(made, planned), heading="What the bath crossed"))
    return Section("Link", parts)


def parameter_table(settings: PhotonicSettings) -> Table:
    """Write each parameter that the spec or its preset gives, with its source.

    Example:
        >>> from recycling.spec.link import PhotonicSettings
        >>> parameter_table(PhotonicSettings(preset="eth-5m")).rows[2]
        ('temperature', '20 mK', 'printed: PRL 125, 260502')
    """
    link = settings.link
    rows = []
    for name, source in settings.sources.items():
        source += "; of no use to a wait" if settings.is_idle and name in NOT_IDLE else ""
        unit, size = _UNITS.get(name, ("", 1.0))
        if name == "segments":
            pieces = (f"{length:g} m of {loss:g} dB/m at {at:g} K" for length, loss, at
                      in link.segments)  # fmt: skip
            rows.append((name, ", ".join(pieces), source))
        else:
            value = float(getattr(link, name)) / size
            rows.append((name, f"{value:.6g} {unit}".rstrip(), source))
    note = "All other losses and delays are none."
    if settings.is_idle:
        note += " T2 of B makes the coherence of a wait, its temperature the photons."
    return Table(("parameter", "value", "source"), rows, note)


def made_table(made: MadeLink, planned: MadeLink | None = None) -> Table:
    """Write what a link does to a qubit, and how well it transmits; ``planned`` by its device.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.spec.experiment import Experiment
        >>> linked = Experiment(name="a", link={"preset": "eth-5m"})
        >>> made = made_link(linked, ideal_device(temperature=0.043, frequency=5e9))
        >>> dict(made_table(made).rows)["coherence factor s"]
        '0.7365'
    """
    link, metrics = made.link, made.link.metrics()
    rows = [
        ("transmissivity η", with_interval(made.transmissivity, form=_FORM)),
        ("coherence c beyond the loss", with_interval(made.coherence, form=_FORM)),
    ]
    if planned is not None and planned.source != made.source:
        rows.insert(
            1, (f"η by {planned.source}", with_interval(planned.transmissivity, form=_FORM))
        )
        rows.append((f"c by {planned.source}", with_interval(planned.coherence, form=_FORM)))
    rows += [
        ("thermal photons n", f"{float(link.thermal_photons):.2e}"),
        ("coherence factor s", _plain(link.coherence_factor)),
        ("state fidelity F_s", _plain(metrics.state_fidelity)),
        ("process and Bell fidelity F_p", _plain(metrics.process_fidelity)),
        ("concurrence C", _plain(metrics.concurrence)),
        ("CHSH, classically 2 at most", _plain(metrics.chsh)),
    ]
    if made.wait:
        rows.insert(0, ("wait of B (µs)", f"{made.wait * 1e6:.3f}"))
    frequency = float(np.asarray(link.frequency)) / 1e9
    return Table(("", "value"), rows, f"At {frequency:g} GHz, by {made.source}.")


def _kind(made: MadeLink, preset: str | None) -> str:
    """What the link is in the circuit, in a sentence."""
    named = f"The link {preset}" if preset else "The link"
    place = "in the recycling arm, after the reset and before the erasure"
    if made.realisation == "idle":
        return f"{named} is a wait of B for {made.wait * 1e6:.2f} µs {place}; S is prepared then."
    delay = float(np.asarray(made.link.delay))
    waits = (
        f" Of its delay B waits {made.wait * 1e9:.0f} ns before it, in whole steps of the device."
        if delay
        else ""
    )
    return f"{named} is a channel on B {place}.{waits}"


def _plain(value: object) -> str:
    return number(float(np.asarray(value)), _FORM)
