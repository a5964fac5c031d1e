"""Ways to reset a qubit, each N times, between a preparation and a measurement.

::

    wait              q     ─ x? ─|─ delay t ──────────────────────────|─ measure, twice
    reset             q     ─ x? ─|─ reset ─|─ … ──────────────────────|─ measure, twice
    measure-and-flip  q     ─ x? ─|─ measure ─ latency ─ X (if 1) ─|─ … ─ measure, twice
    swap              q     ─ x? ─|────────────────────╳ (if flag = 0) ─|─ …
                      bath  ──────|────────────────────╳────────────────|─ measure, twice
                      flag  ──────|─ measure ─ latency ─────────────────|─ …

The SWAP and its feedforward are those of ``circuits.protocol``. The flag starts in |0⟩, so that
each round takes its SWAP unless the flag is misread. Each round has a bath qubit of its own: one
that was used is hot. The final measurement is that of ``circuits.calibration.assignment``, whose
matrices correct it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from circuits.calibration.characterisation import REGISTER, RING_DOWN, whole_multiple
from circuits.gates import swap

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Clbit

ResetName = Literal["wait", "reset", "measure-and-flip", "swap"]
RESETS: tuple[ResetName, ...] = get_args(ResetName)
#: Name of a parameter that is always zero. It turns a virtual phase of a thermal qubit, and tells
#: an experiment, whose idle time is left to the service, from a calibration.
PHASE = "phase"


def reset_circuit(
    method: ResetName | None,
    length: float,
    *,
    excited: bool,
    qubit: int,
    baths: Sequence[int],
    flag: int,
    num_qubits: int,
    dt: float,
    feedforward_latency: float = 0.0,
    alignment: int = 16,
) -> QuantumCircuit:
    """Build a preparation, a reset of N rounds, and the measurement of qubit and baths.

    Args:
        method: how the qubit is reset; None does nothing.
        length: time of a "wait", s; number of rounds of the others.
        excited: prepare |1⟩ by an x gate.
        qubit: the qubit that is reset.
        baths: bath qubits, one for each round of "swap".
        flag: qubit whose outcome conditions the SWAP.
        num_qubits: number of qubits of the circuit; the others rest.
        dt: sampling time of the device, s.
        feedforward_latency: time from the end of a measurement to the conditional block, s.
        alignment: every delay but the latency is a multiple of so many dt.

    Returns:
        QuantumCircuit with the parameter ``PHASE`` in rad. Bit k of its register is the first
        record of the k-th of the qubit and its baths, bit k + n the second. Outcomes on the way go
        into bit n, which the final measurement overwrites.

    Raises:
        ValueError: a length, a latency or a qubit that cannot be.

    Example:
        >>> place = {"qubit": 0, "baths": [1, 2], "flag": 3, "num_qubits": 5, "dt": 4e-9}
        >>> reset_circuit("measure-and-flip", 2, excited=True, **place).count_ops()["if_else"]
        2
        >>> reset_circuit("wait", 1e-4, excited=False, **place).num_clbits
        6
    """
    measured = (qubit, *baths)
    _check(method, length, (*measured, flag), len(baths), num_qubits, dt, feedforward_latency)
    circuit = _prepared(qubit, len(measured), num_qubits, excited=excited)
    if method == "wait":
        circuit.delay(_cycles(length, dt, alignment), qubit, unit="dt")
    elif method is not None:
        for number in range(int(length)):
            together = (qubit, baths[number], flag) if method == "swap" else (qubit,)
            _round(circuit, method, together, circuit.clbits[len(measured)], feedforward_latency)
    if method is not None:
        circuit.barrier()
    circuit.measure(measured, circuit.clbits[: len(measured)])
    circuit.barrier()
    circuit.delay(_cycles(RING_DOWN, dt, alignment), measured, unit="dt")
    circuit.barrier()
    circuit.measure(measured, circuit.clbits[len(measured) :])
    return circuit


def _prepared(qubit: int, measured: int, num_qubits: int, *, excited: bool) -> QuantumCircuit:
    """Circuit with two bits for each measured qubit, and a qubit prepared in 0 or 1."""
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
    from qiskit.circuit import Parameter

    bits = ClassicalRegister(2 * measured, REGISTER)
    circuit = QuantumCircuit(QuantumRegister(num_qubits, "q"), bits)
    circuit.rz(Parameter(PHASE), qubit)
    circuit.barrier()
    if excited:
        circuit.x(qubit)
    circuit.barrier()
    return circuit


def _round(
    circuit: QuantumCircuit,
    method: ResetName,
    together: Sequence[int],
    bit: Clbit,
    latency: float,
) -> None:
    """One reset of the first of some qubits. No barrier spans all: a latency is no wait."""
    if method == "reset":
        circuit.reset(together[0])
    else:
        circuit.measure(together[-1], bit)
        circuit.barrier(together)
        if latency > 0:
            circuit.delay(latency, together, unit="s")
            circuit.barrier(together)
        flips = method == "measure-and-flip"
        with circuit.if_test((bit, int(flips))):
            if flips:
                circuit.x(together[0])
            else:
                swap(circuit, circuit.qubits[together[0]], circuit.qubits[together[1]])
    circuit.barrier(together)


def _cycles(time: float, dt: float, alignment: int) -> int:
    return round(whole_multiple(time, alignment * dt) / dt)


def _check(
    method: ResetName | None,
    length: float,
    qubits: Sequence[int],
    baths: int,
    num_qubits: int,
    dt: float,
    latency: float,
) -> None:
    if not 0 < dt < np.inf:
        raise ValueError(f"dt = {dt} s: give a positive, finite time")
    if not latency >= 0:
        raise ValueError(f"feedforward_latency = {latency}: give seconds, 0 or more")
    if len({*qubits} & {*range(num_qubits)}) < len(qubits):
        raise ValueError(f"qubits {tuple(qubits)}: give different ones from 0 to {num_qubits - 1}")
    if len(qubits) == num_qubits:
        raise ValueError(f"num_qubits = {num_qubits}: give one more than are used, or a latency "
                         "cannot be told from a wait")  # fmt: skip
    if method == "wait" and not 0 < length < np.inf:
        raise ValueError(f"length = {length} s: give a positive, finite time")
    if method not in ("wait", None) and not (length >= 1 and length == int(length)):
        raise ValueError(f"length = {length}: give a whole number of rounds, 1 or more")
    if method == "swap" and length > baths:
        raise ValueError(f"length = {length}: give no more rounds than bath qubits, {baths}")
