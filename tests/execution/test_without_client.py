"""What is read from the files of IBM's client, without loading it, is what the client gives."""

import subprocess
import sys

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.transpiler import PassManager
from qiskit_ibm_runtime.transpiler.passes.scheduling import ALAPScheduleAnalysis, PadDelay

from recycling.compilation.target import device_target
from recycling.devices.profiles import ideal_device
from recycling.errors import BadInput
from recycling.execution.ibm.scheduling import from_folder
from recycling.execution.ibm.snapshot_files import Snapshot, client_folder, snapshot_chip
from recycling.execution.ibm.snapshots import snapshot_backend


@pytest.mark.parametrize("name", ["FakeTorino", "FakeMarrakesh", "FakeBoston"])
def test_a_snapshot_is_that_of_the_client(name):
    read, client = snapshot_chip(name), snapshot_backend(name)
    assert isinstance(read, Snapshot)
    assert (read.name, read.num_qubits, read.target.dt) == (
        client.name, client.num_qubits, client.target.dt
    )  # fmt: skip
    for gate in ("id", "rz", "sx", "x", "cz", "measure"):
        found, wanted = read.target[gate], client.target[gate]
        assert list(found) == list(wanted)  # also in their order, which that of a device follows
        for qubits, properties in found.items():
            assert properties.duration == wanted[qubits].duration
            assert properties.error == wanted[qubits].error
    readout = client.properties()
    for qubit in range(read.num_qubits):
        found, wanted = (each.target.qubit_properties[qubit] for each in (read, client))
        assert (found.t1, found.t2) == (wanted.t1, wanted.t2)
        for error in ("prob_meas1_prep0", "prob_meas0_prep1"):
            assert (
                read.properties().qubit_property(qubit, error)[0]
                == readout.qubit_property(qubit, error)[0]
            )


def test_names_that_are_no_heron_are_left_to_the_client():
    assert not isinstance(snapshot_chip("FakePrague"), Snapshot)
    with pytest.raises(BadInput, match="is not a Heron snapshot: give"):
        snapshot_chip("FakeNothing")


def test_a_plan_loads_neither_the_client_nor_the_plugins_nor_tables_of_other_packages():
    code = (
        "import sys, recycling as rc; planned = rc.plan(rc.preset('paper')); "
        "print(planned.prediction.count, [name for name in "
        "('qiskit_ibm_runtime', 'qiskit_experiments', 'matplotlib', 'scipy.stats', 'xarray') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "11 []\n"


def test_the_scheduling_passes_are_those_of_the_client():
    device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
    timed = device.replace("example", measure_duration=(1e-6, 2e-6), feedforward_latency=1e-6)
    circuit = QuantumCircuit(QuantumRegister(2, "q"), ClassicalRegister(1, "c"))
    circuit.sx(1)
    circuit.measure(0, 0)
    circuit.delay(250, 1, unit="dt")
    with circuit.if_test((0, 1)):
        circuit.x(1)
    circuit.measure(1, 0)
    target = device_target(timed)
    passes = [ALAPScheduleAnalysis(target=target), PadDelay(target=target)]
    wanted = PassManager(passes).run(circuit)
    assert wanted.count_ops()["delay"] > 1
    loaded = from_folder(client_folder() / "transpiler" / "passes" / "scheduling")
    assert loaded.PadDelay is not PadDelay
    passes = [loaded.ALAPScheduleAnalysis(target=target), loaded.PadDelay(target=target)]
    assert PassManager(passes).run(circuit) == wanted
