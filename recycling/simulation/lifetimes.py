"""Interactions of a qubit with others or with a record: when it enters and when it can leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def last_interactions(circuit: QuantumCircuit) -> dict[int, int]:
    """Find the index of each qubit's last measurement, condition or gate with another qubit.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.cx(0, 1)
        >>> _ = circuit.measure(1, 0)
        >>> _ = circuit.x(1)
        >>> last_interactions(circuit)
        {0: 0, 1: 1}
    """
    last: dict[int, int] = {}
    for index, instruction in enumerate(circuit.data):
        name = instruction.operation.name
        if name in ("measure", "if_else") or (len(instruction.qubits) > 1 and name != "barrier"):
            touched = instruction.qubits
            if name == "if_else":
                touched = [
                    instruction.qubits[inner]
                    for block in instruction.operation.blocks
                    for inner in interacting(block)
                ]
            for qubit in touched:
                last[circuit.find_bit(qubit).index] = index
    return last


def interacting(block: QuantumCircuit) -> set[int]:
    """Find the qubits of a block that do not only idle.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> block = QuantumCircuit(3)
        >>> _ = block.cx(0, 1)
        >>> _ = block.delay(100, 2)
        >>> sorted(interacting(block))
        [0, 1]
    """
    return {
        block.find_bit(qubit).index
        for instruction in block.data
        if instruction.operation.name not in ("barrier", "delay")
        for qubit in instruction.qubits
    }
