"""Figures of a run with a link: both heats against the bounds, and the gain beside the link's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.constants import h as planck

from recycling.reporting.canvas import SETTINGS, figure_of, level, math_label, shade, sweep_ticks
from recycling.reporting.figures import STYLES
from recycling.results.dataset import shown_p_x
from recycling.results.link_gains import link_gains
from recycling.results.sweep import curve_note, first_curve, recycling_arm, sweep_axes

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Real = NDArray[np.float64]

#: The strict ledger, and the link alone, in a colour that no bound has.
_STRICT = "#cc79a7"


def link_figures(dataset: xr.Dataset) -> dict[str, tuple[Figure, str]]:
    """Draw the figures of a link by file name, each with its caption.

    Args:
        dataset: analysis of a run with a link.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ...     link={"preset": "eth-5m"},
        ... )
        >>> from recycling.jobs.counts import counts_of
        >>> counts = counts_of(experiment, {0: np.full((2, 2, 2, 2, 3, 2, 2, 2, 2), 1 / 16)})
        >>> from recycling.results.analysis import analyse_counts
        >>> bath = {"temperature_K": 0.043, "frequency_Hz": 5e9, "data_kind": "simulated"}
        >>> sorted(link_figures(analyse_counts(experiment, counts, bath)))
        ['link-excess', 'link-gain', 'link-heat']
    """
    cut, kind = curve_note(dataset), dataset.attrs["data_kind"]
    dataset = first_curve(dataset)
    at = f"at p_x = {shown_p_x(dataset):g} ({kind}, all trials together)"
    with mpl.rc_context(SETTINGS):
        return {
            "link-heat": (
                figure_of(draw_link_heat, dataset, left=0.17, right=0.98),
                "Heat into the bath, the same with the heat left in the link, and the bounds, "
                f"{at}; shaded: 95 % bands over the whole sweep.{cut}",
            ),
            "link-excess": (
                figure_of(draw_link_excess, dataset, left=0.17, right=0.98),
                f"Both ledgers {at}: below 0 the heat is below Q_tight. Net counts the heat into "
                "the bath against a separate reset and erasure, strict that into the link too. "
                f"Shaded: 95 % bands over the whole sweep.{cut}",
            ),
            "link-gain": (
                figure_of(draw_link_gain, dataset, left=0.17, right=0.98),
                f"Gain Q_tight − Q_ath of the recycled state as it arrived {at}, bars: 95 % "
                "intervals; and gain of a thermal bath at T0 after the same link, at the same ΔS: "
                f"what a cold link makes alone.{cut}",
            ),
        }


def draw_link_heat(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the heat into the bath, with that left in the link, and the bounds.

    Example:
        >>> draw_link_heat.__name__
        'draw_link_heat'
    """
    point = _over_the_sweep(axes, dataset, "energy (hf)")
    for name in ("bound_tight", "bound_landauer", "heat"):
        style = STYLES[name]
        _curve(axes, point, name, style["color"], math_label(style["label"]), style.get("ls", "-"))
    # Its errors are in the next figure: they are not independent of those of ΔQ_B.
    strict = (point["heat_combined"] + point["link_heat_combined"]).sel(limit="value")
    label = math_label("ΔQ_B") + " + link heat"
    axes.plot(*level(_along(dataset), strict), "-", color=_STRICT, lw=1.8, label=label)
    axes.legend(loc="best", ncols=2)


def draw_link_excess(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw how far both ledgers are from the tight bound.

    Example:
        >>> draw_link_excess.__name__
        'draw_link_excess'
    """
    point = _over_the_sweep(axes, dataset, r"heat − $Q_{\mathrm{tight}}$ (hf)")
    _curve(axes, point, "excess_tight", "#111111", "net against separate")
    _curve(axes, point, "excess_strict_tight", _STRICT, "strict")
    axes.legend(loc="best")


def draw_link_gain(axes: Axes, dataset: xr.Dataset) -> None:
    """Draw the gain of the state that arrived, and what the link makes alone.

    Example:
        >>> draw_link_gain.__name__
        'draw_link_gain'
    """
    point = _over_the_sweep(axes, dataset, "gain (hf)")
    gains = link_gains(dataset)
    assert gains is not None  # there is a link
    x, value = _along(dataset), gains.gain / gains.quantum
    low, high = (point["gain_combined"].sel(limit=limit).values for limit in ("low", "high"))
    shown = np.isfinite(low) & np.isfinite(high)
    axes.vlines(x[shown], low[shown], high[shown], color="#111111", lw=0.9)
    finite = np.isfinite(value)
    axes.plot(x[finite], value[finite], "o-", color="#111111", ms=3.5, lw=1.5, label="gain")
    alone = np.where(np.isfinite(gains.alone), gains.alone, np.nan) / gains.quantum
    axes.plot(*level(x, alone), "-", color=_STRICT, lw=1.8, label="link alone")
    axes.legend(loc="upper left")


def _over_the_sweep(axes: Axes, dataset: xr.Dataset, label: str) -> xr.Dataset:
    """Label axes over the sweep; returns the recycling arm at the shown p_x, energies in hf."""
    (axis,) = sweep_axes(dataset)
    axes.set(xlabel=axis.label, ylabel=label)
    axes.axhline(0, color="#888888", lw=0.8)
    sweep_ticks(axes, axis)
    point = recycling_arm(dataset).sel(p_x=shown_p_x(dataset))
    shown: xr.Dataset = point / (planck * dataset.attrs["frequency_Hz"])
    return shown


def _along(dataset: xr.Dataset) -> Real:
    (axis,) = sweep_axes(dataset)
    return axis.values


def _curve(
    axes: Axes, point: xr.Dataset, name: str, colour: str, label: str, style: str = "-"
) -> None:
    """Value of all trials together, and its band."""
    (axis,) = (dim for dim in point[f"{name}_combined"].dims if dim != "limit")
    x = point[axis].values
    value = point[f"{name}_combined"].sel(limit="value").values
    low, high = (point[f"{name}_band"].sel(limit=limit).values for limit in ("low", "high"))
    shade(axes, x, low, high, color=colour, alpha=0.15)
    finite = np.where(np.isfinite(value), value, np.nan)
    axes.plot(*level(x, finite), style, color=colour, lw=1.5, label=label)
