"""The ledger as a figure: energies over many decades, their signs, and where they come from."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator
from scipy.constants import k as boltzmann

from recycling.ledger.rows import Ledger, Row
from recycling.reporting.figures import SETTINGS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colour and marker of each source; colour-blind readers and grey print keep the marker.
_STYLES: dict[str, dict[str, Any]] = {
    "measured": {"color": "#111111", "marker": "o"},
    "simulated": {"color": "#0072b2", "marker": "o"},
    "modelled": {"color": "#d55e00", "marker": "s"},
    "declared": {"color": "#8e4585", "marker": "D"},
    "inferred": {"color": "#00785a", "marker": "^"},
    "published": {"color": "#7a5c00", "marker": "v"},
}
#: Size in inches, and the margin of the names as a part of the width.
_WIDTH, _ROW, _MARGINS, _NAMES = 5.0, 0.27, 1.8, 0.415


def ledger_figure(ledger: Ledger) -> Figure:
    """Draw the size of each energy on a logarithmic axis; open markers are below zero.

    Example:
        >>> row = Row("heat", -3e-25, -4e-25, -2e-25, 0.043, "simulated", "ΔQ_B")
        >>> figure = ledger_figure(Ledger({"theta_b": 0.4}, 0.4, (row,)))
        >>> figure.axes[0].get_xscale()
        'log'
    """
    rows = ledger.rows
    with mpl.rc_context(SETTINGS):
        height = _ROW * len(rows) + _MARGINS
        figure = Figure(figsize=(_WIDTH, height))
        figure.subplots_adjust(left=_NAMES, right=0.97, bottom=1 / height, top=1 - 0.7 / height)
        axes = figure.add_subplot()
        draw_ledger(axes, ledger)
        _legend(figure, rows)
    return figure


def draw_ledger(axes: Axes, ledger: Ledger) -> None:
    """Draw the size of each energy into axes: a row each, open markers below zero.

    Example:
        >>> row = Row("heat", -3e-25, -4e-25, -2e-25, 0.043, "simulated", "ΔQ_B")
        >>> axes = Figure().add_subplot()
        >>> draw_ledger(axes, Ledger({"theta_b": 0.4}, 0.4, (row,)))
        >>> [label.get_text() for label in axes.get_yticklabels()]
        ['heat']
    """
    rows = ledger.rows
    least, most = _limits(rows)
    axes.set_xscale("log")
    axes.set_xlim(least, most)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    for place, row in enumerate(rows):
        _draw(axes, place, row, least, most)
    _divide(axes, rows)
    axes.set_yticks(range(len(rows)), [_label(row) for row in rows], fontsize=8.5)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(LogLocator(numticks=7))
    axes.set_xlabel("size of the energy (J)")
    _second_axis(axes, rows[0].temperature)


def _limits(rows: tuple[Row, ...]) -> tuple[float, float]:
    """Ends of the axis, J."""
    sizes = np.abs([energy for row in rows for energy in (row.joule, row.low, row.high)])
    shown = sizes[np.isfinite(sizes) & (sizes > 0)]
    if not shown.size:
        return 1e-26, 1e-20
    # A limit next to zero would stretch the axis over decades that hold nothing.
    values = np.abs([row.joule for row in rows])
    least = values[np.isfinite(values) & (values > 0)].min(initial=shown.max())
    return float(least / 5), float(shown.max() * 3)


def _draw(axes: Axes, place: int, row: Row, least: float, most: float) -> None:
    """Draw an energy with its interval; an interval that holds zero begins at the edge."""
    style = _STYLES[row.source]
    ends = np.abs([row.low, row.high])
    if np.isnan(row.joule):
        axes.text(least * 1.3, place, "none", va="center", fontsize=8, color=style["color"])
        return
    if np.isinf(row.joule):
        axes.text(most / 1.3, place, "∞", va="center", ha="right", color=style["color"])
        return
    crosses = row.low < 0 < row.high
    low, high = (least if crosses else max(ends.min(), least)), min(ends.max(), most)
    if high > low:
        axes.hlines(place, low, high, color=style["color"], lw=1.6, alpha=0.55,
                    ls=":" if crosses else "-")  # fmt: skip
    face = style["color"] if row.joule >= 0 else "white"
    axes.plot(max(abs(row.joule), least), place, style["marker"], color=style["color"], mfc=face,
              ms=5.5, mew=1.4, zorder=4)  # fmt: skip


def _divide(axes: Axes, rows: tuple[Row, ...]) -> None:
    """Draw a line between the groups of rows."""
    for place, (before, after) in enumerate(pairwise(rows), start=1):
        if before.group != after.group:
            axes.axhline(place - 0.5, color="#bbbbbb", lw=0.8)


def _label(row: Row) -> str:
    """Name of a row, short enough for the margin."""
    if row.group != "baseline":
        return row.name
    short, _, unit = row.name.removeprefix("baseline ").rpartition(" per ")
    return f"{short} / {unit}"


def _second_axis(axes: Axes, temperature: float) -> None:
    unit = boltzmann * temperature * np.log(2)
    second = axes.secondary_xaxis("top", functions=(lambda x: x / unit, lambda x: x * unit))
    second.xaxis.set_major_locator(LogLocator(numticks=7))
    second.set_xlabel(r"size of the energy ($k_B T_0 \ln 2$)")
    axes.axvline(unit, color="#888888", lw=0.9, ls="--", zorder=1)


def legend_handles(rows: tuple[Row, ...]) -> list[Line2D]:
    """Make the entries of the legend: the sources of the energies, and what is below zero.

    Example:
        >>> row = Row("heat", -3e-25, -4e-25, -2e-25, 0.043, "simulated", "ΔQ_B")
        >>> [handle.get_label() for handle in legend_handles((row,))]
        ['simulated', 'below 0']
    """
    used = dict.fromkeys(row.source for row in rows)
    return [Line2D([], [], ls="", ms=5.5, label=source, **_STYLES[source]) for source in used] + [
        Line2D([], [], ls="", marker="o", ms=5.5, color="#555555", mfc="white", label="below 0")
    ]


def _legend(figure: Figure, rows: tuple[Row, ...]) -> None:
    handles = legend_handles(rows)
    figure.legend(handles=handles, loc="lower center", ncols=len(handles), fontsize=7.5,
                       columnspacing=0.8, handletextpad=0.1)  # fmt: skip
