"""Pulses in the idle times of a scheduled circuit, which turn slow dephasing back.

The windows are the delays that a scheduler wrote outside of conditional blocks, each for itself: so
no sequence reaches over a barrier, into a measurement or into a block. A sequence has an even
number of pulses at the places of Carr and Purcell, so that its idle times cancel with their signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from recycling.compilation.pulses import SEQUENCES, idle_times, pulses
from recycling.compilation.timeline import timeline
from recycling.compilation.walk import waits

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device

#: Label of the pulses, and of those in the time that a machine waits by itself for a condition.
PULSE, PULSE_OF_WAIT = "decoupling", "decoupling of a wait"


@dataclass(frozen=True)
class Decoupling:
    """A sequence of ``SEQUENCES``, its qubits by position, and the shortest window for it, s."""

    sequence: str
    qubits: tuple[int, ...]
    shortest: float = 0.0


def decoupled(
    circuit: QuantumCircuit, device: Device, decoupling: Decoupling, alignment: int = 1
) -> QuantumCircuit:
    """Put pulses into the idle times of a scheduled circuit, whose length stays the same.

    Windows that are too short for the sequence, waits that are part of the experiment, and idle
    time after the last operation on a qubit stay as they are. Before its first gate a qubit rests
    in its thermal state; it gets its pulses there too.

    Args:
        circuit: output of a scheduler: idle time as delays, in dt.
        device: the device it was compiled for.
        decoupling: the pulses.
        alignment: pulses start at multiples of so many dt.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.sx(0)
        >>> _ = circuit.delay(1000, 0, unit="dt")
        >>> _ = circuit.sx(0)
        >>> found = decoupled(circuit, device, Decoupling("XX", qubits=(0,)))
        >>> [(each.name, *each.params) for each in found.data]
        [('sx',), ('delay', 250), ('x',), ('delay', 500), ('x',), ('delay', 250), ('sx',)]
    """
    kept, wanted = circuit.copy_empty_like(), waits(circuit)
    starts = _starts(circuit, device)
    used, of_waits = _used_later(circuit), _of_waits(circuit)
    for place, instruction in enumerate(circuit.data):
        operation, window = instruction.operation, None
        if operation.name == "delay" and operation.unit == "dt" and place not in wanted:
            (qubit,) = (circuit.find_bit(each).index for each in instruction.qubits)
            long_enough = operation.duration * device.dt >= decoupling.shortest
            if qubit in decoupling.qubits and place in used and long_enough:
                label = PULSE_OF_WAIT if place in of_waits else PULSE
                angles = SEQUENCES[decoupling.sequence]
                pulse = round(device.gate_table["x", (qubit,)].duration / device.dt)
                idle = idle_times(operation.duration, pulse, len(angles), starts[place], alignment)
                window = idle and list(pulses(angles, idle, label))
        for each in window or [operation]:
            kept.append(each, instruction.qubits, instruction.clbits)
    return kept


def without_label(operation: Any) -> Any:
    """The same gate without the label of a pulse: Aer looks up the errors of a gate by its label.

    Example:
        >>> from qiskit.circuit.library import XGate
        >>> without_label(XGate(label=PULSE)).label is None
        True
    """
    if getattr(operation, "label", None) not in (PULSE, PULSE_OF_WAIT):
        return operation
    return operation.base_class()


def pulse_counts(
    circuit: QuantumCircuit, device: Device, start: float, end: float
) -> dict[str, int]:
    """Count the pulses of decoupling that start within a time in s, by role.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.delay(1000, 0, unit="dt")
        >>> _ = circuit.sx(0)
        >>> found = decoupled(circuit, device, Decoupling("XY4", qubits=(0,)))
        >>> pulse_counts(found, device, 0.0, 0.5e-6)
        {'B': 2}
    """
    found = dict.fromkeys(device.roles, 0)
    for qubit, begins in pulse_starts(circuit, device):
        inside = round(start / device.dt) <= round(begins / device.dt) < round(end / device.dt)
        found[device.roles[qubit]] += inside
    return {role: count for role, count in found.items() if count}


def pulse_starts(circuit: QuantumCircuit, device: Device) -> list[tuple[int, float]]:
    """List the pulses of decoupling in a circuit: the qubit and the start in s of each.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.delay(1000, 1, unit="dt")
        >>> _ = circuit.sx(1)
        >>> found = decoupled(circuit, device, Decoupling("XX", qubits=(1,)))
        >>> [(qubit, f"{start:.3g} s") for qubit, start in pulse_starts(found, device)]
        [(1, '2.5e-07 s'), (1, '7.5e-07 s')]
    """
    starts = _starts(circuit, device)
    return [
        (circuit.find_bit(each.qubits[0]).index, starts[place] * device.dt)
        for place, each in enumerate(circuit.data)
        if getattr(each.operation, "label", None) in (PULSE, PULSE_OF_WAIT)
    ]


def _starts(circuit: QuantumCircuit, device: Device) -> dict[int, int]:
    """Start of each operation outside of blocks in dt, by its place."""
    plain = (each for each in timeline(circuit, device) if not each.conditional)
    return {
        place: round(next(plain).start / device.dt)
        for place, instruction in enumerate(circuit.data)
        if instruction.operation.name not in ("barrier", "if_else")
    }


def _used_later(circuit: QuantumCircuit) -> set[int]:
    """Places after which something other than idling happens to one of their qubits."""
    used: set[Any] = set()
    found = set()
    for place in reversed(range(len(circuit.data))):
        instruction = circuit.data[place]
        if not used.isdisjoint(instruction.qubits):
            found.add(place)
        blocks = getattr(instruction.operation, "blocks", ())
        if blocks:
            used |= {
                instruction.qubits[block.find_bit(qubit).index]
                for block in blocks
                for each in block.data
                if each.operation.name not in ("barrier", "delay")
                for qubit in each.qubits
            }
        elif instruction.operation.name not in ("barrier", "delay"):
            used |= {*instruction.qubits}
    return found


def _of_waits(circuit: QuantumCircuit) -> set[int]:
    """Places of delays between two barriers that have nothing but delays between them."""
    data = circuit.data
    fences = [place for place, each in enumerate(data) if each.operation.name == "barrier"]
    return {
        place
        for first, last in pairwise(fences)
        if all(each.operation.name == "delay" for each in data[first + 1 : last])
        for place in range(first + 1, last)
    }
