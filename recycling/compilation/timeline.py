"""When each operation of a scheduled circuit starts and ends, conditional blocks taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recycling.compilation.target import CHANNEL

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device


@dataclass(frozen=True)
class Operation:
    """One operation on the time axis: times in s, qubits by position on the device."""

    name: str
    qubits: tuple[int, ...]
    start: float
    duration: float
    conditional: bool

    @property
    def end(self) -> float:
        """End of the operation, s."""
        return self.start + self.duration


def timeline(circuit: QuantumCircuit, device: Device) -> list[Operation]:
    """Operations of a scheduled circuit in time, where every condition holds.

    All idle time of a scheduled circuit is in its delays, so each operation starts when its last
    qubit is free; barriers and conditionals bring their qubits to the same time.

    Args:
        circuit: output of ``compile_circuits``.
        device: the device it was compiled for.
    """
    free = [0.0] * device.num_qubits
    operations: list[Operation] = []
    _lay_out(circuit, tuple(range(circuit.num_qubits)), device, free, operations)
    return operations


def busy_times(operations: list[Operation], device: Device) -> dict[str, float]:
    """Time from the first gate to the last operation on each qubit, by role, s.

    Before its first gate a qubit rests in its thermal state, where idling does no harm.
    """
    times = {}
    for qubit, role in enumerate(device.roles):
        own = [o for o in operations if qubit in o.qubits and o.name != "delay"]
        times[role] = max((o.end for o in own), default=0.0) - min(
            (o.start for o in own), default=0.0
        )
    return times


def _lay_out(
    circuit: QuantumCircuit,
    outer: tuple[int, ...],
    device: Device,
    free: list[float],
    operations: list[Operation],
    *,
    conditional: bool = False,
) -> None:
    for instruction in circuit.data:
        qubits = tuple(outer[circuit.find_bit(qubit).index] for qubit in instruction.qubits)
        start = max(free[qubit] for qubit in qubits)
        operation = instruction.operation
        if operation.name in ("barrier", "if_else"):
            for qubit in qubits:
                free[qubit] = start
            for block in getattr(operation, "blocks", ())[:1]:
                _lay_out(block, qubits, device, free, operations, conditional=True)
            continue
        duration = duration_of(operation, qubits, device)
        operations.append(Operation(operation.name, qubits, start, duration, conditional))
        for qubit in qubits:
            free[qubit] = start + duration


def duration_of(operation: Any, qubits: tuple[int, ...], device: Device) -> float:
    """Duration of one instruction on the device, s."""
    if operation.name == "delay":
        scale = {"dt": device.dt, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}
        return float(operation.duration) * scale[operation.unit]
    if operation.name == CHANNEL:
        return 0.0  # a channel that the circuit was given: it stands for no time
    if operation.name == "measure":
        return float(device.measure_duration[qubits[0]])
    return device.gate_table[operation.name, qubits].duration
