"""HHL against its own statevector, the protocol's structure, and the sign of tomography."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import ClassicalRegister
from qiskit.circuit.library import SwapGate
from qiskit.quantum_info import Operator, Statevector

from circuits import HHL, recycling_circuit
from circuits.gates import swap
from circuits.tasks.erasure import ERASURE
from circuits.tomography import BASIS_ANGLES, BASIS_PARAMETERS, append_tomography

DESIGN = HHL([[2, -1], [-1, 2]]).design
EPS = np.finfo(float).eps
# A statevector of norm 1 after at most 100 gates, each off by 10 roundings: the gates with a
# matrix exponential inside are the worst.
ROUNDING = 100 * 10 * EPS

PAPER = [[2, -1], [-1, 2]]
EXACT = [
    (PAPER, 2, 0.5),
    (PAPER, 2, 1.0),
    (PAPER, 3, 0.5),
    ([[2, -1j], [1j, 2]], 2, 0.5),
    ([[1.5, 0.3 + 0.4j], [0.3 - 0.4j, 1.5]], 2, 1.0),  # eigenvalues 1 and 2
    ([[5, 0], [0, 1]], 3, 0.7),
    ([[2, 0], [0, 2]], 2, 1.5),  # one eigenvalue alone
]
NOT_EXACT = [
    ([[2, 0.5 + 0.5j], [0.5 - 0.5j, 1]], 2, 0.5),
    ([[2, 0.5 + 0.5j], [0.5 - 0.5j, 1]], 3, 0.5),
    ([[1, 0.9j], [-0.9j, 1]], 2, 0.1),  # the small eigenvalue is below one clock tick
    ([[3.14, 1], [1, 2]], 3, 1.0),
]
angles = st.floats(0, np.pi)


def branches_of_the_circuit(algorithm, theta_b):
    """Unnormalised density matrices of C_I by flag (array of shape (2, 2, 2)), and the clock's."""
    state = Statevector(algorithm.circuit(theta_b)).data
    # Little-endian: the last register is the first axis.
    amplitudes = state.reshape(2, 2**algorithm.clock_qubits, 2)
    return np.einsum("fcs,fct->fst", amplitudes, amplitudes.conj()), amplitudes


def branches_of_the_analysis(algorithm, theta_b):
    states = np.stack([algorithm.failure_state(theta_b), algorithm.success_state(theta_b)])
    return algorithm.branch_probabilities(theta_b)[:, None, None] * states


@pytest.mark.parametrize(("matrix", "clock_qubits", "scale"), EXACT + NOT_EXACT)
def test_branches_agree_with_the_statevector(matrix, clock_qubits, scale):
    algorithm = HHL(matrix, clock_qubits, scale)
    for theta_b in (0.1, 0.5, np.pi / 4, 2.0):
        expected, _ = branches_of_the_circuit(algorithm, theta_b)
        found = branches_of_the_analysis(algorithm, theta_b)
        np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING)


@st.composite
def algorithms(draw):
    """HHL for random positive Hermitian matrices, eigenvalues at most a factor 100 apart."""
    smaller, larger = draw(st.floats(0.05, 5)), draw(st.floats(0.05, 5))
    polar, phase = draw(st.floats(0, np.pi)), draw(st.floats(0, 2 * np.pi))
    axis = np.array([np.sin(polar) * np.cos(phase), np.sin(polar) * np.sin(phase), np.cos(polar)])
    mean, half = (smaller + larger) / 2, (larger - smaller) / 2
    x, y, z = half * axis
    matrix = np.array([[mean + z, x - 1j * y], [x + 1j * y, mean - z]])
    scale = draw(st.floats(0.05, 1)) * np.linalg.eigvalsh(matrix).min()
    return HHL(matrix, draw(st.sampled_from([2, 3])), scale)


@settings(max_examples=150, deadline=None)
@given(algorithm=algorithms(), theta_b=angles)
def test_branches_agree_with_the_statevector_for_any_matrix(algorithm, theta_b):
    # The probability of a branch may be tiny: compared are the unnormalised states.
    expected, _ = branches_of_the_circuit(algorithm, theta_b)
    found = branches_of_the_analysis(algorithm, theta_b)
    np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING)


@settings(max_examples=100, deadline=None)
@given(algorithm=algorithms(), theta_b=angles)
def test_branches_are_states_whose_probabilities_sum_to_one(algorithm, theta_b):
    assert algorithm.branch_probabilities(theta_b).sum() == pytest.approx(1, abs=ROUNDING)
    for state, probability in zip(
        (algorithm.failure_state(theta_b), algorithm.success_state(theta_b)),
        algorithm.branch_probabilities(theta_b),
        strict=True,
    ):
        # The state was divided by the probability, and so was its rounding.
        assert np.linalg.eigvalsh(state).min() >= -ROUNDING / probability


