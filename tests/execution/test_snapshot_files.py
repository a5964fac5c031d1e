"""Snapshots that are read as data are those of IBM's client, number by number."""

import pytest

from recycling.errors import BadInput
from recycling.execution.ibm.snapshot_files import Snapshot, snapshot_chip
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
