"""Sequences of π pulses, and their places in a window of idle time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import pi
from typing import Any

#: Angle φ of the axis cos φ X + sin φ Y of each π pulse of a sequence, rad.
SEQUENCES: Mapping[str, tuple[float, ...]] = {
    "XX": (0.0, 0.0),
    "XpXm": (0.0, pi),
    "XY4": (0.0, pi / 2, 0.0, pi / 2),
}


def idle_times(
    length: int, pulse: int, count: int, start: int = 0, alignment: int = 1
) -> tuple[int, ...]:
    """Idle times before, between and after the pulses of a window; none where they do not fit.

    With alternating signs they add up to zero, or to less than two steps of the alignment and the
    time that the first pulse waits for its own.

    Args:
        length: of the window, dt.
        pulse: length of a pulse, dt.
        count: number of pulses, even.
        start: of the window on the time axis, dt.
        alignment: pulses start at multiples of so many dt.

    Example:
        >>> idle_times(1001, pulse=8, count=2)
        (246, 492, 247)
        >>> idle_times(10, pulse=8, count=2)
        ()
    """
    lead, slot = -start % alignment, -(-pulse // alignment) * alignment
    free = length - lead - count * slot
    if free < 0:
        return ()
    half = free // (2 * count * alignment) * alignment
    rest = free - 2 * count * half
    added = min(rest, (lead + rest) // 2) // alignment * alignment
    idle = [half + lead, *[2 * half + slot - pulse] * count]
    idle[1] += added
    idle[-1] += rest - added - half
    return tuple(idle)


def pulses(angles: tuple[float, ...], idle: tuple[int, ...], label: str) -> Iterator[Any]:
    """Delays and pulses about axes in the plane: Rz(φ) X Rz(-φ), the rotations virtual.

    Example:
        >>> [each.name for each in pulses((0.0, pi), (2, 4, 2), "decoupling")]
        ['delay', 'x', 'delay', 'rz', 'x', 'rz', 'delay']
    """
    from qiskit.circuit import Delay
    from qiskit.circuit.library import RZGate, XGate

    for wait, angle in zip(idle, (*angles, None), strict=True):
        if wait:
            yield Delay(wait, unit="dt")
        if angle is not None:
            turn = [RZGate(-angle), RZGate(angle)] if angle else []
            yield from (*turn[:1], XGate(label=label), *turn[1:])
