"""Figures of a sweep over devices: where recycling pays, along each axis and over pairs of axes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from circuits.design import symbol
from recycling.reporting.figures import SETTINGS, STYLES
from recycling.reporting.typeset import formula
from recycling.results.shares import QUESTIONS, ShareAxis, Shares

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colour and line of each question; the colours are those of its bound.
_LINES: dict[str, dict[str, Any]] = {
    "gain": {"color": STYLES["bound_athermal"]["color"], "ls": "-", "lw": 2.6},
    "excess_tight": {"color": STYLES["bound_tight"]["color"], "ls": "-", "lw": 1.8},
    "excess_landauer": {"color": STYLES["bound_landauer"]["color"], "ls": "--", "lw": 1.8},
}
#: Axes whose pairs are mapped: those along which the share differs most.
_MAPPED = 4
#: Units in which people think of a quantity, by its SI unit and up to which value.
_PREFIXES = {
    "s": ((1e-6, 1e-9, "ns"), (1e-3, 1e-6, "µs")),
    "K": ((1.0, 1e-3, "mK"),),
    "Hz": ((np.inf, 1e9, "GHz"),),
}
_NAMES = {
    "t1": "T1", "t2": "T2", "temperature": "T0", "feedforward_latency": "feedforward latency",
    "cz_error": "CZ error", "readout_error": "readout error", "frequency": "f of the bath",
    "single_qubit_error": "single-qubit error", "loss_tangent": "tan δ", "profile": "profile",
}  # fmt: skip


def axis_label(axis: ShareAxis) -> str:
    """Write an axis with its unit.

    Example:
        >>> axis = ShareAxis("t1", "s", True, np.array([1e-4]), (), np.zeros(1, int), "sample")
        >>> axis_label(axis)
        'T1 (µs)'
    """
    base, bracket, role = axis.name.partition("[")
    name = _NAMES.get(base, symbol(base))
    unit = scaled(axis)[1]
    return f"{name}{bracket}{role}" + (f" ({unit})" if unit != "1" else "")


def scaled(axis: ShareAxis) -> tuple[Any, str]:
    """Values of an axis in the unit in which people think of them, and that unit.

    Example:
        >>> axis = ShareAxis("t1", "s", True, np.array([1e-4]), (), np.zeros(1, int), "sample")
        >>> scaled(axis)[1]
        'µs'
    """
    largest = float(np.max(axis.values))
    for limit, size, unit in _PREFIXES.get(axis.units, ()):
        if largest < limit:
            return axis.values / size, unit
    return axis.values, axis.units


def margin_figure(shares: Shares) -> Figure:
    """Draw the share of the points where recycling pays along each axis.

    Example:
        >>> values, places = np.array([1e-4, 2e-4]), np.zeros(1, int)
        >>> axis = ShareAxis("t1", "s", True, values, (), places, "sample")
        >>> margins = {(question, "t1"): np.array([0.1, 0.9]) for question in QUESTIONS}
        >>> figure = margin_figure(Shares(4, {"t1": axis}, {}, margins, {}))
        >>> figure.axes[0].get_xlabel()
        'T1 (µs)'
    """
    columns = min(4, len(shares.axes))
    rows = -(-len(shares.axes) // columns)
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(0.6 + 3.0 * max(columns, 2), 0.6 + 2.6 * rows))
        table = figure.subplots(rows, columns, squeeze=False, sharey=True)
        for axes, axis in zip(table.flat, shares.axes.values(), strict=False):
            draw_margin(axes, shares, axis.name)
        for axes in table.flat[len(shares.axes) :]:
            axes.set_visible(False)
        for axes in table[:, 0]:
            axes.set_ylabel("share of points (%)")
        handles, labels = table[0, 0].get_legend_handles_labels()
        height = figure.get_size_inches()[1]
        figure.legend(handles, labels, loc="upper center", ncols=len(QUESTIONS))
        figure.subplots_adjust(
            left=0.08, right=0.985, top=1 - 0.4 / height, bottom=0.6 / height,
            hspace=0.42, wspace=0.12,
        )  # fmt: skip
    return figure


def draw_margin(axes: Axes, shares: Shares, name: str) -> None:
    """Draw the share of the points where recycling pays along one axis.

    Example:
        >>> values, places = np.array([1e-4, 2e-4]), np.zeros(1, int)
        >>> axis = ShareAxis("t1", "s", True, values, (), places, "sample")
        >>> margins = {(question, "t1"): np.array([0.1, 0.9]) for question in QUESTIONS}
        >>> axes = Figure().add_subplot()
        >>> draw_margin(axes, Shares(4, {"t1": axis}, {}, margins, {}), "t1")
        >>> len(axes.lines)
        3
    """
    for question, words in QUESTIONS.items():
        share = 100 * shares.margins[question, name]
        _along(axes, shares.axes[name], share, label=formula(words), **_LINES[question])
    axes.set_ylim(-3, 103)


def _along(axes: Axes, axis: ShareAxis, share: Any, **style: Any) -> None:
    values, _ = scaled(axis)
    few = len(values) <= 8
    axes.plot(values, share, marker="o" if few else "", ms=4, **style)
    _dress(axes.xaxis, axes.set_xscale, axis, values)
    axes.set_xlabel(formula(axis_label(axis)))


def _dress(side: Any, set_scale: Any, axis: ShareAxis, values: Any) -> None:
    """Scale and ticks of one side of a panel."""
    if axis.words:
        side.set_ticks(values, [word.removeprefix("Fake") for word in axis.words], size=8)
    elif axis.log:
        set_scale("log")
        decades = np.log10(values[-1] / values[0])
        if decades < 2.5:
            steps = (1, 1.5, 2, 3, 4, 6, 8) if decades < 1 else (1, 3)
            powers = 10.0 ** np.arange(np.floor(np.log10(values[0])), np.log10(values[-1]) + 1)
            ticks = [step * power for power in powers for step in steps]
            shown = [t for t in ticks if values[0] * 0.95 <= t <= values[-1] * 1.05]
            side.set_ticks(shown, [f"{tick:g}" for tick in shown])
            side.set_ticks([], minor=True)
    else:
        side.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))


def map_figure(shares: Shares, question: str) -> Figure | None:
    """Draw the share of the points that answer a question with yes, over pairs of axes.

    The axes are those along which it differs most; None where there are no two.

    Example:
        >>> at = {"values": np.array([1.0, 2.0, 3.0]), "words": (), "places": np.zeros(1, int)}
        >>> axes = {name: ShareAxis(name, "1", False, dim=name, **at) for name in ("p_x", "theta")}
        >>> margins = {("gain", name): np.array([0.1, 0.5, 0.9]) for name in axes}
        >>> maps = {("gain", "p_x", "theta"): np.eye(3)}
        >>> panel = map_figure(Shares(9, axes, {}, margins, maps), "gain").axes[0]
        >>> panel.get_xlabel(), panel.get_ylabel()
        ('$p_{x}$', 'θ')
    """
    pairs = pairs_of(shares, question)
    if not pairs:
        return None
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    with mpl.rc_context(SETTINGS | {"axes.grid": False}):
        figure = Figure(figsize=(1.4 + 3.4 * columns, 0.5 + 2.9 * rows), layout="constrained")
        table = figure.subplots(rows, columns, squeeze=False)
        for axes, pair in zip(table.flat, pairs, strict=False):
            drawn = draw_map(axes, shares, question, pair)
        for axes in table.flat[len(pairs) :]:
            axes.set_visible(False)
        bar = figure.colorbar(drawn, ax=table, shrink=0.8, ticks=range(0, 101, 20))
        bar.set_label("share of points (%)")
        figure.suptitle(formula(QUESTIONS[question]))
    return figure


def pairs_of(shares: Shares, question: str) -> list[tuple[str, str]]:
    """Pairs of axes to map: those along which the share differs most come first.

    Example:
        >>> pairs_of(Shares(4, {}, {}, {}, {}), "gain")
        []
    """
    named = [name for name in shares.strongest(question) if _is_wide(shares.axes[name])]
    return list(combinations(named[:_MAPPED], 2))


def _is_wide(axis: ShareAxis) -> bool:
    """Whether contours can be drawn along an axis."""
    return len(axis.values) >= 3 and not axis.words


def draw_map(axes: Axes, shares: Shares, question: str, pair: Sequence[str]) -> Any:
    """Draw contours of the share over two axes, the first named along x; returns the contours.

    Example:
        >>> at = {"values": np.array([1.0, 2.0, 3.0]), "words": (), "places": np.zeros(1, int)}
        >>> axes = {name: ShareAxis(name, "1", False, dim=name, **at) for name in ("p_x", "theta")}
        >>> found = Shares(9, axes, {}, {}, {("gain", "p_x", "theta"): np.eye(3)})
        >>> drawn = draw_map(Figure().add_subplot(), found, "gain", ("p_x", "theta"))
        >>> len(drawn.levels)
        11
    """
    first, second = (shares.axes[name] for name in pair)
    if (question, *pair) in shares.maps:
        share = shares.maps[question, first.name, second.name].T
    else:
        share = shares.maps[question, second.name, first.name]
    (x, _), (y, _) = scaled(first), scaled(second)
    drawn = axes.contourf(
        x, y, 100 * share, levels=np.arange(0, 101, 10), cmap="cividis", vmin=0, vmax=100
    )
    lines = axes.contour(x, y, 100 * share, levels=[50], colors="white", linewidths=1.4)
    axes.clabel(lines, fmt=lambda level: f"{level:.0f} %", fontsize=8)
    _dress(axes.xaxis, axes.set_xscale, first, x)
    _dress(axes.yaxis, axes.set_yscale, second, y)
    axes.set(xlim=x[[0, -1]], ylim=y[[0, -1]])
    axes.set_xlabel(formula(axis_label(first)))
    axes.set_ylabel(formula(axis_label(second)), labelpad=7)
    return drawn
