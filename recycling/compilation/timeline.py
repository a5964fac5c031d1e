"""Start and end of each operation of a scheduled circuit whose conditions hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recycling.compilation.target import CHANNEL

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device


@dataclass(frozen=True)
class Operation:
    """An operation on the time axis: times in s, qubits by position on the device.

    Example:
        >>> f"{Operation('cz', (0, 1), start=1e-6, duration=68e-9, conditional=False).end:.3e} s"
        '1.068e-06 s'
    """

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
    """List the operations of a scheduled circuit in time, where every condition holds.

    All idle time of a scheduled circuit is in its delays, so each operation starts when its last
    qubit is free; barriers and conditionals bring their qubits to the same time.

    Args:
        circuit: output of ``compile_circuits``.
        device: the device it was compiled for.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.delay(1, 0, unit="us")
        >>> _ = circuit.cz(0, 1)
        >>> [(each.name, each.start) for each in timeline(circuit, device)]  # s
        [('delay', 0.0), ('cz', 1e-06)]
    """
    free = [0.0] * device.num_qubits
    operations: list[Operation] = []
    _lay_out(circuit, tuple(range(circuit.num_qubits)), device, free, operations)
    return operations


def busy_times(operations: list[Operation], device: Device) -> dict[str, float]:
    """Compute the time from the first gate to the last operation on each qubit, by role, s.

    Before its first gate a qubit rests in its thermal state, where idling does no harm.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.x(0)
        >>> _ = circuit.delay(1, 0, unit="us")
        >>> _ = circuit.cz(0, 1)
        >>> busy_times(timeline(circuit, device), device)
        {'B': 1e-06, 'S': 0.0}
    """
    times = {}
    for qubit, role in enumerate(device.roles):
        on_qubit = [o for o in operations if qubit in o.qubits and o.name != "delay"]
        times[role] = max((o.end for o in on_qubit), default=0.0) - min(
            (o.start for o in on_qubit), default=0.0
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
    """Look up the duration of an instruction on the device, s.

    Example:
        >>> from qiskit.circuit import Delay
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> duration_of(Delay(2, unit="us"), (0,), device)
        2e-06
    """
    if operation.name == "delay":
        scale = {"dt": device.dt, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}
        return float(operation.duration) * scale[operation.unit]
    if operation.name == CHANNEL:
        return 0.0  # a channel that the circuit was given: it stands for no time
    if operation.name == "measure":
        return float(device.measure_duration[qubits[0]])
    return device.gate_table[operation.name, qubits].duration
