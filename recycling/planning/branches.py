"""Bloch vectors at the end of the protocol in the analysed branches, without tomography."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from circuits.design import EQUILIBRIUM, RECYCLING, Design, Setting
from recycling.jobs.counts import flags_together
from recycling.simulation.engine import compile_programs, execute

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device

Real = NDArray[np.float64]


@dataclass(frozen=True)
class BranchStates:
    """Bloch vectors at the end of each circuit: qubits in the order of the design's ``measured``.

    Attributes:
        ground: in the failed branches, the target prepared in its first way (array of shape
            (*sweep, point, stage, qubit, 3), with the axes of the device's sweep).
        excited: the same, the target prepared in its last way.
        success: of the recycled qubit in the successful branches (array of shape
            (*sweep, point, 3)).
    """

    ground: Real
    excited: Real
    success: Real


def predicted_settings(design: Design) -> tuple[Setting, ...]:
    """List the predicted settings: the recycling arm, and a circuit for the successful branches.

    Example:
        >>> from circuits import HHL
        >>> len(predicted_settings(HHL([[2, -1], [-1, 2]]).design))
        5
    """
    recycling = (setting for setting in design.settings if setting[0] == RECYCLING)
    return (*recycling, _success_setting(design))


def branch_states(
    circuits: Mapping[Setting, QuantumCircuit],
    device: Device,
    design: Design,
    points: Mapping[str, Real],
    *,
    scheduled: bool = True,
) -> BranchStates:
    """Compute the states at the end of compiled circuits, by the exact engine.

    Args:
        circuits: circuit without tomography of each of the ``predicted_settings``.
        device: the device they were compiled for, at one point or over a sweep.
        design: design of the experiment.
        points: values of the swept parameters (arrays of shape (point,)).
        scheduled: idle time is written in the circuits; see ``compile_program``.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> from recycling.planning.chips import build_device
        >>> from recycling.planning.circuits import compile_as_executed, protocol_circuits
        >>> device, algorithm = build_device(experiment), experiment.algorithm.build()
        >>> settings = predicted_settings(experiment.design)
        >>> circuits = protocol_circuits(
        ...     experiment, algorithm, settings, device, tomography=False
        ... )
        >>> compiled = compile_as_executed(circuits, device, optimization_level=1)
        >>> by_setting = dict(zip(settings, compiled, strict=True))
        >>> branch_states(by_setting, device, experiment.design, experiment.points).ground.shape
        (2, 2, 3, 3)
    """
    keep = [device.roles.index(role) for role in design.measured]
    with_points = [(circuit, points) for circuit in circuits.values()]
    programs = compile_programs(with_points, device, keep=keep, scheduled=scheduled)
    states = {}
    for setting, program, outcome in zip(circuits, programs, execute(programs), strict=True):
        own = outcome.tensor.shape[len(program.sweep) :]
        flat = np.broadcast_to(outcome.tensor, (*program.sweep, *own)).reshape(-1, *own)
        bloch = _bloch(flat, design, design.arm(setting[0]).records)
        states[setting] = bloch.reshape(*program.sweep, *bloch.shape[1:])

    def failed(preparation: str) -> Real:
        found = [states[RECYCLING, stage, preparation] for stage in design.stages]
        return np.stack(found, axis=-3)

    recycled = design.measured.index(design.register(design.recycled).roles[0])
    return BranchStates(
        ground=failed(design.preparations[0]),
        excited=failed(design.preparations[-1]),
        success=states[_success_setting(design)][..., recycled, :],
    )


def _success_setting(design: Design) -> Setting:
    return EQUILIBRIUM, design.stages[0], design.preparations[0]


def _bloch(tensor: Real, design: Design, records: Sequence[int]) -> Real:
    """Bloch vectors (point, qubit, 3) of all branches of some records together.

    The tensor has the axes (point, *flags, *Pauli vectors of the qubits), the flags in their order.
    """
    joint = flags_together(design, tensor)[:, list(records)].sum(axis=1)
    qubits = range(len(design.measured))
    vectors: list[Real] = []
    for qubit in qubits:
        # The first entry of a Pauli vector is the trace of a qubit.
        index = tuple(slice(None) if each == qubit else 0 for each in qubits)
        vectors.append(joint[(slice(None), *index)])
    pauli = np.stack(vectors, axis=1)
    return np.asarray(pauli[..., 1:] / pauli[..., :1])
