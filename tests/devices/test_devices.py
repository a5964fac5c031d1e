"""Devices as data, layouts, and above all the structure and the schedule of compiled circuits."""

import copy
import json
from dataclasses import replace
from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from qiskit.providers import QubitProperties
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import DensityMatrix, partial_trace
from qiskit.transpiler import CouplingMap, InstructionProperties

import recycling as rc
from circuits import HHL, recycling_circuit
from recycling.compilation.route import route_algorithm
from recycling.compilation.target import device_target
from recycling.compilation.timeline import busy_times, timeline
from recycling.compilation.walk import cz_counts, walk
from recycling.devices.arrays import NON_NEGATIVE, POSITIVE, POSITIVE_FINITE, PROBABILITY
from recycling.devices.device import PER_QUBIT, ROLES, Device
from recycling.devices.placement import (
    best_layout,
    check_layout,
    cz_errors,
    expected_errors,
    placements,
    readout_errors,
    working_qubits,
)
from recycling.devices.profiles import (
    PAPER_SNAPSHOT,
    device_from_backend,
    ideal_device,
    override_device,
    paper_device,
)
from recycling.devices.shape import shape_of
from recycling.execution.ibm.snapshots import snapshot_backend
from recycling.planning.circuits import compile_as_executed

EPS = np.finfo(float).eps
SHAPE = shape_of(HHL([[2, -1], [-1, 2]]).design, HHL([[2, -1], [-1, 2]]))
LEVELS = (0, 1, 2, 3)
HERONS = ("FakeTorino", "FakeMarrakesh", "FakeKingston")
DESIGN = HHL([[2, -1], [-1, 2]]).design
SETTINGS = tuple(product(DESIGN.arm_names, DESIGN.stages, (False, True)))
C_I, C_C0, C_C1, C_A, B, S = range(6)
WAITING = (C_I, C_C0, C_C1, C_A, B)
#: Sum of some hundred times below 1e-4 s, each rounded; a cycle of the hardware is 4e-9 s.
TIME_ROUNDING = 1000 * 1e-4 * EPS


@cache
def device_of(name):
    backend = snapshot_backend(name)
    return device_from_backend(
        backend, next(placements(backend.target, SHAPE)), temperature=0.043, frequency=5e9
    )


@cache
def paper():
    return paper_device(device_of(PAPER_SNAPSHOT))


@cache
def routed_at(level):
    return route_algorithm(HHL([[2, -1], [-1, 2]]), paper(), optimization_level=level)


@cache
def compiled_at(level):
    """All eight circuits of the paper's device, by arm, stage and preparation."""
    circuits = [
        recycling_circuit(
            routed_at(level),
            arm=arm,
            stage=stage,
            excited=excited,
            feedforward_latency=paper().feedforward_latency,
        )
        for arm, stage, excited in SETTINGS
    ]
    compiled = compile_as_executed(circuits, paper(), optimization_level=level)
    return dict(zip(SETTINGS, compiled, strict=True))


every_level = pytest.mark.parametrize("level", LEVELS)


# --- Structure of compiled circuits


@every_level
def test_conditional_block_is_three_cz_on_two_qubits(level):
    for (arm, _, _), circuit in compiled_at(level).items():
        conditionals = [i for i in circuit.data if i.operation.name == "if_else"]
        assert len(conditionals) == (arm == "recycling")
        inside = [located for located in walk(circuit) if located.conditional]
        acting = [i for i in inside if i.instruction.operation.name not in ("delay", "barrier")]
        two_qubit = [located.qubits for located in acting if len(located.qubits) == 2]
        touched = {qubit for located in acting for qubit in located.qubits}
        if arm == "recycling":
            assert touched == {C_I, B}
            assert len(two_qubit) == 3
        else:
            assert inside == []


@every_level
def test_erasure_is_three_cz_between_target_and_bath(level):
    for arm, excited in product(DESIGN.arm_names, (False, True)):
        before, after = (cz_counts(compiled_at(level)[arm, s, excited]) for s in DESIGN.stages)
        pair = frozenset({S, B})
        assert pair not in before
        assert dict(after) == {**before, pair: 3}


@every_level
def test_conditional_reset_is_all_that_the_arms_differ_in(level):
    for stage, excited in product(DESIGN.stages, (False, True)):
        without, with_reset = (
            cz_counts(compiled_at(level)[arm, stage, excited]) for arm in DESIGN.arm_names
        )
        assert dict(with_reset) == {**without, frozenset({C_I, B}): 3}


def algorithm_part(circuit):
    """What happens on each qubit of the algorithm before its first barrier, delays included."""
    part = {qubit: [] for qubit in (C_I, C_C0, C_C1, C_A)}
    open_qubits = set(part)
    for located in walk(circuit):
        operation = located.instruction.operation
        if operation.name == "barrier":
            open_qubits -= set(located.qubits)
        for qubit in open_qubits.intersection(located.qubits):
            size = operation.duration if operation.name == "delay" else operation.params
            part[qubit].append((operation.name, located.qubits, size))
    return part


