"""The numbers of a device as entries of channels: numbers where constant, arrays over its sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from recycling.devices.device import Device

#: A number, or an array of the shape of the device's sweep, of length 1 where it is constant.
Number = Any
#: Name of the parameter of a circuit that is the latency of the device's feedforward.
LATENCY = "feedforward_latency"
#: Fields of ``Numbers`` that no sweep runs over.
SETTINGS = ("dt", "rounded")
#: Name and qubits of a native gate.
Key = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class Numbers:
    """Noise, timing and temperature of a device, by qubit and by gate, in SI units.

    It is a tree of numbers and arrays that array libraries can trace and differentiate; nothing is
    checked here, since ``Device`` has. ``rounded``: idle times are whole cycles, as a control
    system has them; without it they are continuous, so that derivatives exist. ``detuning`` is a
    given detuning of each idle qubit in rad/s, None where there is none; of a device it is the
    standard deviation, over which ``recycling.simulation.detunings`` averages.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B",))
        >>> Numbers.of(device.replace("x", t1=[[1e-4], [2e-4]], t2=(1e-4,))).t1
        (array([0.0001, 0.0002]),)
    """

    t1: tuple[Number, ...]
    t2: tuple[Number, ...]
    frequency: tuple[Number, ...]
    temperature: tuple[Number, ...]
    false_excited: tuple[Number, ...]
    false_ground: tuple[Number, ...]
    measure_duration: tuple[Number, ...]
    gate_durations: Mapping[Key, Number]
    gate_errors: Mapping[Key, Number]
    feedforward_latency: Number
    dt: float
    rounded: bool = True
    detuning: tuple[Number, ...] | None = None

    @classmethod
    def of(cls, device: Device, axes: int | None = None) -> Numbers:
        """Take the numbers of a device, over so many axes; by default those of its sweep."""
        axes = len(device.sweep) if axes is None else axes
        per_qubit: dict[str, Any] = {
            name: _columns(np.asarray(getattr(device, name)), device.num_qubits, axes)
            for name in (
                "t1", "t2", "frequency", "temperature", "false_excited", "false_ground",
                "measure_duration", "detuning",
            )
        }  # fmt: skip
        if not np.any(device.detuning):
            per_qubit["detuning"] = None
        gates = device.gates
        keys = list(zip(gates.names, gates.qubits, strict=True))
        by_gate = [
            dict(zip(keys, _columns(array, len(keys), axes), strict=True))
            for array in (gates.durations, gates.errors)
        ]
        latency = _number(np.asarray(device.feedforward_latency), axes)
        return cls(
            **per_qubit,
            gate_durations=by_gate[0],
            gate_errors=by_gate[1],
            feedforward_latency=latency,
            dt=device.dt,
        )

    def map(self, change: Any, *, constants: bool = False) -> Numbers:
        """Copy with a function applied to every array, and with ``constants`` to numbers too."""

        def changed(value: Any) -> Any:
            if isinstance(value, Mapping):
                return {key: changed(each) for key, each in value.items()}
            if isinstance(value, tuple):
                return tuple(map(changed, value))
            if value is None:
                return None
            return value if isinstance(value, float) and not constants else change(value)

        names = [each.name for each in fields(self) if each.name not in SETTINGS]
        return replace(self, **{name: changed(getattr(self, name)) for name in names})


def _columns(array: NDArray[np.float64], count: int, axes: int) -> tuple[Number, ...]:
    """Entries along the last axis, as numbers or arrays; one for all where there is but one."""
    if array.ndim == 0:
        return (float(array),) * count
    if array.shape[-1] == 1:
        return (_number(array[..., 0], axes),) * count
    return tuple(_number(array[..., place], axes) for place in range(array.shape[-1]))


def _number(array: NDArray[np.float64], axes: int) -> Number:
    """A number if all are the same, else an array of length 1 along each axis that does nothing."""
    for axis in range(array.ndim):
        first = array.take([0], axis=axis)
        if array.shape[axis] > 1 and np.all(array == first):
            array = first
    if array.size == 1:
        return float(array.reshape(()))
    return np.ascontiguousarray(array.reshape((1,) * (axes - array.ndim) + array.shape))
