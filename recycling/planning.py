"""From an experiment to what will be executed: device, layout and compiled circuits."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from pydantic import ValidationError

from circuits.protocol import ARMS, STAGES, Arm, Stage, recycling_circuit
from recycling.devices.compiler import compile_circuit, compile_circuits, cz_counts, route_algorithm
from recycling.devices.device import ROLES, Device
from recycling.devices.ibm import snapshot_backend
from recycling.devices.layout import best_layout, check_layout, placements
from recycling.devices.profiles import (
    PAPER_SNAPSHOT,
    device_from_backend,
    ideal_device,
    override_device,
    paper_device,
)
from recycling.devices.timeline import busy_times, timeline
from recycling.errors import BadInput
from recycling.experiment import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qiskit import QuantumCircuit
    from qiskit.transpiler import Target

    from recycling.experiment import Experiment

#: Preparations of the target: without and with an X gate.
PREPARATIONS = ("I", "X")
#: Arm, stage and preparation of one circuit.
Setting = tuple[Arm, Stage, str]
SETTINGS: tuple[Setting, ...] = tuple(product(ARMS, STAGES, PREPARATIONS))


@dataclass(frozen=True)
class Plan:
    """What will be executed: one compiled circuit for each arm, stage and preparation.

    Each circuit serves every θ_b and every basis by its parameters.
    """

    experiment: Experiment
    device: Device
    circuits: Mapping[Setting, QuantumCircuit]


def plan(experiment: Experiment, backend: str = "exact") -> Plan:
    """Choose the layout, build the device and compile all circuits.

    Args:
        experiment: validated spec.
        backend: where it will run; "exact" is the local engine.

    Raises:
        BadInput: unknown backend or device profile, or a layout that is not connected or uses a
            dead gate.
    """
    check_backend(backend)
    device = build_device(experiment)
    return Plan(experiment, device, compile_all(experiment, device))


def check_backend(backend: str) -> None:
    """Check that a backend is known.

    Raises:
        BadInput: it is not.
    """
    if backend != "exact":
        raise BadInput(f"backend = {backend!r}: give 'exact'")


def build_device(experiment: Experiment) -> Device:
    """Device of an experiment: its profile on its layout, with the spec's changes.

    Raises:
        BadInput: unknown profile, impossible layout, or numbers that contradict each other.
    """
    if experiment.device.profile != "ideal":
        return _on_chip(experiment)
    if experiment.device.layout != "best":
        raise BadInput("device.layout: the ideal device has no chip; remove the layout")
    device = ideal_device(
        temperature=experiment.bath.temperature,
        frequency=experiment.bath.frequency,
        clock_qubits=experiment.algorithm.clock_qubits,
    )
    return _with_changes(device, experiment)


def compile_all(experiment: Experiment, device: Device) -> dict[Setting, QuantumCircuit]:
    """Compile the circuits of all settings, the algorithm the same in each."""
    level = experiment.device.optimization_level
    routed = route_algorithm(experiment.algorithm.build(), device, optimization_level=level)
    circuits = [
        recycling_circuit(
            routed,
            arm=arm,
            stage=stage,
            excited=preparation == "X",
            feedforward_latency=device.feedforward_latency,
        )
        for arm, stage, preparation in SETTINGS
    ]
    compiled = compile_circuits(circuits, device, optimization_level=level)
    return dict(zip(SETTINGS, compiled, strict=True))


@dataclass(frozen=True)
class Chip:
    """A whole chip: its target, and the device that an experiment finds on a placement of it."""

    target: Target
    device_on: Callable[[tuple[int, ...]], Device]


def chip(experiment: Experiment) -> Chip:
    """Chip of an experiment's device profile.

    Raises:
        BadInput: the profile has no chip, or more clock qubits than a layout holds.
    """
    spec, bath = experiment.device, experiment.bath
    if experiment.algorithm.clock_qubits != len(ROLES) - 4:
        raise BadInput(
            f"algorithm.clock_qubits = {experiment.algorithm.clock_qubits}: layouts on a chip hold "
            "two clock qubits; give 2, or device.profile = 'ideal'"
        )
    paper = spec.profile == "paper"
    backend = snapshot_backend(PAPER_SNAPSHOT if paper else spec.profile)

    def device_on(layout: tuple[int, ...]) -> Device:
        device = device_from_backend(
            backend, layout, temperature=bath.temperature, frequency=bath.frequency
        )
        return _with_changes(paper_device(device) if paper else device, experiment)

    return Chip(backend.target, device_on)


def _on_chip(experiment: Experiment) -> Device:
    whole, wanted = chip(experiment), experiment.device.layout
    if wanted != "best":
        layout = _given_layout(wanted)
        check_layout(layout, whole.target)
        return whole.device_on(layout)
    anywhere = next(placements(whole.target), None)
    if anywhere is None:
        raise BadInput("device.layout: no placement on working gates; choose another device")
    return whole.device_on(_best_layout(experiment, whole.device_on(anywhere), whole.target))


def _with_changes(device: Device, experiment: Experiment) -> Device:
    spec = experiment.device
    latency = spec.feedforward_latency
    try:
        return override_device(
            device,
            feedforward_latency=None if latency == "profile" else latency,
            t1=spec.t1,
            t2=spec.t2,
            single_qubit_error=spec.single_qubit_error,
            cz_error=spec.cz_error,
            readout_error=spec.readout_error,
        )
    except ValidationError as error:
        raise BadInput(f"device: {one_line(error)}") from error


def _best_layout(experiment: Experiment, anywhere: Device, target: Target) -> tuple[int, ...]:
    """Score placements by what the longest circuit does; it is the same on every placement."""
    level = experiment.device.optimization_level
    routed = route_algorithm(experiment.algorithm.build(), anywhere, optimization_level=level)
    circuit = recycling_circuit(
        routed, excited=True, feedforward_latency=anywhere.feedforward_latency
    )
    compiled = compile_circuit(circuit, anywhere, optimization_level=level)
    counts = {
        frozenset(ROLES[qubit] for qubit in pair): count
        for pair, count in cz_counts(compiled).items()
    }
    return best_layout(target, counts, busy_times(timeline(compiled, anywhere), anywhere))


def _given_layout(layout: Mapping[str, int]) -> tuple[int, ...]:
    if set(layout) != set(ROLES):
        raise BadInput(
            f"device.layout has the keys {', '.join(layout) or 'none'}: give a qubit for each of "
            + ", ".join(ROLES)
        )
    return tuple(layout[role] for role in ROLES)
