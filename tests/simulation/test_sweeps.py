"""Devices over a sweep: every number may be an array, and one program holds all points."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.quantum_info import Kraus
from scipy.stats import chi2

from recycling.compilation.target import device_target
from recycling.errors import BadInput
from recycling.execution.aer import execute_aer, simulate_shots
from recycling.execution.exact import execute_exact
from recycling.execution.ibm.scheduling import schedule_as_late_as_possible
from recycling.jobs.job import Job, Pub
from recycling.simulation.engine import compile_program, execute
from recycling.simulation.numbers import Numbers
from tests.simulation.test_engine import small_circuits, small_device

#: The same sums in another order: some hundred terms of at most 1, each rounded.
SAME = 1e-14
DEVICE = small_device()
QUBITS = DEVICE.num_qubits
FIELDS = ("t1", "t2", "temperature", "false_excited", "false_ground", "errors", "durations")
ANGLES = {"turn": np.array([0.4, -1.1])}


def probabilities(circuit, device, parameters=None):
    (outcome,) = execute([compile_program(circuit, device, parameters)])
    return outcome.probabilities


def scaled(field, factors, qubits):
    """The small device with a field scaled by factors (*sweep,) on some of its qubits."""
    if field in ("errors", "durations"):
        before = getattr(DEVICE.gates, field)
        on = [bool({*pair} & qubits) for pair in DEVICE.gates.qubits]
    else:
        before = np.broadcast_to(getattr(DEVICE, field), QUBITS)
        on = [qubit in qubits for qubit in range(QUBITS)]
    return np.where(on, before * factors[..., None], before)


@st.composite
def swept_devices(draw, fields):
    """Device over a sweep (2, 3): each field over both axes, over one, or over the last alone."""
    changes, gates = {}, DEVICE.gates
    for field in fields:
        shape = draw(st.sampled_from([(2, 3), (2, 1), (1, 3), (3,)]))
        factors = np.array(
            draw(st.lists(st.floats(0.3, 1.0), min_size=6, max_size=6))[: int(np.prod(shape))]
        ).reshape(shape)
        if field == "t1":
            factors = 1 / factors  # T2 stays below 2 T1
        qubits = draw(st.sets(st.integers(0, QUBITS - 1), min_size=1))
        array = scaled(field, factors, qubits)
        if field in ("errors", "durations"):
            gates = replace(gates, **{field: array})
        else:
            changes[field] = array
    return DEVICE.replace("swept", gates=gates, **changes)


def turning(circuit):
    """A circuit after two gates with an angle that is a parameter."""
    turn = Parameter("turn")
    front = circuit.copy_empty_like()
    for qubit in (0, 2):
        front.sx(qubit)
        front.rz(2 * turn + 0.3, qubit)
        front.sx(qubit)
    return front.compose(circuit)


def assert_every_point(circuit, device, parameters=None):
    found = probabilities(circuit, device, parameters)
    for point in np.ndindex(device.sweep):
        alone = probabilities(circuit, device.at(*point), parameters)
        np.testing.assert_allclose(found[point], alone, rtol=0, atol=SAME)


@pytest.mark.parametrize("field", FIELDS)
@settings(max_examples=15, deadline=None)
@given(data=st.data(), circuit=small_circuits())
def test_a_swept_number_gives_what_each_of_its_values_gives(field, data, circuit):
    assert_every_point(circuit, data.draw(swept_devices([field])))


@settings(max_examples=40, deadline=None)
@given(device=swept_devices(FIELDS), circuit=small_circuits())
def test_numbers_swept_together_with_a_parameter(device, circuit):
    circuit = turning(circuit)
    found = probabilities(circuit, device, ANGLES)
    assert found.shape == (*device.sweep, 2, 2, 2, 2)
    assert_every_point(circuit, device, ANGLES)


def test_axes_of_the_device_come_before_those_of_the_parameters():
    circuit = QuantumCircuit(3, 1)
    circuit.sx(0)
    circuit.rz(Parameter("turn"), 0)
    circuit.sx(0)
    circuit.measure(0, 0)
    device = DEVICE.replace("swept", t1=DEVICE.t1 * np.array([[[1.0]], [[2.0]], [[3.0]]]))
    angles = {"turn": np.linspace(0, 1, 5)[:, None] + np.zeros(4)}
    program = compile_program(circuit, device, angles)
    assert program.sweep == (3, 1, 5, 4)
    (outcome,) = execute([program])
    assert outcome.probabilities.shape == (3, 1, 5, 4, 2)
    np.testing.assert_allclose(outcome.probabilities.sum(axis=-1), 1, rtol=0, atol=SAME)


def test_numbers_have_length_one_along_axes_that_leave_them_alone():
    # Only the last qubit's T1 varies, but the array has the whole sweep for all of them.
    t1 = np.tile(DEVICE.t1, (100, 1))
    t1[:, 2] *= np.linspace(1, 2, 100)
    numbers = Numbers.of(DEVICE.replace("swept", t1=t1))
    assert numbers.t1[:2] == tuple(DEVICE.t1[:2])
    assert numbers.t1[2].shape == (100,)


def test_kept_density_matrices_have_the_sweep_in_front():
    circuit = QuantumCircuit(3, 1)
    circuit.sx(0)
    circuit.cz(0, 1)
    circuit.measure(0, 0)
    device = DEVICE.replace("swept", temperature=[[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]])
    (outcome,) = execute([compile_program(circuit, device, keep=(1, 2))])
    assert outcome.density_matrices.shape == (2, 2, 4, 4)
    for point in range(2):
        (alone,) = execute([compile_program(circuit, device.at(point), keep=(1, 2))])
        np.testing.assert_allclose(
            outcome.density_matrices[point], alone.density_matrices, rtol=0, atol=SAME
        )


# --- What is fixed in a compiled circuit


@pytest.mark.parametrize(
    ("field", "value"),
    [("feedforward_latency", [0.0, 1e-6]), ("measure_duration", [[1e-6] * 3, [2e-6] * 3])],
)
def test_times_that_the_circuit_fixes_are_refused(field, value):
    device = DEVICE.replace("swept", **{field: value})
    assert device.sweep == (2,)
    with pytest.raises(ValueError, match=f"{field} runs over a sweep.*without a schedule") as error:
        compile_program(QuantumCircuit(3), device)
    assert "\n" not in str(error.value)


def compile_late(circuit):
    """A circuit as the vendor's passes schedule it."""
    physical = QuantumCircuit(QuantumRegister(3, "q"), ClassicalRegister(circuit.num_clbits, "c"))
    physical.compose(circuit, physical.qubits, physical.clbits, inplace=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Duration is rounded", UserWarning)
        return schedule_as_late_as_possible(physical, device_target(DEVICE))


def waiting(latency):
    """Measurement, latency on the other qubits, a conditional gate."""
    circuit = QuantumCircuit(3, 2)
    circuit.sx(0)
    circuit.x(1)
    circuit.measure(0, 0)
    circuit.delay(latency, [0, 1], unit="s")
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    return circuit


def test_a_latency_is_swept_where_the_circuit_has_no_schedule():
    latencies = np.array([1e-6, 5e-6, 2e-5])
    device = DEVICE.replace("swept", t1=DEVICE.t1 * np.array([[1.0], [2.0]]))
    both = device.replace("swept", feedforward_latency=latencies[:, None])
    open_circuit = waiting(Parameter("feedforward_latency"))
    (outcome,) = execute([compile_program(open_circuit, both, scheduled=False)])
    assert outcome.sweep == (3, 2)
    for index, latency in enumerate(latencies):
        each = probabilities(compile_late(waiting(latency)), device)
        np.testing.assert_allclose(outcome.probabilities[index], each, rtol=0, atol=SAME)
    assert np.all(np.diff(outcome.probabilities[:, :, 0, 1], axis=0) < 0), "it decays meanwhile"


@pytest.mark.parametrize("execute_job", [execute_exact, execute_aer])
def test_a_run_has_one_device(execute_job):
    device = DEVICE.replace("swept", temperature=[[0.1, 0.2, 0.3]])
    with pytest.raises(BadInput, match="a run has one device"):
        execute_job(
            Job("any", None, shots=5), [Pub(waiting(0.0), {})], device, np.random.SeedSequence(1)
        )


# --- A channel in the circuit


def damping(strength):
    """Amplitude damping as an instruction."""
    kept = [[1, 0], [0, np.sqrt(1 - strength)]]
    return Kraus([kept, [[0, np.sqrt(strength)], [0, 0]]]).to_instruction()


def linked(strength):
    """Reset by a measured bit, a link to the next qubit, and a swap like an erasure."""
    register, record = QuantumRegister(3, "q"), ClassicalRegister(3, "c")
    circuit = QuantumCircuit(register, record)
    circuit.x(0)
    circuit.sx(1)
    circuit.cz(0, 1)
    circuit.sx(1)
    circuit.measure(0, 0)
    with circuit.if_test((record[0], 1)):
        circuit.x(0)
        circuit.x(1)
    circuit.append(damping(strength), [1])
    circuit.sx(1)
    circuit.cz(1, 2)
    circuit.sx(1)
    circuit.measure([1, 2], [1, 2])
    return circuit


def test_a_channel_takes_no_time_and_adds_no_noise():
    circuit = QuantumCircuit(3, 1)
    circuit.x(1)
    circuit.append(damping(0.3), [1])
    circuit.measure(1, 0)
    ideal_reading = {"false_excited": (0.0,) * 3, "false_ground": (0.0,) * 3}
    device = DEVICE.replace("read well", **ideal_reading)
    plain = QuantumCircuit(3, 1)
    plain.x(1)
    plain.measure(1, 0)
    excited = probabilities(plain, device)[1]
    np.testing.assert_allclose(probabilities(circuit, device)[1], 0.7 * excited, rtol=1e-14)


@pytest.mark.parametrize("strength", [0.0, 0.35, 1.0])
def test_a_channel_agrees_with_aer(strength):
    shots = 20_000
    circuit = linked(strength)
    expected = probabilities(circuit, DEVICE).transpose(2, 1, 0).ravel()  # first bit lowest
    found = np.bincount(simulate_shots(circuit, DEVICE, {}, shots, seed=3), minlength=8)
    statistic = np.sum((found - shots * expected) ** 2 / (shots * expected))
    assert chi2.sf(statistic, 7) > 1e-4
    other = probabilities(linked(0.7), DEVICE).transpose(2, 1, 0).ravel()
    statistic = np.sum((found - shots * other) ** 2 / (shots * other))
    assert chi2.sf(statistic, 7) < 1e-12, "the test tells strengths apart"


@pytest.mark.parametrize(
    ("duration", "unit", "message"),
    [
        (Parameter("wait"), "s", "delay of the parameter wait: the engine varies"),
        (2 * Parameter("feedforward_latency"), "s", r"delay of 2\*feedforward_latency s: give a"),
        (Parameter("feedforward_latency"), "us", "delay of feedforward_latency us: give a number"),
    ],
)
def test_a_delay_that_would_not_be_that_of_the_circuit_is_refused(duration, unit, message):
    circuit = QuantumCircuit(3, 1)
    circuit.delay(duration, 0, unit=unit)
    circuit.measure(0, 0)
    with pytest.raises(ValueError, match=message):
        compile_program(circuit, DEVICE, scheduled=False)
