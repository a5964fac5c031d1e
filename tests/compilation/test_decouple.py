"""Pulses of decoupling: where they are, and what of a schedule they leave as it was."""

from functools import cache
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from scipy.stats import chi2

import recycling as rc
from recycling.compilation.decouple import Decoupling, decoupled
from recycling.compilation.place import place_on_chip
from recycling.compilation.pulses import SEQUENCES, idle_times
from recycling.compilation.structure import duration_of_circuit, schedule, structure
from recycling.compilation.target import device_target
from recycling.compilation.timeline import timeline
from recycling.compilation.walk import walk
from recycling.devices.profiles import ideal_device
from recycling.errors import BadInput
from recycling.execution.aer import simulate_shots, with_idle_noise
from recycling.execution.ibm.scheduling import schedule_as_late_as_possible
from recycling.jobs.job import Pub
from recycling.planning.chips import build_device
from recycling.planning.circuits import compile_all, compile_open, decoupling_on
from recycling.simulation.probabilities import pub_probabilities
from recycling.simulation.trajectories.lower import compile_trajectories
from recycling.simulation.trajectories.sample import sample
from recycling.spec.sections import DecouplingSpec

ROLES = ("C_I", "B", "S")
ALL = ("C_I", "C_C0", "C_C1", "C_A", "B", "S")
PLACES = {
    "paper": (11, 18, 12, 13, 10, 9),
    "FakeTorino": (67, 74, 68, 69, 66, 65),
    "FakeFez": (11, 18, 12, 13, 10, 9),
    "FakeMarrakesh": (11, 18, 12, 13, 10, 9),
}


@cache
def compiled(profile, level):
    experiment = rc.Experiment(
        name="wait",
        device={
            "profile": profile,
            "optimization_level": level,
            "layout": dict(
                zip(("C_I", "C_C0", "C_C1", "C_A", "B", "S"), PLACES[profile], strict=True)
            ),
        },
        sweep={"theta_b": [0.4], "p_x": [0.1]},
    )
    device = build_device(experiment)
    return experiment.design, device, compile_all(experiment, device)


def without_pulses(circuit, device):
    """What happens in time, but for idling and its pulses."""
    return [
        (each.name, each.qubits, round(each.start / device.dt), each.conditional)
        for each in timeline(circuit, device)
        if each.name not in ("delay", "x", "rz")
    ]


def pulses_of(circuit, device):
    """Start and end of each x in dt, by qubit."""
    found = {}
    for each in timeline(circuit, device):
        if each.name == "x":
            times = tuple(round(time / device.dt) for time in (each.start, each.end))
            found.setdefault(each.qubits[0], []).append(times)
    return found


def labels(circuit):
    """Labels of gates. Aer looks up the error of a gate by its label, and knows none of ours."""
    return {each.operation.label for each in circuit.data if each.operation.name == "x"} - {None}


@pytest.mark.parametrize(
    ("profile", "level"),
    [
        ("FakeTorino", 2),
        *(
            pytest.param(profile, level, marks=pytest.mark.slow)
            for profile, level in (("paper", 0), ("FakeFez", 3), ("FakeMarrakesh", 1))
        ),
    ],
)
def test_pulses_change_nothing_else_of_a_schedule(profile, level):
    design, device, circuits = compiled(profile, level)
    qubits = tuple(device.roles.index(role) for role in ROLES)
    for sequence, angles in SEQUENCES.items():
        for setting in (("recycling", "after", "X"), ("equilibrium", "before", "I")):
            circuit = circuits[setting]
            found = decoupled(circuit, device, Decoupling(sequence, qubits))
            assert without_pulses(found, device) == without_pulses(circuit, device)
            assert duration_of_circuit(found, device) == pytest.approx(
                duration_of_circuit(circuit, device), rel=1e-12
            )
            steps = [
                [(s.name, round(s.start / device.dt)) for s in schedule(each, device, design)]
                for each in (found, circuit)
            ]
            assert steps[0] == steps[1]
            counts = [structure(each, device) for each in (circuit, found)]
            assert counts[0].conditional == counts[1].conditional
            added = counts[1].gates["x"] - counts[0].gates.get("x", 0)
            assert added >= 3 * len(angles), setting  # C_I and B beside the flag, S before it
            assert added % len(angles) == 0
            # Gates in the block are on the two qubits of the SWAP, as ever.
            block = [each for each in walk(found) if each.conditional]
            acted = {q for e in block if e.instruction.operation.name != "delay" for q in e.qubits}
            assert acted == ({qubits[0], qubits[1]} if setting[0] == "recycling" else set())


def test_the_recycled_qubit_and_the_bath_have_pulses_during_measurement_and_latency():
    design, device, circuits = compiled("FakeTorino", 2)
    circuit = circuits["recycling", "after", "X"]
    found = decoupled(circuit, device, Decoupling("XY4", (0, 4)))
    parts = {step.name: step for step in schedule(found, device, design)}
    for name in ("measurement of the flag", "feedforward latency"):
        first, last = (round(time / device.dt) for time in (
            parts[name].start, parts[name].start + parts[name].duration))  # fmt: skip
        inside = [
            [each for each in pulses_of(found, device)[qubit] if first <= each[0] < last]
            for qubit in (0, 4)
        ]
        assert [len(each) for each in inside] == [4, 4]
        assert all(end <= last for each in inside for _, end in each)


