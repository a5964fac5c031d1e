"""An experiment on stages: temperature × frequency of the bath × loss tangent, by the exact engine.

All devices of the map are one device whose numbers are arrays: circuits are compiled once, and many
devices are evolved together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.design import FLAG
from recycling.devices.stage import Stage
from recycling.inference.bath.erasure_end import (
    ends_between,
    erasure_end,
    thermal_erasure_end,
)
from recycling.inference.states.plain import plain_estimates
from recycling.inference.states.records import Layout, RecordMap
from recycling.jobs.cut import protocol_pubs
from recycling.jobs.sizes import check_map
from recycling.planning.chips import build_device, calibrated_at
from recycling.planning.circuits import compile_all
from recycling.results.reference import known_reference
from recycling.results.schema import VARIABLES
from recycling.simulation.probabilities import protocol_probabilities
from recycling.spec.sections import BathSpec
from recycling.studies.stage_grid import StageGrid
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    import xarray as xr

    from recycling.devices.device import Device
    from recycling.jobs.job import Pub
    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]

#: Dims of a map, in their order.
AXES = ("temperature", "frequency", "loss_tangent")
#: Quantities of a map that have all dims.
MAPPED = (
    "entropy_decrease", "heat", "bound_landauer", "bound_tight", "bound_athermal", "gain",
    "excess_tight", "excess_landauer",
)  # fmt: skip
#: Times of the bath qubit.
TIMES = ("t1", "t2")
#: Largest ratio of the temperatures between which the end of an erasure is interpolated.
_FINE = 1.1
#: Time to compile the circuits for a stage on a busy core, s.
_COMPILED = 0.5
#: Points of the sweep, of all devices together, that are evolved at once: about 200 MB.
_BATCH = 2000


def stage_map(
    experiment: Experiment,
    grid: StageGrid,
    progress: Callable[[float], None] = lambda _fraction: None,
) -> xr.Dataset:
    """Map an experiment: what an exact run would find on each stage, by raw readout.

    Circuits are compiled once for the calibrated device, and for each stage where there is a link.
    From ``optimization_level`` 2 on those of a run at another temperature may differ.

    Args:
        experiment: validated spec; its stage says what relaxes a qubit, by default bosons.
        grid: the axes.
        progress: called with the fraction done.

    Returns:
        Dataset of the quantities ``MAPPED`` (dims arm, temperature, frequency, loss_tangent, swept
        parameters, p_x); ``branch_probability`` (without p_x); ``success_fidelity`` (without arm
        and p_x); T1 and T2 of the bath qubit as ``t1`` and ``t2`` (temperature, frequency,
        loss_tangent); ``erasure_end`` (without temperature), and ``thermal_erasure_end``
        (frequency, p_x), see ``recycling.inference.bath.erasure_end``.

    Raises:
        BadInput: more than this machine can do, or a calibrated T2 leaves no room for a loss
            tangent at a temperature below the calibration.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> from recycling.studies.stage_grid import stage_grid
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.4]},
        ... )
        >>> found = stage_map(experiment, stage_grid(experiment, loss_tangents=(0.0,)))
        >>> found["heat"].dims[:5], found.sizes["temperature"]
        (('arm', 'temperature', 'frequency', 'loss_tangent', 'theta'), 8)
    """
    stage_map_size(experiment, grid)
    calibrated = _calibrated(experiment, grid.frequencies)
    stage = _stage(experiment, np.array(grid.loss_tangents)[:, None])
    work = _Work(experiment.without_allocation, grid, calibrated, stage)
    values = work.at(grid.temperatures, progress)
    values["erasure_end"] = work.ends(values["entropy_decrease"], progress)
    hertz = np.array(grid.frequencies)[:, None]
    values["thermal_erasure_end"] = thermal_erasure_end(hertz, experiment.p_x)
    return _dataset(experiment, grid, values).assign_attrs(_attributes(experiment, calibrated))


@dataclass(frozen=True)
class _Work:
    """What the stages of a map share."""

    experiment: Experiment
    grid: StageGrid
    calibrated: Device
    stage: Stage

    @cached_property
    def pubs(self) -> list[Pub]:
        """PUBs of the protocol, the same on all stages."""
        circuits = compile_all(self.experiment, self.calibrated.at(0, 0))
        return protocol_pubs(self.experiment, circuits)

    def evolved(self, device: Device, kelvins: Sequence[float]) -> xr.DataArray:
        """Probabilities of all records on the stages at some temperatures.

        A link is another on each stage: its photons are those of a frequency, and its wait goes
        with T1.
        """
        import xarray as xr

        design = self.experiment.design
        if self.experiment.physical_link is None:
            return protocol_probabilities(self.pubs, device, design, AXES)
        rows = []
        for kelvin in kelvins:
            cells = []
            for place, hertz in enumerate(self.grid.frequencies):
                bath = BathSpec.model_construct(frequency=hertz, temperature=kelvin)
                experiment = self.experiment.model_copy(update={"bath": bath})
                cell = self.stage.carried(
                    self.calibrated.at(place, 0), np.full((1, 1, 1, 1), kelvin)
                )
                pubs = protocol_pubs(experiment, compile_all(experiment, cell.at(0, 0, 0)))
                cells.append(protocol_probabilities(pubs, cell, design, AXES))
            rows.append(xr.concat(cells, "frequency"))
        return xr.concat(rows, "temperature")

    def at(self, kelvins: Sequence[float], progress: Callable[[float], None]) -> dict[str, Real]:
        """Numbers by name at some temperatures, a batch of them at a time.

        Arrays with the dims arm, ``AXES``, point and p_x; "branch_probability" and "fidelity"
        without p_x, ``TIMES`` with the dims ``AXES`` alone.
        """
        parts, step = [], _step(self.experiment, self.grid)
        for first in range(0, len(kelvins), step):
            batch = kelvins[first : first + step]
            device = self.stage.carried(self.calibrated, np.array(batch)[:, None, None, None])
            probabilities = self.evolved(device, batch)
            estimated = _estimated(self.experiment, probabilities, batch, self.grid.frequencies)
            parts.append(_times(self.experiment, device) | estimated)
            progress((first + len(batch)) / len(kelvins))
        return {
            name: np.concatenate([part[name] for part in parts], axis=0 if name in TIMES else 1)
            for name in parts[0]
        }

    def ends(self, decreases: Real, progress: Callable[[float], None]) -> Real:
        """Temperatures at which curves of the map end, K: closer ones are added where one does."""
        kelvins, decrease = np.array(self.grid.temperatures), decreases.swapaxes(0, 1)
        between = _between(kelvins, ends_between(decrease))
        if len(between):
            finer = self.at(between.tolist(), progress)["entropy_decrease"].swapaxes(0, 1)
            kelvins, decrease = np.append(kelvins, between), np.concatenate([decrease, finer])
            order = np.argsort(kelvins)
            kelvins, decrease = kelvins[order], decrease[order]
        return erasure_end(kelvins, decrease)


def _between(kelvins: Real, ends: NDArray[np.bool_]) -> Real:
    """Temperatures between those of a map where a curve ends, at most ``_FINE`` apart."""
    found = [
        np.geomspace(low, high, _pieces(low, high) + 1)[1:-1]
        for low, high, here in zip(kelvins, kelvins[1:], ends, strict=False)
        if here.any()
    ]
    return np.concatenate(found) if found else np.zeros(0)


def _pieces(low: float, high: float) -> int:
    return int(np.ceil(np.log(high / low) / np.log(_FINE)))


def stage_map_size(experiment: Experiment, grid: StageGrid) -> str:
    """Say how large a map is, and about how long it takes.

    Raises:
        BadInput: it is more than this machine can do.

    Example:
        >>> from recycling.spec.experiment import preset
        >>> from recycling.studies.stage_grid import stage_grid
        >>> stage_map_size(preset("paper"), stage_grid(preset("paper")))
        '24 stages at 11 points (about 3 s)'
    """
    row = len(grid.frequencies) * len(grid.loss_tangents)
    stages = len(grid.temperatures) * row
    together = min(_step(experiment, grid), len(grid.temperatures)) * row
    finer = sum(_pieces(*ends) - 1 for ends in pairwise(grid.temperatures)) * row
    seconds = check_map(experiment, stages + finer, together)
    if experiment.physical_link is not None:
        seconds += _COMPILED * (stages + finer) / len(grid.loss_tangents)
    return f"{stages} stages at {experiment.num_points} points (about {max(seconds, 1):.0f} s)"


def _step(experiment: Experiment, grid: StageGrid) -> int:
    """Number of temperatures that are evolved together."""
    row = len(grid.frequencies) * len(grid.loss_tangents)
    return max(1, _BATCH // (row * experiment.num_points))


def _stage(experiment: Experiment, loss_tangent: Real) -> Stage:
    spec = experiment.stage
    if spec is None:
        return Stage(calibrated_at(experiment), loss_tangent)
    return Stage(spec.calibrated_at, loss_tangent, spec.bath, spec.dephasing_prefactor)


def _calibrated(experiment: Experiment, frequencies: Sequence[float]) -> Device:
    """The device as calibrated, over a sweep of the frequency of the bath (frequency, 1)."""
    kelvin = calibrated_at(experiment)

    def at(frequency: float, layout: Any) -> Device:
        changes = {
            "bath": BathSpec.model_construct(frequency=frequency, temperature=kelvin),
            "stage": None,
            "device": experiment.device.model_copy(update={"layout": layout}),
        }
        return build_device(experiment.model_copy(update=changes))

    first = at(frequencies[0], experiment.device.layout)
    places = "best" if first.layout is None else dict(zip(first.roles, first.layout, strict=True))
    devices = [first, *(at(frequency, places) for frequency in frequencies[1:])]
    swept = np.stack([device.frequency for device in devices])[:, None]
    return first.replace("given for the map", frequency=swept)


def _times(experiment: Experiment, device: Device) -> dict[str, Real]:
    """T1 and T2 of the bath qubit (arrays with the dims ``AXES``), s."""
    (role,) = experiment.design.bath
    bath = device.roles.index(role)
    return {name: np.broadcast_to(getattr(device, name)[..., bath], device.sweep) for name in TIMES}


def _estimated(
    experiment: Experiment,
    probabilities: xr.DataArray,
    kelvins: Sequence[float],
    frequencies: Sequence[float],
) -> dict[str, Real]:
    """Estimates by name: arrays with the dims arm, ``AXES``, point and, but for some, p_x."""
    design, reference = experiment.design, known_reference(experiment)
    settings = ("stage", "preparation", "basis", FLAG, *design.measured)
    ordered = probabilities.transpose("arm", *AXES[:2], "point", AXES[2], *settings)
    tables = ordered.values.reshape(*ordered.shape[:8], -1)
    baths = [[Bath.qubit(hertz, kelvin) for hertz in frequencies] for kelvin in kelvins]
    rows = []
    for table, arm in zip(tables, design.arms, strict=True):
        records = RecordMap.raw(Layout.of(design), arm.records)
        rows += [
            plain_estimates(table[i, j], records, experiment.p_x, bath, reference)
            for i, row in enumerate(baths)
            for j, bath in enumerate(row)
        ]
    lengths = (len(design.arms), len(kelvins), len(frequencies))
    found = {}
    for name in (*MAPPED, "branch_probability", "fidelity"):
        stacked = np.stack([estimates[name] for estimates in rows])
        # The loss tangent is the last axis of estimates.
        found[name] = np.moveaxis(stacked.reshape(*lengths, *stacked.shape[1:]), -1, 3)
    return found


def _dataset(experiment: Experiment, grid: StageGrid, numbers: Mapping[str, Real]) -> xr.Dataset:
    """The Dataset of the numbers of a map."""
    import xarray as xr

    from recycling.results.accessor import with_accessor

    design, values = experiment.design, dict(numbers)
    swept = {
        each.name: (each.name, experiment.coordinates[each.name], {"units": each.unit})
        for each in design.parameters
    }
    values["success_fidelity"] = values.pop("fidelity")[design.arms.index(design.success_arm)]
    coordinates: dict[str, Any] = {
        "arm": ("arm", list(design.arm_names)),
        "temperature": ("temperature", np.array(grid.temperatures), {"units": "K"}),
        "frequency": ("frequency", np.array(grid.frequencies), {"units": "Hz"}),
        "loss_tangent": ("loss_tangent", np.array(grid.loss_tangents), {"units": "1"}),
        **swept,
        "p_x": ("p_x", experiment.p_x, {"units": "1"}),
    }
    lengths = {name: len(coordinate[1]) for name, coordinate in coordinates.items()}
    found: dict[str, Any] = {}
    for name, array in values.items():
        dims = _dims(name, tuple(swept))
        found[name] = (dims, array.reshape([lengths[dim] for dim in dims]), _meaning(name))
    return with_accessor(xr.Dataset(found, coordinates))


def _dims(name: str, swept: tuple[str, ...]) -> tuple[str, ...]:
    """Dims of a variable of a map."""
    match name:
        case "t1" | "t2":
            return AXES
        case "success_fidelity":
            return (*AXES, *swept)
        case "branch_probability":
            return ("arm", *AXES, *swept)
        case "erasure_end":
            return ("arm", *AXES[1:], *swept, "p_x")
        case "thermal_erasure_end":
            return ("frequency", "p_x")
    return ("arm", *AXES, *swept, "p_x")


def _meaning(name: str) -> dict[str, str]:
    """Units of a variable of a map, and its meaning in words."""
    if name in VARIABLES:
        return {"units": VARIABLES[name].units, "long_name": VARIABLES[name].long_name}
    units, words = {
        "t1": ("s", "T1 of the bath qubit"),
        "t2": ("s", "T2 of the bath qubit"),
        "erasure_end": (
            "K", "temperature at which ΔS falls to zero, interpolated; NaN: at none of the map",
        ),
        "thermal_erasure_end": ("K", "temperature up to which a thermal bath erases p_x"),
    }[name]  # fmt: skip
    return {"units": units, "long_name": words}


def _attributes(experiment: Experiment, device: Device) -> dict[str, Any]:
    stage = _stage(experiment, np.zeros(1))
    return {
        "title": f"thermodynamic recycling on stages: {experiment.name}",
        "spec_hash": experiment.hash,
        "data_kind": "simulated",
        "device": device.name,
        "device_source": "calibrated numbers carried by the model of docs/stage.md",
        "calibrated_at_K": stage.calibrated_at,
        "stage_bath": stage.bath,
        "dephasing_prefactor": stage.dephasing_prefactor,
        "readout": "raw",
    }
