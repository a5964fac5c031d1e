"""The shape of an experiment: the pairs of qubits that must be neighbours on a chip.

An algorithm names its coupled qubits, or they follow from its circuit: the pairs that interact most
are coupled as long as all of them fit on a heavy-hex lattice, where a qubit has three neighbours at
most. Every qubit of the recycled register is coupled to a qubit of the bath, and every qubit of the
bath to a qubit of the target. For HHL with two clock qubits::

    S ── B ── C_I ── C_C1 ── C_A
               │
              C_C0
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from circuits.design import Design
from circuits.transpiler import preset_pass_manager

if TYPE_CHECKING:
    from circuits.algorithms.algorithm import AnyAlgorithm

#: Two roles that must be neighbours.
Pair = tuple[str, str]
#: Neighbours of each qubit of a chip.
Neighbours = Mapping[int, Sequence[int]]
#: Distance of the code of the heavy-hex lattice that a shape has to fit on: 57 qubits.
_DISTANCE = 5
#: Native gates of the Herons, by which the interactions of a circuit are counted.
_BASIS = ("cz", "rz", "sx", "x")


@dataclass(frozen=True)
class Shape:
    """Coupled roles of a design.

    Attributes:
        roles: all roles, in the order of the device's qubits.
        couplings: roles that must be neighbours, from the recycled qubits outwards.
        order: the roles in the order in which they are placed: the recycled qubits and the bath,
            the algorithm outwards from there, and the target.
        recorded: roles that are measured, whose readout decides the result.

    Example:
        >>> from circuits import HHL
        >>> algorithm = HHL([[2, -1], [-1, 2]])
        >>> shape = shape_of(algorithm.design, algorithm)
        >>> shape.order
        ('C_I', 'B', 'C_C0', 'C_C1', 'C_A', 'S')
    """

    roles: tuple[str, ...]
    couplings: tuple[Pair, ...]
    order: tuple[str, ...]
    recorded: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(f"{first}-{second}" for first, second in self.couplings)


def shape_of(design: Design, algorithm: AnyAlgorithm) -> Shape:
    """Shape of an experiment: what its algorithm names, else what follows from its circuit.

    Example:
        >>> from circuits import HHL
        >>> algorithm = HHL([[2, -1], [-1, 2]])
        >>> print(shape_of(algorithm.design, algorithm))
        C_I-C_C0, C_I-C_C1, C_I-B, C_C1-C_A, B-S
    """
    coupling = algorithm.coupling or derived_coupling(design, interactions(design, algorithm))
    return make_shape(design, coupling)


def make_shape(design: Design, coupling: Sequence[Pair]) -> Shape:
    """Shape of a design whose algorithm has some coupled roles.

    Example:
        >>> from circuits import HHL
        >>> line = [("C_I", "C_C0"), ("C_C0", "C_C1"), ("C_C1", "C_A")]
        >>> print(make_shape(HHL([[2, -1], [-1, 2]]).design, line))
        C_I-C_C0, C_I-B, C_C0-C_C1, B-S, C_C1-C_A
    """
    outwards = _outwards(design)
    starts = (*design.register(design.recycled).roles, *design.roles)
    reached = _breadth_first(starts, (*coupling, *outwards))
    before_the_target = _breadth_first(starts, (*outwards, *coupling), without=design.target)
    return Shape(
        roles=design.roles,
        couplings=tuple(
            sorted((*coupling, *outwards), key=lambda pair: min(map(reached.index, pair)))
        ),
        order=(*before_the_target, *design.target),
        recorded=design.recorded_roles,
    )


def embeddings(shape: Shape, neighbours: Neighbours) -> Iterator[tuple[int, ...]]:
    """Find all ways to put a shape on a chip, depth first, low qubits before high qubits.

    Args:
        shape: coupled roles.
        neighbours: neighbours of each working qubit.

    Yields:
        Qubit of each role, in the order of the roles.

    Example:
        >>> from circuits.algorithms.repeat_until_success import repeat_until_success
        >>> algorithm = repeat_until_success()
        >>> line = {0: [1], 1: [0, 2], 2: [1, 3], 3: [2]}
        >>> shape = shape_of(algorithm.design, algorithm)
        >>> shape.roles, list(embeddings(shape, line))
        (('data', 'ancilla', 'B', 'S'), [(1, 0, 2, 3), (2, 3, 1, 0)])
    """
    for place in _embedded(shape.order, shape.couplings, neighbours):
        yield tuple(place[role] for role in shape.roles)


def interactions(design: Design, algorithm: AnyAlgorithm) -> Mapping[frozenset[str], int]:
    """Count the CZ gates of an algorithm by pair of roles, on fully coupled qubits.

    Example:
        >>> from circuits.algorithms.repeat_until_success import repeat_until_success
        >>> algorithm = repeat_until_success()
        >>> interactions(algorithm.design, algorithm)[frozenset(("data", "ancilla"))]
        2
    """
    from qiskit.circuit import Parameter

    circuit = algorithm.circuit(*(Parameter(each.name) for each in algorithm.parameters))
    # From level 2 on, the transpiler relabels qubits.
    native = preset_pass_manager(1, basis_gates=list(_BASIS)).run(circuit)
    counts: dict[frozenset[str], int] = {}
    for instruction in native.data:
        if instruction.operation.name == "cz":
            pair = frozenset(design.roles[native.find_bit(q).index] for q in instruction.qubits)
            counts[pair] = counts.get(pair, 0) + 1
    return counts


def derived_coupling(design: Design, counts: Mapping[frozenset[str], int]) -> tuple[Pair, ...]:
    """Derive the coupled roles: a tree of those that interact most, which fits a heavy-hex.

    Pairs are coupled in the order of their interactions where they close no ring and still fit on
    the lattice together with the bath and the target. Where that gives no tree of all qubits, the
    qubits stand in a line that begins with the recycled qubit.

    Args:
        design: design of the experiment.
        counts: how often each pair of roles interacts.

    Example:
        >>> from circuits.algorithms.repeat_until_success import repeat_until_success
        >>> design = repeat_until_success().design
        >>> derived_coupling(design, {frozenset(("data", "ancilla")): 2})
        (('data', 'ancilla'),)
    """
    roles, outwards = design.purpose("algorithm"), _outwards(design)
    pairs = sorted(combinations(roles, 2), key=lambda pair: -counts.get(frozenset(pair), 0))
    tree: list[Pair] = []
    for pair in pairs:
        ring = pair[1] in _breadth_first(pair[:1], tree)
        if not ring and _fits(pair[0], [*tree, pair, *outwards]):
            tree.append(pair)
    return tuple(tree) if len(tree) == len(roles) - 1 else tuple(pairwise(_line(design, counts)))


def _outwards(design: Design) -> tuple[Pair, ...]:
    """Couplings beyond the algorithm: of the recycled qubits, the bath and the target."""
    recycled, bath = design.register(design.recycled).roles, design.bath
    return (*zip(recycled, bath, strict=False), *zip(bath, design.target, strict=False))


def _line(design: Design, counts: Mapping[frozenset[str], int]) -> list[str]:
    """Roles of the algorithm from the recycled role on, each time that which interacts most."""
    line = [design.register(design.recycled).roles[0]]
    others = [role for role in design.purpose("algorithm") if role not in line]
    while others:
        nearest = max(
            others, key=lambda role: sum(counts.get(frozenset((role, each)), 0) for each in line)
        )
        others.remove(nearest)
        line.append(nearest)
    return line


def _fits(start: str, couplings: Sequence[Pair]) -> bool:
    """Whether all that is coupled to a role fits on a heavy-hex lattice."""
    connected = _breadth_first((start,), couplings)
    return next(_embedded(connected, couplings, _heavy_hex()), None) is not None


@cache
def _heavy_hex() -> Neighbours:
    import rustworkx as rx

    graph = rx.generators.heavy_hex_graph(_DISTANCE)
    return {qubit: sorted(graph.neighbors(qubit)) for qubit in graph.node_indices()}


def _embedded(
    order: Sequence[str], couplings: Iterable[Pair], neighbours: Neighbours
) -> Iterator[Mapping[str, int]]:
    """All places of the roles on a chip on which coupled roles are neighbours."""
    partners, place = _partners(couplings), dict[str, int]()
    everywhere = sorted(neighbours)

    def extend(depth: int) -> Iterator[Mapping[str, int]]:
        if depth == len(order):
            yield place
            return
        role = order[depth]
        others = partners.get(role, [])
        beside = [neighbours[place[other]] for other in others if other in place]
        for qubit in sorted(beside[0]) if beside else everywhere:
            free = qubit not in place.values() and len(neighbours[qubit]) >= len(others)
            if free and all(qubit in each for each in beside[1:]):
                place[role] = qubit
                yield from extend(depth + 1)
                del place[role]

    return extend(0)


def _partners(couplings: Iterable[Pair]) -> dict[str, list[str]]:
    """Roles that each coupled role must be a neighbour of, in the order of the couplings."""
    partners: dict[str, list[str]] = {}
    for first, second in couplings:
        partners.setdefault(first, []).append(second)
        partners.setdefault(second, []).append(first)
    return partners


def _breadth_first(
    starts: Iterable[str], couplings: Iterable[Pair], without: Sequence[str] = ()
) -> list[str]:
    """Roles reached through couplings from each start in turn, near roles first.

    Roles in ``without`` are left out.
    """
    partners = _partners(couplings)
    reached: list[str] = []
    for start in starts:
        queue = deque([start])
        while queue:
            role = queue.popleft()
            if role not in reached and role not in without:
                reached.append(role)
                queue.extend(partners.get(role, ()))
    return reached
