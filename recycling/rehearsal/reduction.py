"""From a circuit on a whole chip to one on the few qubits that it uses."""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import Barrier, IfElseOp, Qubit
from qiskit.transpiler import Target

#: Qubits of a device profile; the roles mean nothing here.
QUBITS = 6


def active_qubits(circuit: QuantumCircuit) -> set[int]:
    """Physical qubits on which anything but a barrier acts, padding of branches left aside."""
    active = set()
    for instruction in circuit.data:
        if instruction.operation.name == "if_else":
            active |= {circuit.find_bit(qubit).index for qubit in _acted_on(instruction)}
        elif instruction.operation.name != "barrier":
            active |= {circuit.find_bit(qubit).index for qubit in instruction.qubits}
    return active


def padded_layout(active: set[int], target: Target) -> tuple[int, ...]:
    """The active qubits in ascending order, then neighbours on working gates, six in all.

    Raises:
        ValueError: more than six are active.
    """
    if len(active) > QUBITS:
        raise ValueError(f"{len(active)} qubits are active: at most {QUBITS} can be simulated")
    edges = [
        pair
        for pair, properties in target["cz"].items()
        if (properties.error or 0.0) < 1 and all(_alive(target, qubit) for qubit in pair)
    ]
    layout = sorted(active or {edges[0][0]})
    while len(layout) < QUBITS:
        layout.append(min(b for a, b in edges if a in layout and b not in layout))
    return tuple(layout)


def restrict(circuit: QuantumCircuit, layout: tuple[int, ...]) -> QuantumCircuit:
    """The circuit on the qubits of a layout, in its order."""
    small = QuantumCircuit(QuantumRegister(len(layout), "q"), name=circuit.name)
    small.add_bits(circuit.clbits)
    small.add_register(*circuit.cregs)
    place = {
        circuit.qubits[index]: qubit
        for index, qubit in zip(layout, small.qubits, strict=True)
        if index < circuit.num_qubits
    }
    for instruction in circuit.data:
        operation: Any = instruction.operation
        qubits = [place[qubit] for qubit in instruction.qubits if qubit in place]
        if not qubits:
            continue
        if operation.name == "barrier":
            operation = Barrier(len(qubits))
        elif operation.name == "if_else":
            inner = tuple(i for i, qubit in enumerate(instruction.qubits) if qubit in place)
            blocks = [restrict(block, inner) for block in operation.blocks]
            operation = IfElseOp(operation.condition, *blocks)
        small.append(operation, qubits, instruction.clbits)
    return small


def with_latency(circuit: QuantumCircuit, latency: int) -> QuantumCircuit:
    """Let the qubits wait for the classical decision before each conditional, in units of dt.

    Those wait that share the barrier before the conditional, those that it acts on, and those that
    were measured for it; a spectator's gates can still be scheduled late.
    """
    waited = circuit.copy_empty_like()
    for index, instruction in enumerate(circuit.data):
        if instruction.operation.name == "if_else" and latency:
            waiting = sorted(_waiting(circuit, index), key=lambda q: circuit.find_bit(q).index)
            waited.barrier(waiting)
            waited.delay(latency, waiting, "dt")
            waited.barrier(waiting)
        waited.append(instruction)
    return waited


def _waiting(circuit: QuantumCircuit, index: int) -> set[Qubit]:
    conditional = circuit.data[index]
    waiting, bits = _acted_on(conditional), set(conditional.clbits)
    earlier = list(reversed(circuit.data[:index]))
    for instruction in earlier:
        if instruction.operation.name == "measure" and bits.intersection(instruction.clbits):
            bits.difference_update(instruction.clbits)
            waiting.update(instruction.qubits)
    for instruction in earlier:
        if instruction.operation.name == "barrier" and waiting.intersection(instruction.qubits):
            return waiting.union(instruction.qubits)
    return waiting


def _acted_on(conditional: Any) -> set[Qubit]:
    """Qubits on which a conditional does something other than idling."""
    return {
        conditional.qubits[block.find_bit(qubit).index]
        for block in conditional.operation.blocks
        for instruction in block.data
        if instruction.operation.name not in ("barrier", "delay")
        for qubit in instruction.qubits
    }


def _alive(target: Target, qubit: int) -> bool:
    properties = target.qubit_properties[qubit]
    return properties.t1 is not None and properties.t2 is not None
