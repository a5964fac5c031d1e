"""Devices with the same gates as one device whose numbers run over a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recycling.devices.device import PER_QUBIT, Device


def devices_together(devices: Sequence[Device]) -> Device:
    """Put devices that differ in their numbers alone along the axis of a sweep.

    Args:
        devices: of the same roles, gates on the same qubits, durations, latency and dt, each at a
            single point; the name, the layout and the sources are those of the first.

    Returns:
        Device with a sweep of shape (device,).

    Raises:
        ValueError: gates or latencies differ.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> hotter = device.replace("example", temperature=0.05)
        >>> devices_together([device, hotter]).excited_population.round(4).tolist()
        [[0.0038, 0.0038], [0.0082, 0.0082]]
    """
    first = devices[0]
    for device in devices:
        alike = (
            (device.gates.names, device.gates.qubits, device.feedforward_latency, device.dt)
            == (first.gates.names, first.gates.qubits, first.feedforward_latency, first.dt)
        )  # fmt: skip
        if not alike or not np.array_equal(device.gates.durations, first.gates.durations):
            raise ValueError(f"{device.name}: gates or latency are not those of {first.name}")
    count = first.num_qubits
    numbers = {
        field: np.stack([np.broadcast_to(getattr(each, field), count) for each in devices])
        for field in PER_QUBIT
        if field != "measure_duration"  # fixes the schedule
    }
    gates = replace(first.gates, errors=np.stack([each.gates.errors for each in devices]))
    return first.replace("of several devices", gates=gates, **numbers)