@every_level
def test_algorithm_is_the_same_in_all_circuits(level):
    first, *others = (algorithm_part(circuit) for circuit in compiled_at(level).values())
    assert all(first.values())
    for other in others:
        assert other == first


@every_level
def test_circuits_use_native_gates_alone(level):
    allowed = {"x", "sx", "rz", "cz", "measure", "delay", "barrier"}
    for circuit in compiled_at(level).values():
        for located in walk(circuit):
            name = located.instruction.operation.name
            assert name in allowed
            if name not in ("measure", "delay", "barrier"):
                assert (name, located.qubits) in paper().gate_table


@every_level
def test_routed_algorithm_does_what_the_algorithm_does(level):
    # The joint state of input and ancilla is what all later steps see. Synthesis of the
    # controlled evolution takes angles from eigenvalues, off by the square root of eps at worst.
    algorithm = HHL([[2, -1], [-1, 2]])
    for theta_b in (0.0, 0.3, np.pi / 4):
        states = []
        for circuit in (routed_at(level).circuit(None), algorithm.circuit(theta_b)):
            bound = circuit.assign_parameters([theta_b] * circuit.num_parameters)
            states.append(partial_trace(DensityMatrix(bound), [C_C0, C_C1]).data)
        np.testing.assert_allclose(*states, rtol=0, atol=np.sqrt(EPS))


def test_compilation_is_reproducible():
    # No cache: from the algorithm to the schedule, twice.
    drawn = []
    for _ in range(2):
        routed = route_algorithm(HHL([[2, -1], [-1, 2]]), paper(), optimization_level=1)
        circuit = compile_as_executed([recycling_circuit(routed)], paper(), optimization_level=1)[0]
        bound = circuit.assign_parameters([0.1, 0.2, 0.3])
        operations = [(located.instruction.operation, located.qubits) for located in walk(bound)]
        drawn.append([(op.name, qubits, list(map(float, op.params))) for op, qubits in operations])
    assert drawn[0] == drawn[1]


# --- Schedule: no idle time goes unnoticed


def gaps(operations):
    """Times at which a qubit is between two operations: the idle time not accounted for, s."""
    found = []
    for qubit in range(len(ROLES)):
        own = [o for o in operations if qubit in o.qubits]
        found += [(qubit, b.start - a.end) for a, b in pairwise(own)]
    return [(qubit, gap) for qubit, gap in found if abs(gap) > TIME_ROUNDING]


@every_level
@pytest.mark.parametrize("arm", DESIGN.arm_names)
def test_operations_follow_each_other_without_gaps_on_every_qubit(level, arm):
    for stage, excited in product(DESIGN.stages, (False, True)):
        operations = timeline(compiled_at(level)[arm, stage, excited], paper())
        assert gaps(operations) == []
        for qubit in range(len(ROLES)):
            own = [o for o in operations if qubit in o.qubits]
            elapsed = own[-1].end - own[0].start
            assert sum(o.duration for o in own) == pytest.approx(elapsed, abs=TIME_ROUNDING)
        # All qubits end together: those that are not measured idle until then.
        ends = {max(o.end for o in operations if qubit in o.qubits) for qubit in range(6)}
        assert max(ends) - min(ends) <= TIME_ROUNDING


@pytest.mark.parametrize("name", HERONS)
def test_no_gaps_on_devices_with_uneven_gate_times(name):
    device = device_of(name)
    routed = route_algorithm(HHL([[2, -1], [-1, 2]]), device, optimization_level=1)
    circuit = recycling_circuit(
        routed, excited=True, feedforward_latency=device.feedforward_latency
    )
    operations = timeline(
        compile_as_executed([circuit], device, optimization_level=1)[0],
        device,
    )
    assert gaps(operations) == []


def test_latency_is_rounded_to_whole_cycles_in_silence():
    # Warnings are errors here. 1.3333 µs is 333.325 cycles of 4 ns.
    circuit = recycling_circuit(routed_at(1), feedforward_latency=1.3333e-6)
    operations = timeline(
        compile_as_executed([circuit], paper(), optimization_level=1)[0],
        paper(),
    )
    (flag,) = (o for o in operations if o.name == "measure" and o.qubits == (C_A,))
    latency = min(o.start for o in operations if o.conditional) - flag.end
    assert latency == pytest.approx(333 * 4e-9, abs=TIME_ROUNDING)


def test_gaps_show_where_idle_time_is_left_out():
    # The same test on a circuit without its delays.
    circuit = compiled_at(1)["recycling", "after", True]
    bare = circuit.copy_empty_like()
    for instruction in circuit.data:
        if instruction.operation.name != "delay":
            bare.append(instruction)
    assert {qubit for qubit, _ in gaps(timeline(bare, paper()))} >= {C_I, C_C1}


