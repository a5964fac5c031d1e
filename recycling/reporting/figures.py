"""The figures of the paper, in its form: a point a trial, lines through medians, bounds drawn.

Energies are drawn in units of hf, the quantum of the bath, with k_B T0 ln 2 on the right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from scipy.constants import h as planck
from scipy.constants import k as boltzmann

from circuits.design import EQUILIBRIUM, RECYCLING
from recycling.reporting.canvas import (
    SETTINGS,
    SIZE,
    figure_of,
    level,
    math_label,
    new_axes,
    room_beside,
    shade,
    single_tick,
    sweep_ticks,
    to_svg,
)
from recycling.results.dataset import shown_p_x
from recycling.results.sweep import curve_note, first_curve, sweep_axes

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = [
    "SETTINGS", "SIZE", "STYLES", "draw_dissipation_ratio", "draw_fidelity",
    "draw_heat_by_mixedness", "draw_heat_by_sweep", "level", "math_label", "new_axes",
    "paper_figures", "room_beside", "sweep_ticks", "to_svg",
]  # fmt: skip

#: Colours that stay apart for colour-blind readers and in grey print.
STYLES: dict[str, dict[str, Any]] = {
    "heat": {"color": "#111111", "marker": "o", "label": "ΔQ_B", "width": 1.8, "zorder": 4},
    # Wide and under ΔQ_B, which lies on it in theory.
    "bound_athermal": {"color": "#56b4e9", "marker": "s", "label": "Q_ath", "width": 3.2},
    "bound_tight": {"color": "#d55e00", "marker": "^", "label": "Q_tight"},
    "bound_landauer": {"color": "#009e73", "marker": "v", "label": "Q_Landauer", "ls": "--"},
}


def paper_figures(dataset: xr.Dataset, theory: xr.Dataset | None) -> dict[str, tuple[Figure, str]]:
    """Draw the figures by file name, each with its caption.

    Where several parameters are swept, curves run over the first parameter at the first values of
    all others.

    Args:
        dataset: the run.
        theory: its noiseless counterpart with infinitely many shots; without it, its figure is left
            out.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> sorted(paper_figures(recycling.analyse(run), theory=None))[:2]
        ['fig3-fidelity', 'fig4a-equilibrium']
        >>> folder.cleanup()
    """
    cut = curve_note(dataset)
    dataset = first_curve(dataset)
    figures = {}
    with mpl.rc_context(SETTINGS):
        for name, (draw, caption) in _drawn(dataset, theory).items():
            figures[name] = (draw(), caption + cut)
    return figures


def _drawn(
    dataset: xr.Dataset, theory: xr.Dataset | None
) -> Mapping[str, tuple[Callable[[], Figure], str]]:
    """What draws each figure, with its caption."""
    p_x = shown_p_x(dataset)
    kind = dataset.attrs["data_kind"]
    (axis,) = sweep_axes(dataset)
    first = axis.values[_first_measured(dataset)]
    bounds = (
        "Points: trials; lines: medians over trials; bars: 95 % intervals of ΔQ_B in each trial; "
        "shaded: 95 % bands of ΔQ_B and of the bounds over the whole sweep, all trials together."
    )
    drawn: dict[str, tuple[Callable[[], Figure], str]] = {
        "fig3-fidelity": (
            lambda: figure_of(draw_fidelity, dataset),
            f"Fig. 3. {_fidelity_of(dataset)} in the success branch ({kind}).",
        ),
        "fig4a-equilibrium": (
            lambda: figure_of(draw_heat_by_sweep, dataset, EQUILIBRIUM),
            f"Fig. 4(a). Erasure with an equilibrium bath, p_x = {p_x:g} ({kind}). {bounds}",
        ),
        "fig4b-recycling": (
            lambda: figure_of(draw_heat_by_sweep, dataset, RECYCLING),
            f"Fig. 4(b). Erasure with thermodynamic recycling, p_x = {p_x:g} ({kind}). {bounds}",
        ),
    }
    if theory is not None:
        drawn["fig4c-theory"] = (
            lambda: figure_of(draw_heat_by_sweep, first_curve(theory), RECYCLING),
            f"Fig. 4(c). Theory of recycling, p_x = {p_x:g}: ideal gates, thermal start, "
            "infinitely many shots. ΔQ_B lies on Q_ath.",
        )
    return drawn | {
        "fig5a-mixedness": (
            lambda: figure_of(draw_heat_by_mixedness, dataset),
            f"Fig. 5(a). Recycling at {axis.symbol} = {first:.3g} over the mixedness p_x, "
            f"where ΔS > 0 ({kind}).",
        ),
        "fig5b-ratio": (
            lambda: figure_of(draw_dissipation_ratio, dataset, left=0.15, right=0.98),
            f"Fig. 5(b). Dissipation ratio (ΔQ_B − Q_tight)/Q_tight for all {axis.symbol}, where "
            f"ΔS is resolved from 0 ({kind}). Negative: below the bound. Points: trials; lines: "
            "all trials together; shaded: 95 % band over the whole sweep (Fieller), open where the "
            "bound is not resolved from 0 everywhere at once. Linear up to ±1, logarithmic beyond.",
        ),
    }


def _fidelity_of(dataset: xr.Dataset) -> str:
    """What the success fidelity is that of, by its description in the Dataset."""
    if "C_I" not in dataset["qubit"].values:  # what the Dataset says is said of HHL
        return "Fidelity of the recycled qubit with its ideal state"
    described = str(dataset["success_fidelity"].attrs.get("long_name", "fidelity"))
    text = described.removesuffix(" in the success branch")
    return text[:1].upper() + text[1:]


def draw_fidelity(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw Fig. 3: the fidelity of the success branch over the first swept parameter.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     dataset = rc.run("theory", out=f"{folder}/run").dataset
        >>> figure_of(draw_fidelity, dataset).axes[0].get_ylabel()
        'fidelity $F$'
    """
    (axis,) = sweep_axes(dataset)
    axes.set(xlabel=axis.label, ylabel=r"fidelity $F$")
    fidelity = dataset["success_fidelity"]
    for trial in fidelity.transpose("trial", axis.name).values:
        axes.plot(axis.values, trial, "o", color="#111111", ms=3, alpha=0.5)
    axes.plot(*level(axis.values, fidelity.median("trial")), color="#111111", lw=1.8)
    axes.set_ylim(min(0.9, float(fidelity.min()) - 0.01), 1.0)
    sweep_ticks(axes, axis)


