"""QuTiP: the density matrix as a vector, each channel a sparse superoperator."""

import numpy as np
import qutip

from benchmarks.rivals.channels import Steps
from benchmarks.rivals.contestant import Contestant
from benchmarks.rivals.problem import Problem, records


def contestant(problem: Problem, steps: Steps) -> Contestant:
    """Sites of four levels: the superoperators act on a vector of 4ⁿ entries."""
    sites = [4] * problem.qubits

    def prepare(numbers):
        return [_wide(step, sites) for step in steps(problem, numbers)]

    def execute(operators):
        state = qutip.basis(sites, [0] * problem.qubits)
        for operator in operators:
            state = operator @ state
        return records(problem, state.full().reshape(sites))

    return Contestant("sparse superoperators", prepare, execute)


def _wide(step, sites):
    """Superoperator on all sites."""
    rest = [qubit for qubit in range(len(sites)) if qubit not in step.qubits]
    count = len(step.qubits)
    own = qutip.Qobj(np.asarray(step.matrix), dims=[[4] * count] * 2).to("CSR")
    wide = qutip.tensor(own, *(qutip.qeye(4) for _ in rest)) if rest else own
    now = [*step.qubits, *rest]
    return wide.permute([now.index(qubit) for qubit in range(len(sites))])