@every_level
def test_every_qubit_waits_for_the_measurement_and_for_the_feedforward(level):
    device = paper()
    for stage, excited in product(DESIGN.stages, (False, True)):
        operations = timeline(compiled_at(level)["recycling", stage, excited], device)
        (flag,) = (o for o in operations if o.name == "measure" and o.qubits == (C_A,))
        block = [o for o in operations if o.conditional]
        starts, ends = min(o.start for o in block), max(o.end for o in block)
        latency = starts - flag.end
        assert latency == pytest.approx(device.feedforward_latency, abs=TIME_ROUNDING)
        # Measurement, latency and conditional block: the 3.3 µs that the paper prints.
        assert ends - flag.start == pytest.approx(3.3e-6, abs=device.dt)
        for qubit in WAITING:
            waits = [
                o
                for o in operations
                if qubit in o.qubits
                and o.duration > 0
                and flag.start - TIME_ROUNDING < o.start < starts - TIME_ROUNDING
            ]
            expected = ["measure", "delay"] if qubit == C_A else ["delay", "delay"]
            assert [o.name for o in waits] == expected
            assert sum(o.duration for o in waits) == pytest.approx(
                starts - flag.start, abs=TIME_ROUNDING
            )
        # Spectators of the block idle as long as it takes.
        for qubit in (C_C0, C_C1, C_A, S):
            assert [o.name for o in block if qubit in o.qubits] == ["delay"]
        for qubit in range(len(ROLES)):
            own = [o for o in block if qubit in o.qubits]
            assert sum(o.duration for o in own) == pytest.approx(ends - starts, abs=TIME_ROUNDING)


@every_level
def test_equilibrium_arm_waits_for_the_measurement_alone(level):
    device = paper()
    for excited in (False, True):
        operations = timeline(compiled_at(level)["equilibrium", "after", excited], device)
        (flag,) = (o for o in operations if o.name == "measure" and o.qubits == (C_A,))
        erasure = min(o.start for o in operations if o.name == "cz" and set(o.qubits) == {S, B})
        # At most a few single-qubit gates lie between the measurement and the erasure.
        assert 0 <= erasure - flag.end + TIME_ROUNDING <= 3 * 32e-9


@every_level
def test_target_is_prepared_late(level):
    # Between its X gate and its next gate it may idle through the conditional block, no more.
    for (arm, _, excited), circuit in compiled_at(level).items():
        own = [o for o in timeline(circuit, paper()) if S in o.qubits]
        acting = [o for o in own if o.name != "delay"]
        if excited:
            assert acting[0].name == "x"
            block = 3 * 68e-9 + 4 * 32e-9 if arm == "recycling" else 0.0
            assert acting[1].start - acting[0].end <= block + 4 * 32e-9


def test_measurements_of_the_tomography_start_together():
    for circuit in compiled_at(1).values():
        measured = {o.qubits[0]: o for o in timeline(circuit, paper()) if o.name == "measure"}
        assert set(measured) == {C_A, S, B, C_I}
        starts = [measured[qubit].start for qubit in (S, B, C_I)]
        assert max(starts) - min(starts) <= TIME_ROUNDING


def test_busy_time_runs_from_the_first_gate_to_the_last_operation():
    circuit = compiled_at(1)["recycling", "after", True]
    operations = timeline(circuit, paper())
    busy = busy_times(operations, paper())
    end = max(o.end for o in operations)
    # The target rests until its X gate; the input works from the start.
    assert busy["C_I"] == pytest.approx(end, abs=TIME_ROUNDING)
    x = next(o for o in operations if o.name == "x" and o.qubits == (S,))
    assert busy["S"] == pytest.approx(end - x.start, abs=TIME_ROUNDING)
    unused = busy_times([o for o in operations if S not in o.qubits], paper())
    assert unused["S"] == 0


def test_ideal_device_needs_no_delays():
    device = ideal_device(temperature=0.043, frequency=5e9, clock_qubits=3)
    routed = route_algorithm(HHL([[2, -1], [-1, 2]], 3), device, optimization_level=1)
    circuit = compile_as_executed([recycling_circuit(routed)], device, optimization_level=1)[0]
    assert "delay" not in circuit.count_ops()
    assert max(o.end for o in timeline(circuit, device)) == 0


# --- Layout


def changed(target, name, qubits, **properties):
    """Copy of a target with one instruction's properties replaced, in both directions."""
    target = copy.deepcopy(target)
    for pair in {qubits, qubits[::-1]}:
        target.update_instruction_properties(name, pair, InstructionProperties(**properties))
    return target


def place(layout):
    return dict(zip(ROLES, layout, strict=True))


