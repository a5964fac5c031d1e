"""What was executed, where a circuit has more gates than a drawing can show."""

from types import SimpleNamespace

import pytest
from qiskit import QuantumCircuit

from recycling.devices.profiles import ideal_device
from recycling.reporting.evidence import Evidence
from recycling.reporting.machine_sections import circuit_section, device_section
from recycling.spec.experiment import Experiment


@pytest.mark.parametrize(("gates", "drawn"), [(20, True), (2100, False)])
def test_a_circuit_of_thousands_of_gates_is_not_drawn(gates, drawn):
    circuit = QuantumCircuit(1)
    for _ in range(gates):
        circuit.x(0)
        circuit.delay(10, 0)
    device = ideal_device(temperature=0.05, frequency=5e9, roles=("B",))
    run = SimpleNamespace(device=device, circuits_fault="")
    evidence = SimpleNamespace(
        circuit=circuit, run=run, experiment=Experiment(name="x"), true_operations=()
    )
    note, gallery = circuit_section(evidence).parts
    assert ("circuit" in gallery.figures) == drawn
    assert ("more than 2,000" in note.text) != drawn


def test_the_device_section_names_the_latency_once(small_run, small_dataset):
    first = device_section(Evidence(small_run, small_dataset)).parts[0]
    assert first.text.count("feedforward latency") == 1
