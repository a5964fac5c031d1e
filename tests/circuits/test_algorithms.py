"""Algorithms, tasks and links as nouns: structure, formulas, and one line for what does not fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Gate, Parameter, ParameterVector, Qubit
from qiskit.quantum_info import Statevector

from circuits import HHL, Algorithm, recycling_circuit
from circuits.algorithms.algorithm import with_circuit
from circuits.algorithms.repeat_until_success import (
    branch_probabilities,
    repeat_until_success,
    success_angle,
)
from circuits.design import POINT, SweepParameter, design_of
from circuits.links import IDENTITY, Link
from circuits.tasks.erasure import ERASURE
from circuits.tasks.task import Task, excite, nothing, weights_of

EPS = np.finfo(float).eps
#: A statevector after a few gates, each off by ten roundings.
ROUNDING = 100 * EPS


def branches_of_the_circuit(algorithm, *values):
    """Unnormalised states of a recycled qubit by record of the flags, from the statevector."""
    circuit = algorithm.circuit(*values)
    roles = [role for register in algorithm.registers for role in register.roles]
    # Little-endian: the last qubit is the first axis.
    amplitudes = Statevector(circuit).data.reshape((2,) * len(roles))
    place = {role: len(roles) - 1 - index for index, role in enumerate(roles)}
    flags = [place[flag] for flag in reversed(algorithm.flags)]
    recycled = place[algorithm.recycled]
    others = [axis for axis in range(len(roles)) if axis not in (*flags, recycled)]
    ordered = amplitudes.transpose([*flags, recycled, *others])
    ordered = ordered.reshape(2 ** len(flags), 2, -1)
    return np.einsum("fik,fjk->fij", ordered, ordered.conj())


# -- repeat until success ------------------------------------------------------------------------


@given(st.floats(0, np.pi / 2), st.floats(-np.pi, np.pi))
def test_branches_of_repeat_until_success_agree_with_the_statevector(theta, data_angle):
    algorithm = repeat_until_success(data_angle)
    expected = branches_of_the_circuit(algorithm, theta)
    np.testing.assert_allclose(algorithm.branches(theta), expected, rtol=0, atol=ROUNDING)
    traces = np.trace(expected, axis1=-2, axis2=-1).real
    np.testing.assert_allclose(branch_probabilities(theta), traces, rtol=0, atol=ROUNDING)
    success = expected[0] / traces[0]  # at least 1/2
    solution = algorithm.solution(theta)
    assert (solution.conj() @ success @ solution).real == pytest.approx(1, abs=4 * ROUNDING)


def test_repeat_until_success_at_angles_that_are_known():
    assert success_angle(np.pi / 4) == pytest.approx(np.pi / 4, abs=ROUNDING)
    assert success_angle(0.0) == 0
    np.testing.assert_allclose(branch_probabilities(np.pi / 4), [0.5, 0.5], atol=ROUNDING)
    # The failed state is a rotation by -π/2, whatever the angle.
    failed = repeat_until_success().branches(np.array([0.2, 0.7]))[:, 1]
    failed /= np.trace(failed, axis1=-2, axis2=-1)[:, None, None]
    np.testing.assert_allclose(failed, np.full((2, 2, 2), [[0.5, -0.5], [-0.5, 0.5]]), atol=1e-14)


def test_formulas_of_repeat_until_success_keep_the_shape_of_a_sweep():
    algorithm = repeat_until_success(0.3)
    theta = np.linspace(0.2, 0.7, 6).reshape(2, 3)
    assert algorithm.solution(theta).shape == (2, 3, 2)
    assert algorithm.branches(theta).shape == (2, 3, 2, 2, 2)
    np.testing.assert_allclose(algorithm.branches(theta)[1, 2], algorithm.branches(theta[1, 2]))


@given(st.floats(0, np.pi / 4))
def test_branches_of_hhl_are_its_states_and_probabilities(theta_b):
    algorithm = HHL([[2, 0.5j], [-0.5j, 1]])
    branches = algorithm.branches(theta_b)
    probabilities = algorithm.branch_probabilities(theta_b)
    np.testing.assert_allclose(branches[0], probabilities[0] * algorithm.failure_state(theta_b))
    np.testing.assert_allclose(branches[1], probabilities[1] * algorithm.success_state(theta_b))


# -- the user's circuits -------------------------------------------------------------------------


def two_flags():
    """Data, an unmeasured qubit between, and a register of two flags; parameters b and a."""
    data, between = QuantumRegister(1, "data"), QuantumRegister(1, "between")
    flags = QuantumRegister(2, "flags")
    circuit = QuantumCircuit(data, between, flags)
    circuit.ry(Parameter("b"), data)
    circuit.ry(Parameter("a"), between)
    circuit.cx(data, flags[0])
    circuit.cx(between, flags[1])
    circuit.h(data)
    return circuit


def test_an_algorithm_from_a_circuit_has_its_parts():
    algorithm = Algorithm.from_circuit(
        two_flags(),
        flags=["flags"],
        recycled="data",
        failure=[0, 3],
        parameters=[SweepParameter("a", "rad", 0, 1)],
    )
    assert algorithm.flags == ("flags0", "flags1")
    assert algorithm.parameters == (SweepParameter("a", "rad", 0, 1), SweepParameter("b"))
    design = design_of(algorithm, ERASURE)
    assert design.roles == ("data", "between", "flags0", "flags1", "B", "S")
    assert design.measured == ("S", "B", "data")
    assert design.success == (1, 2)
    bound = algorithm.circuit(0.3, 0.7)
    assert [i.operation.params for i in bound.data[:2]] == [[0.7], [0.3]]
    branches = branches_of_the_circuit(algorithm, 0.3, 0.7)
    probabilities = np.trace(branches, axis1=1, axis2=2).real
    up, between = np.sin(0.35) ** 2, np.sin(0.15) ** 2
    expected = [(1 - up) * (1 - between), up * (1 - between), (1 - up) * between, up * between]
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=ROUNDING)


def test_each_parameter_needs_a_value():
    algorithm = Algorithm.from_circuit(two_flags(), flags=["flags"], recycled="data")
    with pytest.raises(ValueError, match=r"values = \(0.3,\): give one for each of a, b"):
        algorithm.circuit(0.3)


def test_changing_the_circuit_afterwards_changes_no_algorithm():
    circuit = two_flags()
    algorithm = Algorithm.from_circuit(circuit, flags=["flags"], recycled="data")
    before = len(algorithm.circuit(0, 0).data)
    circuit.x(0)
    assert len(algorithm.circuit(0, 0).data) == before


def test_a_circuit_without_parameters_has_one_point():
    circuit = QuantumCircuit(QuantumRegister(1, "data"), QuantumRegister(1, "flag"))
    circuit.h([0, 1])
    algorithm = Algorithm.from_circuit(circuit, flags=["flag"], recycled="data")
    assert algorithm.parameters == (POINT,)
    assert algorithm.circuit(0.0).data == algorithm.circuit().data
    assert recycling_circuit(algorithm, tomography=False).parameters == set()


@st.composite
def random_circuits(draw):
    """Circuits of three registers with random gates, and the register that is recycled."""
    sizes = draw(st.tuples(st.just(1), st.integers(1, 2), st.integers(1, 2)))
    registers = [QuantumRegister(n, name) for n, name in zip(sizes, "xyz", strict=True)]
    circuit = QuantumCircuit(*draw(st.permutations(registers)))
    qubits = range(circuit.num_qubits)
    for _ in range(draw(st.integers(0, 12))):
        first, second = draw(st.permutations(qubits))[:2]
        match draw(st.sampled_from(["ry", "rz", "cx", "crx", "h"])):
            case "cx":
                circuit.cx(first, second)
            case "h":
                circuit.h(first)
            case "crx":
                circuit.crx(draw(st.floats(-3, 3)), first, second)
            case name:
                getattr(circuit, name)(draw(st.floats(-3, 3)), first)
    return circuit


@given(random_circuits(), st.booleans())
def test_branches_of_any_circuit_are_those_of_its_statevector(circuit, two_registers):
    flags = ["y", "z"] if two_registers else ["z"]
    algorithm = Algorithm.from_circuit(circuit, flags=flags, recycled="x")
    branches = branches_of_the_circuit(algorithm, 0.0)
    positions = [
        circuit.find_bit(qubit).index
        for name in flags
        for qubit in next(r for r in circuit.qregs if r.name == name)
    ]
    probabilities = Statevector(circuit).probabilities(positions)
    np.testing.assert_allclose(
        np.trace(branches, axis1=1, axis2=2).real, probabilities, rtol=0, atol=ROUNDING
    )
    # And in the protocol each failure record has one conditional block.
    whole = recycling_circuit(algorithm)
    conditions = [i.operation.condition for i in whole.data if i.operation.name == "if_else"]
    assert [value for _, value in conditions] == list(algorithm.failure)


def registers(*names):
    return QuantumCircuit(*(QuantumRegister(1, name) for name in names))


def with_gate(gate, *arguments):
    circuit = registers("data", "flag")
    getattr(circuit, gate)(*arguments)
    return circuit


def with_measurement():
    circuit = registers("data", "flag")
    circuit.add_register(ClassicalRegister(1, "c"))
    circuit.measure(0, 0)
    return circuit


def with_condition():
    circuit = registers("data", "flag")
    circuit.add_register(ClassicalRegister(1, "c"))
    with circuit.if_test((circuit.cregs[0], 1)):
        circuit.x(0)
    return circuit


def with_hidden_reset():
    inner = QuantumCircuit(1)
    inner.reset(0)
    circuit = registers("data", "flag")
    circuit.append(inner.to_instruction(), [0])
    return circuit


def with_opaque_gate():
    circuit = registers("data", "flag")
    circuit.append(Gate("mystery", 1, []), [0])
    return circuit


def with_many_gates():
    inner = QuantumCircuit(1)
    for _ in range(200):
        inner.x(0)
    circuit = registers("data", "flag")
    for _ in range(101):
        circuit.append(inner.to_gate(), [0])
    return circuit


def sized(data, flag):
    return QuantumCircuit(QuantumRegister(data, "data"), QuantumRegister(flag, "flag"))


REFUSED = [
    (registers("data", "flag"), {"flags": ["flog"]}, "flags = 'flog' is not in the circuit: give"),
    (registers("data", "flag"), {"flags": "flag"}, "flags = 'flag': give a list of register"),
    (registers("data", "flag"), {"flags": []}, "flags = []: give at least one"),
    (registers("data", "flag"), {"flags": ["flag", "flag"]}, "flags = 'flag' is repeated"),
    (registers("data", "flag"), {"recycled": "B"}, "recycled = 'B' is not in the circuit: give"),
    (registers("data", "flag"), {"flags": ["data"]}, "flags = 'data' is in the recycled register"),
    (registers("data", "flag"), {"failure": []}, "failure = []: give at least one record"),
    (registers("data", "flag"), {"failure": [2]}, "failure = 2: give records of the flags, from 0"),
    (registers("data", "flag"), {"failure": [-1]}, "failure = -1: give records"),
    (registers("data", "flag"), {"failure": [True]}, "failure = True: give records"),
    (registers("data", "flag"), {"failure": [0, 1]}, "failure = [0, 1] holds all records"),
    (registers("data", "flag"), {"failure": [0, 0]}, "failure = 0 is repeated"),
    (registers("data", "flag", "B"), {}, "registers = 'B': the experiment adds registers B and S"),
    (registers("data", "flag", "S"), {}, "registers = 'S': the experiment adds registers B and S"),
    (registers("trial", "flag"), {"recycled": "trial"}, "recycled = 'trial': the experiment uses"),
    (sized(1, 6), {"failure": [1]}, "flags = ['flag0', "),
    (QuantumCircuit([Qubit(), Qubit()]), {}, "circuit has qubits outside of a register"),
    (with_measurement(), {}, "circuit has the instruction 'measure': the flags are measured"),
    (with_condition(), {}, "circuit has the instruction 'if_else': give a circuit of gates"),
    (with_gate("reset", 0), {}, "circuit has the instruction 'reset': every qubit begins"),
    (with_gate("delay", 3, 0), {}, "circuit has the instruction 'delay': idle times"),
    (with_gate("initialize", 1, 0), {}, "circuit has the instruction 'initialize': prepare"),
    (with_gate("rx", Parameter("p_x"), 0), {}, "parameters = 'p_x': the experiment uses this name"),
    (with_gate("rx", Parameter("data"), 0), {}, "parameters = 'data': the experiment uses"),
    (with_gate("rx", ParameterVector("a", 2)[0], 0), {}, "parameters = 'a[0]': rename it"),
    (registers("data", "flag"), {"parameters": [SweepParameter("x")]}, "parameters = 'x' is not"),
    (registers("data", "flag"), {"coupling": [("data", "x")]}, "coupling = 'x' is not in the"),
    (registers("data", "flag"), {"corrections": {1: None}}, "corrections = 1 is no failure record"),
    (with_hidden_reset(), {}, "which holds 'reset': give gates alone"),
    (with_opaque_gate(), {}, "circuit has the instruction 'mystery', which nothing defines"),
    (with_many_gates(), {}, "circuit has 20200 gates, those in definitions counted: give 20000"),
]


@pytest.mark.parametrize(("circuit", "changes", "message"), REFUSED)
def test_what_is_no_algorithm_is_refused_in_one_line(circuit, changes, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared below
        Algorithm.from_circuit(circuit, **({"flags": ["flag"], "recycled": "data"} | changes))
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


# -- the protocol as a chain ---------------------------------------------------------------------


def instructions(circuit):
    return [instruction.operation.name for instruction in circuit.data]


def listed(circuit):
    """Name, parameters and qubits of each instruction; two parameters of a name are alike."""
    return [
        (
            instruction.operation.name,
            [str(parameter) for parameter in instruction.operation.params],
            [circuit.find_bit(qubit).index for qubit in instruction.qubits],
        )
        for instruction in circuit.data
        if instruction.operation.name != "if_else"
    ]


def test_each_failure_record_has_its_feedforward_and_its_correction():
    undo = QuantumCircuit(1)
    undo.sdg(0)
    algorithm = Algorithm.from_circuit(
        two_flags(), flags=["flags"], recycled="data", failure=[2, 1], corrections={1: undo}
    )
    circuit = recycling_circuit(algorithm, feedforward_latency=1e-6)
    blocks = [i.operation for i in circuit.data if i.operation.name == "if_else"]
    assert [block.condition[1] for block in blocks] == [2, 1]
    assert [instructions(block.blocks[0]) for block in blocks] == [
        ["cx", "cx", "cx"], ["sdg", "cx", "cx", "cx"]
    ]  # fmt: skip
    waiting = ["data", "between", "flags", "flags", "B"]
    assert instructions(circuit).count("delay") == 2 * len(waiting)
    assert [register.name for register in circuit.cregs] == ["flag", "S", "B", "data"]
    measured = [i for i in circuit.data if i.operation.name == "measure"]
    assert [circuit.find_bit(i.clbits[0]).index for i in measured] == [0, 1, 2, 3, 4]


def test_a_register_of_two_qubits_is_swapped_into_a_bath_of_two():
    data, flag = QuantumRegister(2, "data"), QuantumRegister(1, "flag")
    task = Task("two erasures", ERASURE.stages, ERASURE.preparations, target_size=2)
    algorithm = Algorithm.from_circuit(QuantumCircuit(data, flag), flags=["flag"], recycled="data")
    circuit = recycling_circuit(algorithm, excited=True, task=task)
    assert design_of(algorithm, task).measured == ("S0", "S1", "B0", "B1", "data0", "data1")
    assert circuit.count_ops()["cx"] == 6
    assert circuit.count_ops()["x"] == 2


def test_a_compiled_circuit_takes_the_place_of_the_algorithms():
    algorithm = HHL([[2, -1], [-1, 2]])
    routed = with_circuit(algorithm, algorithm.circuit(Parameter("theta_b")))
    assert routed.design == algorithm.design
    assert listed(recycling_circuit(routed)) == listed(recycling_circuit(algorithm))


def test_a_link_stands_between_reset_and_task_in_one_arm():
    damping = Link("damping", [[[1, 0], [0, 0.8]], [[0, 0.6], [0, 0]]])
    algorithm = HHL([[2, -1], [-1, 2]])
    names = instructions(recycling_circuit(algorithm, link=damping))
    reset, link, task = names.index("if_else"), names.index("kraus"), names.index("cx")
    assert reset < link < task
    circuit = recycling_circuit(algorithm, link=damping)
    (kraus,) = (i for i in circuit.data if i.operation.name == "kraus")
    assert [circuit.find_bit(q).registers[0][0].name for q in kraus.qubits] == ["B"]
    assert "kraus" in instructions(recycling_circuit(algorithm, stage="before", link=damping))
    assert "kraus" not in instructions(
        recycling_circuit(algorithm, arm="equilibrium", link=damping)
    )
    without = recycling_circuit(algorithm, link=IDENTITY)
    assert listed(without) == listed(recycling_circuit(algorithm))


@pytest.mark.parametrize(
    ("kraus", "message"),
    [
        ([np.eye(2), np.eye(2)], "kraus does not keep the trace"),
        ([np.eye(2), np.eye(4)], "kraus has shapes"),
        ([[1, 0]], "kraus has shapes"),
    ],
)
def test_what_is_no_channel_is_no_link(kraus, message):
    with pytest.raises(ValueError, match=message):
        Link("x", kraus)


def test_another_task_has_its_stages_and_preparations():
    def half_swap(circuit, target, bath):
        circuit.iswap(target[0], bath[0])

    task = Task(
        "partial swap",
        stages={"start": None, "half": half_swap, "end": half_swap},
        preparations={"ground": nothing, "excited": excite},
    )
    algorithm = repeat_until_success()
    counts = [
        recycling_circuit(algorithm, stage=stage, task=task).count_ops().get("iswap", 0)
        for stage in task.stages
    ]
    assert counts == [0, 1, 2]
    last = recycling_circuit(algorithm, stage="end", preparation="excited", task=task)
    assert last.name == "recycling end excited"
    with pytest.raises(ValueError, match="preparation = 'X': give one of ground, excited"):
        recycling_circuit(algorithm, stage="end", preparation="X", task=task)
    with pytest.raises(ValueError, match="stage = 'after': give one of start, half, end"):
        recycling_circuit(algorithm, stage="after", task=task)


def test_weights_of_the_preparations_sum_to_one():
    p_x = np.linspace(0, 1, 6).reshape(2, 3)
    assert weights_of(p_x).shape == (2, 3, 2)
    np.testing.assert_allclose(weights_of(p_x).sum(axis=-1), 1, rtol=0, atol=EPS)
    np.testing.assert_array_equal(ERASURE.mixture(p_x)[..., 1], p_x)
