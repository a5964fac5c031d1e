"""Links between cryostats that were measured, as far as their numbers are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recycling.devices.link import Link
from recycling.errors import BadInput

_FIVE_METRES = "PRL 125, 260502"
_THIRTY_METRES = "Nature 617, 265"


@dataclass(frozen=True)
class LinkPreset:
    """Parameters of a measured link, and where each comes from.

    ``frequency`` is that of its photons in Hz. It counts for the link alone: used for a bath,
    the photons have the frequency of the bath, unless a spec gives another.
    """

    parameters: Mapping[str, Any]
    sources: Mapping[str, str]
    frequency: float


LINK_PRESETS: Mapping[str, LinkPreset] = {
    "eth-5m": LinkPreset(
        {"transmissivity": 0.675, "coherence": 0.896439, "temperature": 0.02, "delay": 28e-9},
        {
            "transmissivity": f"printed: {_FIVE_METRES}",
            "coherence": f"from the printed F_s = 0.858: {_FIVE_METRES}",
            "temperature": f"printed: {_FIVE_METRES}",
            "delay": f"printed: {_FIVE_METRES}",
        },
        frequency=8.406e9,
    ),
    # One number, F_Bell = 0.804, for two unknowns: any η from 0.675 to 0.87 has a coherence that
    # gives it, with a CHSH value of 2.10 to 2.20 where 2.0747 was measured.
    "eth-30m": LinkPreset(
        {"transmissivity": 0.75, "coherence": 0.8464, "temperature": 0.02},
        {
            "transmissivity": f"assumed: F_Bell of {_THIRTY_METRES} fits 0.675 to 0.87",
            "coherence": f"from the printed F_Bell = 0.804 with the assumed η: {_THIRTY_METRES}",
            "temperature": "assumed",
        },
        frequency=8.406e9,
    ),
}


def link_preset(name: str) -> Link:
    """Make a measured link: "eth-5m", or "eth-30m", whose transmissivity is assumed.

    Its photons have the frequency of the bath that it serves; without one they have that of the
    experiment.

    Raises:
        BadInput: the preset is unknown.

    Source: PRL 125, 260502 (5 m); Nature 617, 265 (30 m, one printed number for two unknowns).

    Example:
        >>> metrics = link_preset("eth-5m").metrics()
        >>> f"F_s = {metrics.state_fidelity:.4f}, C = {metrics.concurrence:.4f}"
        'F_s = 0.8580, C = 0.7365'
    """
    found = preset_of(name)
    return Link(**found.parameters, usual_frequency=found.frequency)


def preset_of(name: str) -> LinkPreset:
    """Find a preset with the sources of its numbers.

    Raises:
        BadInput: the preset is unknown.

    Example:
        >>> preset_of("eth-30m").sources["temperature"]
        'assumed'
    """
    if name not in LINK_PRESETS:
        known = " or ".join(repr(each) for each in LINK_PRESETS)
        raise BadInput(f"preset = {name!r}: give {known}")
    return LINK_PRESETS[name]
