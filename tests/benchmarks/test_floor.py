"""The floor counts what a program must do."""

import numpy as np
from qiskit import QuantumCircuit

from benchmarks.floor import Work, work_of
from benchmarks.points import compiled, paper, protocol, random_devices
from recycling.devices.profiles import ideal_device
from recycling.simulation.engine import compile_programs


def swept(points=2):
    device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
    return device.replace("test", temperature=np.linspace(0.02, 0.05, points)[:, None])


def test_counts_a_measurement_by_hand():
    circuit = QuantumCircuit(2, 1)
    circuit.measure(0, 0)
    work = work_of(compile_programs([(circuit, {})], swept()))
    # The thermal state has four numbers. Of the record, which has two, the probability of 0 is half
    # of the trace and half of the polarization: two products and a sum, where readout is perfect.
    assert work.numbers == 4 + (4 + 2)
    assert work.flops == 1 + 3


def test_what_programs_share_is_counted_once():
    first, second = (QuantumCircuit(2, 1) for _ in range(2))
    for circuit in (first, second):
        circuit.cz(0, 1)
        circuit.measure(0, 0)
    second.x(0)  # after the last interaction: changes nothing
    once = work_of(compile_programs([(first, {})], swept()))
    assert once.flops > 0
    assert work_of(compile_programs([(first, {}), (second, {})], swept())) == once


def test_what_is_the_same_at_all_points_costs_nothing():
    circuit = QuantumCircuit(2, 1)
    circuit.measure(0, 0)
    elsewhere = [[0.0, 0.0], [0.0, 0.1]]
    constant = swept().replace("test", temperature=0.043, false_excited=elsewhere)
    assert work_of(compile_programs([(circuit, {})], constant)) == Work()


def test_circuits_without_a_schedule_share_as_much_as_those_with_one():
    device, pubs = protocol()
    open_work = work_of(compiled(pubs, random_devices(device, 2)))
    planned = paper()
    fixed = [(pub.circuit, pub.parameters) for pub in planned.pubs(planned.jobs[0])]
    angle = {"theta_b": pubs[0].parameters["theta_b"]}
    scheduled = [(circuit, parameters | angle) for circuit, parameters in fixed]
    devices = random_devices(device, 2, latency=False)
    work = work_of(compile_programs(scheduled, devices))
    assert open_work.numbers == work.numbers
    # The entries of some steps vary with the latency, and so are no numbers any more.
    assert work.flops <= open_work.flops <= 1.05 * work.flops
