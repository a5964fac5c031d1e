"""The schedule with open durations against the passes of IBM's client, at given durations."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

import recycling as rc
from recycling.compilation.compile import compile_circuits
from recycling.compilation.items import items_of
from recycling.compilation.late import late_items
from recycling.compilation.route import route_algorithm
from recycling.compilation.target import device_target
from recycling.compilation.times import Times
from recycling.execution.ibm.scheduling import schedule_as_late_as_possible
from recycling.planning.chips import build_device
from recycling.planning.circuits import protocol_circuits
from tests.simulation.test_engine import small_device

SMALL = small_device()


def on_wires(items, values, qubits):
    """What happens on each qubit, idle time added up, and the same of each block.

    Barriers, and rotations about Z, which take no time and commute with relaxation, are left out.
    """
    wires = {qubit: [] for qubit in range(qubits)}
    blocks = []
    for item in items:
        blocks += [on_wires(block, values, qubits) for block in item.blocks]
        for qubit in item.qubits:
            wire = wires[qubit]
            if item.name == "delay":
                idle = values[item.idle]
                before = wire.pop()[1] if wire and wire[-1][0] == "delay" else 0
                if idle + before:
                    wire.append(("delay", idle + before))
            elif item.name not in ("barrier", "rz"):
                wire.append((item.name,))
    return wires, blocks


def evaluated(items, times, device):
    def cycles(key):
        name, qubits = key
        seconds = (
            device.measure_duration[qubits[0]]
            if name == "measure"
            else device.gate_table[key].duration
        )
        return round(seconds / device.dt)

    return on_wires(items, times.values(cycles, {}), device.num_qubits)


def assert_as_the_passes(circuit, device):
    times, written = Times(), Times()
    late = late_items(circuit, times, device.dt)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Duration is rounded", UserWarning)
        scheduled = schedule_as_late_as_possible(circuit, device_target(device))
    theirs = items_of(scheduled, written, device.dt)
    assert evaluated(late, times, device) == evaluated(theirs, written, device)


@st.composite
def devices(draw):
    """The small device with other durations of gates; its measurements take equally long."""
    cycles = st.integers(1, 300)
    virtual = np.array(SMALL.gates.names) == "rz"
    durations = np.array([draw(cycles) for _ in virtual]) * SMALL.dt
    gates = replace(SMALL.gates, durations=np.where(virtual, 0, durations))
    measured = draw(st.integers(1, 3000)) * SMALL.dt
    return SMALL.replace("drawn", gates=gates, measure_duration=(measured,) * 3)


@st.composite
def dynamic_circuits(draw):
    """Gates, delays, barriers, measurements and conditionals on three qubits."""
    qubits = st.integers(0, 2)
    circuit = QuantumCircuit(QuantumRegister(3, "q"), ClassicalRegister(3, "c"))
    recorded = set()

    def gate(on):
        kind = draw(st.sampled_from(["sx", "x", "rz", "cz", "cz", "delay", "barrier"]))
        if kind == "cz":
            on.cz(*draw(st.sampled_from([(0, 1), (1, 0), (2, 1)])))
        elif kind == "delay":
            on.delay(draw(st.integers(1, 500)), draw(qubits), unit="dt")
        elif kind == "barrier":
            # The passes lose time between barriers that follow each other at once.
            on.x(range(3))
            on.barrier()
        elif kind == "rz":
            on.rz(0.3, draw(qubits))
        else:
            getattr(on, kind)(draw(qubits))

    for _ in range(draw(st.integers(2, 14))):
        kind = draw(st.sampled_from(["gate", "gate", "gate", "measure", "if"]))
        if kind == "measure":
            qubit = draw(qubits)
            recorded.add(qubit)
            circuit.measure(qubit, qubit)
        elif kind == "if" and recorded and "if_else" not in circuit.count_ops():
            # The passes take equal gates of two circuits or blocks for the same gate: so there is
            # one block, and its gates are not in the circuit.
            condition = (
                circuit.clbits[draw(st.sampled_from(sorted(recorded)))],
                draw(st.integers(0, 1)),
            )
            # As in the protocol, all qubits wait for each other before and after a conditional.
            circuit.x(range(3))
            circuit.barrier()
            with circuit.if_test(condition):
                for _ in range(draw(st.integers(1, 3))):
                    circuit.cz(1, 2)
                    circuit.delay(draw(st.integers(1, 500)), draw(qubits), unit="dt")
            circuit.barrier()
        else:
            gate(circuit)
    return circuit


@settings(max_examples=40, deadline=None)
@given(circuit=dynamic_circuits(), device=devices())
def test_any_circuit_is_timed_as_by_the_passes(circuit, device):
    assert_as_the_passes(circuit, device)


@pytest.mark.parametrize("latency", [0.0, 3.84e-7])
def test_the_protocol_is_timed_as_by_the_passes(latency):
    # Also where every measurement takes another time.
    experiment = rc.preset("paper")
    device = build_device(experiment).replace(
        "drawn",
        measure_duration=np.array([600, 700, 400, 650, 300, 500]) * 4e-9,
        feedforward_latency=latency,
    )
    algorithm = route_algorithm(experiment.algorithm.build(), device, optimization_level=1)
    circuits = protocol_circuits(experiment, algorithm, experiment.design.settings, device)
    for circuit in compile_circuits(circuits, device, schedule=lambda each, _target: each):
        assert_as_the_passes(circuit, device)


def test_times_are_shared_and_equal_ones_are_one():
    circuit = QuantumCircuit(2, 1)
    circuit.sx(0)
    circuit.cz(0, 1)
    circuit.measure(1, 0)
    times = Times()
    first, second = (late_items(circuit, times, 4e-9) for _ in range(2))
    assert [item.idle for item in first] == [item.idle for item in second]


def test_a_reset_has_no_known_duration():
    circuit = QuantumCircuit(1)
    circuit.reset(0)
    with pytest.raises(ValueError, match="reset: its duration is not known"):
        late_items(circuit, Times(), 4e-9)


def test_a_conditional_on_the_measured_qubit_alone_is_refused():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(0)
    with pytest.raises(ValueError, match="no latency can be swept"):
        late_items(circuit, Times(), 4e-9)
