"""All circuits of a run, compiled for its device: the protocol and the calibrations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from circuits.calibration.assignment import assignment_circuits
from circuits.calibration.characterisation import bracket_circuits
from circuits.design import Design, Setting
from circuits.protocol import recycling_circuit
from recycling.compilation.compile import compile_circuits
from recycling.compilation.route import route_algorithm

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from circuits.algorithms.algorithm import AnyAlgorithm
    from recycling.devices.device import Device
    from recycling.spec.experiment import Experiment


def compile_all(experiment: Experiment, device: Device) -> dict[Setting, QuantumCircuit]:
    """Compile the circuits of all settings, the algorithm the same in each."""
    settings, level = experiment.design.settings, experiment.device.optimization_level
    routed = route_algorithm(experiment.algorithm.build(), device, optimization_level=level)
    circuits = protocol_circuits(experiment, routed, settings, device.feedforward_latency)
    compiled = compile_as_executed(circuits, device, optimization_level=level)
    return dict(zip(settings, compiled, strict=True))


def protocol_circuits(
    experiment: Experiment,
    algorithm: AnyAlgorithm,
    settings: Iterable[Setting],
    feedforward_latency: float,
    *,
    tomography: bool = True,
) -> list[QuantumCircuit]:
    """Circuits of the protocol at some settings, with an algorithm that is already compiled."""
    task, link = experiment.task.build(), experiment.link.build()
    return [
        recycling_circuit(
            algorithm,
            arm=arm,
            stage=stage,
            preparation=preparation,
            feedforward_latency=feedforward_latency,
            tomography=tomography,
            task=task,
            link=link,
        )
        for arm, stage, preparation in settings
    ]


def compile_as_executed(
    circuits: Iterable[QuantumCircuit], device: Device, *, optimization_level: int
) -> list[QuantumCircuit]:
    """Compile circuits and schedule them by the vendor's passes; see ``compile_circuits``."""
    from recycling.execution.ibm.service import schedule_as_late_as_possible

    return compile_circuits(
        circuits,
        device,
        schedule=schedule_as_late_as_possible,
        optimization_level=optimization_level,
    )


def compile_brackets(device: Device) -> tuple[QuantumCircuit, ...]:
    """Circuits that measure the bath qubit before and after a run, on the device's own qubits.

    None on a device without decay, where there is nothing to measure.
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


def compile_assignment(device: Device, design: Design) -> tuple[QuantumCircuit, ...]:
    """Circuits that measure the readout of the recorded qubits, on the device's own qubits."""
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
