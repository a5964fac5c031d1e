"""Devices with the same gates as one device whose numbers run over a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recycling.devices.device import PER_QUBIT, Device


def devices_together(devices: Sequence[Device]) -> Device:
    """Put devices that differ in their numbers alone along the axis of a sweep.

    Args:
        devices: of the same roles, dt, and gates on the same qubits in any order, each at a single
            point; the name, the layout and the sources are those of the first.

    Returns:
        Device with a sweep of shape (device,).

    Raises:
        ValueError: gates or dt differ.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> hotter = device.replace("example", temperature=0.05)
        >>> devices_together([device, hotter]).excited_population.round(4).tolist()
        [[0.0038, 0.0038], [0.0082, 0.0082]]
    """
    first, count = devices[0], devices[0].num_qubits
    order = list(first.gates.position)
    places = []
    for device in devices:
        if device.gates.position.keys() != first.gates.position.keys() or device.dt != first.dt:
            raise ValueError(f"{device.name}: gates or dt are not those of {first.name}")
        places.append([device.gates.position[gate] for gate in order])
    numbers = {
        field: np.stack([np.broadcast_to(getattr(each, field), count) for each in devices])
        for field in PER_QUBIT
    }
    listed = [(each.gates, place) for each, place in zip(devices, places, strict=True)]
    gates = replace(
        first.gates,
        durations=np.stack([gates.durations[place] for gates, place in listed]),
        errors=np.stack([gates.errors[place] for gates, place in listed]),
    )
    latency = np.array([each.feedforward_latency for each in devices])
    return first.replace("of several devices", gates=gates, feedforward_latency=latency, **numbers)
