"""From a circuit on the device's qubits to a circuit on the physical qubits of a chip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recycling.compilation.decouple import PULSE, PULSE_OF_WAIT, without_label
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
            experiment stays, and so does what stands between pulses of a decoupling, but for those
            in the time that the service waits by itself.

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
    if any(without_label(each.operation) is not each.operation for each in placed.data):
        placed.data = [each.replace(operation=without_label(each.operation)) for each in placed]
    return placed


def _without_delays(circuit: QuantumCircuit) -> QuantumCircuit:
    """Undo scheduling: no delays but waits, and no barrier that it put before a conditional.

    That barrier spans all qubits, and would have the target wait in |1⟩ for the feedforward.
    """
    kept, (wanted, pulses_of_waits) = circuit.copy_empty_like(), _with_pulses(circuit)
    wanted |= waits(circuit)
    following = [*(each.operation.name for each in circuit.data[1:]), ""]
    for place, (instruction, after) in enumerate(zip(circuit.data, following, strict=True)):
        operation = instruction.operation
        if operation.name == "if_else":
            operation = operation.replace_blocks(
                _without_delays(block) for block in operation.blocks
            )
        spans_all = len(instruction.qubits) == circuit.num_qubits
        added = operation.name == "barrier" and after == "if_else" and spans_all
        timeless = operation.name != "delay" and place not in pulses_of_waits
        if (timeless or place in wanted) and not added:
            kept.append(operation, instruction.qubits, instruction.clbits)
    return kept


def _with_pulses(circuit: QuantumCircuit) -> tuple[set[int], set[int]]:
    """Places of delays around pulses, and of all that is in a wait with pulses.

    Both are in a stretch between barriers or conditionals: delays of the qubits that have pulses
    there, or everything where a machine waits by itself.
    """
    around: set[int] = set()
    in_waits: set[int] = set()
    stretch: list[int] = []
    for place, instruction in enumerate((*circuit.data, None)):
        if instruction is not None and instruction.operation.name not in ("barrier", "if_else"):
            stretch.append(place)
            continue
        labels = {place: getattr(circuit.data[place].operation, "label", None) for place in stretch}
        if PULSE_OF_WAIT in labels.values():
            in_waits.update(stretch)
        pulsed = {circuit.data[place].qubits for place in stretch if labels[place] == PULSE}
        around.update(
            place
            for place in stretch
            if circuit.data[place].operation.name == "delay"
            and circuit.data[place].qubits in pulsed
        )
        stretch = []
    return around, in_waits
