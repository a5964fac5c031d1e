"""The numbers of a device's noise, and devices that differ from it by one of them each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recycling.devices.constants import boltzmann, planck
from recycling.devices.device import Device

Real = NDArray[np.float64]
#: Kinds of numbers, as the section ``[prediction]`` of a spec names their relative errors.
NoiseKind = Literal[
    "t1", "t2", "single_qubit_error", "two_qubit_error", "readout_error", "excited_population"
]
#: Field of a device, words, unit and kind of each number of a qubit.
_OF_QUBIT: tuple[tuple[str, str, str, NoiseKind], ...] = (
    ("t1", "T1", "s", "t1"),
    ("t2", "T2", "s", "t2"),
    ("excited_population", "excited population", "1", "excited_population"),
    ("false_excited", "P(1|0) of the readout", "1", "readout_error"),
    ("false_ground", "P(0|1) of the readout", "1", "readout_error"),
)

#: Numbers below it are ideal; and an excited population that any temperature has.
_LEAST, _MOST = 1e-12, 0.5 - 1e-9


@dataclass(frozen=True)
class NoiseNumber:
    """A number of a device's noise: its name in words, the qubits that it belongs to, its value.

    ``unit`` is the SI unit of the value; numbers of a ``kind`` are known equally well.

    Example:
        >>> NoiseNumber("T1", ("B",), 4e-4, "s", "t1").label
        'T1 of B'
    """

    name: str
    roles: tuple[str, ...]
    value: float
    unit: str
    kind: NoiseKind

    @property
    def label(self) -> str:
        """Name and qubits in words."""
        return f"{self.name} of {', '.join(self.roles)}"


def displaced_devices(device: Device, step: float) -> tuple[tuple[NoiseNumber, ...], Device]:
    """List the numbers of a device's noise, and displace each of them.

    Rates of lifetimes grow by the share ``step``, and with 1/T1 its part of 1/T2; all others grow
    by that share themselves: probabilities are nearly linear in all of them. A temperature follows
    from its excited population. Ideal numbers, 0 or infinite, are left out. Both directions of a
    gate, and all gates of a qubit, are one number: the value is that of the first.

    Returns:
        The numbers; and a device over a sweep of one axis, of the given device at one point, then
        of each number displaced.

    Raises:
        BadInput: the device runs over a sweep.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9, roles=("B",))
        >>> device = ideal.replace("example", t1=(4e-4,), t2=(2e-4,))
        >>> numbers, devices = displaced_devices(device, 0.25)
        >>> [number.label for number in numbers]
        ['T1 of B', 'T2 of B', 'excited population of B']
        >>> devices.t1[:, 0].tolist()
        [0.0004, 0.00032, 0.0004, 0.0004]
    """
    device.refuse_sweep()
    changes = list(_changes(device, step))
    size = (len(changes) + 1, device.num_qubits)
    arrays = {
        field: np.array(np.broadcast_to(getattr(device, field), size), dtype=float)
        for field, *_ in _OF_QUBIT
    }
    errors = np.array(np.broadcast_to(device.gates.errors, (size[0], len(device.gates))))
    arrays["errors"] = errors
    for row, (_, change) in enumerate(changes, start=1):
        change({name: array[row] for name, array in arrays.items()})
    del arrays["errors"]
    arrays["temperature"] = _temperatures(device, arrays.pop("excited_population"))
    # Against rounding, and where a probability is 1 already.
    arrays["t2"] = np.minimum(arrays["t2"], 2 * arrays["t1"])
    for name in ("false_excited", "false_ground"):
        arrays[name] = np.minimum(arrays[name], 1)
    gates = replace(device.gates, errors=np.minimum(errors, np.nextafter(1, 0)))
    return tuple(number for number, _ in changes), device.replace(
        "displaced", gates=gates, **arrays
    )


def and_later(devices: Device, later: float) -> Device:
    """Add a point at the end of a sweep: its first device, with a longer feedforward latency.

    Args:
        devices: those of ``displaced_devices``.
        later: by how much the latency is longer, s.

    Returns:
        Devices whose latency is what circuits wait beyond that of their schedule: 0 but for the
        last; see ``recycling.compilation.later``.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9, roles=("B",))
        >>> and_later(displaced_devices(ideal, 1e-4)[1], 4e-9).feedforward_latency.tolist()
        [0.0, 0.0, 4e-09]
    """
    fields = ("t1", "t2", "temperature", "false_excited", "false_ground")
    arrays = {field: np.asarray(getattr(devices, field)) for field in fields}
    errors = devices.gates.errors
    longer = {field: np.concatenate([array, array[:1]]) for field, array in arrays.items()}
    return devices.replace(
        "displaced",
        gates=replace(devices.gates, errors=np.concatenate([errors, errors[:1]])),
        feedforward_latency=np.array([*(0.0,) * len(errors), later]),
        **longer,
    )


#: Displaces a number in place, in the arrays of one device by field (arrays of shape (qubit,) or,
#: of "errors", (gate,)).
_Change = Callable[[dict[str, Real]], None]


def _changes(device: Device, step: float) -> Iterator[tuple[NoiseNumber, _Change]]:
    """Each number with what displaces it."""
    for field, name, unit, kind in _OF_QUBIT:
        values = np.broadcast_to(getattr(device, field), (device.num_qubits,))
        for qubit, role in enumerate(device.roles):
            if _LEAST < values[qubit] < np.inf:
                number = NoiseNumber(name, (role,), float(values[qubit]), unit, kind)
                yield number, partial(_move, field, qubit, step)
    places: dict[tuple[int, ...], list[int]] = {}
    for place, qubits in enumerate(device.gates.qubits):
        if device.gates.errors[place] > 0:
            places.setdefault(tuple(sorted(qubits)), []).append(place)
    for qubits, of_gate in places.items():
        roles = tuple(device.roles[qubit] for qubit in qubits)
        value = float(device.gates.errors[of_gate[0]])
        of_pair = len(qubits) == 2
        words = f"{device.gates.names[of_gate[0]]} error" if of_pair else "gate error"
        which: NoiseKind = "two_qubit_error" if of_pair else "single_qubit_error"
        yield NoiseNumber(words, roles, value, "1", which), partial(_move, "errors", of_gate, step)


def _temperatures(device: Device, population: Real) -> Real:
    """Temperatures of excited populations, K; those of the device where they are its own."""
    below = np.minimum(population, _MOST)
    quanta = np.log1p(-below) - np.log(np.maximum(below, np.finfo(float).tiny))
    kelvin = planck * device.frequency / (boltzmann * quanta)
    return np.where(population == device.excited_population, device.temperature, kelvin)


def _move(field: str, places: int | list[int], step: float, arrays: dict[str, Real]) -> None:
    if field == "t1":
        rate = 1 / arrays["t2"][places] + step / (2 * arrays["t1"][places])
        arrays["t2"][places] = 1 / rate
    arrays[field][places] *= 1 / (1 + step) if field in ("t1", "t2") else 1 + step
