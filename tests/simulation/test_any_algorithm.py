"""Any algorithm and any task on the exact engine, against the statevector and formulas."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp, Statevector

from circuits import Algorithm, recycling_circuit
from circuits.algorithms.repeat_until_success import repeat_until_success
from circuits.design import design_of
from circuits.tasks.erasure import ERASURE
from circuits.tasks.task import Task, excite, nothing
from circuits.tomography import BASIS_ANGLES, BASIS_PARAMETERS
from recycling.compilation.route import route_algorithm
from recycling.devices.profiles import ideal_device
from recycling.planning.circuits import compile_as_executed
from recycling.simulation.engine import compile_program, execute

#: Synthesis of gates takes angles from eigenvalues by square roots.
SYNTHESIS = np.sqrt(np.finfo(float).eps)
#: Cold enough for no excitation at all: exp(-240).
COLD = {"temperature": 1e-3, "frequency": 5e9}
PAULIS = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


def expectations(algorithm, values=(), task=ERASURE, **setting):
    """Weights of the records of the flags (record,), and of each record the weight times the Bloch
    vectors of the measured qubits (record, qubit, basis), by the engine."""
    design = design_of(algorithm, task)
    device = ideal_device(**COLD, roles=design.roles)
    routed = route_algorithm(algorithm, device, optimization_level=1)
    circuit = recycling_circuit(routed, task=task, **setting)
    compiled = compile_as_executed([circuit], device, optimization_level=1)[0]
    angles = np.array(list(BASIS_ANGLES.values()))
    swept = dict(zip(design.parameter_names, values, strict=False))
    parameters = dict(zip(BASIS_PARAMETERS, angles.T, strict=True)) | swept
    (outcome,) = execute([compile_program(compiled, device, parameters)])
    count = len(design.measured)
    # The first flag is the lowest bit of a record, so the last one is the first axis.
    flags = range(len(design.flags), 0, -1)
    measured = range(len(design.flags) + 1, outcome.probabilities.ndim)
    table = outcome.probabilities.transpose(0, *flags, *measured)
    table = table.reshape(len(angles), -1, *(2,) * count)
    signs = [
        table.sum(tuple(2 + k for k in range(count) if k != qubit)) @ [1, -1]
        for qubit in range(count)
    ]
    weights = table.reshape(len(angles), table.shape[1], -1).sum(axis=-1)
    np.testing.assert_allclose(weights, weights[:1].repeat(3, axis=0), rtol=0, atol=SYNTHESIS)
    return weights[0], np.array(signs).transpose(2, 0, 1)


def bloch(branches):
    """Bloch vectors times weight (record, basis) of unnormalised states (record, 2, 2)."""
    return np.einsum("bij,rji->rb", PAULIS, branches).real


def branches_of(circuit, flags, recycled):
    """Unnormalised states (record, 2, 2) of one qubit by the records of others, by projection."""
    found = []
    state = Statevector(circuit)
    for record in range(2 ** len(flags)):
        projected = state
        for place, flag in enumerate(flags):
            sign = -1 if record >> place & 1 else 1
            operator = SparsePauliOp.from_sparse_list(
                [("", [], 0.5), ("Z", [flag], sign / 2)], circuit.num_qubits
            )
            projected = projected.evolve(operator.to_operator())
        components = [
            projected.inner(
                projected.evolve(
                    SparsePauliOp.from_sparse_list(
                        [(pauli, [recycled] if pauli else [], 1)], circuit.num_qubits
                    ).to_operator()
                )
            ).real
            for pauli in ("", "X", "Y", "Z")
        ]
        matrices = np.concatenate([np.eye(2)[None], PAULIS])
        found.append(np.einsum("p,pij->ij", components, matrices) / 2)
    return np.array(found)


@st.composite
def circuits(draw):
    """Random circuits of a recycled qubit, another one and two flags."""
    registers = [QuantumRegister(1, "data"), QuantumRegister(1, "work"), QuantumRegister(2, "f")]
    circuit = QuantumCircuit(*registers)
    angles = st.floats(-3, 3)
    for qubit in range(4):
        circuit.ry(draw(angles), qubit)
    for _ in range(draw(st.integers(0, 8))):
        first, second = draw(st.permutations(range(4)))[:2]
        circuit.cx(first, second)
        circuit.rz(draw(angles), second)
        circuit.rx(draw(angles), second)
    return circuit


@settings(max_examples=25, deadline=None)
@given(circuits(), st.sampled_from([(0,), (2,), (1, 3), (0, 1, 2)]))
def test_branches_of_any_circuit_are_those_of_its_statevector(circuit, failure):
    algorithm = Algorithm.from_circuit(circuit, flags=["f"], recycled="data", failure=failure)
    expected = branches_of(circuit, flags=(2, 3), recycled=0)
    probabilities = np.trace(expected, axis1=1, axis2=2).real

    weights, vectors = expectations(algorithm, arm="equilibrium", stage="before")
    np.testing.assert_allclose(weights, probabilities, rtol=0, atol=SYNTHESIS)
    np.testing.assert_allclose(vectors[:, 2], bloch(expected), rtol=0, atol=SYNTHESIS)

    # In the recycling arm the bath holds the state of each failed branch, and else stays cold.
    weights, vectors = expectations(algorithm, arm="recycling", stage="before")
    np.testing.assert_allclose(weights, probabilities, rtol=0, atol=SYNTHESIS)
    in_the_bath = probabilities[:, None] * [0, 0, 1]
    in_the_bath[list(failure)] = bloch(expected)[list(failure)]
    np.testing.assert_allclose(vectors[:, 1], in_the_bath, rtol=0, atol=SYNTHESIS)
    # The erasure moves it on into the target, and the excited target into the bath.
    _, vectors = expectations(algorithm, arm="recycling", stage="after", excited=True)
    np.testing.assert_allclose(vectors[:, 0], in_the_bath, rtol=0, atol=SYNTHESIS)
    np.testing.assert_allclose(
        vectors[:, 1], probabilities[:, None] * [0, 0, -1], rtol=0, atol=SYNTHESIS
    )


@pytest.mark.parametrize("theta", [0.2, 0.5, np.pi / 4])
def test_repeat_until_success_recycles_the_state_of_its_formula(theta):
    algorithm = repeat_until_success(data_angle=0.3)
    weights, vectors = expectations(algorithm, [theta], stage="before")
    branches = algorithm.branches(theta)
    np.testing.assert_allclose(weights, np.trace(branches, axis1=1, axis2=2).real, atol=SYNTHESIS)
    np.testing.assert_allclose(vectors[1, 1], bloch(branches)[1], rtol=0, atol=SYNTHESIS)
    np.testing.assert_allclose(vectors[0, 1], weights[0] * np.array([0, 0, 1]), atol=SYNTHESIS)


def test_a_correction_acts_on_the_branch_of_its_record_alone():
    algorithm = repeat_until_success(data_angle=0.3)
    undo = QuantumCircuit(1)
    undo.ry(np.pi / 2, 0)  # the failed branch is rotated by -π/2
    corrected = Algorithm.from_circuit(
        algorithm.circuit(Parameter("theta")),
        flags=["ancilla"],
        recycled="data",
        failure=[1],
        corrections={1: undo},
    )
    weights, vectors = expectations(corrected, [0.5], stage="before")
    undone = weights[1] * np.array([np.sin(0.6), 0, np.cos(0.6)])
    np.testing.assert_allclose(vectors[1, 1], undone, rtol=0, atol=SYNTHESIS)


def test_another_task_runs_on_the_engine():
    """A quarter of a swap: excitations move by sin²(π/8) of the way."""

    def partial_swap(circuit, target, bath):
        for gate in (circuit.rxx, circuit.ryy):
            gate(np.pi / 8, target[0], bath[0])

    task = Task(
        "partial swap",
        stages={"start": None, "end": partial_swap},
        preparations={"ground": nothing, "excited": excite},
    )
    algorithm = repeat_until_success(data_angle=0.3)
    weights, vectors = expectations(
        algorithm, [0.5], task=task, stage="end", preparation="excited", arm="equilibrium"
    )
    moved = np.sin(np.pi / 8) ** 2
    np.testing.assert_allclose(vectors[:, 0, 2], weights * (2 * moved - 1), atol=SYNTHESIS)
    np.testing.assert_allclose(vectors[:, 1, 2], weights * (1 - 2 * moved), atol=SYNTHESIS)
