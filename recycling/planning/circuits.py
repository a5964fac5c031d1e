"""The circuits of the protocol, compiled for a device."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

from circuits.design import Setting
from circuits.links import Link
from circuits.protocol import recycling_circuit
from recycling.compilation.compile import compile_circuits
from recycling.compilation.decouple import Decoupling, decoupled
from recycling.compilation.route import route_algorithm
from recycling.errors import BadInput
from recycling.jobs.outcomes import MOST_BITS
from recycling.simulation.numbers import LATENCY

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter
    from qiskit.transpiler import Target

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
    circuits = protocol_circuits(experiment, routed, settings, device)
    compiled = compile_as_executed(
        circuits, device, optimization_level=level, decoupling=decoupling_on(experiment, device)
    )
    return dict(zip(settings, compiled, strict=True))


def compile_open(
    experiment: Experiment, device: Device, settings: Sequence[Setting]
) -> dict[Setting, QuantumCircuit]:
    """Compile circuits of some settings without a schedule, the latency a parameter.

    The engine schedules them with ``scheduled=False``, at each point of a sweep with the durations
    and the latency there. The parameter has the name ``LATENCY``.

    Raises:
        BadInput: the algorithm cannot be routed, or its windows would have pulses, whose number
            depends on the times.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> from recycling.planning.chips import build_device
        >>> experiment = Experiment(name="paper")
        >>> device, settings = build_device(experiment), experiment.design.settings[-1:]
        >>> (circuit,) = compile_open(experiment, device, settings).values()
        >>> [name for name in circuit.parameters.data if name.name == LATENCY]
        [Parameter(feedforward_latency)]
    """
    from qiskit.circuit import Parameter

    if decoupling_on(experiment, device) is not None:
        raise BadInput(
            f"decoupling.sequence = {experiment.decoupling.sequence!r}: which pulses fit depends "
            "on the times, which are open here; give 'none'"
        )
    level = experiment.device.optimization_level
    routed = route_algorithm(experiment.algorithm.build(), device, optimization_level=level)
    circuits = protocol_circuits(experiment, routed, settings, device, latency=Parameter(LATENCY))
    compiled = compile_unscheduled(circuits, device, optimization_level=level)
    return dict(zip(settings, compiled, strict=True))


def protocol_circuits(
    experiment: Experiment,
    algorithm: AnyAlgorithm,
    settings: Iterable[Setting],
    device: Device,
    *,
    tomography: bool = True,
    latency: Parameter | None = None,
) -> list[QuantumCircuit]:
    """Build the circuits of the protocol at some settings, with a compiled algorithm.

    The device gives the wait of an idle link, and the latency of the feedforward, unless this is to
    stay open as a parameter.

    Raises:
        BadInput: B cannot wait as the link wants it.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> from recycling.planning.chips import build_device
        >>> settings, device = experiment.design.settings[:2], build_device(experiment)
        >>> algorithm = experiment.algorithm.build()
        >>> circuits = protocol_circuits(experiment, algorithm, settings, device)
        >>> [circuit.name for circuit in circuits]
        ['equilibrium before I', 'equilibrium before X']
    """
    task, link = experiment.task.build(), channel_on(experiment, device)
    turned = experiment.allocation is not None and experiment.allocation.poles is not None
    return [
        recycling_circuit(
            algorithm,
            arm=arm,
            stage=stage,
            preparation=preparation,
            feedforward_latency=device.feedforward_latency if latency is None else latency,
            tomography=tomography,
            task=task,
            link=link,
            turned=turned,
        )
        for arm, stage, preparation in settings
    ]


def channel_on(experiment: Experiment, device: Device) -> Link:
    """Wait and channel that stand for the link of an experiment on a device.

    Raises:
        BadInput: B cannot wait as an idle link wants it.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> from recycling.planning.chips import build_device
        >>> link = {"preset": "eth-5m", "realisation": "idle"}
        >>> experiment = Experiment(name="linked", link=link)
        >>> f"{channel_on(experiment, build_device(experiment)).wait * 1e6:.1f} µs"
        '156.0 µs'
    """
    settings, physical = experiment.link, experiment.physical_link
    if physical is None:
        return cast(Link, settings.build())
    kraus = () if settings.is_idle else tuple(physical.kraus())
    return Link(settings.name, kraus, wait=experiment.link_wait(device))


def decoupling_on(experiment: Experiment, device: Device) -> Decoupling | None:
    """Pulses of an experiment on a device; None where it wants none.

    Raises:
        BadInput: it wants them on a qubit that it does not have.

    Example:
        >>> from recycling.planning.chips import build_device
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(name="echo", decoupling={"sequence": "XX"})
        >>> decoupling_on(experiment, build_device(experiment)).qubits  # C_I, B and S
        (0, 4, 5)
    """
    spec, design = experiment.decoupling, experiment.design
    if spec.sequence == "none":
        return None
    usual = (*design.register(design.recycled).roles, *design.bath, *design.target)
    wanted = usual if spec.qubits is None else spec.qubits
    for role in wanted:
        if role not in device.roles:
            raise BadInput(
                f"decoupling.qubits = {role!r}: no such qubit; give some of "
                + ", ".join(device.roles)
            )
    qubits = sorted({device.roles.index(role) for role in wanted})
    return Decoupling(spec.sequence, tuple(qubits), spec.shortest)


def compile_as_executed(
    circuits: Iterable[QuantumCircuit],
    device: Device,
    *,
    optimization_level: int,
    decoupling: Decoupling | None = None,
) -> list[QuantumCircuit]:
    """Compile circuits and schedule them by the vendor's passes; see ``compile_circuits``.

    Then pulses come into the idle time, where there is a decoupling.

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

    def schedule(circuit: QuantumCircuit, target: Target) -> QuantumCircuit:
        scheduled = schedule_as_late_as_possible(circuit, target)
        return scheduled if decoupling is None else decoupled(scheduled, device, decoupling)

    return compile_circuits(
        circuits, device, schedule=schedule, optimization_level=optimization_level
    )


def compile_unscheduled(
    circuits: Iterable[QuantumCircuit], device: Device, *, optimization_level: int
) -> list[QuantumCircuit]:
    """Compile circuits and write no idle time into them; see ``compile_circuits``.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.cx(0, 1)
        >>> (compiled,) = compile_unscheduled([circuit], device, optimization_level=1)
        >>> compiled.count_ops()["cz"]
        1
    """
    return compile_circuits(
        circuits,
        device,
        schedule=lambda circuit, _target: circuit,
        optimization_level=optimization_level,
    )
