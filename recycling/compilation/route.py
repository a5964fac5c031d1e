"""Compile an algorithm such that the qubits that are used after it end on their places.

Routing moves qubits about, whatever a conditional block needs afterwards: it may put the reset's
SWAP on a third qubit, and measure different qubits in both arms. So several orders in which the
algorithm's qubits can start on their places are tried. All of them start in their thermal state, so
that their order does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from circuits.algorithms.algorithm import Algorithm, with_circuit
from circuits.gates import swap
from recycling.compilation.target import TRANSPILER_SEED, device_target, pass_manager
from recycling.compilation.walk import cz_counts
from recycling.errors import BadInput

if TYPE_CHECKING:
    import rustworkx as rx
    from qiskit import QuantumCircuit
    from qiskit.transpiler import PassManager, Target

    from circuits.algorithms.algorithm import AnyAlgorithm
    from recycling.devices.device import Device

#: Most qubits of an algorithm of which every order is tried: 120 orders of five.
MOST_PERMUTED = 5
#: Orders that are drawn for larger algorithms, besides the given order.
DRAWN_ORDERS = 60


@dataclass(frozen=True)
class _Candidate:
    """A routed circuit, and the position on which each of the algorithm's qubits ends."""

    start: tuple[int, ...]
    circuit: QuantumCircuit
    ends: tuple[int, ...]

    @property
    def cost(self) -> tuple[int, int, tuple[int, ...]]:
        """CZ gates, then depth, of which the best candidate has the least."""
        return sum(cz_counts(self.circuit).values()), self.circuit.depth(), self.start


def route_algorithm(
    algorithm: AnyAlgorithm, device: Device, *, optimization_level: int = 3
) -> Algorithm:
    """Compile the algorithm alone, such that its recycled and its flag qubits keep their places.

    Every order in which up to ``MOST_PERMUTED`` qubits can start is tried, and ``DRAWN_ORDERS`` of
    more. Of those that leave the recycled and the flag qubits on their places, that with the
    fewest CZ gates is chosen, then that of least depth. Where there is none, SWAPs at the end of
    each bring these qubits back.

    Args:
        algorithm: the algorithm; its registers are in the order of the device's roles.
        device: the device to compile for.
        optimization_level: 0 to 3, of Qiskit's preset pass managers.

    Raises:
        BadInput: the algorithm's qubits are not connected with each other on the device.

    Example:
        >>> from circuits.algorithms.repeat_until_success import repeat_until_success
        >>> from recycling.devices.profiles import ideal_device
        >>> algorithm = repeat_until_success()
        >>> roles = algorithm.design.roles
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=roles)
        >>> routed = route_algorithm(algorithm, device, optimization_level=1)
        >>> routed.circuit(0.4).count_ops()["cz"]
        2
    """
    import rustworkx as rx
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    circuit = algorithm.circuit(*(Parameter(each.name) for each in algorithm.parameters))
    count = circuit.num_qubits
    target = device_target(device, count)
    graph = _couplings(target)
    if not rx.is_connected(graph):
        raise _unconnected(device.roles[:count])
    kept = kept_qubits(algorithm)
    manager = pass_manager(target, optimization_level)
    candidates = [
        _route(circuit, start, manager)
        for start in ([tuple(range(count))] if _fully_connected(device) else _orders(count))
    ]
    at_home = [each for each in candidates if _is_home(each, kept)]
    if not at_home:
        returned = (_bring_home(each, kept, graph, manager) for each in candidates)
        at_home = [each for each in returned if _is_home(each, kept)]
    if not at_home:
        raise BadInput(
            f"device.optimization_level = {optimization_level}: Qiskit's transpiler leaves none of "
            "the compiled algorithms with its recycled and flag qubits "
            f"({', '.join(device.roles[qubit] for qubit in kept)}) on the qubits that the layout "
            "gives them; give another level, 0 to 3"
        )
    best = min(at_home, key=lambda candidate: candidate.cost)
    named = QuantumCircuit(*circuit.qregs, name=circuit.name)
    named.compose(best.circuit, named.qubits, inplace=True)
    return with_circuit(algorithm, named)


def _unconnected(roles: Sequence[str]) -> BadInput:
    return BadInput(
        f"device.layout: the qubits of the algorithm ({', '.join(roles)}) are not connected with "
        "each other by CZ gates: give neighbours, or layout = 'best'"
    )


def kept_qubits(algorithm: AnyAlgorithm) -> tuple[int, ...]:
    """Find the positions of the qubits that are used after the algorithm: recycled or flags.

    Example:
        >>> from circuits import HHL
        >>> kept_qubits(HHL([[2, -1], [-1, 2]]))  # C_I and C_A
        (0, 3)
    """
    roles = [role for register in algorithm.registers for role in register.roles]
    recycled = next(r for r in algorithm.registers if r.name == algorithm.recycled)
    return tuple(roles.index(role) for role in dict.fromkeys((*recycled.roles, *algorithm.flags)))


def _orders(count: int) -> Iterator[tuple[int, ...]]:
    """Positions on which the qubits start: all orders of few qubits, else a seeded sample."""
    if count <= MOST_PERMUTED:
        yield from permutations(range(count))
        return
    generator = np.random.default_rng(TRANSPILER_SEED)
    yield tuple(range(count))
    for _ in range(DRAWN_ORDERS):
        yield tuple(generator.permutation(count).tolist())


def _route(circuit: QuantumCircuit, start: tuple[int, ...], manager: PassManager) -> _Candidate:
    from qiskit import QuantumCircuit

    placed = QuantumCircuit(circuit.num_qubits)
    placed.compose(circuit, start, inplace=True)
    routed = manager.run(placed)
    moved = _final_positions(routed)
    return _Candidate(start, routed, tuple(moved[position] for position in start))


def _bring_home(
    candidate: _Candidate, kept: Sequence[int], graph: rx.PyGraph, manager: PassManager
) -> _Candidate:
    """Candidate with SWAPs at its end that bring the kept qubits to their places."""
    import rustworkx as rx

    wanted = {candidate.ends[qubit]: qubit for qubit in kept}
    ends = list(candidate.ends)
    circuit = candidate.circuit.copy()
    for first, second in rx.graph_token_swapper(graph, wanted, seed=TRANSPILER_SEED):
        # Three CNOTs, since the transpiler turns a SWAP gate into a relabelling of wires.
        swap(circuit, circuit.qubits[first], circuit.qubits[second])
        exchanged = {first: second, second: first}
        ends = [exchanged.get(position, position) for position in ends]
    compiled = manager.run(circuit)
    moved = _final_positions(compiled)
    return _Candidate(candidate.start, compiled, tuple(moved[position] for position in ends))


def _final_positions(routed: QuantumCircuit) -> Sequence[int]:
    """Position on which the qubit at each position ends."""
    if routed.layout is None:
        return range(routed.num_qubits)
    positions: Sequence[int] = routed.layout.final_index_layout()
    return positions


def _is_home(candidate: _Candidate, kept: Sequence[int]) -> bool:
    return all(candidate.ends[qubit] == qubit for qubit in kept)


def _couplings(target: Target) -> rx.PyGraph:
    import rustworkx as rx

    graph: rx.PyGraph = rx.PyGraph()
    graph.add_nodes_from(range(target.num_qubits))
    graph.add_edges_from_no_data(sorted({(min(pair), max(pair)) for pair in target["cz"]}))
    return graph


def _fully_connected(device: Device) -> bool:
    return len(device.edges) == device.num_qubits * (device.num_qubits - 1) // 2
