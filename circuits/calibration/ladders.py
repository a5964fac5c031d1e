"""Ladders: an operation repeated N times, for gate-time amplification.

::

    X ladder            q    ─ X ─|─ X ─|─ … ─ measure

    feedforward ladder  C_I  ─|──────────────|─────────|─╳─(if flag = 0)─|─ …
                        C_A  ─|─ measure ────|─ latency ─│───────────────|─ …
                        B    ─|──────────────|─────────|─╳───────────────|─ …

The time of a job grows by the operation's time times N, so that a coarse clock resolves it, and
whatever else a job takes stays in the offset. Barriers keep the transpiler from cancelling gates.
A round of feedforward is that of ``circuits.protocol``. C_A starts in |0⟩, so that the flag is 0
and each round takes its SWAP.

Source: arXiv:2601.07522, App. A.4 and Fig. 6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from circuits.gates import swap

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

LadderName = Literal["x", "feedforward"]
LADDERS: tuple[LadderName, ...] = get_args(LadderName)
#: Name of the parameter whose values, all zero, stand for the repetitions of a circuit in a job.
#: It turns a virtual phase of a qubit in |0⟩: no time, no effect, and the circuit is sent once.
REPETITION = "repetition"
#: Name of the classical register: the only bit, or that of every round in turn.
RECORD = "flag"


def x_ladder(length: int, *, qubit: int = 0, num_qubits: int = 1) -> QuantumCircuit:
    """Build N X gates in a row on one qubit, then its measurement.

    Args:
        length: number N of gates, 1 or more.
        qubit: which qubit they act on.
        num_qubits: of how many; the others rest.

    Returns:
        QuantumCircuit of native gates, with the parameter ``REPETITION`` in rad.

    Raises:
        ValueError: length below 1, no such qubit.

    Example:
        >>> circuit = x_ladder(3)
        >>> circuit.name, circuit.count_ops()["x"]
        ('x 3', 3)
    """
    circuit = _start("x", length, num_qubits, (qubit,))
    for _ in range(length):
        circuit.x(qubit)
        circuit.barrier(qubit)
    circuit.measure(qubit, 0)
    return circuit


def feedforward_ladder(
    length: int,
    *,
    ancilla: int = 0,
    system: int = 1,
    bath: int = 2,
    num_qubits: int = 3,
    feedforward_latency: float = 0.0,
) -> QuantumCircuit:
    """Build N rounds of a measurement, the wait for its outcome, and a conditional SWAP.

    Args:
        length: number N of rounds, 1 or more.
        ancilla: qubit C_A, whose outcome is the flag.
        system: qubit C_I.
        bath: qubit B.
        num_qubits: number of qubits; the others rest.
        feedforward_latency: time from the end of the measurement to the start of the conditional
            block, s; it becomes a delay, as in ``circuits.protocol``.

    Returns:
        QuantumCircuit with the parameter ``REPETITION`` in rad.

    Raises:
        ValueError: length below 1, negative latency, a qubit that is missing or repeated.

    Example:
        >>> circuit = feedforward_ladder(2, feedforward_latency=1e-6)
        >>> circuit.name, circuit.count_ops()["if_else"]
        ('feedforward 2', 2)
    """
    if not feedforward_latency >= 0:
        raise ValueError(f"feedforward_latency = {feedforward_latency}: give seconds, 0 or more")
    together = (ancilla, system, bath)
    circuit = _start("feedforward", length, num_qubits, together)
    for _ in range(length):
        circuit.measure(ancilla, 0)
        circuit.barrier(together)
        if feedforward_latency > 0:
            circuit.delay(feedforward_latency, together, unit="s")
            circuit.barrier(together)
        with circuit.if_test((circuit.cregs[0], 0)):
            swap(circuit, circuit.qubits[system], circuit.qubits[bath])
        circuit.barrier(together)
    return circuit


def _start(name: str, length: int, num_qubits: int, qubits: tuple[int, ...]) -> QuantumCircuit:
    """Ladder without its rungs."""
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
    from qiskit.circuit import Parameter

    if length < 1:
        raise ValueError(f"length = {length}: give 1 or more")
    if len(set(qubits)) < len(qubits) or not all(0 <= qubit < num_qubits for qubit in qubits):
        raise ValueError(f"qubits {qubits}: give different ones from 0 to {num_qubits - 1}")
    circuit = QuantumCircuit(
        QuantumRegister(num_qubits, "q"), ClassicalRegister(1, RECORD), name=f"{name} {length}"
    )
    circuit.rz(Parameter(REPETITION), qubits[0])
    circuit.barrier(qubits)
    return circuit