@pytest.mark.parametrize(("matrix", "clock_qubits", "scale"), EXACT)
def test_exact_clock_solves_the_equation(matrix, clock_qubits, scale):
    algorithm = HHL(matrix, clock_qubits, scale)
    ticks = algorithm.clock_values
    np.testing.assert_allclose(ticks, np.round(ticks), rtol=0, atol=1e-9)
    for theta_b in (0.0, 0.3, np.pi / 4, 1.8):
        b = np.array([np.cos(theta_b), np.sin(theta_b)])
        solution = np.linalg.solve(np.array(matrix, dtype=complex), b)
        solution /= np.linalg.norm(solution)
        branches, amplitudes = branches_of_the_circuit(algorithm, theta_b)
        success = branches[1] / np.trace(branches[1])
        # Division by the probability of success, at least (c / largest eigenvalue)².
        tolerance = ROUNDING / (scale / algorithm.eigenvalues[-1]) ** 2
        assert (solution.conj() @ success @ solution).real == pytest.approx(1, abs=tolerance)
        overlap = abs(solution.conj() @ algorithm.solution(theta_b))
        assert overlap == pytest.approx(1, abs=ROUNDING)
        # The clock is uncomputed in both branches.
        np.testing.assert_allclose(amplitudes[:, 1:], 0, rtol=0, atol=ROUNDING)


def test_success_probability_is_the_squared_length_of_the_solution():
    # P(flag = 1) = c² |A⁻¹b|² where the clock is exact.
    algorithm = HHL(PAPER)
    theta_b = np.linspace(0, np.pi / 4, 5)
    b = np.stack([np.cos(theta_b), np.sin(theta_b)])
    length = np.linalg.norm(np.linalg.solve(np.array(PAPER, float), b), axis=0)
    np.testing.assert_allclose(
        algorithm.branch_probabilities(theta_b)[:, 1], 0.25 * length**2, rtol=0, atol=ROUNDING
    )


def test_paper_matrix_has_the_printed_clock_and_a_rotation_by_the_high_bit():
    algorithm = HHL(PAPER)
    assert algorithm.evolution_time == pytest.approx(np.pi / 2, rel=4 * EPS)
    np.testing.assert_allclose(algorithm.clock_values, [1, 3], rtol=8 * EPS)
    low, high = 2 * np.arcsin(1 / 2), 2 * np.arcsin(1 / 6)
    np.testing.assert_allclose(algorithm.rotation_angles, [low, low, high, high], rtol=16 * EPS)


def test_states_are_vectorised_over_the_angle():
    algorithm = HHL(PAPER)
    theta_b = np.linspace(0, 1, 6).reshape(2, 3)
    assert algorithm.branch_probabilities(theta_b).shape == (2, 3, 2)
    assert algorithm.success_state(theta_b).shape == (2, 3, 2, 2)
    assert algorithm.solution(theta_b).shape == (2, 3, 2)
    np.testing.assert_allclose(
        algorithm.failure_state(theta_b)[1, 2],
        algorithm.failure_state(theta_b[1, 2]),
        rtol=0,
        atol=ROUNDING,
    )


@pytest.mark.parametrize(
    ("matrix", "changes", "message"),
    [
        ([[2, -1], [1, 2]], {}, "not Hermitian"),
        ([[2, 1j], [1j, 2]], {}, "not Hermitian"),
        ([[1, 1], [1, 1]], {}, "singular"),
        ([[1, 2], [2, 1]], {}, "singular or not positive"),
        ([[0, 0], [0, 0]], {}, "singular"),
        (np.eye(3), {}, r"shape \(3, 3\)"),
        ([1, 2], {}, r"shape \(2,\)"),
        ([[np.nan, 0], [0, 1]], {}, "not finite"),
        (PAPER, {"scale": 1.1}, "scale = 1.1"),
        (PAPER, {"scale": 0.0}, "scale = 0.0"),
        (PAPER, {"scale": np.nan}, "scale = nan"),
        (PAPER, {"clock_qubits": 1}, "clock_qubits = 1"),
    ],
)
def test_bad_input_is_refused_in_one_line(matrix, changes, message):
    with pytest.raises(ValueError, match=message) as caught:
        HHL(matrix, **changes)
    assert "\n" not in str(caught.value)


def operations(circuit, name):
    return [instruction for instruction in circuit.data if instruction.operation.name == name]


def names(circuit, instruction):
    """Register names of an instruction's qubits."""
    return [circuit.find_bit(qubit).registers[0][0].name for qubit in instruction.qubits]