@pytest.mark.parametrize("name", HERONS)
def test_placements_have_the_shape_on_working_gates(name):
    target = snapshot_backend(name).target
    found = list(placements(target, SHAPE))
    assert len(found) == len(set(found)) > 100
    for layout in found:
        check_layout(layout, target, SHAPE)
        roles = place(layout)
        for first, second in SHAPE.couplings:
            assert target["cz"][roles[first], roles[second]].error < 1
        # C_I has three neighbours: heavy-hex has no qubit with more.
        assert sum(roles["C_I"] in pair for pair in target["cz"]) == 6


def test_dead_gates_and_qubits_are_left_out():
    target = snapshot_backend("FakeTorino").target
    layout = place(next(placements(target, SHAPE)))
    pair = (layout["C_I"], layout["B"])
    dead_gate = changed(target, "cz", pair, duration=68e-9, error=1.0)
    assert frozenset(pair) not in cz_errors(dead_gate)
    for name in ("sx", "x", "measure"):
        dead = changed(target, name, (layout["C_I"],), duration=32e-9, error=1.0)
        assert layout["C_I"] not in working_qubits(dead)
        assert all(layout["C_I"] not in found for found in placements(dead, SHAPE))
    unknown = copy.deepcopy(target)
    properties = list(unknown.qubit_properties)
    properties[layout["C_I"]] = QubitProperties(t1=None, t2=1e-4)
    unknown.qubit_properties = properties
    assert layout["C_I"] not in working_qubits(unknown)
    left = list(placements(dead_gate, SHAPE))
    assert 0 < len(left) < len(list(placements(target, SHAPE)))
    for found in left:
        roles = place(found)
        assert all({roles[a], roles[b]} != set(pair) for a, b in SHAPE.couplings)


def test_snapshots_hold_dead_gates_that_no_placement_uses():
    target = snapshot_backend("FakeTorino").target
    dead = {frozenset(pair) for pair, p in target["cz"].items() if p.error == 1}
    assert dead
    for layout in placements(target, SHAPE):
        roles = place(layout)
        assert dead.isdisjoint(frozenset((roles[a], roles[b])) for a, b in SHAPE.couplings)


def test_wrong_layouts_are_refused_in_one_line():
    target = snapshot_backend("FakeTorino").target
    good = next(placements(target, SHAPE))
    c_i, c_c0, c_c1, c_a, bath, _ = good
    other = next(layout for layout in placements(target, SHAPE) if set(layout).isdisjoint(good))
    dead_gate = changed(target, "cz", (c_i, bath), duration=68e-9, error=1.0)
    dead_qubit = changed(target, "sx", (c_a,), duration=32e-9, error=1.0)
    refused = [
        (good[:5], target, "give 6 different qubits"),
        ((c_i, c_c0, c_c1, c_a, bath, c_i), target, "give 6 different qubits"),
        ((*good[:5], 133), target, "S = 133 is not a working qubit"),
        ((*good[:5], -1), target, "S = -1 is not a working qubit"),
        ((*good[:5], other[5]), target, "not connected"),
        ((c_i, c_c1, c_c0, c_a, bath, good[5]), target, "not connected"),
        (good, dead_gate, "C_I = .* and B = .* are joined by a dead gate"),
        (good, dead_qubit, "C_A = .* is not a working qubit"),
    ]
    for layout, on, message in refused:
        with pytest.raises(ValueError, match=message) as caught:
            check_layout(layout, on, SHAPE)
        assert str(caught.value).startswith("device.layout")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", HERONS)
def test_best_layout_has_the_best_score(name):
    target = snapshot_backend(name).target
    circuit = compiled_at(1)["recycling", "after", True]
    counts = {frozenset(ROLES[q] for q in pair): n for pair, n in cz_counts(circuit).items()}
    busy = busy_times(timeline(circuit, paper()), paper())
    best = best_layout(target, SHAPE, counts, busy)
    check_layout(best, target, SHAPE)
    candidates = list(placements(target, SHAPE))
    sample = np.random.default_rng(1).choice(len(candidates), 50, replace=False)
    scores = [expected_errors(candidates[i], target, SHAPE, counts, busy) for i in sample]
    assert expected_errors(best, target, SHAPE, counts, busy) <= min(scores)
    read = best_layout(target, SHAPE, counts, busy, by_readout=True)
    fewest = min(readout_errors(candidates[i], target, SHAPE) for i in [*sample, 0])
    assert readout_errors(read, target, SHAPE) <= fewest


