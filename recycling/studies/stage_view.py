"""A map of stages for people and for scripts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.constants import h as planck

from circuits.design import RECYCLING
from recycling.devices.stage import in_kelvin
from recycling.reporting.figures import to_svg
from recycling.reporting.stage_figures import point_text, shown_point, stage_figure
from recycling.reporting.tables import Table, number
from recycling.results.netcdf import netcdf_bytes
from recycling.store.files import write_whole
from recycling.studies.words import finite_or_none

if TYPE_CHECKING:
    import xarray as xr

_ENERGIES = ("heat", "bound_tight", "bound_landauer")
#: Files of a map.
STAGE_FILES = ("stage.nc", "stage.svg")
_COLUMNS = ("T (K)", "tan δ", "T1", "T2", "ΔS", "ΔQ_B", "Q_tight", "Q_L", "F")


def stage_tables(dataset: xr.Dataset) -> list[tuple[Table, str]]:
    """Write a map at the shown point: for each frequency a table of its stages, and a title.

    Args:
        dataset: that of ``stage_map``.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> from recycling.studies.stage_grid import stage_grid
        >>> from recycling.studies.stage_map import stage_map
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.4]},
        ... )
        >>> [(table, title)] = stage_tables(stage_map(experiment, stage_grid(experiment)))
        >>> title, table.columns[:4]
        ('θ = 0.6, p_x = 0.4, 5 GHz', ('T (K)', 'tan δ', 'T1', 'T2'))
    """
    place = shown_point(dataset)
    shown = dataset.isel(place).sel(arm=RECYCLING)
    last = dataset.sizes["frequency"] - 1
    attributes = dataset.attrs
    note = (
        "Recycling arm by the exact engine; T1 and T2 of B in µs, ΔS in nats, energies in hf, F "
        f"the success fidelity. Calibrated at {in_kelvin(attributes['calibrated_at_K'])}, "
        f"modelled elsewhere ({attributes['stage_bath']} bath). T0 of the bounds is T."
    )
    tables = []
    for index, frequency in enumerate(dataset["frequency"].values):
        title = f"{point_text(dataset, place)}, {frequency / 1e9:g} GHz"
        rows = _rows(shown.isel(frequency=index), planck * float(frequency))
        tables.append((Table(_COLUMNS, rows, note if index == last else ""), title))
    return tables


def _rows(shown: xr.Dataset, quantum: float) -> list[tuple[str, ...]]:
    """Rows of the stages at a frequency, the loss tangent fastest."""
    cells = shown.transpose("temperature", "loss_tangent", ...)
    names = ("t1", "t2", "entropy_decrease", *_ENERGIES, "success_fidelity")
    rows = []
    for i, kelvin in enumerate(cells["temperature"].values):
        for j, loss in enumerate(cells["loss_tangent"].values):
            values = {name: float(cells[name][i, j]) for name in names}
            decrease = values["entropy_decrease"]
            rows.append(
                (
                    f"{kelvin:.3g}",
                    f"{loss:g}",
                    *(_microseconds(values[name]) for name in ("t1", "t2")),
                    f"{decrease:.4f}" if abs(decrease) >= 1e-3 else f"{decrease:.0e}",
                    *(number(values[name] / quantum) for name in _ENERGIES),
                    number(values["success_fidelity"], ".3f"),
                )
            )
    return rows


def _microseconds(time: float) -> str:
    """A time in µs, to three digits."""
    return number(time * 1e6, ".3g" if time < 999.5e-6 else ".0f")


def stage_lines(dataset: xr.Dataset) -> list[str]:
    """Say in lines where the bounds hold, and where the erasure ends.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> from recycling.studies.stage_grid import stage_grid
        >>> from recycling.studies.stage_map import stage_map
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.4]},
        ... )
        >>> stage_lines(stage_map(experiment, stage_grid(experiment)))[-1]
        'a thermal bath erases p_x = 0.4 up to 592 mK at 5 GHz: T = hf/(k ln((1 - p_x)/p_x))'
    """
    place = shown_point(dataset)
    shown = dataset.isel(place).sel(arm=RECYCLING)
    erased = shown["entropy_decrease"] > 0
    below = [
        f"below {word} at {int(((shown[name] < 0) & erased).sum())}"
        for name, word in (("excess_tight", "Q_tight"), ("excess_landauer", "Q_Landauer"))
    ]
    ends = [
        f"{in_kelvin(float(end), digits=3)} at {float(hertz) / 1e9:g} GHz"
        for end, hertz in zip(shown["thermal_erasure_end"], dataset["frequency"], strict=True)
    ]
    weight = f"p_x = {float(shown['p_x']):g}"
    return [
        f"ΔS > 0 at {int(erased.sum())} of {erased.size} stages, with ΔQ_B {' and '.join(below)}; "
        f"ΔS from {float(shown['entropy_decrease'].max()):.3g} down to "
        f"{float(shown['entropy_decrease'].min()):.3g} nats",
        f"erasure of {weight} ends (ΔS = 0) {_ends(shown)}{_other_ends(dataset, place)}",
        f"a thermal bath erases {weight} up to {', '.join(ends)}: T = hf/(k ln((1 - p_x)/p_x))",
    ]


def stage_summary(dataset: xr.Dataset) -> dict[str, Any]:
    """Describe a map for scripts: all stages and points at the shown p_x in the recycling arm.

    Units are in the keys; null stands for no number or infinity.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> from recycling.studies.stage_grid import stage_grid
        >>> from recycling.studies.stage_map import stage_map
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.4]},
        ... )
        >>> found = stage_summary(stage_map(experiment, stage_grid(experiment)))
        >>> len(found["rows"]), found["rows"][0]["theta"]
        (48, 0.3)
    """
    place = shown_point(dataset)
    shown = dataset.isel(p_x=place.pop("p_x")).sel(arm=RECYCLING)
    names = ("t1", "t2", "entropy_decrease", "success_fidelity", "erasure_end")
    energies = (*_ENERGIES, "bound_athermal", "gain")
    order = ["temperature", "frequency", "loss_tangent", *place]
    frame = shown[[*names, *energies]].to_dataframe(dim_order=order).reset_index()
    units = {
        "temperature": "K", "frequency": "Hz", "t1": "s", "t2": "s", "entropy_decrease": "nat",
        "erasure_end": "K", **dict.fromkeys(energies, "hf"),
    }  # fmt: skip
    quanta = planck * frame["frequency"]
    table = frame[[*order, *names]].assign(**{name: frame[name] / quanta for name in energies})
    table = table.rename(columns={name: f"{name}_{unit}" for name, unit in units.items()})
    return {
        "device": dataset.attrs["device"],
        "data_kind": dataset.attrs["data_kind"],
        "calibrated_at_K": dataset.attrs["calibrated_at_K"],
        "bath": dataset.attrs["stage_bath"],
        "dephasing_prefactor": dataset.attrs["dephasing_prefactor"],
        "p_x": float(shown["p_x"]),
        "thermal_erasure_end": [
            {"frequency_Hz": float(hertz), "temperature_K": finite_or_none(float(end))}
            for hertz, end in zip(shown["frequency"], shown["thermal_erasure_end"], strict=True)
        ],
        "rows": [
            {key: finite_or_none(value) for key, value in row.items()}
            for row in table.to_dict("records")
        ],
    }


def write_stage_map(dataset: xr.Dataset, folder: Path) -> list[Path]:
    """Write a map as stage.nc and its figure as stage.svg into a folder, made where there is none.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from recycling.spec.experiment import Experiment
        >>> from recycling.studies.stage_grid import stage_grid
        >>> from recycling.studies.stage_map import stage_map
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.4]},
        ... )
        >>> found = stage_map(experiment, stage_grid(experiment))
        >>> with TemporaryDirectory() as folder:
        ...     [path.name for path in write_stage_map(found, Path(folder) / "map")]
        ['stage.nc', 'stage.svg']
    """
    contents = netcdf_bytes(dataset), to_svg(stage_figure(dataset))
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(STAGE_FILES, contents, strict=True):
        write_whole(folder / name, content)
    return [folder / name for name in STAGE_FILES]


def _ends(shown: xr.Dataset) -> str:
    """Temperatures at which the shown erasure ends, in words."""
    ends = shown["erasure_end"].values
    found = [in_kelvin(float(end), digits=3) for end in np.sort(ends[np.isfinite(ends)])]
    coldest, warmest = (in_kelvin(float(shown["temperature"][place])) for place in (0, -1))
    if not found:
        return f"nowhere from {coldest} to {warmest}"
    where = f"at {found[0]}" if found[0] == found[-1] else f"from {found[0]} to {found[-1]}"
    return f"{where} on {len(found)} of {ends.size} curves"


def _other_ends(dataset: xr.Dataset, place: dict[str, int]) -> str:
    """The smallest and the largest p_x whose erasure ends, on the first of the shown curves."""
    others = {name: index for name, index in place.items() if name != "p_x"}
    first = dataset.isel({**others, "frequency": 0, "loss_tangent": 0}).sel(arm=RECYCLING)
    ends = first["erasure_end"].dropna("p_x")
    if ends.sizes["p_x"] < 2:
        return ""
    low, high = (
        f"{float(end['p_x']):g} (at {in_kelvin(float(end), digits=3)})"
        for end in (ends[0], ends[-1])
    )
    return f"; that of p_x = {low} to {high} does"
