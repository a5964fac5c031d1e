"""The scheduling passes of IBM's client."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.transpiler import Target


def schedule_as_late_as_possible(circuit: QuantumCircuit, target: Target) -> QuantumCircuit:
    """Schedule a compiled dynamic circuit and write all idle time into it as delays.

    The blocks of a conditional are padded on every qubit, so that its spectators idle too.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.compilation.target import device_target
        >>> from recycling.devices.profiles import ideal_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> device = ideal.replace("example", measure_duration=(1e-6, 1e-6))
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.measure(0, 0)
        >>> _ = circuit.barrier()
        >>> schedule_as_late_as_possible(circuit, device_target(device)).count_ops()["delay"]
        1
    """
    from qiskit.transpiler import PassManager
    from qiskit_ibm_runtime.transpiler.passes.scheduling import ALAPScheduleAnalysis, PadDelay

    passes = [ALAPScheduleAnalysis(target=target), PadDelay(target=target)]
    return PassManager(passes).run(circuit)
