"""The frame of the results of a sweep: dims, coordinates and attributes, before any number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.spec.over import Axis, GridAxis, Over, coordinate_of
from recycling.sweeps.points import SAMPLE
from recycling.sweeps.store import Store
from recycling.sweeps.variables import inner_coordinates, unit_of, variables_of
from recycling.sweeps.work import Work

if TYPE_CHECKING:
    import xarray as xr

    from recycling.spec.experiment import Experiment


def store_of(folder: Path, experiment: Experiment, work: Work) -> Store:
    """Store of a sweep in a folder.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> from recycling.sweeps.chunks import Chunks
        >>> from recycling.sweeps.work import points_of
        >>> over = {"samples": 8, "device.t1": {"sobol": [1e-4, 2e-4]}}
        >>> sweep = {"theta": [0.3], "p_x": [0.4], "over": over}
        >>> algorithm = {"name": "repeat-until-success"}
        >>> experiment = Experiment(name="a", algorithm=algorithm, sweep=sweep)
        >>> points = points_of(experiment)
        >>> store = store_of(Path("a"), experiment, Work(points, Chunks(points.sizes, (8,)), {}))
        >>> store.variables["heat"]
        {'sample': 8, 'arm': 2, 'theta': 1, 'p_x': 1}
    """
    lead = work.points.sizes
    sizes = {name: {**lead, **each.sizes} for name, each in variables_of(experiment).items()}
    return Store(folder, work.chunks, sizes, work.library)


def notes_of(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """Attributes of each variable.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> notes_of(Experiment(name="a"))["heat"]["units"]
        'J'
    """
    return {name: variable.attributes for name, variable in variables_of(experiment).items()}


def coordinates_of(experiment: Experiment, work: Work) -> xr.Dataset:
    """Coordinates and attributes of the results.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3], "p_x": [0.4], "over": {"device.cz_error": [0.0, 0.01]}},
        ... )
        >>> coordinates_of(experiment, Work.of(experiment))["cz_error"].values.tolist()
        [0.0, 0.01]
    """
    import xarray as xr

    points = work.points
    coordinates: dict[str, Any] = {}
    for key in points.over.listed:
        name = coordinate_of(key)
        notes = unit_of(key, experiment) | _shape(points.over.axes[key]) | _cut(key, points.over)
        coordinates[name] = (name, _text(points.listed(key)), notes)
    if points.over.samples is not None:
        for key, values in points.sampled(0, points.over.samples).items():
            notes = (
                unit_of(key, experiment) | _shape(points.over.axes[key]) | _cut(key, points.over)
            )
            coordinates[coordinate_of(key)] = (SAMPLE, values, notes)
    for name, (dim, values, *notes) in inner_coordinates(experiment).items():
        coordinates[name] = (dim, _text(np.asarray(values)), *notes)
    return xr.Dataset(coords=coordinates, attrs=_attributes(experiment, work))


def _shape(axis: Axis) -> dict[str, Any]:
    """Scale of an axis, and the ends between which its values are drawn, as attributes."""
    if isinstance(axis, GridAxis):
        return {"scale": axis.scale}
    return {} if isinstance(axis, tuple) else {"scale": axis.scale, "range": list(axis.between)}


def _cut(key: str, over: Over) -> dict[str, str]:
    """Comment of an axis of T2 whose values are cut where T1 is short."""
    cut = over.limit_t2 and key.partition("[")[0] == "device.t2"
    return {"comment": "before the cut to 2 t1"} if cut else {}


def _text(values: Any) -> Any:
    """Text of any length: that of a fixed one is not in version 3 of Zarr's format."""
    return values.astype(object) if values.dtype.kind == "U" else values


def _attributes(experiment: Experiment, work: Work) -> dict[str, Any]:
    prepared = list(work.prepared.values())
    layouts = {
        "/".join(map(str, decided)) or each.experiment.device.profile: dict(
            zip(each.device.roles, each.device.layout or (), strict=False)
        )
        for decided, each in work.prepared.items()
    }
    over = work.points.over
    known = {
        "temperature_K": ("bath.temperature", experiment.bath.temperature),
        "frequency_Hz": ("bath.frequency", experiment.bath.frequency),
    }
    return {
        "title": f"thermodynamic recycling over devices: {experiment.name}",
        "spec_hash": experiment.hash,
        "data_kind": "simulated",
        "device": ", ".join(dict.fromkeys(each.device.name for each in prepared)),
        "device_source": "numbers of the profile, overruled by those of the spec and of the sweep",
        **{name: value for name, (key, value) in known.items() if key not in over.axes},
        "seed": experiment.seed,
        "shots": "exact",
        "readout": "raw",
        "layout": json.dumps(layouts),
        "t2_limit": "at most 2 t1" if over.limit_t2 else "none",
        "swept": json.dumps(list(over.axes)),
    }
