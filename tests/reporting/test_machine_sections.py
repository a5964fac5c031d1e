"""What was executed, where a circuit has more gates than a drawing can show."""

from types import SimpleNamespace

import pytest
from qiskit import QuantumCircuit

from recycling.devices.profiles import ideal_device
from recycling.reporting.circuit_figures import circuit_figure, schedule_figure
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


def test_a_drawing_of_a_circuit_has_no_margins_of_white():
    """They grow with the height of the figure, and a reader saw an empty box first."""
    circuit = QuantumCircuit(1)
    for _ in range(100):
        circuit.x(0)
    device = ideal_device(temperature=0.05, frequency=5e9, roles=("B",))
    figure = circuit_figure(circuit, device)
    figure.draw_without_rendering()
    assert figure.axes[0].get_position().bounds == pytest.approx((0, 0, 1, 1), abs=0.01)


def test_a_schedule_without_durations_says_so():
    circuit = QuantumCircuit(1)
    circuit.x(0)
    device = ideal_device(temperature=0.05, frequency=5e9, roles=("C_I",))
    axes = schedule_figure(circuit, device).axes[0]
    assert "no operation takes time on this device" in {text.get_text() for text in axes.texts}
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["$C_{I}$"]


def test_the_device_section_names_the_latency_once(small_run, small_dataset):
    first = device_section(Evidence(small_run, small_dataset)).parts[0]
    assert first.text.count("feedforward latency") == 1
