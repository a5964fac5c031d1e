"""Offline snapshots of IBM devices as data, read from the files of IBM's client without loading it.

The client takes half a second to load, and as long again for the dates of a snapshot.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recycling.devices.snapshots import HERONS
from recycling.execution.ibm.snapshots import snapshot_backend
from recycling.extras import need

if TYPE_CHECKING:
    from qiskit.providers import BackendV2
    from qiskit.transpiler import Target

_NATIVE = ("id", "rz", "sx", "x", "cz")
#: Calibrated numbers of a qubit or a gate by name.
_Numbers = Mapping[str, float]


@dataclass(frozen=True)
class Readout:
    """Calibrated numbers of each qubit, in the form of Qiskit's ``properties()``.

    Example:
        >>> Readout(({"T1": 1e-4},)).qubit_property(0, "T1")
        (0.0001,)
    """

    qubits: tuple[_Numbers, ...]

    def qubit_property(self, qubit: int, name: str) -> tuple[float]:
        """A number of a qubit; times in s."""
        return (self.qubits[qubit][name],)


@dataclass(frozen=True)
class Snapshot:
    """A chip as it was calibrated once.

    Attributes:
        name: name by the vendor.
        target: native gates, measurement and delay of its working qubits.
        readout: both errors of the readout of each qubit.

    Example:
        >>> from qiskit.transpiler import Target
        >>> Snapshot("small", Target(num_qubits=2), Readout(({}, {}))).num_qubits
        2
    """

    name: str
    target: Target = field(compare=False)
    readout: Readout = field(compare=False, repr=False)

    @property
    def num_qubits(self) -> int:
        """Number of qubits of the chip."""
        return int(self.target.num_qubits)

    def properties(self) -> Readout:
        """Calibration as a Qiskit backend has it."""
        return self.readout


@lru_cache(maxsize=4)
def snapshot_chip(name: str, field: str = "device.profile") -> Snapshot | BackendV2:
    """Read the offline snapshot of an IBM device, by class name, e.g. "FakeTorino".

    Later calls give the same object: leave it unchanged. Those that are no Herons are left to IBM's
    client, which warns of some.

    Args:
        name: class name.
        field: field of the user's input, for the error.

    Raises:
        BadInput: the snapshot does not exist, or has no CZ gate (it is not a Heron).

    Example:
        >>> snapshot_chip("FakeTorino").num_qubits
        133
    """
    files = _files(name) if name in HERONS else ()
    if not files:
        return snapshot_backend(name, field)
    configuration, calibration = (json.loads(file.read_bytes()) for file in files)
    qubits = tuple(_numbers(qubit) for qubit in calibration["qubits"])
    target = _target(configuration, calibration["gates"], qubits)
    return Snapshot(f"fake_{name.removeprefix('Fake').lower()}", target, Readout(qubits))


def client_folder() -> Path:
    """Folder of IBM's client, which stays unloaded.

    Example:
        >>> (client_folder() / "fake_provider").is_dir()
        True
    """
    need("qiskit_ibm_runtime")
    client = find_spec("qiskit_ibm_runtime")
    assert client is not None
    assert client.submodule_search_locations is not None
    return Path(client.submodule_search_locations[0])


def _files(name: str) -> tuple[Path, ...]:
    """Configuration and calibration of a chip; none where the client has them elsewhere."""
    chip = name.removeprefix("Fake").lower()
    folder = client_folder() / "fake_provider" / "backends" / chip
    files = tuple(folder / f"{kind}_{chip}.json" for kind in ("conf", "props"))
    return files if all(file.is_file() for file in files) else ()


def _numbers(listed: list[dict[str, Any]]) -> dict[str, float]:
    """Numbers by name, in SI units."""
    from qiskit.utils.units import apply_prefix

    return {each["name"]: apply_prefix(each["value"], each["unit"]) for each in listed}


def _target(
    configuration: Mapping[str, Any],
    calibrated: list[dict[str, Any]],
    qubits: tuple[_Numbers, ...],
) -> Target:
    from qiskit.circuit import Delay, Measure, Parameter
    from qiskit.circuit.library import get_standard_gate_name_mapping
    from qiskit.transpiler import InstructionProperties, QubitProperties, Target

    working = [qubit for qubit, numbers in enumerate(qubits) if numbers.get("operational", 1)]
    target = Target(
        num_qubits=configuration["n_qubits"],
        dt=configuration["dt"] * 1e-9,
        qubit_properties=[
            QubitProperties(each.get("T1"), each.get("T2"), each.get("frequency"))
            for each in qubits
        ],
    )
    standard = get_standard_gate_name_mapping()
    for name, gates in _gates(configuration, calibrated, working).items():
        properties = {
            where: InstructionProperties(each.get("gate_length"), each.get("gate_error"))
            for where, each in gates.items()
        }
        target.add_instruction(standard[name], properties, name)
    measurements = {
        (qubit,): InstructionProperties(
            qubits[qubit].get("readout_length"), qubits[qubit].get("readout_error")
        )
        for qubit in working
    }
    target.add_instruction(Measure(), measurements)
    target.add_instruction(Delay(Parameter("t")), {(qubit,): None for qubit in working})
    return target


def _gates(
    configuration: Mapping[str, Any], calibrated: list[dict[str, Any]], working: list[int]
) -> dict[str, dict[tuple[int, ...], _Numbers]]:
    """Numbers of each native gate by name and qubits, in the order of the configuration."""
    gates: dict[str, dict[tuple[int, ...], _Numbers]] = {
        gate["name"]: {tuple(qubits): {} for qubits in gate["coupling_map"]}
        for gate in configuration["gates"]
        if gate["name"] in _NATIVE
    }
    for gate in calibrated:
        if gate["gate"] in gates:
            where, numbers = tuple(gate["qubits"]), _numbers(gate["parameters"])
            if numbers.get("operational", 1) and set(where) <= set(working):
                gates[gate["gate"]][where] = numbers
            else:
                gates[gate["gate"]].pop(where, None)
    return gates
