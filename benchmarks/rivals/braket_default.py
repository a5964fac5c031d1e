"""Amazon Braket: the density matrix of its default simulator, without its parser."""

from braket.default_simulator.density_matrix_simulation import DensityMatrixSimulation
from braket.default_simulator.noise_operations import Kraus

from benchmarks.rivals.channels import Steps, kraus
from benchmarks.rivals.contestant import Contestant
from benchmarks.rivals.problem import Problem, of_populations


def contestant(problem: Problem, steps: Steps) -> Contestant:
    """Kraus operators of the channels, the measurement deferred."""

    def prepare(numbers):
        return [Kraus(step.qubits, kraus(step)) for step in steps(problem, numbers)]

    def execute(operations):
        simulation = DensityMatrixSimulation(problem.qubits, shots=0)
        simulation.evolve(operations)
        return of_populations(problem, simulation.probabilities.reshape((2,) * problem.qubits))

    return Contestant("DensityMatrixSimulation, Kraus of the channels", prepare, execute)
