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
    """List all instructions in order, also those in conditional blocks (not the if_else itself).

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.measure(0, 0)
        >>> with circuit.if_test((0, 1)):
        ...     _ = circuit.cz(0, 1)
        >>> [(each.instruction.operation.name, each.conditional) for each in walk(circuit)]
        [('measure', False), ('cz', True)]
    """
    return list(_walk(circuit, tuple(range(circuit.num_qubits)), conditional=False))


def cz_counts(circuit: QuantumCircuit) -> Mapping[frozenset[int], int]:
    """Count the CZ gates of a compiled circuit by pair of qubits, also in conditional blocks.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.measure(0, 0)
        >>> with circuit.if_test((0, 1)):
        ...     _ = circuit.cz(0, 1)
        >>> cz_counts(circuit)[frozenset((0, 1))]
        1
    """
    counts: dict[frozenset[int], int] = {}
    for located in walk(circuit):
        if len(located.qubits) == 2 and located.instruction.operation.name == "cz":
            pair = frozenset(located.qubits)
            counts[pair] = counts.get(pair, 0) + 1
    return counts


def waits(circuit: QuantumCircuit) -> frozenset[int]:
    """Find the delays that are part of an experiment, and no idle time of its schedule.

    They stand alone between two barriers across all qubits.

    Returns:
        Their positions in ``circuit.data``.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.barrier()
        >>> _ = circuit.delay(1, 0, unit="us")
        >>> _ = circuit.barrier()
        >>> _ = circuit.delay(1, 0, unit="us")
        >>> waits(circuit)
        frozenset({1})
    """
    found: set[int] = set()
    since: set[int] | None = None  # delays since the last common barrier, if all were delays
    for place, instruction in enumerate(circuit.data):
        name = instruction.operation.name
        if name == "barrier" and len(instruction.qubits) == circuit.num_qubits:
            found |= since or set()
            since = set()
        elif name == "delay" and since is not None:
            since.add(place)
        else:
            since = None
    return frozenset(found)


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