def test_score_is_the_sum_of_its_parts():
    target = snapshot_backend("FakeTorino").target
    layout = next(placements(target, SHAPE))
    roles = place(layout)
    nothing = dict.fromkeys(ROLES, 0.0)
    readout = sum(target["measure"][roles[role],].error for role in ("C_A", "S", "B", "C_I"))
    assert expected_errors(layout, target, SHAPE, {}, nothing) == pytest.approx(
        readout, rel=8 * EPS
    )
    with_gates = expected_errors(layout, target, SHAPE, {frozenset({"S", "B"}): 3}, nothing)
    error = target["cz"][roles["S"], roles["B"]].error
    assert with_gates - readout == pytest.approx(3 * error, rel=1e-12)
    busy = nothing | {"B": 1e-5}
    times = target.qubit_properties[roles["B"]]
    decay = 1e-5 * (1 / times.t1 + 1 / times.t2) / 2
    with_decay = expected_errors(layout, target, SHAPE, {}, busy)
    assert with_decay - readout == pytest.approx(decay, rel=1e-12)


def test_device_without_a_place_is_refused():
    line = GenericBackendV2(
        8, basis_gates=["cz", "rz", "sx", "x"], coupling_map=CouplingMap.from_line(8), seed=1
    )
    with pytest.raises(ValueError, match="choose another device"):
        best_layout(line.target, SHAPE, {}, {})


# --- Devices from backends


@pytest.mark.parametrize("name", HERONS)
def test_device_holds_what_the_snapshot_reports(name):
    backend, device = snapshot_backend(name), device_of(name)
    reported = backend.properties()
    for position, qubit in enumerate(device.layout):
        assert device.t1[position] == reported.t1(qubit)
        assert device.t2[position] == min(reported.t2(qubit), 2 * reported.t1(qubit))
        asymmetric = (device.false_excited[position], device.false_ground[position])
        assert asymmetric == tuple(
            reported.qubit_property(qubit, key)[0]
            for key in ("prob_meas1_prep0", "prob_meas0_prep1")
        )
        assert device.measure_duration[position] == reported.readout_length(qubit)
    assert np.any(device.false_excited != device.false_ground)
    for gate in device.gates:
        qubits = [device.layout[position] for position in gate.qubits]
        assert gate.error == reported.gate_error(gate.name, qubits)
        assert gate.duration == reported.gate_length(gate.name, qubits)
    assert {frozenset(ROLES[q] for q in edge) for edge in device.edges} == set(
        map(frozenset, SHAPE.couplings)
    )
    assert all(t2 <= 2 * t1 for t1, t2 in zip(device.t1, device.t2, strict=True))


def test_t2_above_its_limit_is_cut_and_the_source_says_so():
    backend = snapshot_backend("FakeTorino")
    above = {q for q, p in enumerate(backend.target.qubit_properties) if p.t2 > 2 * p.t1}
    layout = next(p for p in placements(backend.target, SHAPE) if above.intersection(p))
    device = device_from_backend(backend, layout, temperature=0.043, frequency=5e9)
    for position, (role, qubit) in enumerate(zip(ROLES, layout, strict=True)):
        if qubit in above:
            assert device.t2[position] == 2 * device.t1[position]
            assert "cut to 2 t1" in device.source("t2", role)
        else:
            assert "cut" not in device.source("t2", role)


def heavy_hex(**changes):
    coupling = CouplingMap.from_heavy_hex(3)
    gates = changes.pop("basis_gates", ["cz", "rz", "sx", "x"])
    return GenericBackendV2(
        coupling.size(), basis_gates=gates, coupling_map=coupling, seed=1, **changes
    )


def test_backend_without_properties_works():
    backend = heavy_hex()
    assert not hasattr(backend, "properties")
    layout = next(placements(backend.target, SHAPE))
    device = device_from_backend(backend, layout, temperature=0.043, frequency=5e9)
    # Its own frequencies but for B, whose energy the bounds take from the spec; and the symmetric
    # readout error that is all it reports.
    reported = [backend.target.qubit_properties[qubit].frequency for qubit in layout]
    reported[device.roles.index("B")] = 5e9
    assert device.frequency.tolist() == reported
    assert device.false_excited.tolist() == device.false_ground.tolist()
    assert "symmetric" in device.source("false_excited", "B")
    routed = route_algorithm(HHL([[2, -1], [-1, 2]]), device, optimization_level=1)
    circuit = compile_as_executed([recycling_circuit(routed)], device, optimization_level=1)[0]
    assert gaps(timeline(circuit, device)) == []


def test_profiles_take_other_roles():
    roles = ("A", "B", "C")
    backend = snapshot_backend("FakeTorino")
    layout = (0, 1, 2)
    device = device_from_backend(backend, layout, temperature=0.043, frequency=5e9, roles=roles)
    alike = device_of("FakeTorino")
    assert device.roles == roles
    assert device.edges == ((0, 1), (1, 2))
    assert set(device.sources) >= {key for key in alike.sources if "[" not in key}
    ideal = ideal_device(temperature=0.043, frequency=5e9, roles=roles)
    assert (ideal.roles, ideal.num_qubits, len(ideal.edges)) == (roles, 3, 3)
    with pytest.raises(ValidationError, match="t1 has 2 entries: give one for each of A, B, C"):
        device_from_backend(backend, (0, 1), temperature=0.043, frequency=5e9, roles=roles)


