"""Qiskit Aer: the density matrix, its measurement deferred, and shots with feedforward."""

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.quantum_info import SuperOp
from qiskit_aer import AerSimulator
from qiskit_aer.noise import (
    NoiseModel,
    ReadoutError,
    depolarizing_error,
    pauli_error,
    thermal_relaxation_error,
)

from benchmarks.rivals.channels import Channels, Steps
from benchmarks.rivals.contestant import Contestant
from benchmarks.rivals.problem import Problem, runs

SHOTS = 8000


def density_matrix(problem: Problem, steps: Steps) -> Contestant:
    """Channels as superoperators; exact probabilities."""
    simulator = AerSimulator(method="density_matrix", max_parallel_threads=1)

    def prepare(numbers):
        circuit = QuantumCircuit(problem.qubits)
        for step in steps(problem, numbers):
            # Qiskit has its first qubit innermost, and bras outside of kets.
            circuit.append(SuperOp(_columns(step)).to_instruction(), step.qubits)
        circuit.save_probabilities(list(reversed(problem.measured)))
        return circuit

    def execute(circuit):
        result = simulator.run(circuit, shots=1).result()
        return np.asarray(result.data()["probabilities"]).reshape((2,) * len(problem.measured))

    return Contestant("density_matrix, superoperators", prepare, execute)


def _columns(step):
    count = len(step.qubits)
    tensor = np.asarray(step.matrix).reshape((2,) * (4 * count))
    kets, bras = range(0, 2 * count, 2), range(1, 2 * count, 2)
    out = [*reversed(bras), *reversed(kets)]
    order = out + [2 * count + axis for axis in out]
    return tensor.transpose(order).reshape(4**count, 4**count)


def per_shot(problem: Problem, _steps: Steps) -> Contestant:
    """Ordered shots with measurement and feedforward, each a noisy statevector."""

    def prepare(numbers):
        channels = Channels(problem, numbers)
        quantum = QuantumRegister(problem.qubits)
        flag, rest = ClassicalRegister(1), ClassicalRegister(len(problem.measured) - 1)
        circuit = QuantumCircuit(quantum, flag, rest)
        for qubit, excited in enumerate(numbers["excited"]):
            circuit.append(
                pauli_error([("X", excited), ("I", 1 - excited)]).to_instruction(), [qubit]
            )
        for value, group in runs(problem.operations):
            if value is None:
                for each in group:
                    _append(circuit, each, numbers, channels)
            else:
                with circuit.if_test((flag, value)):
                    for each in group:
                        _append(circuit, each, numbers, channels)
        model = NoiseModel(["id", "x", "sx", "rz", "cz"])
        for qubit in problem.measured:
            model.add_readout_error(ReadoutError(numbers["assignment"][qubit].T), [qubit])
        return circuit, AerSimulator(
            method="statevector", noise_model=model, max_parallel_threads=1
        )

    def execute(ready):
        circuit, simulator = ready
        result = simulator.run(circuit, shots=SHOTS, seed_simulator=7, memory=True).result()
        counts = np.zeros((2,) * len(problem.measured))
        for key in result.get_memory():
            bits = [int(bit) for bit in reversed(key.replace(" ", ""))]
            counts[tuple(bits)] += 1
        return counts / SHOTS

    mode = f"statevector with if_test, {SHOTS:,} ordered shots"
    return Contestant(mode, prepare, execute, shots=SHOTS)


def _append(circuit, each, numbers, channels):
    if each.name == "measure":
        circuit.measure(each.qubits[0], each.number)
    elif each.name == "rz":
        circuit.rz(numbers["angle"][each.number], *each.qubits)
    elif each.name == "idle":
        error = _relaxation(numbers, each.qubits[0], numbers["idle"][each.number])
        circuit.append(error.to_instruction(), each.qubits)
    else:
        getattr(circuit, each.name)(*each.qubits)
        time = numbers["duration"][each.number]
        relaxed = _relaxation(numbers, each.qubits[0], time)
        for qubit in each.qubits[1:]:
            relaxed = relaxed.expand(_relaxation(numbers, qubit, time))
        strength = float(channels.strength(each))
        error = depolarizing_error(strength, len(each.qubits)).compose(relaxed)
        circuit.append(error.to_instruction(), each.qubits)


def _relaxation(numbers, qubit, time):
    return thermal_relaxation_error(
        float(numbers["t1"][qubit]), float(numbers["t2"][qubit]), float(time),
        excited_state_population=float(numbers["excited"][qubit]),
    )  # fmt: skip
