"""Compiled circuits that wait longer for the feedforward than they were scheduled for."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter


def waiting_longer(
    circuit: QuantumCircuit, further: Parameter, late: Collection[int]
) -> QuantumCircuit:
    """Let the qubits of a scheduled circuit wait for a further time before each conditional.

    It is the same as to compile and schedule the protocol with a latency that is longer by as much.

    Args:
        circuit: compiled circuit of the protocol with its idle time written as delays.
        further: the time, s.
        late: qubits that are prepared as late as possible. They are thermal when the first
            conditional waits, and wait with all others from the second one on.

    Returns:
        A circuit with the parameter; without a conditional one that is equal to the given circuit.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from qiskit.circuit import Parameter
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.measure(0, 0)
        >>> with circuit.if_test((0, 1)):
        ...     _ = circuit.x(0)
        >>> waiting = waiting_longer(circuit, Parameter("further"), late=[1])
        >>> [each.name for each in waiting.data], waiting.num_parameters
        (['measure', 'delay', 'if_else'], 1)
    """
    waiting = circuit.copy_empty_like()
    qubits = [qubit for place, qubit in enumerate(circuit.qubits) if place not in late]
    for instruction in circuit.data:
        if instruction.operation.name == "if_else":
            waiting.delay(further, qubits, unit="s")
            qubits = circuit.qubits
        waiting.append(instruction)
    return waiting
