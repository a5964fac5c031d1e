"""Parameters of a link: their ranges, in one line where one is out of range."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from recycling.devices.photons import Segment
from recycling.errors import BadInput, require

if TYPE_CHECKING:
    from recycling.devices.link import Link

_FRACTIONS = ("transmissivity", "mode_overlap", "coherence")
_NOT_NEGATIVE = (
    "insertion_loss", "timing_offset", "bandwidth", "phase_rms", "temperature", "delay",
)  # fmt: skip

_SEGMENT = "[length in m, loss in dB/m, temperature in K]"


def check_link(link: Link) -> None:
    """Check the range of each parameter of a link.

    Raises:
        BadInput: one is out of range, or a timing offset has no bandwidth.

    Example:
        >>> from recycling.devices.link import Link
        >>> Link(coherence=1.5)
        Traceback (most recent call last):
        recycling.errors.BadInput: coherence = 1.5: give 0 to 1
    """
    for name in _FRACTIONS:
        _check(link, name, 0, 1, "give 0 to 1")
    for name in _NOT_NEGATIVE:
        _check(link, name, 0, np.finfo(float).max, "give a finite number, 0 or more")
    _check(link, "return_loss", 0, np.inf, "give 0 dB or more")
    least, most = np.finfo(float).tiny, np.finfo(float).max
    if link.frequency is not None:
        _check(link, "frequency", least, most, "give a finite number above 0")
    _check(link, "usual_frequency", least, most, "give a finite number above 0")
    if np.any((np.asarray(link.timing_offset) > 0) & (np.asarray(link.bandwidth) == 0)):
        raise BadInput(
            "bandwidth is missing: give that of the photon, since timing_offset is not 0"
        )


def line_of(segments: object) -> tuple[Segment, ...]:
    """Read the segments of a line.

    Raises:
        BadInput: one is no triple of finite, non-negative numbers.

    Example:
        >>> line_of([[5, 0.1, 0.02]])
        ((5.0, 0.1, 0.02),)
    """
    if not np.iterable(segments):
        raise BadInput(f"segments = {segments!r}: give a list of {_SEGMENT}")
    line: list[Segment] = []
    for index, segment in enumerate(cast("tuple[Segment, ...]", segments)):
        numbers = np.asarray(segment, dtype=float)
        if numbers.shape != (3,) or not (np.isfinite(numbers) & (numbers >= 0)).all():
            shown = list(segment) if np.iterable(segment) else segment
            raise BadInput(f"segments[{index}] = {shown}: give {_SEGMENT}, each 0 or more")
        line.append((float(numbers[0]), float(numbers[1]), float(numbers[2])))
    return tuple(line)


def _check(link: Link, name: str, low: float, high: float, reason: str) -> None:
    numbers = np.asarray(getattr(link, name), dtype=float)
    require(name, numbers, (numbers >= low) & (numbers <= high), reason)
