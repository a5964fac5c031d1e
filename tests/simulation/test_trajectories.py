"""Trajectories are samples of the distribution that the exact engine computes."""

import numpy as np
import pytest
from hypothesis import given, settings
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.quantum_info import Statevector

from recycling.devices.profiles import ideal_device
from recycling.simulation.trajectories.lower import compile_trajectories
from recycling.simulation.trajectories.sample import estimates, sample
from tests.simulation.test_engine import (
    chi_squared_p_value,
    probabilities,
    small_circuits,
    small_device,
)

#: A fixed seed has a p-value below this once in so many tests.
LEVEL = 1e-4


def check(circuit, device, expected, shots):
    """Counts of all records under the expected probabilities (array of shape (2, …, 2))."""
    compiled = compile_trajectories(circuit, device)
    found = sample(compiled, shots, np.random.default_rng(2026))
    assert found.shape == (shots,)
    bits = expected.ndim
    # The first bit is the lowest of a record, and the first axis of the probabilities.
    expected = expected.transpose().ravel()
    counts = np.bincount(found, minlength=2**bits)
    assert np.all(counts[expected < 1e-13] == 0)
    possible = expected >= 1e-13
    if possible.sum() > 1:
        assert chi_squared_p_value(counts[possible], shots * expected[possible]) > LEVEL
    estimated = estimates(found, bits)
    deviation = np.abs(estimated.probability - expected)
    assert np.all(deviation < 5 * estimated.error)


@settings(max_examples=40, deadline=None)
@given(circuit=small_circuits())
def test_trajectories_agree_with_the_exact_engine_on_any_circuit(circuit):
    check(circuit, small_device(), probabilities(circuit, small_device()), 20_000)


@pytest.mark.parametrize("qubits", [10, pytest.param(13, marks=pytest.mark.slow)])
def test_many_qubits_without_noise_are_a_statevector(qubits):
    generator = np.random.default_rng(qubits)
    circuit = QuantumCircuit(qubits, qubits)
    for layer in range(4):
        for qubit in range(qubits):
            circuit.sx(qubit)
            circuit.rz(generator.uniform(-3, 3), qubit)
            circuit.sx(qubit)
        for qubit in range(layer % 2, qubits - 1, 2):
            circuit.cz(qubit + 1, qubit)
    state = Statevector(circuit)
    circuit.measure([0, 4, qubits - 1], [0, 1, 2])
    expected = state.probabilities([0, 4, qubits - 1]).reshape(2, 2, 2).transpose()
    cold = ideal_device(temperature=1e-3, frequency=5e9, roles=tuple(map(str, range(qubits))))
    check(circuit, cold, expected, 50_000)


def test_errors_of_estimates_are_those_of_a_binomial():
    generator = np.random.default_rng(1)
    shots = generator.integers(0, 4, size=(400, 1000))
    found = [estimates(row, bits=2) for row in shots]
    deviations = np.array([(each.probability - 0.25) / each.error for each in found])
    # The spread of 3 × 400 free deviations is known to 1/√2400 = 0.02: five such errors.
    assert deviations.std() == pytest.approx(1, abs=0.1)
    assert estimates(np.zeros(100, int), bits=1).error[1] > 0


def unmeasured(circuit):
    """Add a condition on a bit that nothing has recorded so far."""
    with circuit.if_test((0, 1)):
        circuit.x(0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda circuit: circuit.ccx(0, 1, 2), "ccx acts on 3 qubits: compile to one- and two-"),
        (lambda circuit: circuit.add_register(ClassicalRegister(70)), "71 bits: give a circuit of"),
        (lambda circuit: circuit.h(0), "h on qubits [0] is not native to small: compile the"),
        (unmeasured, "if_test on a bit that was never measured: measure it first"),
    ],
)
def test_circuits_that_no_device_runs_are_refused_in_one_line(build, message):
    circuit = QuantumCircuit(3, 1)
    build(circuit)
    circuit.measure(0, 0)
    with pytest.raises(ValueError, match=message.replace("[", r"\[")) as caught:
        compile_trajectories(circuit, small_device())
    assert "\n" not in str(caught.value)
