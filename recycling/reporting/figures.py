"""The figures of the paper, in its form: a point a trial, lines through medians, bounds drawn.

Energies are drawn in units of hf, the quantum of the bath, with k_B T0 ln 2 on the right.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from scipy.constants import h as planck
from scipy.constants import k as boltzmann

from recycling.results.verdicts import shown_p_x

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

#: Colours that stay apart for colour-blind readers and in grey print.
STYLES: dict[str, dict[str, Any]] = {
    "heat": {"color": "#111111", "marker": "o", "label": "ΔQ_B", "width": 1.8, "zorder": 4},
    # Wide and under ΔQ_B, which lies on it in theory.
    "bound_athermal": {"color": "#56b4e9", "marker": "s", "label": "Q_ath", "width": 3.2},
    "bound_tight": {"color": "#d55e00", "marker": "^", "label": "Q_tight"},
    "bound_landauer": {"color": "#009e73", "marker": "v", "label": "Q_Landauer", "ls": "--"},
}
SETTINGS: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "svg.hashsalt": "recycling",
}
SIZE = (5.2, 3.7)
_THETA_TICKS = {
    0: "0", np.pi / 16: "π/16", np.pi / 8: "π/8", 3 * np.pi / 16: "3π/16", np.pi / 4: "π/4"
}  # fmt: skip


def paper_figures(dataset: xr.Dataset, theory: xr.Dataset) -> dict[str, tuple[Figure, str]]:
    """Figures by file name, each with its caption.

    Args:
        dataset: the run.
        theory: its noiseless counterpart with infinitely many shots.
    """
    p_x = shown_p_x(dataset)
    kind = dataset.attrs["data_kind"]
    first = float(dataset["theta_b"].values[0])
    bounds = (
        "Points: trials; lines: medians over trials; bars: 95 % intervals of ΔQ_B in each trial; "
        "shaded: 95 % bands of ΔQ_B and of the bounds over the whole sweep, all trials together."
    )
    drawn: Mapping[str, tuple[Callable[[], Figure], str]] = {
        "fig3-fidelity": (
            lambda: _fidelity(dataset),
            f"Fig. 3. Fidelity of C_I with A⁻¹b in the success branch ({kind}).",
        ),
        "fig4a-equilibrium": (
            lambda: _heat_by_angle(dataset, "equilibrium"),
            f"Fig. 4(a). Erasure with an equilibrium bath, p_x = {p_x:g} ({kind}). {bounds}",
        ),
        "fig4b-recycling": (
            lambda: _heat_by_angle(dataset, "recycling"),
            f"Fig. 4(b). Erasure with thermodynamic recycling, p_x = {p_x:g} ({kind}). {bounds}",
        ),
        "fig4c-theory": (
            lambda: _heat_by_angle(theory, "recycling"),
            f"Fig. 4(c). Theory of recycling, p_x = {p_x:g}: ideal gates, thermal start, "
            "infinitely many shots. ΔQ_B lies on Q_ath.",
        ),
        "fig5a-mixedness": (
            lambda: _heat_by_mixedness(dataset),
            f"Fig. 5(a). Recycling at θ_b = {first:.3g} over the mixedness p_x, where ΔS > 0 "
            f"({kind}).",
        ),
        "fig5b-ratio": (
            lambda: _dissipation_ratio(dataset),
            "Fig. 5(b). Dissipation ratio (ΔQ_B − Q_tight)/Q_tight for all θ_b, where ΔS is "
            f"resolved from 0 ({kind}). Negative: below the bound. Points: trials; lines: all "
            "trials together; shaded: 95 % band over the whole sweep (Fieller), open where the "
            "bound is not resolved from 0 everywhere at once. Linear up to ±1, logarithmic beyond.",
        ),
    }
    figures = {}
    with mpl.rc_context(SETTINGS):
        for name, (draw, caption) in drawn.items():
            figures[name] = (draw(), caption)
    return figures


def to_svg(figure: Figure) -> bytes:
    """Figure as an SVG file that is the same each time."""
    stream = io.BytesIO()
    with mpl.rc_context(SETTINGS):
        figure.savefig(
            stream,
            format="svg",
            metadata={"Date": None, "Creator": None},
        )
    return stream.getvalue()


def _fidelity(dataset: xr.Dataset) -> Figure:
    figure, axes = new_axes(r"$\theta_b$ (rad)", r"fidelity $F$")
    fidelity = dataset["success_fidelity"]
    theta_b = dataset["theta_b"].values
    for trial in fidelity.transpose("trial", "theta_b").values:
        axes.plot(theta_b, trial, "o", color="#111111", ms=3, alpha=0.5)
    axes.plot(theta_b, fidelity.median("trial"), color="#111111", lw=1.8)
    axes.set_ylim(min(0.9, float(fidelity.min()) - 0.01), 1.0)
    angle_ticks(axes, theta_b)
    return figure


def _heat_by_angle(dataset: xr.Dataset, arm: str) -> Figure:
    figure, axes = new_axes(r"$\theta_b$ (rad)", "energy (hf)")
    point = dataset.sel(arm=arm, p_x=shown_p_x(dataset))
    _draw_energies(axes, point, "theta_b", _quantum(dataset))
    axes.axhline(0, color="#888888", lw=0.8)
    angle_ticks(axes, dataset["theta_b"].values)
    _second_axis(axes, dataset)
    return figure


def _heat_by_mixedness(dataset: xr.Dataset) -> Figure:
    figure, axes = new_axes(r"$p_x$", "energy (hf)")
    point = dataset.sel(arm="recycling").isel(theta_b=0)
    erased = point["entropy_decrease"] > 0
    bands = [f"{name}_band" for name in STYLES]
    point = point.assign(
        {name: point[name].where(erased) for name in (*STYLES, "heat_low", "heat_high")}
        | {name: point[name].where(erased.any("trial")) for name in bands}
    )
    _draw_energies(axes, point, "p_x", _quantum(dataset))
    axes.axhline(0, color="#888888", lw=0.8)
    _second_axis(axes, dataset)
    return figure


def _dissipation_ratio(dataset: xr.Dataset) -> Figure:
    figure, axes = new_axes(r"$p_x$", r"$(\Delta Q_B - Q_{tight})/Q_{tight}$")
    point = dataset.sel(arm="recycling")
    # Near ΔS = 0 the ratio means nothing, and a single trial has a sign by chance.
    resolved = point["entropy_decrease_combined"].sel(limit="low") > 0
    together = point["dissipation_ratio_combined"].sel(limit="value").where(resolved)
    band = point["dissipation_ratio_band"].where(resolved)
    trials = point["dissipation_ratio"].where(resolved & np.isfinite(point["dissipation_ratio"]))
    angles = dataset["theta_b"].values
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.92, len(angles)))
    for angle, colour in zip(angles, colours, strict=True):
        own = trials.sel(theta_b=angle).transpose("p_x", "trial")
        axes.plot(
            own["p_x"], own, ".", color=colour, ms=2.5, alpha=0.5, mec="none", rasterized=True
        )
        value = together.sel(theta_b=angle).values
        low, high = (band.sel(theta_b=angle, limit=limit).values for limit in ("low", "high"))
        shown = np.isfinite(low) & np.isfinite(high)
        axes.fill_between(own["p_x"], low, high, where=shown, color=colour, alpha=0.15, lw=0)
        axes.plot(own["p_x"], np.where(np.isfinite(value), value, np.nan), color=colour, lw=1.3)
    axes.set_yscale("symlog", linthresh=1)
    axes.axhline(0, color="#888888", lw=0.8)
    scale = mpl.colors.Normalize(angles.min(), max(angles.max(), angles.min() + 1e-9))
    bar = figure.colorbar(mpl.cm.ScalarMappable(scale, mpl.colors.ListedColormap(colours)), ax=axes)
    figure.subplots_adjust(left=0.13, right=0.98, bottom=0.14, top=0.97)
    bar.set_label(r"$\theta_b$ (rad)")
    return figure


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
        low, high = (band.sel(limit=limit).values for limit in ("low", "high"))
        shown = np.isfinite(low) & np.isfinite(high)
        axes.fill_between(x, low, high, where=shown, color=colour, alpha=0.13, lw=0)
        axes.plot(
            x, values.median("trial"), color=colour, ls=style.get("ls", "-"),
            lw=style.get("width", 1.3), marker=marker, ms=0, label=math_label(style["label"]),
            zorder=style.get("zorder", 2),
        )  # fmt: skip
    axes.legend(loc="best", ncols=2)


def math_label(label: str) -> str:
    """Label such as "Q_tight" in the notation of matplotlib."""
    name, _, index = label.partition("_")
    index = rf"\mathrm{{{index}}}" if len(index) > 1 else index
    return rf"${name.replace('Δ', chr(92) + 'Delta ')}_{{{index}}}$"


def new_axes(x: str, y: str) -> tuple[Figure, Axes]:
    """Figure with one pair of labelled axes."""
    figure = Figure(figsize=SIZE)
    figure.subplots_adjust(left=0.13, right=0.87, bottom=0.14, top=0.97)
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    return figure, axes


def angle_ticks(axes: Axes, theta_b: np.ndarray) -> None:
    """Ticks at multiples of π/16 where the angles are the paper's."""
    if np.isclose(theta_b[-1], np.pi / 4) and theta_b[0] == 0:
        axes.set_xticks(list(_THETA_TICKS), list(_THETA_TICKS.values()))


def _second_axis(axes: Axes, dataset: xr.Dataset) -> None:
    ratio = _quantum(dataset) / (boltzmann * dataset.attrs["temperature_K"] * np.log(2))
    second = axes.secondary_yaxis("right", functions=(lambda y: y * ratio, lambda y: y / ratio))
    second.set_ylabel(r"energy ($k_B T_0 \ln 2$)")


def _quantum(dataset: xr.Dataset) -> float:
    return float(planck * dataset.attrs["frequency_Hz"])