@given(
    length=st.integers(0, 3000),
    pulse=st.integers(1, 40),
    count=st.sampled_from([2, 4, 8]),
    start=st.integers(0, 1000),
    alignment=st.sampled_from([1, 2, 8, 16]),
)
@settings(max_examples=50)
def test_idle_times_fill_a_window_and_cancel(length, pulse, count, start, alignment):
    idle = idle_times(length, pulse, count, start, alignment)
    slot = -(-pulse // alignment) * alignment
    if not idle:
        assert length < count * slot + -start % alignment
        return
    assert len(idle) == count + 1
    assert min(idle) >= 0
    assert sum(idle) + count * pulse == length
    starts = [start + sum(idle[: place + 1]) + place * pulse for place in range(count)]
    assert all(each % alignment == 0 for each in starts)
    assert all(second - first >= pulse for first, second in pairwise(starts))
    # Before a pulse that starts late for its alignment nothing can cancel what it waited.
    signed = sum((-1) ** place * each for place, each in enumerate(idle))
    assert 0 <= signed < 2 * alignment + -start % alignment


def test_no_pulses_where_nothing_may_be_changed():
    device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
    device = device.replace("slow", measure_duration=(1e-6, 1e-6))

    def pulses(circuit, shortest=0.0):
        found = decoupled(circuit, device, Decoupling("XX", (0, 1), shortest))
        return sum(each.operation.name == "x" for each in found.data)

    after = QuantumCircuit(2, 1)
    after.measure(0, 0)
    after.delay(500, 0, unit="dt")
    assert pulses(after) == 0  # nothing comes after it
    wait = QuantumCircuit(2)
    wait.sx(0)
    wait.barrier()
    wait.delay(500, 0, unit="dt")
    wait.barrier()
    wait.sx(0)
    assert pulses(wait) == 0  # an idle link is part of the experiment
    branch = QuantumCircuit(2, 1)
    branch.measure(0, 0)
    with branch.if_test((0, 1)):
        branch.delay(500, 1, unit="dt")
        branch.sx(1)
    assert pulses(branch) == 0
    plain = QuantumCircuit(2)
    plain.delay(500, 0, unit="dt")
    plain.sx(0)
    assert pulses(plain) == 2
    assert pulses(plain, shortest=501e-9) == 0


def test_a_machine_gets_the_pulses_but_those_of_the_time_that_it_waits_by_itself():
    design, device, circuits = compiled("FakeTorino", 2)
    circuit = decoupled(circuits["recycling", "after", "X"], device, Decoupling("XX", (0, 4)))
    sent = place_on_chip(circuit, (0, 1, 2, 3, 4, 5), 6, keep_delays=False)
    assert labels(sent) == labels(with_idle_noise(circuit, device)) == set()
    again = schedule_as_late_as_possible(sent, device_target(device))
    kept, before = pulses_of(again, device), pulses_of(circuit, device)
    (latency,) = [s for s in schedule(circuit, device, design) if s.name == "feedforward latency"]
    first = round(latency.start / device.dt)
    wait = round(latency.duration / device.dt)
    for qubit in (0, 4):
        early = [each for each in before[qubit] if each[0] < first]
        late = [each for each in before[qubit] if each[0] >= first + wait]
        moved = [(start - wait, end - wait) for start, end in late]
        assert kept[qubit] == early + moved
        assert len(early) + len(late) == len(before[qubit]) - 2
    plain = circuits["recycling", "after", "X"]
    assert duration_of_circuit(again, device) + latency.duration == pytest.approx(
        duration_of_circuit(plain, device), rel=1e-12
    )


def test_a_spec_asks_for_pulses():
    assert rc.Experiment(name="a").hash == rc.Experiment(name="a", decoupling={}).hash
    spec = rc.Experiment(name="a", decoupling={"sequence": "XX"})
    assert spec.hash != rc.Experiment(name="a").hash
    assert rc.Experiment.parse(spec.to_toml()) == spec
    with pytest.raises(BadInput, match=r"decoupling\.qubits = 'Q': no such qubit"):
        decoupling_on(
            rc.Experiment(name="a", decoupling={"sequence": "XX", "qubits": ["Q"]}),
            ideal_device(temperature=0.043, frequency=5e9),
        )
    with pytest.raises(BadInput, match=r"decoupling\.sequence = 'XX': which pulses fit"):
        compile_open(spec, ideal_device(temperature=0.043, frequency=5e9), ())


def test_a_spec_names_the_sequences_that_there_are():
    named = get_args(DecouplingSpec.model_fields["sequence"].annotation)
    assert {*named} == {"none", *SEQUENCES}


@pytest.mark.slow
def test_pulses_are_the_same_to_the_engine_to_aer_and_to_trajectories():
    experiment = rc.Experiment(
        name="a",
        device={
            "layout": dict(zip(ALL, PLACES["paper"], strict=True)),
            "t1": 30e-6,
            "t2": 20e-6,
            "single_qubit_error": 5e-3,
        },
        decoupling={"sequence": "XY4"},
        sweep={"theta_b": [0.6], "p_x": [0.4]},
    )
    device = build_device(experiment)
    circuit = compile_all(experiment, device)["recycling", "after", "X"]
    parameters = {"theta_b": 0.6, "basis_theta": -np.pi / 2, "basis_phi": 0.0}
    pub = Pub(circuit, {name: np.array(value) for name, value in parameters.items()})
    expected = pub_probabilities([pub], device)[0].transpose().ravel()
    trajectories = compile_trajectories(circuit, device, parameters)
    for shots in (
        simulate_shots(circuit, device, parameters, 20_000, 1),
        sample(trajectories, 200_000, np.random.default_rng(1)),
    ):
        counts = np.bincount(shots, minlength=len(expected))
        distance = ((counts - counts.sum() * expected) ** 2 / (counts.sum() * expected)).sum()
        assert chi2.sf(distance, len(expected) - 1) > 1e-3
