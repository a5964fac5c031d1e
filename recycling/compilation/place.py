"""From a circuit on the device's qubits to a circuit on the physical qubits of a chip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recycling.compilation.walk import waits

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def place_on_chip(
    circuit: QuantumCircuit, layout: tuple[int, ...], num_qubits: int, *, keep_delays: bool
) -> QuantumCircuit:
    """Move a compiled circuit onto the physical qubits of a chip.

    Args:
        circuit: output of ``compile_circuits``.
        layout: physical qubit of each of its qubits.
        num_qubits: number of qubits of the chip.
        keep_delays: False leaves out all idle time, for a service that schedules by itself and
            waits for the classical side of a conditional by itself. A wait that is part of the
            experiment stays.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.cz(0, 1)
        >>> placed = place_on_chip(circuit, layout=(7, 3), num_qubits=10, keep_delays=False)
        >>> [placed.find_bit(qubit).index for qubit in placed.data[0].qubits]
        [7, 3]
    """
    from qiskit import QuantumCircuit

    placed = QuantumCircuit(num_qubits, name=circuit.name, metadata=circuit.metadata)
    placed.add_register(*circuit.cregs)
    timeless = circuit if keep_delays else _without_delays(circuit)
    placed.compose(timeless, qubits=list(layout), clbits=placed.clbits, inplace=True)
    return placed


def _without_delays(circuit: QuantumCircuit) -> QuantumCircuit:
    """Undo scheduling: no delays but waits, and no barrier that it put before a conditional.

    That barrier spans all qubits, and would have the target wait in |1⟩ for the feedforward.
    """
    kept, wanted = circuit.copy_empty_like(), waits(circuit)
    following = [*(each.operation.name for each in circuit.data[1:]), ""]
    for place, (instruction, after) in enumerate(zip(circuit.data, following, strict=True)):
        operation = instruction.operation
        if operation.name == "if_else":
            operation = operation.replace_blocks(
                _without_delays(block) for block in operation.blocks
            )
        spans_all = len(instruction.qubits) == circuit.num_qubits
        added = operation.name == "barrier" and after == "if_else" and spans_all
        if (operation.name != "delay" or place in wanted) and not added:
            kept.append(operation, instruction.qubits, instruction.clbits)
    return kept
