"""Detunings that are constant during a shot, and decoupling, against closed forms and Qiskit."""

import json
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

import recycling as rc
from recycling.compilation.decouple import Decoupling, decoupled
from recycling.compilation.pulses import SEQUENCES
from recycling.devices.device import Device
from recycling.devices.profiles import detuning_of, ideal_device, override_device, with_detunings
from recycling.errors import BadInput
from recycling.execution.trajectories import execute_trajectories
from recycling.jobs.cut import protocol_pubs
from recycling.jobs.job import Job
from recycling.planning.circuits import compile_all
from recycling.simulation.engine import compile_program, compile_programs, execute
from recycling.simulation.probabilities import protocol_table
from recycling.simulation.quadrature import TOLERANCE
from recycling.simulation.traced import Compiled

COLD = ideal_device(temperature=0.001, frequency=5e9, roles=("B", "S"))
#: Pulses of 8 dt without error.
SLOW = COLD.replace(
    "pulses of 8 ns",
    gates=tuple(
        gate.model_copy(update={"duration": 8e-9 if gate.name == "x" else 0.0})
        for gate in COLD.gates
    ),
)


def waiting(cycles, rotations=("sx", "sx")):
    circuit = QuantumCircuit(2)
    getattr(circuit, rotations[0])(0)
    circuit.delay(cycles, 0, unit="dt")
    getattr(circuit, rotations[1])(0)
    return circuit


def excited(circuit, device):
    (outcome,) = execute([compile_program(circuit, device, keep=[0])])
    return np.real(outcome.density_matrices[..., 1, 1])


@given(
    phase=st.floats(0, 6),
    cycles=st.integers(1, 20_000),
    t2=st.floats(1e-6, 1e-3),
)
@settings(max_examples=15)
def test_ramsey_decays_as_a_gaussian_beside_t2(phase, cycles, t2):
    time = cycles * 1e-9
    device = COLD.replace("Ramsey", detuning=(phase / time, 0.0), t2=(t2, t2))
    # Two half turns about X: fully excited without dephasing.
    expected = (1 + np.exp(-(phase**2) / 2 - time / t2)) / 2
    assert excited(waiting(cycles), device) == pytest.approx(expected, abs=2 * TOLERANCE)


@given(
    sequence=st.sampled_from(sorted(SEQUENCES)),
    sigma=st.floats(1e3, 1e6),
    cycles=st.integers(4, 400),
    t2=st.floats(1e-6, 1e-3),
)
@settings(max_examples=15)
def test_every_sequence_refocuses_exactly(sequence, sigma, cycles, t2):
    echoed = decoupled(waiting(8 * cycles), SLOW, Decoupling(sequence, (0,)))
    assert "x" in echoed.count_ops()
    still = SLOW.replace("T2", t2=(t2, t2))
    noisy = still.replace("slow noise", detuning=(sigma, 0.0))
    assert excited(echoed, noisy) == pytest.approx(float(excited(echoed, still)), abs=1e-12)
    # What is left is T2 as it was: Markovian dephasing takes no notice of pulses.
    plain = waiting(8 * cycles)
    assert excited(echoed, still) == pytest.approx(float(excited(plain, still)), abs=1e-12)


@given(
    cycles=st.integers(10, 5000),
    t1=st.floats(1e-6, 1e-3),
    temperature=st.floats(0.01, 1),
    sequence=st.sampled_from(sorted(SEQUENCES)),
)
@settings(max_examples=15)
def test_a_flipped_qubit_relaxes_from_where_it_is(cycles, t1, temperature, sequence):
    device = COLD.replace("T1", t1=(t1, t1), t2=(t1, t1), temperature=temperature)
    circuit = QuantumCircuit(2)
    circuit.delay(8 * cycles, 0, unit="dt")
    circuit.sx(0)
    echoed = decoupled(circuit, device, Decoupling(sequence, (0,)))
    echoed.data.pop()  # the gate after the window
    thermal = float(device.excited_population[0])
    count, population = len(SEQUENCES[sequence]), thermal
    for place in range(count + 1):
        time = 8e-9 * cycles / count * (0.5 if place in (0, count) else 1)
        population = thermal + (population - thermal) * np.exp(-time / t1)
        if place < count:
            population = 1 - population
    assert excited(echoed, device) == pytest.approx(population, abs=1e-12)
    if thermal < 0.4:
        assert population > thermal  # a thermal bath is heated by its pulses


