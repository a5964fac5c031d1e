"""Information erasure: the target qubit is prepared, then swapped with the bath qubit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Qubit


def prepare_target(circuit: QuantumCircuit, target: Qubit, *, excited: bool) -> None:
    """Prepare the target in |1⟩ by an X gate, or leave it in |0⟩, in place.

    The mixture p_x|1⟩⟨1| + (1 - p_x)|0⟩⟨0| is made of both preparations after the measurement.
    """
    if excited:
        circuit.x(target)


def swap(circuit: QuantumCircuit, first: Qubit, second: Qubit) -> None:
    """Swap two qubits physically, in place.

    Three CNOTs and no SWAP gate: from optimization level 2 on, the transpiler turns a SWAP gate
    into a relabelling of wires, and then nothing is erased.
    """
    circuit.cx(first, second)
    circuit.cx(second, first)
    circuit.cx(first, second)
