"""The devices of a sweep: one device whose numbers are arrays over samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.devices.device import Device
from recycling.devices.profiles import detuning_of
from recycling.errors import BadInput
from recycling.spec.sections import DeviceSpec

if TYPE_CHECKING:
    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]
Columns = Mapping[str, Real]

#: Fields of a device that ``device.readout_error`` overrules on every qubit.
_READOUT = ("false_excited", "false_ground")
#: Gates whose error a number of ``[device]`` overrules.
_GATES = {"single_qubit_error": ("x", "sx"), "cz_error": ("cz",)}
_SOURCE = "given in the spec"


def device_over(
    base: Device, experiment: Experiment, follows: tuple[int, ...], columns: Columns
) -> Device:
    """Make the devices at some samples.

    Args:
        base: device of the profile, without the numbers of the spec.
        experiment: the spec, whose numbers hold where no column has others.
        follows: qubits that have the frequency of the bath.
        columns: values of the swept keys, such as "device.t1" (arrays of shape (samples,)).

    Returns:
        A device over a sweep of one axis, that of the samples; without columns at one point.

    Raises:
        BadInput: a sample contradicts itself, or names a qubit that is not there.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.spec.experiment import Experiment
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9)
        >>> experiment = Experiment(name="a", device={"t2": 1e-4})
        >>> device = device_over(ideal, experiment, (), {"device.t1": np.array([1e-4, 2e-4])})
        >>> device.t1[:, 0].tolist(), device.sweep
        ([0.0001, 0.0002], (2,))
    """
    spec = experiment.device
    changes: dict[str, Any] = {}
    for field in _READOUT:
        changes[field] = _on_qubits(getattr(base, field), base, "readout_error", spec, columns)
    changes["t1"], changes["t2"] = times_over(base, experiment, columns)
    latency = columns.get("device.feedforward_latency")
    if latency is None and spec.feedforward_latency != "profile":
        latency = np.asarray(spec.feedforward_latency)
    if latency is not None:
        changes["feedforward_latency"] = latency
    if "bath.frequency" in columns:
        hertz = np.array(
            np.broadcast_to(base.frequency, (*columns["bath.frequency"].shape, base.num_qubits))
        )
        hertz[:, list(follows)] = columns["bath.frequency"][:, None]
        changes["frequency"] = hertz
    kelvin = columns.get("bath.temperature")
    if kelvin is not None and experiment.stage is None:
        changes["temperature"] = kelvin[:, None]
    changes["gates"] = replace(base.gates, errors=_errors(base, spec, columns))
    slow = "low_frequency_dephasing"
    if any(each.startswith(f"device.{slow}") for each in columns) or getattr(spec, slow):
        forever = np.full(base.num_qubits, np.inf)
        changes["detuning"] = detuning_of(_on_qubits(forever, base, slow, spec, columns))
    device = base.replace(_SOURCE, **changes)
    if experiment.stage is None:
        return device
    stage = experiment.stage.build()
    if "stage.loss_tangent" in columns:
        stage = replace(stage, loss_tangent=columns["stage.loss_tangent"][:, None])
    at = experiment.bath.temperature if kelvin is None else kelvin[:, None]
    return stage.carried(device, at)


def times_over(base: Device, experiment: Experiment, columns: Columns) -> tuple[Real, Real]:
    """T1 and T2 of each qubit at some samples, s (arrays of shape ([samples,] qubit)).

    Raises:
        BadInput: T2 > 2 T1 at a sample, and the spec does not limit it.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.spec.experiment import Experiment
        >>> base = ideal_device(temperature=0.043, frequency=5e9)
        >>> over = {"device.t1": [1e-4], "limit_t2": True}
        >>> experiment = Experiment(name="a", device={"t2": 1e-3}, sweep={"over": over})
        >>> _, t2 = times_over(base, experiment, {"device.t1": np.array([1e-4])})
        >>> t2[0, 0]
        np.float64(0.0002)
    """
    spec, over = experiment.device, experiment.sweep.over
    t1, t2 = np.broadcast_arrays(
        *(_on_qubits(getattr(base, name), base, name, spec, columns) for name in ("t1", "t2"))
    )
    if over is not None and over.limit_t2:
        return t1, np.minimum(t2, 2 * t1)
    for place in np.argwhere(t2 > 2 * t1)[:1]:
        at = tuple(place)
        raise BadInput(
            f"t2 of {base.roles[place[-1]]} = {t2[at]:.6g} s is above 2 t1 = {2 * t1[at]:.6g} s at "
            "a point of the sweep: give sweep.over.limit_t2 = true, which cuts it to 2 t1, or "
            "other values"
        )
    return t1, t2


def _on_qubits(array: Real, device: Device, name: str, spec: DeviceSpec, columns: Columns) -> Real:
    """Numbers of each qubit (array of shape ([samples,] qubit))."""
    given = columns.get(f"device.{name}", getattr(spec, name))
    if given is not None:
        array = np.repeat(np.asarray(given, dtype=float)[..., None], device.num_qubits, axis=-1)
    for qubit, values in _of_qubits(name, device, columns).items():
        array = np.array(np.broadcast_to(array, (len(values), device.num_qubits)))
        array[:, qubit] = values
    return array


def _errors(device: Device, spec: DeviceSpec, columns: Columns) -> Real:
    """Errors of the gates (array of shape ([samples,] gate))."""
    gates = device.gates
    errors = gates.errors
    for name, kinds in _GATES.items():
        given = columns.get(f"device.{name}", getattr(spec, name))
        places = [place for place, kind in enumerate(gates.names) if kind in kinds]
        changes = [] if given is None else [(places, np.asarray(given, dtype=float))]
        for qubit, values in _of_qubits(name, device, columns).items():
            own = [place for place in places if gates.qubits[place] == (qubit,)]
            changes.append((own, values))
        for where, values in changes:
            errors = np.array(np.broadcast_to(errors, (*values.shape, *errors.shape[-1:])))
            errors[..., where] = values[..., None]
    return errors


def _of_qubits(name: str, device: Device, columns: Columns) -> dict[int, Real]:
    """Values of a number that are those of single qubits, by qubit."""
    found = {}
    for key, values in columns.items():
        number, bracket, role = key.partition("[")
        if bracket and number == f"device.{name}":
            found[qubit_of(key, role.removesuffix("]"), device)] = values
    return found


def qubit_of(key: str, role: str, device: Device) -> int:
    """Place of the qubit that a key names.

    Raises:
        BadInput: the device has no such qubit.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> qubit_of("device.t1[B]", "B", ideal_device(temperature=0.043, frequency=5e9))
        4
    """
    if role not in device.roles:
        raise BadInput(
            f'sweep.over."{key}": no qubit {role}; give one of {", ".join(device.roles)}'
        )
    return device.roles.index(role)
