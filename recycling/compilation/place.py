"""From a circuit on the device's qubits to one on the physical qubits of a chip."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def place_on_chip(
    circuit: QuantumCircuit, layout: tuple[int, ...], num_qubits: int, *, keep_delays: bool
) -> QuantumCircuit:
    """Move a compiled circuit onto the physical qubits of a whole chip.

    Args:
        circuit: output of ``compile_circuits``.
        layout: physical qubit of each of its qubits.
        num_qubits: number of qubits of the chip.
        keep_delays: False leaves out all idle time: a service schedules by itself, and waits for
            the classical side of a conditional by itself.
    """
    from qiskit import QuantumCircuit

    placed = QuantumCircuit(num_qubits, name=circuit.name, metadata=circuit.metadata)
    placed.add_register(*circuit.cregs)
    timeless = circuit if keep_delays else _without_delays(circuit)
    placed.compose(timeless, qubits=list(layout), clbits=placed.clbits, inplace=True)
    return placed


def _without_delays(circuit: QuantumCircuit) -> QuantumCircuit:
    """Undo scheduling: no delays, and no barrier that it put before a conditional.

    That barrier spans all qubits, and would have the target wait in |1⟩ for the feedforward.
    """
    kept = circuit.copy_empty_like()
    following = [*(each.operation.name for each in circuit.data[1:]), ""]
    for instruction, after in zip(circuit.data, following, strict=True):
        operation = instruction.operation
        if operation.name == "if_else":
            operation = operation.replace_blocks(
                _without_delays(block) for block in operation.blocks
            )
        spans_all = len(instruction.qubits) == circuit.num_qubits
        added = operation.name == "barrier" and after == "if_else" and spans_all
        if operation.name != "delay" and not added:
            kept.append(operation, instruction.qubits, instruction.clbits)
    return kept
