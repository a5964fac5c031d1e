"""Routing any algorithm: recycled and flag qubits keep their places, and nothing is lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.quantum_info import Statevector, partial_trace

from circuits import HHL, Algorithm, recycling_circuit
from circuits.links import Link
from recycling.compilation.compile import compile_circuits
from recycling.compilation.route import MOST_PERMUTED, kept_qubits, route_algorithm
from recycling.compilation.structure import structure
from recycling.compilation.target import CHANNEL
from recycling.compilation.timeline import timeline
from recycling.compilation.walk import cz_counts, walk
from recycling.devices.placement import placements
from recycling.devices.profiles import device_from_backend, ideal_device
from recycling.devices.shape import shape_of
from recycling.errors import BadInput
from recycling.execution.ibm.scheduling import schedule_as_late_as_possible
from recycling.execution.ibm.snapshots import snapshot_backend
from recycling.planning.circuits import compile_as_executed

#: Synthesis of gates takes angles from eigenvalues by square roots.
SYNTHESIS = np.sqrt(np.finfo(float).eps)


def algorithm_of(circuit, flags=("q1",), recycled="q0", **more):
    return Algorithm.from_circuit(circuit, flags=list(flags), recycled=recycled, **more)


def registers(count):
    return [QuantumRegister(1, f"q{index}") for index in range(count)]


def on_heron(algorithm, name="FakeTorino"):
    backend = snapshot_backend(name)
    shape = shape_of(algorithm.design, algorithm)
    layout = next(placements(backend.target, shape))
    return device_from_backend(backend, layout, temperature=0.043, frequency=5e9, roles=shape.roles)


def reduced(circuit, kept):
    """State of the kept qubits, in their order."""
    others = [qubit for qubit in range(circuit.num_qubits) if qubit not in kept]
    return partial_trace(Statevector(circuit), others).data


@st.composite
def circuits(draw, largest):
    count = draw(st.integers(2, largest))
    circuit = QuantumCircuit(*registers(count))
    # The transpiler leaves out rotations by less than 1e-6.
    angle = st.integers(-30, 30).map(lambda tenths: tenths / 10)
    for _ in range(draw(st.integers(1, 8))):
        first, second = draw(st.permutations(range(count)))[:2]
        circuit.ry(draw(angle), first)
        draw(st.sampled_from([circuit.cx, circuit.cz, circuit.swap]))(first, second)
        circuit.rx(draw(angle), second)
    return circuit


@settings(max_examples=10, deadline=None)
@given(circuits(largest=4), st.sampled_from([0, 1, 2, 3]))
def test_kept_qubits_end_on_their_places_in_the_same_state(circuit, level):
    flags = [f"q{index}" for index in range(1, min(3, circuit.num_qubits))]
    algorithm = algorithm_of(circuit, flags, failure=(0,))
    routed = route_algorithm(algorithm, on_heron(algorithm), optimization_level=level)
    kept = kept_qubits(algorithm)
    assert kept == tuple(range(len(flags) + 1))
    found, expected = (reduced(each, kept) for each in (routed.circuit(), circuit))
    np.testing.assert_allclose(found, expected, rtol=0, atol=SYNTHESIS)


@pytest.mark.parametrize("flags", [("q1",), ("q1", "q4", "q5")])
def test_large_algorithms_are_routed_from_a_sample_of_orders(flags):
    """Where no order comes home by itself, SWAPs at the end bring the kept qubits there."""
    count = MOST_PERMUTED + 1
    generator = np.random.default_rng(3)
    circuit = QuantumCircuit(*registers(count))
    for _ in range(20):
        first, second = generator.permutation(count)[:2].tolist()
        circuit.ry(generator.uniform(-3, 3), first)
        circuit.cx(first, second)
    algorithm = algorithm_of(circuit, flags, failure=(0,))
    device = on_heron(algorithm)
    first, again = (route_algorithm(algorithm, device, optimization_level=1) for _ in range(2))
    assert first.circuit() == again.circuit()
    kept = kept_qubits(algorithm)
    found, expected = (reduced(each, kept) for each in (first.circuit(), circuit))
    np.testing.assert_allclose(found, expected, rtol=0, atol=SYNTHESIS)
    for located in walk(first.circuit()):
        name = located.instruction.operation.name
        assert name == "barrier" or (name, located.qubits) in device.gate_table


def test_a_register_that_is_recycled_keeps_both_places():
    circuit = QuantumCircuit(QuantumRegister(2, "pair"), QuantumRegister(1, "flag"))
    circuit.ry(0.3, 0)
    circuit.cx(0, 1)
    circuit.ccx(0, 1, 2)
    algorithm = Algorithm.from_circuit(circuit, flags=["flag"], recycled="pair")
    assert kept_qubits(algorithm) == (0, 1, 2)


def test_qubits_that_are_not_connected_are_refused_in_one_line():
    circuit = QuantumCircuit(*registers(3))
    circuit.ccx(0, 1, 2)
    algorithm = algorithm_of(circuit)
    device = on_heron(algorithm)
    apart = device.replace(
        "test", gates=tuple(gate for gate in device.gates if 2 not in gate.qubits)
    )
    with pytest.raises(BadInput, match=r"device\.layout: .*\(q0, q1, q2\) are not connected") as c:
        route_algorithm(algorithm, apart)
    assert "\n" not in str(c.value)


# --- a channel in a circuit


DAMPING = Link("damping", [[[1, 0], [0, np.sqrt(0.7)]], [[0, np.sqrt(0.3)], [0, 0]]])


def with_link(device, level, link=DAMPING):
    algorithm = HHL([[2, -1], [-1, 2]])
    routed = route_algorithm(algorithm, device, optimization_level=level)
    circuit = recycling_circuit(
        routed, excited=True, link=link, feedforward_latency=device.feedforward_latency
    )
    return compile_as_executed([circuit], device, optimization_level=level)[0]


@pytest.fixture(scope="module")
def heron():
    return on_heron(HHL([[2, -1], [-1, 2]]))


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_channel_stays_where_it_is_and_takes_no_time(heron, level):
    linked = with_link(heron, level)
    bath = heron.roles.index("B")
    names = [(i.operation.name, [linked.find_bit(q).index for q in i.qubits]) for i in linked.data]
    place = names.index((CHANNEL, [bath]))
    assert [name for name, _ in names].count(CHANNEL) == 1
    assert "if_else" in [name for name, _ in names[:place]]
    assert "cz" in [name for name, _ in names[place:]]
    (found,) = (each for each in walk(linked) if each.instruction.operation.name == CHANNEL)
    assert found.qubits == (bath,)
    np.testing.assert_array_equal(found.instruction.operation.params, DAMPING.kraus)
    (operation,) = (o for o in timeline(linked, heron) if o.name == CHANNEL)
    assert operation.duration == 0
    assert CHANNEL not in structure(linked, heron).gates


@pytest.mark.parametrize("level", [0, 1])
def test_a_channel_changes_nothing_else(heron, level):
    """Levels that optimise nothing across it: the same gates at the same times."""
    linked, without = (with_link(heron, level, link) for link in (DAMPING, Link("identity")))
    found, expected = (
        [o for o in timeline(circuit, heron) if o.name not in (CHANNEL, "delay")]
        for circuit in (linked, without)
    )
    assert found == expected
    assert cz_counts(linked) == cz_counts(without)


def test_the_scheduler_is_the_callers(heron):
    circuit = recycling_circuit(route_algorithm(HHL([[2, -1], [-1, 2]]), heron))
    seen = []

    def schedule(compiled, target):
        seen.append((compiled.count_ops().get("delay", 0), target.dt))
        return schedule_as_late_as_possible(compiled, target)

    (compiled,) = compile_circuits([circuit], heron, schedule=schedule)
    assert seen == [(0, heron.dt)]
    assert compiled.count_ops()["delay"] > 0
    ideal = ideal_device(temperature=0.043, frequency=5e9)
    compile_circuits([circuit], ideal, schedule=schedule)
    assert len(seen) == 1, "where nothing takes time there is nothing to schedule"
