"""TensorCircuit-NG: sites of four levels hold the density matrix, jitted with JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import tensorcircuit as tc
import tensornetwork as tn

from benchmarks.rivals.channels import TRACE, Step, Steps
from benchmarks.rivals.contestant import Contestant
from benchmarks.rivals.problem import NUMBERS, Problem

tc.set_backend("jax")
tc.set_dtype("complex128")
MODE = "sites of four levels, one jit; batch: vmap"


def contestant(problem: Problem, steps: Steps) -> Contestant:
    """The network is contracted once: its path is searched for while it is traced."""

    def execute(matrices):
        return contract(problem, [Step(*each) for each in zip(places, matrices, strict=True)])

    def prepare(numbers):
        return [step.matrix for step in steps(problem, numbers, jnp)]

    def solve(numbers):
        return execute(prepare(numbers))

    places = [step.qubits for step in steps(problem, _any_numbers(problem))]
    prepared, executed, solved = jax.jit(prepare), jax.jit(execute), jax.jit(solve)
    batched = jax.jit(jax.vmap(solve))
    return Contestant(
        MODE,
        prepare=lambda numbers: jax.block_until_ready(prepared(_own(numbers))),
        execute=lambda ready: np.asarray(executed(ready)),
        at_once=lambda numbers: np.asarray(solved(_own(numbers))),
        batch=lambda numbers: np.asarray(batched(_own(numbers))),
    )


def _own(numbers):
    return {name: numbers[name] for name in NUMBERS}


def contract(problem, steps):
    """Distribution of the records: the network with the trace of all other qubits."""
    circuit = tc.QuditCircuit(problem.qubits, dim=4)
    for step in steps:
        circuit.any(*step.qubits, unitary=step.matrix)
    vector = circuit.get_quvector()
    populations = np.zeros((4, 2), complex)
    populations[[0, 3], [0, 1]] = 1
    nodes, ends = list(vector.nodes), {}
    for qubit, edge in enumerate(vector.out_edges):
        measured = qubit in problem.measured
        end = tn.Node(jnp.asarray(populations if measured else TRACE.astype(complex)))
        edge ^ end[0]
        nodes.append(end)
        if measured:
            ends[qubit] = end[1]
    result = tc.contractor(nodes, output_edge_order=[ends[q] for q in problem.measured])
    return jnp.real(result.tensor)


def _any_numbers(problem):
    """Numbers of no meaning: the places of the steps do not depend on them."""
    lengths = {"idle": 1, "angle": 1, "gate": 1}
    for each in problem.operations:
        kind = each.name if each.name in ("idle", "measure") else "gate"
        kind = "angle" if each.name == "rz" else kind
        if kind in lengths:
            lengths[kind] = max(lengths[kind], each.number + 1)
    qubits = np.full(problem.qubits, 0.5)
    gates = np.full(lengths["gate"], 1e-3)
    return {
        "t1": qubits, "t2": qubits, "excited": qubits,
        "assignment": np.broadcast_to(np.eye(2), (problem.qubits, 2, 2)),
        "error": gates, "duration": gates,
        "idle": np.full(lengths["idle"], 1e-3), "angle": np.zeros(lengths["angle"]),
    }  # fmt: skip