@pytest.mark.parametrize("arm", DESIGN.arm_names)
@pytest.mark.parametrize("stage", DESIGN.stages)
@pytest.mark.parametrize("excited", [False, True])
def test_protocol_has_its_parts_and_no_others(arm, stage, excited):
    circuit = recycling_circuit(
        HHL(PAPER), arm=arm, stage=stage, excited=excited, feedforward_latency=1e-6
    )
    assert [register.name for register in circuit.qregs] == ["C_I", "C_C", "C_A", "B", "S"]
    assert [register.name for register in circuit.cregs] == ["flag", *DESIGN.measured]
    assert {parameter.name for parameter in circuit.parameters} == {"theta_b", *BASIS_PARAMETERS}

    measured = operations(circuit, "measure")
    assert [names(circuit, m)[0] for m in measured] == ["C_A", *DESIGN.measured]
    assert [circuit.find_bit(m.clbits[0]).index for m in measured] == [0, 1, 2, 3]
    assert [names(circuit, x) for x in operations(circuit, "x")] == [["S"]] * excited

    erasures = [names(circuit, cx) for cx in operations(circuit, "cx")]
    assert erasures == ([["S", "B"], ["B", "S"], ["S", "B"]] if stage == "after" else [])

    conditionals = operations(circuit, "if_else")
    waits = operations(circuit, "delay")
    if arm == "equilibrium":
        assert conditionals == waits == []
    else:
        (conditional,) = conditionals
        (block,) = conditional.operation.blocks
        assert conditional.operation.condition[1] == 0
        assert set(names(circuit, conditional)) == {"C_I", "B"}
        assert [i.operation.name for i in block.data] == ["cx"] * 3
        assert {names(circuit, wait)[0] for wait in waits} == {"C_I", "C_C", "C_A", "B"}
        assert len(waits) == 5
        assert {wait.operation.duration for wait in waits} == {1e-6}


def test_protocol_leaves_tomography_and_latency_out_on_request():
    circuit = recycling_circuit(HHL(PAPER, clock_qubits=3), tomography=False)
    assert [register.name for register in circuit.cregs] == ["flag"]
    assert [parameter.name for parameter in circuit.parameters] == ["theta_b"]
    assert operations(circuit, "delay") == []
    assert circuit.num_qubits == 7


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arm": "both"}, "arm = 'both'"),
        ({"stage": "during"}, "stage = 'during'"),
        ({"feedforward_latency": -1e-9}, "feedforward_latency = -1e-09"),
        ({"feedforward_latency": float("nan")}, "feedforward_latency = nan"),
    ],
)
def test_bad_protocol_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        recycling_circuit(HHL(PAPER), **changes)


EIGENSTATES = {
    ("X", 0): ["h"],
    ("X", 1): ["x", "h"],
    ("Y", 0): ["h", "s"],
    ("Y", 1): ["x", "h", "s"],
    ("Z", 0): [],
    ("Z", 1): ["x"],
}


def in_basis(prepare, basis):
    """Outcome probabilities of a prepared circuit's qubits in a basis."""
    bits = ClassicalRegister(prepare.num_qubits)
    prepare.add_register(bits)
    append_tomography(prepare, prepare.qubits, bits)
    bound = prepare.assign_parameters(dict(zip(BASIS_PARAMETERS, BASIS_ANGLES[basis], strict=True)))
    bound.remove_final_measurements()
    return Statevector(bound).probabilities()


@pytest.mark.parametrize(("basis", "outcome"), EIGENSTATES)
@pytest.mark.parametrize("measured", BASIS_ANGLES)
def test_eigenstates_have_certain_outcomes_in_their_basis_and_even_ones_elsewhere(
    basis, outcome, measured
):
    # Outcome 0 is the eigenvalue +1.
    circuit = QuantumCircuit(1)
    for gate in EIGENSTATES[basis, outcome]:
        getattr(circuit, gate)(0)
    expected = np.eye(2)[outcome] if measured == basis else np.full(2, 0.5)
    np.testing.assert_allclose(in_basis(circuit, measured), expected, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize(("basis", "parity"), [("X", 1), ("Y", -1), ("Z", 1)])
def test_all_qubits_turn_into_the_same_basis(basis, parity):
    # The Bell state |00⟩ + |11⟩ has ⟨XX⟩ = 1, ⟨YY⟩ = -1, ⟨ZZ⟩ = 1.
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    found = in_basis(circuit, basis) @ [1, -1, -1, 1]
    assert found == pytest.approx(parity, abs=ROUNDING)


def test_erasure_swaps_by_gates_that_no_pass_can_relabel():
    circuit = QuantumCircuit(2)
    swap(circuit, *circuit.qubits)
    assert dict(circuit.count_ops()) == {"cx": 3}
    assert Operator(circuit) == Operator(SwapGate())


@pytest.mark.parametrize("excited", [False, True])
def test_erasure_moves_the_target_into_the_bath_and_back(excited):
    bath, target = QuantumRegister(1, "B"), QuantumRegister(1, "S")
    circuit = QuantumCircuit(bath, target)
    circuit.ry(0.7, bath)
    ERASURE.preparations["X" if excited else "I"](circuit, target)
    ERASURE.stages["after"](circuit, target, bath)
    state = Statevector(circuit)
    assert state.probabilities([0])[1] == pytest.approx(float(excited), abs=ROUNDING)
    assert state.probabilities([1])[1] == pytest.approx(np.sin(0.35) ** 2, abs=ROUNDING)