def test_backend_without_cz_is_refused():
    backend = heavy_hex(basis_gates=["cx", "rz", "sx", "x"])
    with pytest.raises(ValueError, match="has no cz"):
        device_from_backend(backend, (0, 1, 2, 3, 4, 5), temperature=0.043, frequency=5e9)
    with pytest.raises(ValueError, match="no CZ"):
        list(placements(backend.target, SHAPE))


@pytest.mark.parametrize(
    "name", ["FakeKawasaki", "FakeNothing", "FakeProviderForBackendV2", "AerSimulator", ""]
)
def test_snapshots_that_are_no_heron_are_refused_in_one_line(name):
    with pytest.raises(ValueError, match="is not a Heron snapshot: give") as caught:
        snapshot_backend(name)
    assert "\n" not in str(caught.value)


def test_device_target_is_the_device():
    target = device_target(paper())
    assert target.num_qubits == 6
    assert target.dt == paper().dt
    for gate in paper().gates:
        properties = target[gate.name][gate.qubits]
        assert (properties.duration, properties.error) == (gate.duration, gate.error)
    assert len(target["cz"]) == 10


# --- The paper's device


def test_paper_device_has_the_printed_numbers_and_no_other_changes():
    device, snapshot = paper(), device_of(PAPER_SNAPSHOT)
    durations = {(gate.name, gate.duration) for gate in device.gates}
    assert durations == {("x", 32e-9), ("sx", 32e-9), ("rz", 0.0), ("cz", 68e-9)}
    assert device.t1[B] == 397e-6
    assert np.delete(device.t1, B).tolist() == np.delete(snapshot.t1, B).tolist()
    assert device.temperature == 0.043
    # A SWAP is three CZ and four layers of single-qubit gates.
    swap = 3 * 68e-9 + 4 * 32e-9
    measured = device.measure_duration[C_A] + device.feedforward_latency + swap
    assert measured == pytest.approx(3.3e-6, rel=8 * EPS)
    unprinted = ("t2", "frequency", "false_excited", "false_ground", "measure_duration", "dt")
    for field in unprinted:
        np.testing.assert_array_equal(getattr(device, field), getattr(snapshot, field))
    assert [gate.error for gate in device.gates] == [gate.error for gate in snapshot.gates]


def test_every_number_of_the_paper_device_has_a_source():
    device = paper()
    numbers = set(Device.model_fields) - {"name", "roles", "layout", "sources"}
    for field, role in product(numbers, ROLES):
        assert device.source(field, role)
    printed = {"temperature": "B", "t1": "B", "feedforward_latency": "B", "gates": "S"}
    for field, role in printed.items():
        assert "2601.07522" in device.source(field, role)
    for field in ("t2", "false_excited", "measure_duration"):
        assert "fake_marrakesh" in device.source(field, "B")
    assert "fake_marrakesh" in device.source("t1", "S")


def test_temperature_that_the_paper_does_not_print_is_not_called_printed():
    device = paper_device(device_of(PAPER_SNAPSHOT).replace("my lab", temperature=0.05))
    assert device.source("temperature", "B") == "my lab"


# --- Devices as data


@pytest.mark.parametrize(
    "device",
    [
        lambda: device_of("FakeTorino"),
        paper,
        lambda: ideal_device(temperature=0.043, frequency=5e9),
        lambda: ideal_device(temperature=1e-3, frequency=3e9, clock_qubits=4),
    ],
)
def test_device_survives_json(device):
    original = device()
    copied = Device.model_validate_json(original.model_dump_json())
    assert copied == original
    np.testing.assert_array_equal(copied.assignment, original.assignment)


def test_excited_population_is_thermal():
    # 5 GHz at 43 mK, checked in an independent computation.
    device = ideal_device(temperature=0.043, frequency=5e9)
    np.testing.assert_allclose(device.excited_population, 0.00375645820, rtol=0, atol=5e-12)
    frozen = ideal_device(temperature=1e-6, frequency=5e9)
    assert np.all(frozen.excited_population == 0)


def test_assignment_is_recorded_given_true():
    device = paper()
    np.testing.assert_array_equal(device.assignment[:, 1, 0], device.false_excited)
    np.testing.assert_array_equal(device.assignment[:, 0, 1], device.false_ground)
    np.testing.assert_allclose(device.assignment.sum(axis=1), 1, rtol=EPS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"t2": (3e-4,) * 6, "t1": (1e-4,) * 6}, "t2 of C_I = 0.0003 s is above 2 t1 = 0.0002 s"),
        ({"t1": (1e-4,) * 5}, "t1 has 5 entries"),
        ({"false_ground": (1.1,) * 6}, "false_ground"),
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"feedforward_latency": -1e-9}, "feedforward_latency"),
        ({"t1": (float("nan"),) * 6}, "t1"),
        ({"unknown": 1}, "unknown"),
        ({"gates": ({"name": "x", "qubits": (0,), "duration": 0, "error": 1.0},)}, "error"),
    ],
)
def test_impossible_devices_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        paper().replace("test", **changes)


