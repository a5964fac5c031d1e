"""The section ``[link]`` with physical parameters: photons between the reset and the task."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from circuits.links import Link as Channel
from circuits.settings import Settings
from recycling.devices.link import Link
from recycling.devices.link_presets import LINK_PRESETS, preset_of
from recycling.spec.messages import wrong
from recycling.spec.quantities import Frequency, LineTemperature, PhaseAngle, ShotDelay
from recycling.spec.sections import BathSpec

_Fraction = Annotated[float, Field(strict=True, ge=0, le=1)]
_NotNegative = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
_Segment = tuple[_NotNegative, _NotNegative, LineTemperature]
#: Keys of a section that are no parameters of the link.
_BESIDES = ("name", "preset", "realisation")
#: What a bath that waits cannot be given: its T2 makes the coherence, its environment the photons.
NOT_IDLE = dict.fromkeys(("coherence", "phase_rms"), "T2 of B makes the coherence") | {
    "temperature": "B relaxes to its temperature",
    "frequency": "B relaxes at its frequency",
    "delay": "the wait is the link",
}


def _known(name: str) -> str:
    if name not in LINK_PRESETS:
        raise wrong(f"= {name!r}: give " + " or ".join(map(repr, LINK_PRESETS)))
    return name


class PhotonicSettings(Settings):
    """A link that the bath's state crosses as a photon, see ``recycling.devices.link.Link``.

    ``preset`` is "eth-5m" or "eth-30m"; other keys overrule its numbers. ``segments`` are pieces
    of the line, [length in m, loss in dB/m, temperature in K]. ``realisation`` "channel" applies
    the channel, which only simulators can; "idle" lets B wait for as long as it needs to lose as
    much, on hardware too, and leaves coherence and photons to the device.

    Example:
        >>> settings = PhotonicSettings(preset="eth-5m", temperature="50 mK")
        >>> settings.link.transmissivity, settings.sources["temperature"]
        (0.675, 'given')
    """

    name: Literal["photonic"] = "photonic"
    preset: Annotated[str, AfterValidator(_known)] | None = None
    transmissivity: _Fraction | None = None
    segments: Annotated[tuple[_Segment, ...], Field(max_length=1000)] | None = None
    insertion_loss: _NotNegative | None = None
    return_loss: _NotNegative | None = None
    mode_overlap: _Fraction | None = None
    timing_offset: ShotDelay | None = None
    bandwidth: _NotNegative | None = None
    coherence: _Fraction | None = None
    phase_rms: PhaseAngle | None = None
    temperature: LineTemperature | None = None
    frequency: Frequency | None = None
    delay: ShotDelay | None = None
    realisation: Literal["channel", "idle"] = "channel"

    def build(self) -> Channel:
        """Build the channel for a bath of the usual frequency, and check the parameters."""
        if not self.is_idle:
            return Channel(self.name, list(self.link.kraus()))
        for name, reason in NOT_IDLE.items():
            if name in self.given:
                raise ValueError(
                    f"{name} = {self.given[name]:g}: {reason} with realisation = 'idle'; remove it"
                )
        if self.link.total_transmissivity == 0:
            raise ValueError(
                "realisation = 'idle': nothing passes this link, and B would wait for ever; give "
                "a link that transmits, or 'channel'"
            )
        return Channel(self.name)

    @cached_property
    def given(self) -> Mapping[str, Any]:
        """Parameters that the section gives."""
        return {
            key: value
            for key in type(self).model_fields
            if key not in _BESIDES and (value := getattr(self, key)) is not None
        }

    @property
    def link(self) -> Link:
        """The link; without a frequency until it is on a bath."""
        chosen = {} if self.preset is None else preset_of(self.preset).parameters
        return Link(**{**chosen, **self.given})

    @property
    def is_idle(self) -> bool:
        """Whether the bath waits in place of a channel."""
        return self.realisation == "idle"

    def on(self, bath: BathSpec) -> Link:
        """The link for a bath; of an idle one its losses, at the temperature of the bath.

        Example:
            >>> settings = PhotonicSettings(preset="eth-5m", realisation="idle")
            >>> settings.on(BathSpec()).temperature
            0.043
        """
        settings = self.as_channel(bath) if self.is_idle else self
        return settings.link.on(bath.frequency)

    def as_channel(self, bath: BathSpec) -> PhotonicSettings:
        """The channel of these losses at the temperature of the bath.

        Example:
            >>> PhotonicSettings(preset="eth-5m").as_channel(BathSpec()).coherence is None
            True
        """
        kept = float(self.link.total_transmissivity)
        return PhotonicSettings(transmissivity=kept, temperature=bath.temperature)

    @property
    def sources(self) -> Mapping[str, str]:
        """Where each parameter comes from that is not a default."""
        chosen = {} if self.preset is None else preset_of(self.preset).sources
        return {**chosen, **dict.fromkeys(self.given, "given")}
