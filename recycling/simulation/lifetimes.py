"""Which instructions make a qubit matter to anything else: when it enters and when it can leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def last_interactions(circuit: QuantumCircuit) -> dict[int, int]:
    """Index of the last instruction that makes each qubit matter to anything else."""
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
    """Qubits of a block on which something other than idling happens."""
    return {
        block.find_bit(qubit).index
        for instruction in block.data
        if instruction.operation.name not in ("barrier", "delay")
        for qubit in instruction.qubits
    }
