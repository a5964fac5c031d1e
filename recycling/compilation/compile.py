"""Compile circuits for a device, with all idle time written into them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from recycling.compilation.target import CHANNEL, device_target, pass_manager
from recycling.compilation.walk import waits, walk

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
    """Compile and schedule circuits; each qubit stays where it is.

    Args:
        circuits: circuits with their qubits in the order of the device's roles; two-qubit gates
            on coupled qubits only, as after ``route_algorithm``.
        device: the device to compile for.
        schedule: the scheduler of the machine that executes the circuits.
        optimization_level: 0 to 3, of Qiskit's preset pass managers.

    Returns:
        Circuits of native gates with all idle time as explicit delays. A one-qubit channel
        (``CHANNEL``) stays where it is and takes no time.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.cx(0, 1)
        >>> (compiled,) = compile_circuits([circuit], device, schedule=lambda each, _target: each)
        >>> sorted(compiled.count_ops())
        ['cz', 'rz', 'sx']
    """
    circuits = list(circuits)
    names = {each.instruction.operation.name for circuit in circuits for each in walk(circuit)}
    target = device_target(device, channels=CHANNEL in names, resets="reset" in names)
    manager = pass_manager(target, optimization_level)
    with warnings.catch_warnings():
        # The hardware waits for whole cycles: a given latency is rounded to them, by half a dt.
        warnings.filterwarnings("ignore", "Duration is rounded", UserWarning)
        compiled = [manager.run(circuit) for circuit in circuits]
    # Where nothing takes time, nothing idles, but for those that wait for a qubit that waits.
    return [
        circuit if device.is_instantaneous and not waits(circuit) else schedule(circuit, target)
        for circuit in compiled
    ]
