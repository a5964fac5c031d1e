"""Compile circuits for a device, with all idle time written into them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from recycling.compilation.target import CHANNEL, device_target, pass_manager
from recycling.compilation.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qiskit import QuantumCircuit
    from qiskit.transpiler import Target

    from recycling.devices.device import Device

#: Writes the idle time of a compiled circuit into it as delays, by the durations of a target.
Scheduler: TypeAlias = "Callable[[QuantumCircuit, Target], QuantumCircuit]"


def compile_circuits(
    circuits: Iterable[QuantumCircuit],
    device: Device,
    *,
    schedule: Scheduler,
    optimization_level: int = 3,
) -> list[QuantumCircuit]:
    """Compile and schedule circuits, each qubit staying where it is.

    Args:
        circuits: circuits with their qubits in the order of the device's roles; two-qubit gates
            on coupled qubits only, as after ``route_algorithm``.
        device: what to compile for.
        schedule: the scheduler of whoever executes the circuits.
        optimization_level: 0 to 3, of Qiskit's preset pass managers.

    Returns:
        Circuits of native gates with all idle time as explicit delays. A one-qubit channel
        (``CHANNEL``) stays where it is and takes no time.
    """
    circuits = list(circuits)
    target = device_target(device, channels=any(map(_has_channel, circuits)))
    manager = pass_manager(target, optimization_level)
    with warnings.catch_warnings():
        # The hardware waits for whole cycles: a given latency is rounded to them, by half a dt.
        warnings.filterwarnings("ignore", "Duration is rounded", UserWarning)
        compiled = [manager.run(circuit) for circuit in circuits]
    if device.is_instantaneous:
        return compiled  # nothing takes time, so nothing idles
    return [schedule(circuit, target) for circuit in compiled]


def _has_channel(circuit: QuantumCircuit) -> bool:
    return any(located.instruction.operation.name == CHANNEL for located in walk(circuit))
