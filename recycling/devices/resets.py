"""The instruction ``reset`` of a device: duration and error that a target states, or assumed.

A reset ends in |0⟩ but for an excitation of the size of its error, however long it takes; the other
qubits idle for its duration. No snapshot states an error, and few a duration: what is assumed says
so in the sources of the device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recycling.devices.device import Device
from recycling.devices.gates import Gate

if TYPE_CHECKING:
    from qiskit.transpiler import Target

#: Names by which a target may list a reset that keeps its outcome, announced as MeasureReset.
MEASURE_RESET = ("measure_reset", "MeasureReset")


def with_resets(device: Device, target: Target | None = None) -> Device:
    """Give each qubit of a device its reset.

    A duration that the target does not state is assumed to be that of a measurement and a flip; an
    error that it does not state is assumed to be zero.

    Args:
        device: the device, which has none yet.
        target: target of its chip; None where there is none to ask.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> device = with_resets(ideal.replace("example", measure_duration=(1e-6, 2e-6)))
        >>> [gate.duration for gate in device.gates if gate.name == "reset"]  # s
        [1e-06, 2e-06]
        >>> device.sources["reset"]
        'assumed: as long as a measurement and a flip, without an error'
    """
    flips = device.gate_table
    resets, stated = [], set()
    for qubit in range(device.num_qubits):
        duration, error = _stated(device, qubit, target)
        known = {"duration": duration, "error": error}
        stated |= {name for name, value in known.items() if value is not None}
        flip = flips["x", (qubit,)].duration
        usual = float(device.measure_duration[qubit]) + flip
        resets.append(
            Gate(
                name="reset",
                qubits=(qubit,),
                duration=usual if duration is None else duration,
                error=0.0 if error is None else error,
            )
        )
    extended = device.replace(device.sources["gates"], gates=(*device.gates, *resets))
    sources = extended.sources | {
        "reset": _source(device, stated),
        "measure_reset": _measure_reset(device, target),
    }
    return extended.model_copy(update={"sources": sources})


def _stated(device: Device, qubit: int, target: Target | None) -> tuple[float | None, float | None]:
    """Duration (s) and error of a reset by the target of the chip."""
    if target is None or device.layout is None or "reset" not in target.operation_names:
        return None, None
    properties = (target["reset"] or {}).get((device.layout[qubit],))
    return (None, None) if properties is None else (properties.duration, properties.error)


def _measure_reset(device: Device, target: Target | None) -> str:
    """Whether the chip lists a reset that keeps its outcome; no client can send one yet."""
    listed = () if target is None else target.operation_names
    known = [name for name in MEASURE_RESET if name in listed]
    if known:
        return f"{device.name} has {known[0]}, which no client sends yet: left out"
    return f"not among the instructions of {device.name}: left out"


def _source(device: Device, stated: set[str]) -> str:
    duration = f"duration of {device.name}" if "duration" in stated else ""
    error = f"error of {device.name}" if "error" in stated else ""
    if duration and error:
        return f"{duration}, {error}"
    if duration:
        return f"{duration}; assumed: without an error"
    if error:
        return f"{error}; assumed: as long as a measurement and a flip"
    return "assumed: as long as a measurement and a flip, without an error"
