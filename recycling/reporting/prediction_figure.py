"""The sealed prediction as a band, and what was measured as points in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from scipy.constants import h as planck

from circuits.design import RECYCLING
from recycling.reporting.canvas import SETTINGS, figure_of, level, sweep_ticks
from recycling.reporting.typeset import formula
from recycling.results.sweep import curve_note, first_curve, sweep_axes

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from recycling.results.gap import Gap

#: Quantities that are drawn, with the label of their axis.
DRAWN = {"heat": "ΔQ_B (hf)", "excess_tight": "ΔQ_B − Q_tight (hf)"}


def prediction_figures(gap: Gap, dataset: xr.Dataset) -> dict[str, tuple[Figure, str]]:
    """Draw predicted bands and measured points of the recycling arm, with their captions."""
    cut = curve_note(dataset)
    kind = dataset.attrs["data_kind"]
    figures = {}
    for name, label in DRAWN.items():
        if name not in gap.differences:
            continue
        with mpl.rc_context(SETTINGS):
            figure = figure_of(draw_prediction, gap, dataset, name)
        caption = (
            f"{label.removesuffix(' (hf)')} of the recycling arm at p_x = "
            f"{gap.prediction.attrs['p_x']:g} ({kind}), all trials together, in the prediction "
            "that was sealed before. Shaded: 95 % by the assumed errors of the calibration "
            f"(modelled); bars: 95 % intervals.{cut}"
        )
        figures[f"prediction-{name.replace('_', '-')}"] = (figure, caption)
    return figures


def draw_prediction(axes: Axes, gap: Gap, dataset: xr.Dataset, name: str) -> None:
    """Draw the predicted band and the measured points of "heat" or "excess_tight".

    Example:
        >>> sorted(DRAWN)
        ['excess_tight', 'heat']
    """
    (axis,) = sweep_axes(first_curve(dataset))
    others = {other.name: 0 for other in sweep_axes(dataset) if other.name != axis.name}
    quantum = planck * dataset.attrs["frequency_Hz"]
    axes.set(xlabel=axis.label, ylabel=formula(DRAWN[name]))
    band, points = (
        side[name].sel(arm=RECYCLING).isel(others).transpose("limit", axis.name) / quantum
        for side in (gap.prediction, gap.measured)
    )
    x, value, low, high = level(axis.values, *band.values)
    axes.fill_between(x, low, high, color="#56b4e9", alpha=0.35, lw=0)
    axes.plot(x, value, color="#0072b2", lw=1.6, label="sealed prediction")
    axes.errorbar(
        axis.values, points[0], yerr=abs(points[1:] - points[0]), fmt="o", ms=4,
        color="#111111", lw=1.2, capsize=2, label=dataset.attrs["data_kind"],
    )  # fmt: skip
    axes.axhline(0, color="#888888", lw=0.8)
    axes.legend()
    sweep_ticks(axes, axis)
