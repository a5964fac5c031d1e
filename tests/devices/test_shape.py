"""Shapes of experiments on a chip: the order of HHL's placements, and trees for any algorithm."""

from itertools import combinations, permutations

import pytest
import rustworkx as rx
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import CouplingMap

import recycling as rc
from circuits import HHL, Algorithm
from circuits.design import Design, Register
from circuits.settings import Settings
from recycling.devices.placement import check_layout, cz_errors, placements, working_qubits
from recycling.devices.shape import derived_coupling, interactions, make_shape, shape_of
from recycling.errors import BadInput
from recycling.execution.ibm.snapshots import snapshot_backend

ALGORITHM = HHL([[2, -1], [-1, 2]])
HERONS = ("FakeTorino", "FakeFez", "FakeMarrakesh", "FakeKingston")


def generic(coupling):
    gates = ["cz", "rz", "sx", "x"]
    return GenericBackendV2(coupling.size(), basis_gates=gates, coupling_map=coupling, seed=1)


def as_before(target):
    """The search for HHL alone: by its centre, by the places around it, by both ends."""
    working = working_qubits(target)
    neighbours = {}
    for pair in cz_errors(target):
        if pair <= working:
            first, second = sorted(pair)
            neighbours.setdefault(first, []).append(second)
            neighbours.setdefault(second, []).append(first)
    for centre, around in sorted(neighbours.items()):
        for bath, low, high in permutations(sorted(around), 3):
            for ancilla in sorted(neighbours[high]):
                for system in sorted(neighbours[bath]):
                    placement = (centre, low, high, ancilla, bath, system)
                    if len(set(placement)) == len(placement):
                        yield placement


@pytest.mark.parametrize("name", HERONS)
def test_placements_of_hhl_are_in_the_order_of_before(name):
    target = snapshot_backend(name).target
    shape = shape_of(ALGORITHM.design, ALGORITHM)
    assert list(placements(target, shape)) == list(as_before(target))


@pytest.mark.parametrize(
    "coupling",
    [CouplingMap.from_heavy_hex(3), CouplingMap.from_grid(3, 4), CouplingMap.from_full(7)],
)
def test_placements_of_hhl_on_other_lattices(coupling):
    target = generic(coupling).target
    shape = shape_of(ALGORITHM.design, ALGORITHM)
    found = list(placements(target, shape))
    assert found == list(as_before(target))
    assert found


def test_couplings_of_hhl_go_from_the_centre_outwards():
    shape = shape_of(ALGORITHM.design, ALGORITHM)
    assert shape.roles == ("C_I", "C_C0", "C_C1", "C_A", "B", "S")
    assert shape.couplings == (
        ("C_I", "C_C0"), ("C_I", "C_C1"), ("C_I", "B"), ("C_C1", "C_A"), ("B", "S")
    )  # fmt: skip
    assert shape.order == ("C_I", "B", "C_C0", "C_C1", "C_A", "S")
    assert shape.recorded == ("C_A", "S", "B", "C_I")


def test_interactions_are_counted_in_native_gates():
    circuit = QuantumCircuit(*(QuantumRegister(1, name) for name in ("a", "b", "c")))
    circuit.cx(0, 1)
    circuit.cx(1, 0)
    circuit.ccx(0, 1, 2)
    algorithm = Algorithm.from_circuit(circuit, flags=["c"], recycled="a")
    counts = interactions(algorithm.design, algorithm)
    assert set(counts) == {frozenset(pair) for pair in combinations("abc", 2)}
    assert counts[frozenset("ab")] == 2 + 2
    assert counts[frozenset("ac")] == counts[frozenset("bc")] == 2


def test_pairs_that_interact_most_are_coupled():
    design = design_of_size(3)
    counts = {frozenset(("q0", "q1")): 5, frozenset(("q0", "q2")): 1, frozenset(("q1", "q2")): 3}
    assert derived_coupling(design, counts) == (("q0", "q1"), ("q1", "q2"))


def test_a_star_becomes_what_fits_beside_the_bath():
    """The recycled qubit has three neighbours at most, and one of them is the bath."""
    design = design_of_size(5)
    counts = {frozenset(("q0", f"q{leaf}")): 5 for leaf in (1, 2, 3, 4)}
    coupling = derived_coupling(design, counts)
    assert coupling[:2] == (("q0", "q1"), ("q0", "q2"))
    assert sum("q0" in pair for pair in coupling) == 2
    assert next(placements(snapshot_backend("FakeTorino").target, make_shape(design, coupling)))


def design_of_size(count, recycled=0):
    registers = [Register(f"q{index}", 1) for index in range(count)]
    return Design(
        registers=(*registers, Register("B", 1, "bath"), Register("S", 1, "target")),
        flags=(f"q{(recycled + 1) % count}",),
        failure=(0,),
        recycled=f"q{recycled}",
        parameters=(),
        stages=("before", "after"),
        preparations=("I", "X"),
    )


@st.composite
def interacting(draw):
    count = draw(st.integers(2, 8))
    pairs = [frozenset((f"q{a}", f"q{b}")) for a, b in combinations(range(count), 2)]
    counts = {pair: draw(st.integers(0, 12)) for pair in pairs}
    return design_of_size(count, draw(st.integers(0, count - 1))), counts


@settings(max_examples=60, deadline=None)
@given(interacting())
def test_any_algorithm_has_a_tree_that_a_heron_holds(algorithm):
    design, counts = algorithm
    coupling = derived_coupling(design, counts)
    roles = design.purpose("algorithm")
    graph = rx.PyGraph()
    graph.add_nodes_from(range(len(roles)))
    graph.add_edges_from_no_data([tuple(map(roles.index, pair)) for pair in coupling])
    assert len(coupling) == len(roles) - 1
    assert rx.is_connected(graph)
    shape = make_shape(design, coupling)
    target = snapshot_backend("FakeTorino").target
    layout = next(placements(target, shape))
    check_layout(layout, target, shape)
    if any(counts.values()):
        strongest = max(counts.values())
        assert counts[frozenset(coupling[0])] == strongest or roles[0] != design.recycled


class Ring(Settings):
    """An algorithm that asks for couplings which no heavy-hex lattice has."""

    name: str = "ring"

    def build(self):
        circuit = QuantumCircuit(*(QuantumRegister(1, name) for name in "abc"))
        circuit.ccx(0, 1, 2)
        return Algorithm.from_circuit(
            circuit, flags=["c"], recycled="a", coupling=[("a", "b"), ("b", "c"), ("c", "a")]
        )


def test_a_shape_that_fits_nowhere_is_refused_in_one_line():
    experiment = rc.Experiment(name="ring", algorithm=Ring(), device={"profile": "FakeTorino"})
    with pytest.raises(BadInput, match=r"device\.layout: no placement on working gates") as caught:
        rc.plan(experiment)
    assert "\n" not in str(caught.value)