# --- Arrays


def content(device):
    return json.loads(device.model_dump_json())


def test_numbers_are_arrays_that_nobody_changes():
    device = paper()
    for field in {*PER_QUBIT} - {"temperature", "detuning"}:  # one number for all qubits
        assert getattr(device, field).shape == (6,)
        with pytest.raises(ValueError, match="read-only"):
            getattr(device, field)[0] = 1.0
    assert device.gates.durations.shape == device.gates.errors.shape == (len(device.gates),)
    assert device.sweep == ()
    assert device.at() == device


def test_arrays_that_were_given_stay_free():
    t1 = np.full((2, 6), 1e-3)
    device = paper().replace("test", t1=t1)
    t1[:] = 0
    assert np.all(device.t1 == 1e-3)


def test_device_without_a_sweep_is_written_as_numbers():
    written = content(paper())
    assert written["temperature"] == 0.043
    assert written["feedforward_latency"] == paper().feedforward_latency
    assert written["t1"] == paper().t1.tolist()
    gate = paper().gates[0]
    assert written["gates"][0] == {
        "name": gate.name, "qubits": [*gate.qubits], "duration": gate.duration, "error": gate.error,
    }  # fmt: skip
    assert content(ideal_device(temperature=0.043, frequency=5e9))["t1"] == ["Infinity"] * 6


def test_each_qubit_may_have_its_temperature():
    temperatures = (0.04, 0.05, 0.06, 0.07, 0.08, 0.09)
    device = paper().replace("thermometer", temperature=temperatures)
    assert content(device)["temperature"] == [*temperatures]
    assert Device.model_validate_json(device.model_dump_json()) == device
    for qubit, temperature in enumerate(temperatures):
        alone = paper().replace("test", temperature=temperature)
        assert device.excited_population[qubit] == alone.excited_population[qubit]
    alike = device.replace("test", temperature=(0.05,) * 6)
    assert alike.temperature == content(alike)["temperature"] == 0.05
    assert alike == device.replace("test", temperature=0.05)
    for five in (temperatures[:5], (0.05,) * 5, [(0.05,) * 5] * 2):
        with pytest.raises(ValidationError, match="temperature has 5 entries: give one for each"):
            paper().replace("test", temperature=five)


def swept():
    """Every number of the paper's device over a sweep (2, 3)."""
    device, both = paper(), np.array([[1.0, 0.9, 0.8], [0.7, 0.6, 0.5]])[..., None]
    gates = replace(
        device.gates, durations=device.gates.durations * both, errors=device.gates.errors * both[0]
    )
    changes = {field: getattr(device, field) * both for field in PER_QUBIT}
    latency = device.feedforward_latency * both[..., 0]
    return device.replace("test", gates=gates, feedforward_latency=latency, **changes)


def test_one_temperature_for_all_qubits_may_be_swept():
    device = paper().replace("test", temperature=[[0.04], [0.05]])
    assert device.excited_population.shape == (2, 6)
    assert device.at(1) == paper().replace("test", temperature=0.05)


def test_device_at_a_point_of_its_sweep():
    device = swept()
    assert device.sweep == (2, 3)
    assert device.excited_population.shape == (2, 3, 6)
    assert device.assignment.shape == (2, 3, 6, 2, 2)
    alone = device.at(1, 2)
    assert alone.sweep == ()
    np.testing.assert_allclose(alone.t1, paper().t1 / 2, rtol=2 * EPS)
    assert alone.feedforward_latency == device.feedforward_latency[1, 2]
    assert [gate.error for gate in alone.gates] == device.gates.errors[2].tolist()
    assert [gate.duration for gate in alone.gates] == device.gates.durations[1, 2].tolist()
    np.testing.assert_array_equal(alone.assignment, device.assignment[1, 2])
    np.testing.assert_array_equal(alone.excited_population, device.excited_population[1, 2])
    assert device.edges == alone.edges
    with pytest.raises(ValueError, match="the gates vary along a sweep of shape"):
        list(device.gates)


def test_swept_device_survives_json():
    device = swept()
    copied = Device.model_validate_json(device.model_dump_json())
    assert copied == device
    assert copied != device.at(0, 0)
    assert copied.sweep == (2, 3)


