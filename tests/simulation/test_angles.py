"""Many angles from a few evolutions: the same numbers, and only where a parameter enters so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

import recycling as rc
from circuits.tomography import BASIS_ANGLES
from recycling.simulation.angles import few_angles
from recycling.simulation.engine import compile_program, compile_programs, execute
from tests.simulation.test_engine import small_circuits, small_device

DEVICE = small_device()
#: Sums of some hundred terms of at most 1, and weights of at most 2.
SAME = 1e-14


def turned(circuit, *multiples):
    """A circuit after rotations of its qubits by multiples of an angle."""
    angle = Parameter("angle")
    front = circuit.copy_empty_like()
    for qubit, multiple in enumerate(multiples):
        front.sx(qubit)
        front.rz(multiple * angle + 0.3, qubit)
        front.sx(qubit)
    return front.compose(circuit)


@settings(max_examples=30, deadline=None)
@given(
    circuit=small_circuits(),
    multiples=st.lists(st.sampled_from([-2, -1, 0.5, 1, 2]), min_size=1, max_size=3),
    angles=st.lists(st.floats(-7, 7), min_size=16, max_size=20, unique=True),
)
def test_any_angles_are_what_each_of_them_gives(circuit, multiples, angles):
    circuit = turned(circuit, *multiples)
    (together,) = execute([compile_program(circuit, DEVICE, {"angle": angles})])
    for place in (0, 7, -1):
        (alone,) = execute([compile_program(circuit, DEVICE, {"angle": angles[place]})])
        np.testing.assert_allclose(
            together.probabilities[place], alone.probabilities, rtol=0, atol=SAME
        )


def test_the_protocol_takes_three_evolutions_for_any_number_of_angles():
    planned = rc.plan(rc.preset("paper"))
    bases = np.array(list(BASIS_ANGLES.values()))
    parameters = {
        "theta_b": np.linspace(0, 1, 50)[:, None],
        "basis_theta": bases[None, :, 0],
        "basis_phi": bases[None, :, 1],
    }
    circuits = [(circuit, parameters) for circuit in planned.circuits.values()]
    compiled = compile_programs(circuits, planned.device)
    few = few_angles([each.program for each in compiled], compiled[0].values)
    assert few.weights.shape == (50, 3)
    assert few.values.parameter_sweep == (3, 3)


def rotation(expression):
    circuit = QuantumCircuit(3, 1)
    circuit.sx(0)
    circuit.rz(expression, 0)
    circuit.sx(0)
    circuit.measure(0, 0)
    return circuit


ANGLE, OTHER = Parameter("angle"), Parameter("other")
MANY = np.linspace(0, 1, 9)


@pytest.mark.parametrize(
    ("expression", "parameters"),
    [
        (ANGLE * ANGLE, {"angle": MANY}),  # no multiple
        (ANGLE + OTHER, {"angle": MANY, "other": 0.1}),  # two parameters in one angle
        (ANGLE, {"angle": MANY, "other": MANY}),  # another one along the same axis
        (ANGLE, {"angle": MANY[:3]}),  # as many evolutions
        (ANGLE, {"angle": MANY.reshape(3, 3)}),  # no axis of its own
    ],
)
def test_a_parameter_that_enters_otherwise_is_left_alone(expression, parameters):
    circuit = rotation(expression)
    compiled = compile_program(circuit, DEVICE, parameters)
    assert few_angles([compiled.program], compiled.values) is None
    (together,) = execute([compiled])
    shape = np.broadcast_shapes(*(np.shape(each) for each in parameters.values()))
    values = {name: np.broadcast_to(each, shape) for name, each in parameters.items()}
    for place in np.ndindex(shape):
        one = {name: float(each[place]) for name, each in values.items()}
        (alone,) = execute([compile_program(circuit, DEVICE, one)])
        np.testing.assert_allclose(
            together.probabilities[place], alone.probabilities, rtol=0, atol=SAME
        )


def test_slopes_that_are_no_multiples_of_each_other_are_left_alone():
    compiled = compile_program(
        turned(QuantumCircuit(3, 1), 1, np.sqrt(2)), DEVICE, {"angle": np.linspace(0, 1, 40)}
    )
    assert few_angles([compiled.program], compiled.values) is None
