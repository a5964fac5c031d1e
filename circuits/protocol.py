"""The protocol: an algorithm with a failure branch, its reset into a bath, and an erasure.

One circuit for each arm, stage and target preparation::

    C_I  ─┤           ├──────────────╳─(if flag = 0)────────────── tomography
    C_C  ─┤ algorithm ├
    C_A  ─┤           ├─ flag ─ latency
    B    ────────────────────────────╳────────────────╳─────────── tomography
    S    ─ X? ────────────────────────────────────────╳ (stage "after" only)  ─ tomography

The recycling arm has the conditional SWAP and its failure branch is analysed; the equilibrium arm
has none, so that B stays thermal, and its success branch is analysed.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from circuits.tasks.erasure import prepare_target, swap
from circuits.tomography import append_tomography

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterExpression

Arm = Literal["equilibrium", "recycling"]
Stage = Literal["before", "after"]
ARMS: tuple[Arm, ...] = get_args(Arm)
STAGES: tuple[Stage, ...] = get_args(Stage)
#: Preparations of the target: without and with an X gate.
PREPARATIONS = ("I", "X")
#: Arm, stage and preparation of one circuit.
Setting = tuple[Arm, Stage, str]
SETTINGS: tuple[Setting, ...] = tuple(product(ARMS, STAGES, PREPARATIONS))
#: Value of the flag in the branch that each arm analyses.
ANALYSED_FLAG: dict[str, int] = {"equilibrium": 1, "recycling": 0}
#: Qubits that tomography measures, in the order of their classical bits.
MEASURED_QUBITS = ("S", "B", "C_I")
#: Classical registers of a circuit with tomography, in their order; each holds one bit.
RECORDED = ("flag", *MEASURED_QUBITS)
#: Name of the circuit parameter that holds the angle of b.
THETA_B = "theta_b"


class Algorithm(Protocol):
    """What the protocol needs of an algorithm: a circuit with the registers C_I, C_C and C_A."""

    def circuit(self, theta_b: ParameterExpression) -> QuantumCircuit:
        """Build the algorithm up to the measurement of C_A, on the circuit parameter θ_b in rad."""


def recycling_circuit(
    algorithm: Algorithm,
    *,
    arm: Arm = "recycling",
    stage: Stage = "after",
    excited: bool = False,
    feedforward_latency: float = 0.0,
    tomography: bool = True,
) -> QuantumCircuit:
    """Build the whole experiment as one dynamic circuit.

    Args:
        algorithm: the algorithm whose failure branch is recycled.
        arm: "recycling" (conditional reset into B) or "equilibrium" (none).
        stage: measure "before" or "after" the erasure SWAP(S, B).
        excited: prepare the target S in |1⟩ instead of |0⟩.
        feedforward_latency: time from the end of the flag's measurement to the start of the
            conditional block, s. It becomes a delay on every qubit, since no scheduling pass
            accounts for it. The equilibrium arm does not wait.
        tomography: append the basis rotation and the measurement of S, B and C_I.

    Returns:
        QuantumCircuit with the quantum registers C_I, C_C, C_A, B, S, the classical registers
        flag, S, B and C_I (the last three only with tomography), and the parameters theta_b,
        basis_theta and basis_phi, in rad.

    Raises:
        ValueError: unknown arm or stage, negative latency.
    """
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
    from qiskit.circuit import Parameter

    if arm not in ARMS:
        raise ValueError(f"arm = {arm!r}: give one of {', '.join(ARMS)}")
    if stage not in STAGES:
        raise ValueError(f"stage = {stage!r}: give one of {', '.join(STAGES)}")
    if not feedforward_latency >= 0:
        raise ValueError(f"feedforward_latency = {feedforward_latency}: give seconds, 0 or more")

    computation = algorithm.circuit(Parameter(THETA_B))
    bath, target = QuantumRegister(1, "B"), QuantumRegister(1, "S")
    flag = ClassicalRegister(1, "flag")
    circuit = QuantumCircuit(
        *computation.qregs, bath, target, flag, name=f"{arm} {stage} {'X' if excited else 'I'}"
    )
    registers = {register.name: register for register in circuit.qregs}
    system, ancilla = registers["C_I"], registers["C_A"]

    circuit.compose(computation, computation.qubits, inplace=True)
    # The target stays out of these barriers, so that its X gate can be scheduled late.
    waiting = [qubit for qubit in circuit.qubits if qubit not in target]
    circuit.barrier(waiting)
    circuit.measure(ancilla[0], flag[0])
    circuit.barrier(waiting)
    prepare_target(circuit, target[0], excited=excited)
    if arm == "recycling":
        if feedforward_latency > 0:
            circuit.delay(feedforward_latency, waiting, unit="s")
            circuit.barrier(waiting)
        with circuit.if_test((flag, 0)):
            swap(circuit, system[0], bath[0])
        circuit.barrier()
    if stage == "after":
        swap(circuit, target[0], bath[0])
        circuit.barrier()
    if tomography:
        bits = [ClassicalRegister(1, name) for name in MEASURED_QUBITS]
        circuit.add_register(*bits)
        measured = [registers[name][0] for name in MEASURED_QUBITS]
        append_tomography(circuit, measured, [register[0] for register in bits])
    return circuit