FIELDS = {
    "t1": POSITIVE, "t2": POSITIVE, "frequency": POSITIVE_FINITE, "temperature": POSITIVE_FINITE,
    "false_excited": PROBABILITY, "measure_duration": NON_NEGATIVE,
}  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
@given(
    value=st.floats() | st.sampled_from([0.0, 1.0, -0.0, float("inf"), float("nan"), 5e-324]),
    row=st.integers(0, 2),
    qubit=st.integers(0, 5),
)
@settings(max_examples=40, deadline=None)
def test_arrays_hold_the_numbers_that_single_values_may_have(field, value, row, qubit):
    ideal = ideal_device(temperature=0.043, frequency=5e9).replace("test", t2=(1e-300,) * 6)
    rows = np.full((3, 6), getattr(ideal, field))
    single = rows[0].copy()
    single[qubit] = rows[row, qubit] = value
    try:
        ideal.replace("test", **{field: single})
    except ValidationError as error:
        limited = "above 2 t1" in str(error)
        expected = "above 2 t1" if limited else f"{field} of {ROLES[qubit]} = .* at point .{row},"
        with pytest.raises(ValidationError, match=expected):
            ideal.replace("test", **{field: rows})
    else:
        assert ideal.replace("test", **{field: rows}).sweep == (3,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"t1": np.array([[1e-4] * 6, [1e-5] * 6]), "t2": (1e-4,) * 6},
            "t2 of C_I = 0.0001 s is above 2 t1 = 2e-05 s: give t2 ≤ 2 t1",
        ),
        ({"t1": np.full((2, 5), 1e-3)}, "t1 has 5 entries"),
        ({"t1": [[1e-3] * 6, [1e-3] * 5]}, "give numbers in rows of equal length"),
        ({"t1": [["a"] * 6]}, "give numbers in rows of equal length"),
        ({"t1": [[10**400] * 6]}, "give numbers in rows of equal length"),
        (
            {"t1": np.full((2, 6), 1e-3), "false_ground": np.full((3, 6), 0.1)},
            r"sweeps of different shape: t1 \(2,\), false_ground \(3,\)",
        ),
        ({"feedforward_latency": [0.0, -1e-9]}, r"feedforward_latency = -1e-09 at point \(1,\)"),
        ({"feedforward_latency": "soon"}, "feedforward_latency"),
    ],
)
def test_impossible_sweeps_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        paper().replace("test", **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"errors": 1.0}, r"errors of x on \(5,\) = 1 at point \(1,\) of the sweep"),
        ({"durations": -1e-9}, r"durations of x on \(5,\) = -1e-09 at point \(1,\)"),
    ],
)
def test_impossible_gates_are_refused(changes, message):
    ((field, value),) = changes.items()
    array = np.tile(getattr(paper().gates, field), (2, 1))
    array[1, 0] = value
    with pytest.raises(ValueError, match=message):
        replace(paper().gates, **{field: array})
    with pytest.raises(ValueError, match="give one entry for each of the"):
        replace(paper().gates, **{field: array[:, 1:]})


def test_replaced_numbers_have_a_new_source():
    device = paper().replace("my lab", t1=(5e-4,) * 6)
    assert {device.source("t1", role) for role in ROLES} == {"my lab"}
    assert device.source("t2", "B") == paper().source("t2", "B")


def test_overrides_act_on_every_qubit():
    assert override_device(paper()) is paper()
    device = override_device(
        paper(),
        feedforward_latency=1e-6,
        t1=2e-4,
        t2=1e-4,
        single_qubit_error=1e-3,
        cz_error=2e-2,
        readout_error=0.05,
    )
    assert device.feedforward_latency == 1e-6
    assert (device.t1.tolist(), device.t2.tolist()) == ([2e-4] * 6, [1e-4] * 6)
    assert device.false_excited.tolist() == device.false_ground.tolist() == [0.05] * 6
    errors = {(gate.name, gate.error) for gate in device.gates}
    assert errors == {("x", 1e-3), ("sx", 1e-3), ("rz", 0.0), ("cz", 2e-2)}
    assert device.source("t1", "B") == "given in the spec"
    with pytest.raises(ValidationError, match="above 2 t1"):
        override_device(paper(), t2=1e-2)


def test_latency_on_an_instantaneous_device_makes_every_qubit_wait():
    """A given latency is idle time for S too, which no delay of the protocol itself covers."""
    spec = """name = "i"
[device]
profile = "ideal"
t1 = 1e-4
t2 = 1e-4
feedforward_latency = 3e-6
"""
    planned = rc.plan(rc.Experiment.parse(spec))
    target = planned.device.roles.index("S")
    for (arm, _, preparation), circuit in planned.circuits.items():
        operations = timeline(circuit, planned.device)
        for qubit in range(planned.device.num_qubits):
            waited = sum(o.duration for o in operations if qubit in o.qubits and o.name == "delay")
            # Whole numbers of the device's 1 ns; floats of 1e-6 s are summed.
            assert waited == pytest.approx(3e-6 if arm == "recycling" else 0, abs=1e-18)
        if arm == "recycling" and preparation == "X":
            own = [o.name for o in operations if target in o.qubits and o.name in ("delay", "x")]
            assert own[:2] == ["delay", "x"], "the target is prepared after the wait"
