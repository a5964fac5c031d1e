"""All instructions of a compiled circuit, those of conditional blocks included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction


@dataclass(frozen=True)
class Located:
    """An instruction with its qubits as positions in the outer circuit."""

    instruction: CircuitInstruction
    qubits: tuple[int, ...]
    conditional: bool


def walk(circuit: QuantumCircuit) -> list[Located]:
    """All instructions in order, those of conditional blocks included (not the if_else itself)."""
    return list(_walk(circuit, tuple(range(circuit.num_qubits)), conditional=False))


def cz_counts(circuit: QuantumCircuit) -> Mapping[frozenset[int], int]:
    """Two-qubit gates of a compiled circuit by pair of qubits, conditional blocks included."""
    counts: dict[frozenset[int], int] = {}
    for located in walk(circuit):
        if len(located.qubits) == 2 and located.instruction.operation.name == "cz":
            pair = frozenset(located.qubits)
            counts[pair] = counts.get(pair, 0) + 1
    return counts


def _walk(
    circuit: QuantumCircuit, outer: tuple[int, ...], *, conditional: bool
) -> Iterator[Located]:
    for instruction in circuit.data:
        qubits = tuple(outer[circuit.find_bit(qubit).index] for qubit in instruction.qubits)
        blocks = getattr(instruction.operation, "blocks", None)
        if blocks is None:
            yield Located(instruction, qubits, conditional)
        else:
            for block in blocks:
                yield from _walk(block, qubits, conditional=True)
