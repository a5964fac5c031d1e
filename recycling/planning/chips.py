"""The device of an experiment: the profile of its spec, or the backend that it runs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from circuits.design import RECYCLING
from recycling.compilation.route import route_algorithm
from recycling.compilation.timeline import busy_times, timeline
from recycling.compilation.walk import cz_counts
from recycling.devices.device import Device
from recycling.devices.placement import best_layout, check_layout, placements
from recycling.devices.profiles import (
    PAPER_SNAPSHOT,
    calibration_of,
    device_from_backend,
    ideal_device,
    override_device,
    paper_device,
    with_detunings,
)
from recycling.devices.shape import Shape, shape_of
from recycling.errors import BadInput
from recycling.execution.ibm.snapshot_files import snapshot_chip
from recycling.planning.circuits import compile_as_executed, protocol_circuits
from recycling.spec.messages import fault_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qiskit.providers import BackendV2
    from qiskit.transpiler import Target

    from recycling.spec.experiment import Experiment


@dataclass(frozen=True)
class Chip:
    """A whole chip: its target, and the device that an experiment finds on a placement of it.

    ``shape`` holds the roles of the experiment and which of them must be neighbours.
    """

    target: Target
    shape: Shape
    device_on: Callable[[tuple[int, ...]], Device]


def build_device(experiment: Experiment, backend: BackendV2 | None = None) -> Device:
    """Build the device of an experiment on its layout, with the spec's changes.

    Args:
        experiment: validated spec.
        backend: the chip to run on; None takes the profile of the spec.

    Raises:
        BadInput: unknown profile, impossible layout, or numbers that contradict each other.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> build_device(experiment).roles
        ('data', 'ancilla', 'B', 'S')
    """
    if backend is not None or experiment.device.profile != "ideal":
        return _on_chip(experiment, chip(experiment, backend))
    if experiment.device.layout != "best":
        raise BadInput("device.layout: the ideal device has no chip; remove the layout")
    device = ideal_device(
        temperature=calibrated_at(experiment),
        frequency=experiment.bath.frequency,
        roles=experiment.design.roles,
    )
    return _with_changes(device, experiment)


def chip(experiment: Experiment, backend: BackendV2 | None = None) -> Chip:
    """Chip of an experiment: the backend it runs on, or else its device profile.

    Raises:
        BadInput: the profile has no chip, or more clock qubits than a layout holds.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> snapshot = chip(Experiment(name="tiny", device={"profile": "FakeTorino"}))
        >>> snapshot.target.num_qubits, snapshot.device_on((11, 18, 12, 13, 10, 9)).num_qubits
        (133, 6)
    """
    spec, bath = experiment.device, experiment.bath
    if getattr(experiment.algorithm, "clock_qubits", 2) != 2:
        raise BadInput(
            f"algorithm.clock_qubits = {experiment.algorithm.clock_qubits}: layouts on a chip hold "
            "two clock qubits; give 2, or device.profile = 'ideal'"
        )
    paper = backend is None and spec.profile == "paper"
    whole = backend or snapshot_chip(PAPER_SNAPSHOT if paper else spec.profile)
    calibration, shape = (
        calibration_of(whole),
        shape_of(experiment.design, experiment.algorithm.build()),
    )

    def device_on(layout: tuple[int, ...]) -> Device:
        device = device_from_backend(
            whole,
            layout,
            temperature=calibrated_at(experiment),
            frequency=bath.frequency,
            calibration=calibration,
            roles=shape.roles,
        )
        return _with_changes(paper_device(device) if paper else device, experiment)

    return Chip(whole.target, shape, device_on)


def _on_chip(experiment: Experiment, whole: Chip) -> Device:
    wanted = experiment.device.layout
    if isinstance(wanted, dict):
        layout = _given_layout(wanted, whole.shape.roles)
        check_layout(layout, whole.target, whole.shape)
        return whole.device_on(layout)
    anywhere = next(placements(whole.target, whole.shape), None)
    if anywhere is None:
        raise BadInput("device.layout: no placement on working gates; choose another device")
    return whole.device_on(_best_layout(experiment, whole.device_on(anywhere), whole))


def calibrated_at(experiment: Experiment) -> float:
    """Temperature at which the numbers of the profile hold, K: without a stage that of the bath.

    Example:
        >>> from recycling.spec.experiment import preset
        >>> calibrated_at(preset("paper"))
        0.043
    """
    stage = experiment.stage
    return experiment.bath.temperature if stage is None else stage.calibrated_at


def _with_changes(device: Device, experiment: Experiment) -> Device:
    """Device with the numbers of the spec, carried to the temperature of the bath."""
    spec, stage = experiment.device, experiment.stage
    latency = spec.feedforward_latency
    try:
        calibrated = override_device(
            device,
            feedforward_latency=None if latency == "profile" else latency,
            t1=spec.t1,
            t2=spec.t2,
            single_qubit_error=spec.single_qubit_error,
            cz_error=spec.cz_error,
            readout_error=spec.readout_error,
        )
    except ValidationError as error:
        faults = fault_lines(error, type(device))
        raise BadInput(*(f"device: {fault}" for fault in faults)) from error
    calibrated = with_detunings(calibrated, spec.low_frequency_dephasing)
    if stage is None:
        return calibrated
    return stage.build().carried(calibrated, experiment.bath.temperature)


def _best_layout(experiment: Experiment, anywhere: Device, whole: Chip) -> tuple[int, ...]:
    """Score placements by what the longest circuit does; it is the same on every placement."""
    by_readout = experiment.device.layout == "readout"
    work = circuit_work(experiment, anywhere)
    return best_layout(whole.target, whole.shape, *work, by_readout=by_readout)


def circuit_work(
    experiment: Experiment, device: Device
) -> tuple[Mapping[frozenset[str], int], Mapping[str, float]]:
    """Count CZ gates by pair of roles, and busy times by role in s, of the longest circuit.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> gates, busy = circuit_work(experiment, build_device(experiment))
        >>> gates[frozenset(("B", "S"))], sorted(busy)
        (3, ['B', 'S', 'ancilla', 'data'])
    """
    level = experiment.device.optimization_level
    routed = route_algorithm(experiment.algorithm.build(), device, optimization_level=level)
    design = experiment.design
    longest = (RECYCLING, design.stages[-1], design.preparations[-1])
    circuits = protocol_circuits(experiment, routed, [longest], device)
    (compiled,) = compile_as_executed(circuits, device, optimization_level=level)
    counts = {
        frozenset(device.roles[qubit] for qubit in pair): count
        for pair, count in cz_counts(compiled).items()
    }
    return counts, busy_times(timeline(compiled, device), device)


def _given_layout(layout: Mapping[str, int], roles: Sequence[str]) -> tuple[int, ...]:
    if set(layout) != set(roles):
        raise BadInput(
            f"device.layout has the keys {', '.join(layout) or 'none'}: give a qubit for each of "
            + ", ".join(roles)
        )
    return tuple(layout[role] for role in roles)
