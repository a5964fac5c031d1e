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
from numpy.typing import ArrayLike, NDArray
from scipy.constants import h as planck
from scipy.constants import k as boltzmann

from circuits.design import EQUILIBRIUM, RECYCLING
from recycling.results.dataset import shown_p_x
from recycling.results.sweep import Axis, curve_note, first_curve, sweep_axes

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Real = NDArray[np.float64]

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
_PI_TICKS = {
    0: "0", np.pi / 16: "π/16", np.pi / 8: "π/8", 3 * np.pi / 16: "3π/16", np.pi / 4: "π/4"
}  # fmt: skip


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
            lambda: _fidelity(dataset),
            f"Fig. 3. {_fidelity_of(dataset)} in the success branch ({kind}).",
        ),
        "fig4a-equilibrium": (
            lambda: _heat_by_sweep(dataset, EQUILIBRIUM),
            f"Fig. 4(a). Erasure with an equilibrium bath, p_x = {p_x:g} ({kind}). {bounds}",
        ),
        "fig4b-recycling": (
            lambda: _heat_by_sweep(dataset, RECYCLING),
            f"Fig. 4(b). Erasure with thermodynamic recycling, p_x = {p_x:g} ({kind}). {bounds}",
        ),
    }
    if theory is not None:
        drawn["fig4c-theory"] = (
            lambda: _heat_by_sweep(first_curve(theory), RECYCLING),
            f"Fig. 4(c). Theory of recycling, p_x = {p_x:g}: ideal gates, thermal start, "
            "infinitely many shots. ΔQ_B lies on Q_ath.",
        )
    return drawn | {
        "fig5a-mixedness": (
            lambda: _heat_by_mixedness(dataset),
            f"Fig. 5(a). Recycling at {axis.symbol} = {first:.3g} over the mixedness p_x, "
            f"where ΔS > 0 ({kind}).",
        ),
        "fig5b-ratio": (
            lambda: _dissipation_ratio(dataset),
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


def to_svg(figure: Figure) -> bytes:
    """Write a figure as an SVG file that is the same each time.

    Example:
        >>> to_svg(Figure())[:5]
        b'<?xml'
    """
    stream = io.BytesIO()
    with mpl.rc_context(SETTINGS):
        figure.savefig(
            stream,
            format="svg",
            metadata={"Date": None, "Creator": None},
        )
    return stream.getvalue()


def _fidelity(dataset: xr.Dataset) -> Figure:
    (axis,) = sweep_axes(dataset)
    figure, axes = new_axes(axis.label, r"fidelity $F$")
    fidelity = dataset["success_fidelity"]
    for trial in fidelity.transpose("trial", axis.name).values:
        axes.plot(axis.values, trial, "o", color="#111111", ms=3, alpha=0.5)
    axes.plot(*level(axis.values, fidelity.median("trial")), color="#111111", lw=1.8)
    axes.set_ylim(min(0.9, float(fidelity.min()) - 0.01), 1.0)
    sweep_ticks(axes, axis)
    return figure


def _heat_by_sweep(dataset: xr.Dataset, arm: str) -> Figure:
    (axis,) = sweep_axes(dataset)
    figure, axes = new_axes(axis.label, "energy (hf)")
    point = dataset.sel(arm=arm, p_x=shown_p_x(dataset))
    _draw_energies(axes, point, axis.name, _quantum(dataset))
    axes.axhline(0, color="#888888", lw=0.8)
    sweep_ticks(axes, axis)
    _second_axis(axes, dataset)
    return figure


def _first_measured(dataset: xr.Dataset) -> int:
    """Place of the first point of the sweep that the recycling arm has a heat at."""
    (axis,) = sweep_axes(dataset)
    heat = dataset["heat"].sel(arm=RECYCLING)
    known = heat.notnull().any([dim for dim in heat.dims if dim != axis.name])
    return int(known.values.argmax())


def _heat_by_mixedness(dataset: xr.Dataset) -> Figure:
    figure, axes = new_axes(r"$p_x$", "energy (hf)")
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
    _single_tick(axes, point["p_x"].values)
    _second_axis(axes, dataset)
    return figure


def _dissipation_ratio(dataset: xr.Dataset) -> Figure:
    figure, axes = new_axes(r"$p_x$", r"$(\Delta Q_B - Q_{tight})/Q_{tight}$")
    (axis,) = sweep_axes(dataset)
    point = dataset.sel(arm=RECYCLING)
    # Near ΔS = 0 the ratio means nothing, and a single trial has a sign by chance.
    resolved = point["entropy_decrease_combined"].sel(limit="low") > 0
    together = point["dissipation_ratio_combined"].sel(limit="value").where(resolved)
    band = point["dissipation_ratio_band"].where(resolved)
    trials = point["dissipation_ratio"].where(resolved & np.isfinite(point["dissipation_ratio"]))
    p_x = dataset["p_x"]
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.92, len(axis.values)))
    for index, colour in enumerate(colours):
        at = {axis.name: index}
        axes.plot(
            p_x, trials.isel(at).transpose("p_x", "trial"), ".", color=colour, ms=2.5, alpha=0.5,
            mec="none", rasterized=True,
        )  # fmt: skip
        value = together.isel(at).values
        low, high = (band.isel(at).sel(limit=limit).values for limit in ("low", "high"))
        _band(axes, p_x.values, low, high, color=colour, alpha=0.15)
        value = np.where(np.isfinite(value), value, np.nan)
        axes.plot(*level(p_x.values, value), color=colour, lw=1.3)
    axes.set_yscale("symlog", linthresh=1)
    axes.axhline(0, color="#888888", lw=0.8)
    _single_tick(axes, p_x.values)
    if len(axis.values) > 1:
        scale = mpl.colors.Normalize(axis.values.min(), axis.values.max())
        colour_of = mpl.cm.ScalarMappable(scale, mpl.colors.ListedColormap(colours))
        figure.colorbar(colour_of, ax=axes).set_label(axis.label)
    figure.subplots_adjust(left=0.15, right=0.98, bottom=0.14, top=0.97)
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
        _band(axes, x, *band.sel(limit=["low", "high"]).transpose("limit", along).values,
              color=colour, alpha=0.13)  # fmt: skip
        axes.plot(
            *level(x, values.median("trial")), color=colour, ls=style.get("ls", "-"),
            lw=style.get("width", 1.3), marker=marker, ms=0, label=math_label(style["label"]),
            zorder=style.get("zorder", 2),
        )  # fmt: skip
    axes.legend(loc="best", ncols=2)