def draw_heat_by_sweep(axes: Axes, dataset: xr.Dataset, arm: str) -> None:
    """Draw Fig. 4: heat and bounds of an arm over the first swept parameter, at the shown p_x.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     dataset = rc.run("theory", out=f"{folder}/run").dataset
        >>> figure_of(draw_heat_by_sweep, dataset, RECYCLING).axes[0].get_ylabel()
        'energy (hf)'
    """
    (axis,) = sweep_axes(dataset)
    axes.set(xlabel=axis.label, ylabel="energy (hf)")
    point = dataset.sel(arm=arm, p_x=shown_p_x(dataset))
    _draw_energies(axes, point, axis.name, _quantum(dataset))
    axes.axhline(0, color="#888888", lw=0.8)
    sweep_ticks(axes, axis)
    _second_axis(axes, dataset)


def _first_measured(dataset: xr.Dataset) -> int:
    """Place of the first point of the sweep that the recycling arm has a heat at."""
    (axis,) = sweep_axes(dataset)
    heat = dataset["heat"].sel(arm=RECYCLING)
    known = heat.notnull().any([dim for dim in heat.dims if dim != axis.name])
    return int(known.values.argmax())


def draw_heat_by_mixedness(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw Fig. 5(a): heat and bounds with recycling over p_x, at the first angle with a heat.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     dataset = rc.run("theory", out=f"{folder}/run").dataset
        >>> figure_of(draw_heat_by_mixedness, dataset).axes[0].get_xlabel()
        '$p_x$'
    """
    axes.set(xlabel=r"$p_x$", ylabel="energy (hf)")
    (axis,) = sweep_axes(dataset)
    point = dataset.sel(arm=RECYCLING).isel({axis.name: _first_measured(dataset)})
    erased = point["entropy_decrease"] > 0
    bands = [f"{name}_band" for name in STYLES]
    point = point.assign(
        {name: point[name].where(erased) for name in (*STYLES, "heat_low", "heat_high")}
        | {name: point[name].where(erased.any("trial")) for name in bands}
    )
    _draw_energies(axes, point, "p_x", _quantum(dataset))
    axes.axhline(0, color="#888888", lw=0.8)
    single_tick(axes, point["p_x"].values)
    _second_axis(axes, dataset)


def draw_dissipation_ratio(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw Fig. 5(b): how far the heat is from the tight bound, relative to it, over p_x.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     dataset = rc.run("theory", out=f"{folder}/run").dataset
        >>> figure_of(draw_dissipation_ratio, dataset).axes[0].get_yscale()
        'symlog'
    """
    axes.set(xlabel=r"$p_x$", ylabel=r"$(\Delta Q_B - Q_{tight})/Q_{tight}$")
    (axis,) = sweep_axes(dataset)
    point = dataset.sel(arm=RECYCLING)
    # Near ΔS = 0 the ratio means nothing, and a single trial has a sign by chance.
    resolved = point["entropy_decrease_combined"].sel(limit="low") > 0
    together = point["dissipation_ratio_combined"].sel(limit="value").where(resolved)
    band = point["dissipation_ratio_band"].where(resolved)
    trials = point["dissipation_ratio"].where(resolved & np.isfinite(point["dissipation_ratio"]))
    p_x = dataset["p_x"]
    if not np.isfinite(together).any():
        axes.text(0.5, 0.6, "ΔS is resolved from 0 at no point", ha="center",
                  transform=axes.transAxes)  # fmt: skip
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.92, len(axis.values)))
    for index, colour in enumerate(colours):
        at = {axis.name: index}
        axes.plot(
            p_x, trials.isel(at).transpose("p_x", "trial"), ".", color=colour, ms=2.5, alpha=0.5,
            mec="none", rasterized=True,
        )  # fmt: skip
        value = together.isel(at).values
        low, high = (band.isel(at).sel(limit=limit).values for limit in ("low", "high"))
        shade(axes, p_x.values, low, high, color=colour, alpha=0.15)
        value = np.where(np.isfinite(value), value, np.nan)
        axes.plot(*level(p_x.values, value), color=colour, lw=1.3)
    axes.set_yscale("symlog", linthresh=1)
    axes.axhline(0, color="#888888", lw=0.8)
    single_tick(axes, p_x.values)
    if len(axis.values) > 1:
        scale = mpl.colors.Normalize(axis.values.min(), axis.values.max())
        colour_of = mpl.cm.ScalarMappable(scale, mpl.colors.ListedColormap(colours))
        axes.figure.colorbar(colour_of, ax=axes).set_label(axis.label)


