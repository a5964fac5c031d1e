"""Figures of a map of stages: erasure, heat with its bounds, and fidelity over temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.constants import h as planck

from circuits.design import POINT, RECYCLING, symbol
from recycling.devices.stage import in_kelvin
from recycling.reporting.figures import SETTINGS, STYLES, math_label
from recycling.results.dataset import shown_p_x

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

#: Lines of the loss tangents, the smallest first, and most frequencies that are drawn.
_LINES, _ROWS = ("-", "--", ":", "-."), 3
#: Quantities that are drawn, with the label of their axis.
_LABELS = {
    "erasure": "ΔS of the erasure (nats), {:g} GHz",
    "energies": "energy (hf)",
    "fidelity": "success fidelity",
}
_ENERGIES = ("heat", "bound_tight", "bound_landauer")


def shown_point(dataset: xr.Dataset) -> dict[str, int]:
    """Choose the point of a map to show, by its index along each swept parameter and p_x.

    It is that at which the heat of the recycling arm is farthest below the tight bound at the
    lowest temperature, at the excited weight that is shown of a run.

    Example:
        >>> import xarray as xr
        >>> dims = ("arm", "temperature", "frequency", "loss_tangent", "theta", "p_x")
        >>> excess = xr.Variable(dims, np.reshape([-1.0, -2.0, -3.0], (1, 1, 1, 1, 3, 1)))
        >>> shown_point(xr.Dataset({"excess_tight": excess}, {"arm": ["recycling"], "p_x": [0.4]}))
        {'theta': 2, 'p_x': 0}
    """
    place = int(np.argmin(np.abs(dataset["p_x"].values - shown_p_x(dataset))))
    first = dict.fromkeys(("temperature", "frequency", "loss_tangent"), 0)
    excess = dataset["excess_tight"].sel(arm=RECYCLING).isel(first | {"p_x": place})
    lowest = np.unravel_index(int(np.argmin(excess.values)), excess.shape)
    return {str(dim): int(i) for dim, i in zip(excess.dims, lowest, strict=True)} | {"p_x": place}


def point_text(dataset: xr.Dataset, point: dict[str, int]) -> str:
    """Write the point of a map that is shown.

    Example:
        >>> import xarray as xr
        >>> point_text(xr.Dataset(coords={"theta_b": [0.0, 0.4], "p_x": [0.1]}), {"theta_b": 1})
        'θ_b = 0.4'
    """
    return ", ".join(
        f"{symbol(name)} = {float(dataset[name].values[place]):.4g}"
        for name, place in point.items()
        if name != POINT.name
    )


def stage_figure(dataset: xr.Dataset) -> Figure:
    """Draw a map at the shown point: a row for each of the first frequencies.

    Args:
        dataset: that of ``recycling.studies.stage_map.stage_map``.

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
        >>> figure = stage_figure(stage_map(experiment, stage_grid(experiment)))
        >>> [axes.get_ylabel() for axes in figure.axes][1]
        'energy (hf)'
    """
    place = shown_point(dataset)
    shown = dataset.isel(place)
    frequencies = dataset["frequency"].values[:_ROWS]
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(12.6, 0.9 + 3.3 * len(frequencies)))
        table = figure.subplots(len(frequencies), 3, squeeze=False)
        for row, frequency in zip(table, frequencies, strict=True):
            for axes, quantity in zip(row, _LABELS, strict=True):
                _panel(axes, shown.sel(frequency=frequency), quantity, float(frequency))
        for axes in table[-1]:
            axes.set_xlabel("temperature of the stage (K)")
        figure.legend(handles=_legend(dataset), loc="upper center", ncols=8)
        height = figure.get_size_inches()[1]
        figure.subplots_adjust(
            left=0.06, right=0.985, bottom=0.55 / height, top=1 - 0.8 / height, wspace=0.24
        )
        figure.text(
            0.5, 1 - 0.55 / height, f"{point_text(dataset, place)}; exact engine, device modelled",
            ha="center", va="center",
        )  # fmt: skip
    return figure


def draw_stage(axes: Axes, dataset: xr.Dataset, quantity: str, frequency: float) -> None:
    """Draw a quantity of a map at the shown point over temperature, for each loss tangent.

    Args:
        axes: where to draw.
        dataset: the map.
        quantity: "erasure" (ΔS), "energies" or "fidelity".
        frequency: one of the frequencies of the map, Hz.

    Example:
        >>> from recycling.reporting.canvas import figure_of
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
        >>> figure_of(draw_stage, found, "energies", 5e9).axes[0].get_xlabel()
        'temperature of the stage (K)'
    """
    _panel(axes, dataset.isel(shown_point(dataset)).sel(frequency=frequency), quantity, frequency)
    axes.set_xlabel("temperature of the stage (K)")
    axes.legend(handles=_legend(dataset), loc="best", fontsize=8)


def _panel(axes: Axes, shown: xr.Dataset, quantity: str, frequency: float) -> None:
    """A quantity at a point of the sweep, for each loss tangent."""
    kelvins, recycled = shown["temperature"].values, shown.sel(arm=RECYCLING)
    for index, loss in enumerate(shown["loss_tangent"].values[: len(_LINES)]):
        at: dict[str, Any] = {"ls": _LINES[index], "marker": "o", "ms": 2.5}
        curve = recycled.sel(loss_tangent=loss)
        if quantity == "erasure":
            decrease = curve["entropy_decrease"].values
            axes.plot(kelvins, np.where(decrease > 0, decrease, np.nan), color="#111111", **at)
        elif quantity == "energies":
            for name in _ENERGIES:
                energy = curve[name].where(np.isfinite(curve[name])).values / (planck * frequency)
                axes.plot(kelvins, energy, color=STYLES[name]["color"], **at)
        else:
            axes.plot(kelvins, curve["success_fidelity"].values, color="#111111", **at)
    axes.set_ylabel(_LABELS[quantity].format(frequency / 1e9))
    if quantity == "erasure":
        axes.set_yscale("log")
        _mark_end(axes, float(shown["thermal_erasure_end"]), kelvins)
    elif quantity == "energies":
        axes.axhline(0, color="#888888", lw=0.8)
    axes.set_xscale("log")


def _mark_end(axes: Axes, end: float, kelvins: Any) -> None:
    """Mark where a thermal bath would stop erasing, if it is among the temperatures."""
    if kelvins[0] < end < kelvins[-1]:
        axes.axvline(end, color="#555555", lw=1)
        axes.annotate(
            f"a thermal bath ends\nat {in_kelvin(end, digits=3)}", (end, 0.96), (5, 0),
            xycoords=("data", "axes fraction"), textcoords="offset points", ha="left", va="top",
            color="#555555", size=8.5,
        )  # fmt: skip


def _legend(dataset: xr.Dataset) -> list[Line2D]:
    losses = dataset["loss_tangent"].values[: len(_LINES)]
    return [
        *(
            Line2D([], [], color=STYLES[name]["color"], label=math_label(STYLES[name]["label"]))
            for name in _ENERGIES
        ),
        *(
            Line2D([], [], color="#111111", ls=line, label=f"tan δ = {loss:g}")
            for line, loss in zip(_LINES, losses, strict=False)
        ),
    ]
