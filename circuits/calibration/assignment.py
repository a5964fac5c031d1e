"""Circuits that calibrate the readout of all recorded qubits at once, here those of HHL.

::

    C_A  ─ x? ─┤         ├─ delay 1 µs ─┤
    S    ─ x? ─┤         ├─ delay 1 µs ─┤
    B    ─ x? ─┤ measure ├─ delay 1 µs ─┤ measure again
    C_I  ─ x? ─┤         ├─ delay 1 µs ─┤

There is a circuit for each of the 2ⁿ preparations of n qubits, and another that waits for 5 T1
instead. Every circuit measures twice, which separates excitations from readout errors: an
excitation before the x gates is recorded twice, and a readout error once.

In the protocol the flags are measured alone, before the others: correlations of a flag with another
qubit in the joint records need not hold there.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from circuits.calibration.characterisation import (
    REGISTER,
    RING_DOWN,
    THERMALISATION,
    whole_multiple,
)

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Beginning of the names of the circuits, before the prepared bits or ``THERMAL``.
PREFIX = "assignment "
#: Name of the circuit that waits.
THERMAL = "thermal"


def preparations(count: int) -> tuple[str, ...]:
    """List the prepared bits of each circuit on a number of qubits, the first qubit outermost.

    Example:
        >>> preparations(2)
        ('00', '01', '10', '11')
    """
    return tuple("".join(bits) for bits in product("01", repeat=count))


def assignment_circuits(
    *, t1: float, dt: float, qubits: Sequence[int], num_qubits: int, alignment: int = 16
) -> list[QuantumCircuit]:
    """Build a circuit for each preparation of the qubits, and the wait.

    Args:
        t1: longest T1 of the qubits, s; it sets the wait.
        dt: sampling time of the device, s.
        qubits: measured qubits, in the order of the recorded bits.
        num_qubits: number of qubits of the circuits; the others rest.
        alignment: every delay is a multiple of so many dt.

    Returns:
        Circuits of x, delay (in dt), barrier and measure, in the order of ``preparations``, the
        wait last, named by ``PREFIX`` and the prepared bits. Bit k of the classical register
        ``REGISTER`` is the first record of the k-th of n qubits, bit k + n its second.

    Raises:
        ValueError: a time is not positive and finite, alignment is below 1, or the qubits are not
            different or not among ``num_qubits``.

    Example:
        >>> circuits = assignment_circuits(t1=200e-6, dt=4e-9, qubits=[0, 2], num_qubits=3)
        >>> [circuit.name for circuit in circuits][-2:]
        ['assignment 11', 'assignment thermal']
        >>> circuits[0].num_clbits  # two records of two qubits
        4
    """
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    for name, time in (("t1", t1), ("dt", dt)):
        if not 0 < time < np.inf:
            raise ValueError(f"{name} = {time} s: give a positive, finite time")
    if alignment < 1:
        raise ValueError(f"alignment = {alignment}: give 1 or more dt")
    if not qubits or len({*qubits} & {*range(num_qubits)}) != len(qubits):
        raise ValueError(
            f"qubits = {list(qubits)}: give one or more different ones from 0 to {num_qubits - 1}"
        )
    ring_down, wait = (
        round(whole_multiple(time, alignment * dt) / dt)
        for time in (RING_DOWN, THERMALISATION * t1)
    )
    circuits = []
    for name in (*preparations(len(qubits)), THERMAL):
        bits = ClassicalRegister(2 * len(qubits), REGISTER)
        circuit = QuantumCircuit(QuantumRegister(num_qubits, "q"), bits, name=PREFIX + name)
        if name == THERMAL:
            circuit.delay(wait, qubits, unit="dt")
        else:
            for qubit, bit in zip(qubits, name, strict=True):
                if bit == "1":
                    circuit.x(qubit)
        circuit.barrier(qubits)
        circuit.measure(qubits, bits[: len(qubits)])
        circuit.delay(ring_down, qubits, unit="dt")
        circuit.barrier(qubits)
        circuit.measure(qubits, bits[len(qubits) :])
        circuits.append(circuit)
    return circuits