def test_two_qubits_agree_with_statevectors_at_each_detuning():
    circuit = QuantumCircuit(2)
    circuit.sx(0)
    circuit.sx(1)
    circuit.delay(900, 0, unit="dt")
    circuit.cz(0, 1)
    circuit.delay(300, 0, unit="dt")
    circuit.delay(700, 1, unit="dt")
    circuit.sx([0, 1])
    circuit.cz(0, 1)
    circuit.delay(400, 1, unit="dt")
    circuit.sx([0, 1])
    sigma = np.array([6e5, 4e5])
    (outcome,) = execute(
        [compile_program(circuit, COLD.replace("two", detuning=sigma), keep=[1, 0])]
    )
    nodes, weights = np.polynomial.hermite_e.hermegauss(14)
    weights = weights / weights.sum()
    expected = np.zeros(4)
    for (x, u), (y, v) in product(zip(nodes, weights, strict=True), repeat=2):
        turned = circuit.copy_empty_like()
        for each in circuit.data:
            if each.operation.name == "delay":
                qubit = circuit.find_bit(each.qubits[0]).index
                phase = sigma[qubit] * (x, y)[qubit] * each.operation.duration * 1e-9
                turned.rz(phase, qubit)
            else:
                turned.append(each)
        expected += u * v * Statevector(turned).probabilities()
    diagonal = np.real(np.diagonal(outcome.density_matrices))
    assert diagonal == pytest.approx(expected, abs=10 * TOLERANCE)


def test_pulses_without_errors_change_nothing_of_the_protocol():
    """T1 is infinite, T2 is not: no effect in the engine without slow detunings."""
    experiment = rc.Experiment(
        name="a", device={"profile": "ideal"}, sweep={"theta_b": [0.4], "p_x": [0.1]}
    )
    ideal = ideal_device(temperature=0.1, frequency=5e9)
    durations = {"x": 32e-9, "sx": 32e-9, "cz": 68e-9, "rz": 0.0}
    device = override_device(ideal, t2=2e-5, readout_error=0.02, feedforward_latency=4e-7).replace(
        "slow",
        measure_duration=(1e-6,) * 6,
        gates=tuple(
            gate.model_copy(
                update={
                    "duration": durations[gate.name],
                    "error": 0.0 if gate.name == "x" else 2 * durations[gate.name] * 1e5,
                }
            )
            for gate in ideal.gates
        ),
    )
    tables = []
    for sequence in ("none", "XY4"):
        wanted = experiment.model_copy(
            update={"decoupling": experiment.decoupling.model_copy(update={"sequence": sequence})}
        )
        pubs = protocol_pubs(wanted, compile_all(wanted, device))
        tables.append(protocol_table(pubs, device, experiment.design))
    assert np.abs(tables[0] - tables[1]).max() < 1e-12


def test_detunings_over_a_sweep_and_with_jax():
    sigma = np.array([[0.0, 0.0], [2e5, 0.0], [5e5, 1e5]])
    swept = COLD.replace("sweep", detuning=sigma)
    circuit = QuantumCircuit(2, 1)
    circuit.sx(0)
    circuit.delay(4000, 0, unit="dt")
    circuit.sx(0)
    circuit.measure(0, 0)
    (evaluation,) = compile_programs([(circuit, {})], swept)
    expected = (1 + np.exp(-((sigma[:, 0] * 4e-6) ** 2) / 2)) / 2
    (outcome,) = execute([evaluation])
    assert outcome.probabilities[:, 1] == pytest.approx(expected, abs=2 * TOLERANCE)
    pytest.importorskip("jax")
    (found,) = Compiled((evaluation.program,)).probabilities(evaluation.values)
    assert found == pytest.approx(outcome.probabilities, abs=1e-12)


def test_a_device_without_detunings_is_written_as_ever():
    noisy = COLD.replace("declared", detuning=(1e5, 0.0))
    assert "detuning" not in json.loads(COLD.model_dump_json())
    assert Device.model_validate(json.loads(noisy.model_dump_json())) == noisy
    given_time = with_detunings(COLD, 2e-5)
    assert given_time.sources["detuning"] == "declared in the spec"
    assert np.exp(-((given_time.detuning * 2e-5) ** 2) / 2) == pytest.approx(np.exp(-1))
    assert detuning_of(np.array([np.inf])) == 0


def test_what_cannot_average_refuses_in_a_line():
    spec = {"name": "a", "device": {"low_frequency_dephasing": "20 us"}}
    assert rc.Experiment(**spec).hash != rc.Experiment(name="a").hash
    with pytest.raises(BadInput, match=r"shots of aer have no detunings; give the backend exact"):
        rc.plan(rc.Experiment(**spec), "aer")
    noisy = COLD.replace("declared", detuning=(1e9, 1e9))
    with pytest.raises(BadInput, match="the exact engine alone averages"):
        execute_trajectories(Job("t", trial=0, shots=1), [], noisy, np.random.SeedSequence(1))
    with pytest.raises(BadInput, match=r"device\.low_frequency_dephasing: phases up to 2e\+04 rad"):
        excited(waiting(20_000), noisy)
