"""What a device says in place of a calibration: numbers for inference, which knows no device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recycling.devices.channels import depolarizing_strength, thermal_relaxation_channel
from recycling.devices.device import Device
from recycling.errors import BadInput
from recycling.inference.bath.brackets import Bracket, given_bracket
from recycling.inference.readout.assignment import Assignment


def device_assignment(device: Device, roles: Sequence[str]) -> Assignment:
    """Assignment matrices of a device's model or snapshot, without errors.

    Args:
        device: the device.
        roles: the recorded qubits in the order of their bits.
    """
    qubits = [_place(device, role) for role in roles]
    # The source of one stands for all: a calibration has them from one place.
    return Assignment.given(
        np.array(device.false_excited)[qubits],
        np.array(device.false_ground)[qubits],
        device.excited_population[qubits],
        device.source("false_excited", roles[-1]),
    )


def device_bracket(device: Device, role: str) -> Bracket:
    """What a device's snapshot says in place of a bracket of one of its qubits.

    Its thermal population is that of the temperature T0 that it was given.

    Raises:
        BadInput: it has no such qubit.
    """
    qubit = _place(device, role)
    return given_bracket(
        t1=device.t1[qubit],
        t2=device.t2[qubit],
        false_excited=device.false_excited[qubit],
        false_ground=device.false_ground[qubit],
        population=float(device.excited_population[qubit]),
    )


def rotation_depolarizing(device: Device, role: str) -> float:
    """Depolarizing strength of a qubit's basis rotation, by the calibrated errors of its gates.

    Two sx gates with rz, a change of frame, around them: between the two the qubit lies on the
    equator, where dephasing shrinks what comes back to the axis. Relaxation on the axis does not
    heat a thermal qubit and is left out of the gates' errors.

    Args:
        device: a device; one without such gates has an ideal rotation.
        role: which of its qubits.

    Raises:
        BadInput: it has no such qubit.
    """
    qubit = _place(device, role)
    gate = device.gate_table.get(("sx", (qubit,)))
    if gate is None:
        return 0.0
    relaxation = thermal_relaxation_channel(
        gate.duration, device.t1[qubit], device.t2[qubit], device.excited_population[qubit]
    )
    kept = 1 - depolarizing_strength(gate.error, relaxation)
    return float(1 - kept**2 * np.exp(-gate.duration / device.t2[qubit]))


def _place(device: Device, role: str) -> int:
    if role not in device.roles:
        raise BadInput(f"role = {role!r}: give one of {', '.join(device.roles)}")
    return device.roles.index(role)
