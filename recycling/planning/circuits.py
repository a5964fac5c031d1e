"""The circuits of the protocol, compiled for a device."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from circuits.design import Setting
from circuits.protocol import recycling_circuit
from recycling.compilation.compile import compile_circuits
from recycling.compilation.route import route_algorithm
from recycling.errors import BadInput
from recycling.jobs.outcomes import MOST_BITS

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from circuits.algorithms.algorithm import AnyAlgorithm
    from recycling.devices.device import Device
    from recycling.spec.experiment import Experiment


def compile_all(experiment: Experiment, device: Device) -> dict[Setting, QuantumCircuit]:
    """Compile the circuits of all settings, the algorithm the same in each.

    Raises:
        BadInput: they record more bits than a shot has, or the algorithm cannot be routed.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> from recycling.planning.chips import build_device
        >>> circuits = compile_all(experiment, build_device(experiment))
        >>> set(circuits) == set(experiment.design.settings)
        True
    """
    if (bits := len(experiment.design.recorded_roles)) > MOST_BITS:
        raise BadInput(
            f"algorithm.flags: {bits} qubits are recorded with S, B and what is recycled, and a "
            f"shot has {MOST_BITS} bits; give fewer flags"
        )
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
    """Build the circuits of the protocol at some settings, with a compiled algorithm.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> settings = experiment.design.settings[:2]
        >>> circuits = protocol_circuits(experiment, experiment.algorithm.build(), settings, 0.0)
        >>> [circuit.name for circuit in circuits]
        ['equilibrium before I', 'equilibrium before X']
    """
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
    """Compile circuits and schedule them by the vendor's passes; see ``compile_circuits``.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.cx(0, 1)
        >>> (compiled,) = compile_as_executed([circuit], device, optimization_level=1)
        >>> compiled.count_ops()["cz"]
        1
    """
    from recycling.execution.ibm.scheduling import schedule_as_late_as_possible

    return compile_circuits(
        circuits,
        device,
        schedule=schedule_as_late_as_possible,
        optimization_level=optimization_level,
    )
