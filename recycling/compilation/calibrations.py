"""The circuits of the calibrations, on a device's qubits: nothing in them needs compiling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from circuits.calibration.assignment import assignment_circuits
from circuits.calibration.characterisation import bracket_circuits, bracket_metadata
from circuits.design import Design
from recycling.errors import BadInput
from recycling.jobs.outcomes import MOST_BITS

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device


def compile_brackets(device: Device) -> tuple[QuantumCircuit, ...]:
    """Build the circuits that measure the bath qubit before and after a run.

    A device without decay has none, since there is nothing to measure.

    Example:
        >>> from recycling.devices.profiles import ideal_device, override_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9)
        >>> device = override_device(ideal, t1=2e-4, t2=1e-4)
        >>> len(compile_brackets(ideal)), len(compile_brackets(device))
        (0, 23)
    """
    bath = device.roles.index("B")
    if not np.isfinite(device.t1[bath]):
        return ()
    return tuple(
        bracket_circuits(
            t1=device.t1[bath],
            t2=device.t2[bath],
            dt=device.dt,
            qubit=bath,
            num_qubits=device.num_qubits,
        )
    )


def brackets_of(device: Device) -> dict[str, dict[str, Any]]:
    """Names and metadata of ``compile_brackets``: no circuit is built for them.

    Example:
        >>> from recycling.devices.profiles import ideal_device, override_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9)
        >>> device = override_device(ideal, t1=2e-4, t2=1e-4)
        >>> len(brackets_of(ideal)), len(brackets_of(device))
        (0, 23)
    """
    bath = device.roles.index("B")
    if not np.isfinite(device.t1[bath]):
        return {}
    return bracket_metadata(t1=device.t1[bath], t2=device.t2[bath], dt=device.dt)


def compile_assignment(device: Device, design: Design) -> tuple[QuantumCircuit, ...]:
    """Build the circuits that measure the readout of the recorded qubits, on the device's qubits.

    Raises:
        BadInput: the qubits are too many for a shot that records each of them twice.

    Example:
        >>> from recycling.devices.profiles import ideal_device, override_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9)
        >>> device = override_device(ideal, t1=2e-4, t2=1e-4)
        >>> from circuits import HHL
        >>> len(compile_assignment(device, HHL([[2, -1], [-1, 2]]).design))
        17
    """
    if (bits := 2 * len(design.recorded_roles)) > MOST_BITS:
        raise BadInput(
            f"hardware.assignment: each of {len(design.recorded_roles)} qubits would be recorded "
            f"twice, and a shot has {MOST_BITS} bits, not {bits}; give hardware.assignment = "
            "false, or an algorithm with fewer flags"
        )
    qubits = [device.roles.index(role) for role in design.recorded_roles]
    # Where nothing decays, there is nothing to wait for.
    decaying = [device.t1[qubit] for qubit in qubits if np.isfinite(device.t1[qubit])]
    return tuple(
        assignment_circuits(
            t1=max(decaying, default=device.dt),
            dt=device.dt,
            qubits=qubits,
            num_qubits=device.num_qubits,
        )
    )