def level(x: Real, *curves: ArrayLike) -> tuple[Real, ...]:
    """Make a short level line of a curve that has a single point, which no line would show.

    Args:
        x: places of the points (array of shape (point,)).
        curves: values there, each an array of the same shape.

    Returns:
        Places and curves as they are, or for a single point those of both ends of the line.

    Example:
        >>> level(np.array([0.5]), [2.0])
        (array([0.475, 0.525]), array([2., 2.]))
    """
    given = [np.asarray(curve, dtype=float) for curve in curves]
    if len(x) != 1:
        return (x, *given)
    half = room_beside(x) / 6
    return (np.array([x[0] - half, x[0] + half]), *(np.repeat(curve, 2) for curve in given))


def room_beside(x: Real) -> float:
    """Room that an axis leaves on each side of its single point.

    Example:
        >>> room_beside(np.array([0.5]))
        0.15
    """
    return 0.3 * abs(float(x[0])) or 0.3


def _band(axes: Axes, x: Real, low: Real, high: Real, **style: Any) -> None:
    """Shade between two limits where both are finite."""
    x, low, high = level(x, low, high)
    axes.fill_between(x, low, high, where=np.isfinite(low) & np.isfinite(high), lw=0, **style)


def _single_tick(axes: Axes, x: Real) -> None:
    """Label the place of a single point, with room on both sides; several have ticks already."""
    if np.ptp(x) <= 1e-9 * abs(float(x[0])):
        axes.set_xlim(x[0] - room_beside(x), x[0] + room_beside(x))
        axes.set_xticks([x[0]], [f"{x[0]:.4g}"])


def math_label(label: str) -> str:
    r"""Write a label such as "Q_tight" in the notation of matplotlib.

    Example:
        >>> math_label("Q_tight")
        '$Q_{\\mathrm{tight}}$'
    """
    name, _, index = label.partition("_")
    index = rf"\mathrm{{{index}}}" if len(index) > 1 else index
    return rf"${name.replace('Δ', chr(92) + 'Delta ')}_{{{index}}}$"


def new_axes(x: str, y: str) -> tuple[Figure, Axes]:
    """Make a figure with a pair of labelled axes.

    Example:
        >>> figure, axes = new_axes("time (s)", "energy (hf)")
        >>> axes.get_ylabel()
        'energy (hf)'
    """
    figure = Figure(figsize=SIZE)
    figure.subplots_adjust(left=0.16, right=0.87, bottom=0.14, top=0.97)
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    return figure, axes


def sweep_ticks(axes: Axes, axis: Axis) -> None:
    """Put ticks at multiples of π/16 where the angles are those of the paper, or at a single point.

    Example:
        >>> _, axes = new_axes("angle (rad)", "energy (hf)")
        >>> sweep_ticks(axes, Axis("angle", "rad", np.linspace(0, np.pi / 4, 3)))
        >>> [label.get_text() for label in axes.get_xticklabels()][:3]
        ['0', 'π/16', 'π/8']
    """
    first, last = axis.values[0], axis.values[-1]
    if axis.unit == "rad" and np.isclose(last, np.pi / 4) and first == 0:
        axes.set_xticks(list(_PI_TICKS), list(_PI_TICKS.values()))
    _single_tick(axes, axis.values)


def _second_axis(axes: Axes, dataset: xr.Dataset) -> None:
    ratio = _quantum(dataset) / (boltzmann * dataset.attrs["temperature_K"] * np.log(2))
    second = axes.secondary_yaxis("right", functions=(lambda y: y * ratio, lambda y: y / ratio))
    second.set_ylabel(r"energy ($k_B T_0 \ln 2$)")


def _quantum(dataset: xr.Dataset) -> float:
    return float(planck * dataset.attrs["frequency_Hz"])
