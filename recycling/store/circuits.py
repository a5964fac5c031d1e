"""The circuits of a run on disk: read safely, and checked against the device before any use."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from circuits.tomography import basis_parameters
from recycling.compilation.timeline import timeline
from recycling.errors import BadInput
from recycling.extras import command, is_missing
from recycling.store.files import Damaged
from recycling.store.schema import first_fault, shortened

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from circuits.design import Design
    from recycling.devices.device import Device

#: First version of QPY whose files hold no expressions that reading them would evaluate.
_OLDEST_QPY = 13


class _BracketMetadata(BaseModel):
    """Metadata of a circuit of a bracket."""

    model_config = ConfigDict(extra="allow")

    experiment: str
    xval: Annotated[FiniteFloat, Field(ge=0, strict=True)] | None = None
    state_label: str | None = None


def qiskit_is_missing() -> bool:
    """Whether circuits cannot be read, since Qiskit is not installed.

    Example:
        >>> qiskit_is_missing()
        False
    """
    return is_missing("qiskit")


def read_circuits(path: Path) -> dict[str, QuantumCircuit]:
    """Read circuits by their names.

    Raises:
        Damaged: the file cannot be read, or not safely: a Qiskit too old wrote it.
        BadInput: Qiskit is not installed.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from qiskit import QuantumCircuit, qpy
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "circuits.qpy"
        ...     with path.open("wb") as stream:
        ...         qpy.dump(QuantumCircuit(2, name="bell"), stream)
        ...     list(read_circuits(path))
        ['bell']
    """
    if qiskit_is_missing():
        raise BadInput(f"{path} is read by Qiskit, which is not installed: {command('qiskit')}")
    from qiskit import qpy

    try:
        with path.open("rb") as stream:
            head = stream.read(7)
            if head[:6] != b"QISKIT" or head[6:] < bytes([_OLDEST_QPY]):
                raise Damaged(f"it is no QPY file of version {_OLDEST_QPY} or later")
            stream.seek(0)
            return {circuit.name: circuit for circuit in qpy.load(stream)}
    except Damaged:
        raise
    except Exception as error:  # whatever a changed byte makes of the file
        reason = shortened(str(error) or type(error).__name__)
        raise Damaged(f"it cannot be read: {reason}") from None


def check_protocol(circuit: QuantumCircuit, device: Device, design: Design) -> None:
    """Check that a circuit is of the protocol on a device.

    Raises:
        Damaged: it is not.

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> planned = recycling.plan(experiment)
        >>> for circuit in planned.circuits.values():
        ...     check_protocol(circuit, planned.device, experiment.design)
    """
    bits = len(design.recorded_roles)
    turned = (name for role in (None, *design.measured) for name in basis_parameters(role))
    check_circuit(circuit, device, bits, {*design.parameter_names, *turned})
    measured = [o.qubits for o in timeline(circuit, device) if o.name == "measure"]
    if len(measured) != bits:
        raise Damaged(f"{circuit.name!r} has {len(measured)} measurements, not {bits}")


def check_bracket(circuit: QuantumCircuit, device: Device) -> None:
    """Check that a circuit is of a bracket on a device, and names its experiment.

    Raises:
        Damaged: it is not.

    Example:
        >>> from recycling.compilation.calibrations import compile_brackets
        >>> from recycling.devices.profiles import ideal_device, override_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9)
        >>> device = override_device(ideal, t1=2e-4, t2=1e-4)
        >>> for circuit in compile_brackets(device):
        ...     check_bracket(circuit, device)
    """
    check_circuit(circuit, device, 2)
    try:
        _BracketMetadata.model_validate(circuit.metadata)
    except ValidationError as error:
        raise Damaged(f"metadata of {shortened(circuit.name)}: {first_fault(error)}") from None


def check_circuit(
    circuit: QuantumCircuit, device: Device, bits: int, parameters: Collection[str] = ()
) -> None:
    """Check that a circuit fits a device, and that its bits and parameters are as given.

    Raises:
        Damaged: it is not.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> check_circuit(QuantumCircuit(3, 1, name="wide"), device, bits=1)
        Traceback (most recent call last):
        recycling.store.files.Damaged: 'wide' has 3 qubits and 1 bits
    """
    name = shortened(circuit.name)
    if (circuit.num_qubits, circuit.num_clbits) != (device.num_qubits, bits):
        raise Damaged(f"{name} has {circuit.num_qubits} qubits and {circuit.num_clbits} bits")
    strange = {parameter.name for parameter in circuit.parameters} - {*parameters}
    if strange:
        raise Damaged(f"{name} has the parameter {shortened(min(strange))}")
    try:
        durations = [operation.duration for operation in timeline(circuit, device)]
    except Exception as error:  # whatever a forged instruction makes of it
        raise Damaged(f"{name} does not fit the device: {shortened(str(error))}") from None
    if not all(isfinite(duration) and duration >= 0 for duration in durations):
        raise Damaged(f"{name} has an instruction without a time")


def circuits_bytes(circuits: Mapping[str, QuantumCircuit]) -> bytes:
    """Write circuits as QPY, by their names.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuits_bytes({"bell": QuantumCircuit(2)})[:6]
        b'QISKIT'
    """
    from qiskit import qpy

    stream = io.BytesIO()
    qpy.dump([_named(circuit, name) for name, circuit in circuits.items()], stream)
    return stream.getvalue()


def _named(circuit: QuantumCircuit, name: str) -> QuantumCircuit:
    named = circuit.copy()
    named.name = name
    return named
