"""A device in a line, and as a small table of a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recycling.display.html import html_table

if TYPE_CHECKING:
    from recycling.devices.device import Device


def line_of(device: Device) -> str:
    """Write a device in a line.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> line_of(ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S")))
        '<Device ideal: B, S; no layout>'
    """
    swept = f", swept over {device.sweep}" if device.sweep else ""
    places = "no layout" if device.layout is None else ", ".join(map(str, device.layout))
    return f"<Device {device.name}: {', '.join(device.roles)}; {places}{swept}>"


def page_of(device: Device) -> str:
    """Write a device as a table for a notebook: a row for each qubit, with its sources.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> "T1 (µs)" in page_of(device)
        True
    """
    single = {
        gate.qubits[0]: gate.error for gate in device.gates if len(gate.qubits) == 1
        and gate.name == "x"
    }  # fmt: skip
    kelvin = np.broadcast_to(device.temperature, np.shape(device.t1))
    rows = [
        (
            role,
            "–" if device.layout is None else device.layout[place],
            _text(device.t1[..., place] * 1e6),
            _text(device.t2[..., place] * 1e6),
            _text(single.get(place, np.nan)),
            _text(device.false_excited[..., place]),
            _text(device.false_ground[..., place]),
            _text(kelvin[..., place] * 1e3),
            device.source("t1", role),
        )
        for place, role in enumerate(device.roles)
    ]
    columns = ("role", "qubit", "T1 (µs)", "T2 (µs)", "X error", "P(1|0)", "P(0|1)", "T0 (mK)",
               "source of T1")  # fmt: skip
    coupled = ", ".join(
        f"{'–'.join(device.roles[q] for q in gate.qubits)} {_text(gate.error)}"
        for gate in device.gates
        if gate.name == "cz" and gate.qubits == tuple(sorted(gate.qubits))
    )
    latency = _text(np.asarray(device.feedforward_latency) * 1e6)
    note = (
        f"Feedforward latency {latency} µs, {device.source('feedforward_latency', 'B')}. "
        f"T0: {device.source('temperature', 'B')}." + (f" CZ errors: {coupled}." if coupled else "")
    )
    return html_table(columns, rows, title=device.name, note=note)


def _text(value: object) -> str:
    """A number, or the ends of what a sweep runs over."""
    values = np.unique(np.asarray(value, dtype=float))
    return " to ".join(f"{end:.4g}" for end in dict.fromkeys((values[0], values[-1])))
