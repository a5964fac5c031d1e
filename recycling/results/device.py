"""Numbers of a device in place of a calibration, for inference, which knows no device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recycling.devices.channels import depolarizing_strength, thermal_relaxation_channel
from recycling.devices.device import Device
from recycling.errors import BadInput
from recycling.inference.bath.brackets import Bracket, given_bracket
from recycling.inference.readout.assignment import Assignment


def device_assignment(device: Device, roles: Sequence[str]) -> Assignment:
    """Make the assignment matrices of a device's model or snapshot, without errors.

    Args:
        device: the device.
        roles: the recorded qubits in the order of their bits.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> device_assignment(device, ["C_A", "S", "B", "C_I"]).false_excited.tolist()
        [0.0, 0.0, 0.0, 0.0]
    """
    qubits = [_place(device, role) for role in roles]
    # The source of the last qubit stands for all: a calibration has them from the same place.
    return Assignment.given(
        np.array(device.false_excited)[qubits],
        np.array(device.false_ground)[qubits],
        device.excited_population[qubits],
        device.source("false_excited", roles[-1]),
    )


def device_bracket(device: Device, role: str) -> Bracket:
    """Make a bracket of a qubit from a device's snapshot.

    Its thermal population is that of the given temperature T0.

    Raises:
        BadInput: the device has no such qubit.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> round(device_bracket(device, "B").thermal_population.value, 4)
        0.0038
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
    """Compute the depolarizing strength of a qubit's basis rotation, by its gates' errors.

    The rotation is two sx gates with rz, a change of frame, around them: between the two the qubit
    lies on the equator, where dephasing shrinks the component that comes back to the axis.
    Relaxation on the axis does not heat a thermal qubit and is left out of the gates' errors;
    during the second gate it leads back a share of what all of these heated.

    Args:
        device: a device; without such gates its rotation is ideal.
        role: role of the qubit.

    Raises:
        BadInput: the device has no such qubit.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> rotation_depolarizing(device, "B")
        0.0
    """
    qubit = _place(device, role)
    gate = device.gate_table.get(("sx", (qubit,)))
    if gate is None:
        return 0.0
    relaxation = thermal_relaxation_channel(
        gate.duration, device.t1[qubit], device.t2[qubit], device.excited_population[qubit]
    )
    kept = 1 - depolarizing_strength(gate.error, relaxation)
    lost = 1 - kept**2 * np.exp(-gate.duration / device.t2[qubit])
    return float(lost * np.exp(-gate.duration / device.t1[qubit]))


def _place(device: Device, role: str) -> int:
    if role not in device.roles:
        raise BadInput(f"role = {role!r}: give one of {', '.join(device.roles)}")
    return device.roles.index(role)
