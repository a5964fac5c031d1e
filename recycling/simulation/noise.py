"""Noise of a device as arrays over the sweep of a program.

A program's sweep is (*device sweep, *parameter sweep): every array here has all of these axes in
front, of length 1 along each axis that it does not depend on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recycling.devices import channels

if TYPE_CHECKING:
    from recycling.devices.device import Device

Real = NDArray[np.float64]


class Noise:
    """What happens to the qubits of a device, over a sweep.

    Args:
        device: the noise; its numbers may run over a sweep.
        parameter_axes: number of sweep axes behind those of the device; ``sweep_axes`` is that of
            both.

    Raises:
        ValueError: the duration of measurements or the feedforward latency runs over a sweep.
    """

    def __init__(self, device: Device, parameter_axes: int) -> None:
        axes = {"measure_duration": 1, "feedforward_latency": 0}
        for field, own_axes in axes.items():
            if np.ndim(getattr(device, field)) > own_axes:
                raise ValueError(
                    f"{field} runs over a sweep, but the delays of a compiled circuit are fixed: "
                    "compile the circuit for each value and stack the programs"
                )
        self.device, self.parameter_axes = device, parameter_axes
        self._device_axes = len(device.sweep)
        self.sweep_axes = self._device_axes + parameter_axes
        qubits = range(device.num_qubits)
        excited, self._assignment = device.excited_population, device.assignment
        self._excited = [_reduced(excited[..., qubit]) for qubit in qubits]
        self._t1 = [_reduced(device.t1[..., qubit]) for qubit in qubits]
        self._t2 = [_reduced(device.t2[..., qubit]) for qubit in qubits]
        self._gates: dict[tuple[str, tuple[int, ...]], Real] = {}
        self._idle: dict[tuple[int, float], Real] = {}

    def thermal(self, qubit: int) -> Real:
        """Pauli vector of a qubit in its thermal state (array of shape (*sweep, 4))."""
        return self.spread(channels.thermal_state(self._excited[qubit]), 1)

    def readout(self, qubit: int) -> Real:
        """P(recorded | true) of a qubit (array of shape (*sweep, 2, 2))."""
        return self.spread(_reduced(self._assignment[..., qubit, :, :], 2), 2)

    def idle(self, qubit: int, duration: float) -> Real:
        """PTM of a qubit that idles for a duration, s (array of shape (*sweep, 4, 4))."""
        if (qubit, duration) not in self._idle:
            self._idle[qubit, duration] = self.spread(
                self._relaxation(qubit, np.asarray(duration)), 2
            )
        return self._idle[qubit, duration]

    def after_gate(self, name: str, qubits: tuple[int, ...]) -> Real:
        """PTM after a native gate: depolarization, then relaxation for its duration.

        Raises:
            ValueError: the device has no such gate.
        """
        if (name, qubits) not in self._gates:
            gates = self.device.gates
            place = gates.position.get((name, qubits))
            if place is None:
                raise ValueError(
                    f"{name} on qubits {list(qubits)} is not native to {self.device.name}: "
                    "compile the circuit for this device first"
                )
            duration = _reduced(gates.durations[..., place])
            relaxation = self._relaxation(qubits[0], duration)
            if len(qubits) == 2:
                other = self._relaxation(qubits[1], duration)
                relaxation = channels.tensor_channel(relaxation, other)
            error = _reduced(gates.errors[..., place])
            strength = channels.depolarizing_strength(error, relaxation)
            depolarizing = channels.depolarizing_channel(strength, len(qubits))
            self._gates[name, qubits] = self.spread(relaxation @ depolarizing, 2)
        return self._gates[name, qubits]

    def spread(self, array: Real, own_axes: int) -> Real:
        """Give an array (*device sweep, *own axes) all axes of the program's sweep."""
        lead, own = array.shape[: array.ndim - own_axes], array.shape[array.ndim - own_axes :]
        missing = self._device_axes - len(lead)
        return array.reshape((1,) * missing + lead + (1,) * self.parameter_axes + own)

    def _relaxation(self, qubit: int, duration: Real) -> Real:
        return channels.thermal_relaxation_channel(
            duration, self._t1[qubit], self._t2[qubit], self._excited[qubit]
        )


def _reduced(array: Real, own_axes: int = 0) -> Real:
    """Array with length 1 along each sweep axis on which all entries are the same."""
    for axis in range(array.ndim - own_axes):
        first = array.take([0], axis=axis)
        if array.shape[axis] > 1 and np.all(array == first):
            array = first
    return array
