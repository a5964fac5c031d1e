"""Gates of the protocol that no transpiler may replace."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit import QuantumCircuit
    from qiskit.circuit import Qubit


def swap(circuit: QuantumCircuit, first: Qubit, second: Qubit) -> None:
    """Swap two qubits physically, in place.

    Three CNOTs and no SWAP gate: from optimization level 2 on, the transpiler turns a SWAP gate
    into a relabelling of wires, and then nothing is erased.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2)
        >>> swap(circuit, *circuit.qubits)
        >>> dict(circuit.count_ops())
        {'cx': 3}
    """
    circuit.cx(first, second)
    circuit.cx(second, first)
    circuit.cx(first, second)


def swap_all(circuit: QuantumCircuit, first: Sequence[Qubit], second: Sequence[Qubit]) -> None:
    """Swap two registers of equal size physically, qubit by qubit, in place.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(4)
        >>> swap_all(circuit, circuit.qubits[:2], circuit.qubits[2:])
        >>> dict(circuit.count_ops())
        {'cx': 6}
    """
    for left, right in zip(first, second, strict=True):
        swap(circuit, left, right)
