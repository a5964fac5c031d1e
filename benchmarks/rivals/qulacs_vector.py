"""Qulacs: the density matrix as a vector of twice as many qubits, channels as dense matrices."""

import numpy as np
from qulacs import QuantumCircuit, QuantumState, gate

from benchmarks.rivals.channels import Step, Steps, kraus
from benchmarks.rivals.contestant import Contestant
from benchmarks.rivals.problem import Problem, of_populations, records


def vector(problem: Problem, steps: Steps) -> Contestant:
    """Channels as matrices on pairs of qubits (ket, bra)."""

    def prepare(numbers):
        circuit = QuantumCircuit(2 * problem.qubits)
        for step in steps(problem, numbers):
            # The first index of a matrix is the innermost one in qulacs.
            places = [2 * qubit + side for qubit in reversed(step.qubits) for side in (1, 0)]
            circuit.add_gate(gate.DenseMatrix(places, np.asarray(step.matrix)))
        return circuit

    def execute(circuit):
        state = QuantumState(2 * problem.qubits)
        circuit.update_quantum_state(state)
        # Innermost is qubit 0: ket of qubit q at 2q, its bra at 2q + 1.
        tensor = state.get_vector().reshape((2,) * (2 * problem.qubits)).transpose()
        return records(problem, tensor.reshape((4,) * problem.qubits))

    return Contestant("vectorised density matrix", prepare, execute)


def density_matrix(problem: Problem, steps: Steps) -> Contestant:
    """Its density matrix with Kraus operators of the channels."""
    from qulacs import DensityMatrix

    def prepare(numbers):
        circuit = QuantumCircuit(problem.qubits)
        for step in steps(problem, numbers):
            circuit.add_gate(_channel(step))
        return circuit

    def execute(circuit):
        state = DensityMatrix(problem.qubits)
        circuit.update_quantum_state(state)
        populations = state.get_matrix().diagonal().real.reshape((2,) * problem.qubits)
        return of_populations(problem, populations.transpose())

    return Contestant("DensityMatrix, CPTP of the channels", prepare, execute)


def _channel(step: Step):
    places = list(reversed(step.qubits))
    return gate.CPTP([gate.DenseMatrix(places, operator) for operator in kraus(step)])