def _draw_energies(axes: Axes, point: xr.Dataset, along: str, quantum: float) -> None:
    for name, style in STYLES.items():
        values = point[name].where(np.isfinite(point[name])).transpose(along, "trial") / quantum
        colour, marker = style["color"], style["marker"]
        x = values[along].values
        axes.plot(x, values, marker, color=colour, ms=3.5, alpha=0.4, mec="none")
        if name == "heat":
            ends = [
                point[f"heat_{end}"].transpose(along, "trial") / quantum for end in ("low", "high")
            ]
            for trial in range(values.sizes["trial"]):
                lower, upper = (end[:, trial] for end in ends)
                axes.vlines(x, lower, upper, color=colour, lw=0.7, alpha=0.35)
        band = point[f"{name}_band"] / quantum
        shade(axes, x, *band.sel(limit=["low", "high"]).transpose("limit", along).values,
              color=colour, alpha=0.13)  # fmt: skip
        axes.plot(
            *level(x, values.median("trial")), color=colour, ls=style.get("ls", "-"),
            lw=style.get("width", 1.3), marker=marker, ms=0, label=math_label(style["label"]),
            zorder=style.get("zorder", 2),
        )  # fmt: skip
    axes.legend(loc="best", ncols=2)


def _second_axis(axes: Axes, dataset: xr.Dataset) -> None:
    ratio = _quantum(dataset) / (boltzmann * dataset.attrs["temperature_K"] * np.log(2))
    second = axes.secondary_yaxis("right", functions=(lambda y: y * ratio, lambda y: y / ratio))
    second.set_ylabel(r"energy ($k_B T_0 \ln 2$)", labelpad=0)  # wide ticks leave no more


def _quantum(dataset: xr.Dataset) -> float:
    return float(planck * dataset.attrs["frequency_Hz"])
