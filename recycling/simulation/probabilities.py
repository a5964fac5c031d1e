"""Joint probabilities of the recorded bits of jobs, by the exact engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from circuits.design import FLAG, Design
from circuits.tomography import BASIS_ANGLES
from recycling.devices.device import Device
from recycling.jobs.counts import by_setting, flags_together, setting_coordinates
from recycling.jobs.job import Pub
from recycling.jobs.sizes import points_together
from recycling.simulation.engine import compile_programs, execute
from recycling.simulation.program import most_qubits

if TYPE_CHECKING:
    import xarray as xr


def pub_probabilities(pubs: Sequence[Pub], device: Device) -> list[NDArray[np.float64]]:
    """Compute the joint probabilities of the recorded bits of PUBs.

    Of many qubits, some points of the first axis of the sweep are evolved at a time.

    Args:
        pubs: circuits compiled for the device, all over sweeps of as many points.
        device: noise, timing and temperature.

    Returns:
        For each PUB an array of shape (*sweep, 2, …, 2), an axis for each classical bit in order.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.x(0)
        >>> _ = circuit.measure(0, 0)
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B",))
        >>> pub_probabilities([Pub(circuit, {})], device)[0].round(4).tolist()
        [0.0038, 0.9962]
    """
    compiled = compile_programs([(pub.circuit, pub.parameters) for pub in pubs], device)
    together = points_together(max(most_qubits(each.program) for each in compiled))
    points = max(pub.sweep[0] if pub.sweep else 1 for pub in pubs)
    if points <= together:
        return [outcome.probabilities for outcome in execute(compiled)]
    blocks = []
    for start in range(0, points, together):
        some = [_points_of(pub, slice(start, start + together)) for pub in pubs]
        compiled = compile_programs([(pub.circuit, pub.parameters) for pub in some], device)
        blocks.append([outcome.probabilities for outcome in execute(compiled)])
    axis = len(device.sweep)
    return [np.concatenate(tables, axis=axis) for tables in zip(*blocks, strict=True)]


def _points_of(pub: Pub, points: slice) -> Pub:
    """PUB at some places of the first axis of its sweep."""
    axes = len(pub.sweep)
    parameters = {
        name: value[points] if value.ndim == axes and value.shape[0] > 1 else value
        for name, value in pub.parameters.items()
    }
    return Pub(pub.circuit, parameters)


def protocol_table(pubs: Sequence[Pub], device: Device, design: Design) -> NDArray[np.float64]:
    """Compute the joint probabilities of the protocol's PUBs, as an array.

    Args:
        pubs: PUBs of the protocol, as ``protocol_pubs`` makes them for the design.
        device: the device they were compiled for.
        design: design of the experiment.

    Returns:
        Array of shape (arm, stage, preparation, *sweep of the device, point, basis, flag,
        *measured): the axes of ``protocol_probabilities``.

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> plan = recycling.plan(experiment)
        >>> pubs = plan.pubs(plan.jobs[0])
        >>> protocol_table(pubs, plan.device, experiment.design).shape
        (2, 2, 2, 2, 3, 2, 2, 2, 2)
    """
    table = flags_together(design, np.stack(pub_probabilities(pubs, device)))
    return by_setting(design, table)


def protocol_probabilities(
    pubs: Sequence[Pub], device: Device, design: Design, sweep: Sequence[str] = ()
) -> xr.DataArray:
    """Compute the joint probabilities of the protocol's PUBs, with named axes.

    Args:
        pubs: PUBs of the protocol, as ``protocol_pubs`` makes them for the design.
        device: the device they were compiled for.
        design: design of the experiment.
        sweep: names of the axes of the device's sweep.

    Returns:
        DataArray with the dims arm, stage, preparation, those of the device's sweep, point (of the
        experiment's sweep), basis, flag (the record of all flags, the first the lowest bit), and
        one for each measured qubit.

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> plan = recycling.plan(experiment)
        >>> pubs = plan.pubs(plan.jobs[0])
        >>> table = protocol_probabilities(pubs, plan.device, experiment.design)
        >>> table.sizes["point"], table.sizes["flag"]
        (2, 2)
    """
    import xarray as xr

    setting = setting_coordinates(design)
    return xr.DataArray(
        protocol_table(pubs, device, design),
        dims=(*setting, *sweep, "point", "basis", FLAG, *design.measured),
        coords={**setting, "basis": list(BASIS_ANGLES)},
        name="probability",
    )
