"""Figures of a study of resets: what is left by rounds and by time, and heat against bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from recycling.reporting.figures import SETTINGS, STYLES, new_axes
from recycling.reporting.typeset import formula
from recycling.studies.reset.spec import QUBIT
from recycling.studies.reset.tables import length_text, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from recycling.devices.device import Device
    from recycling.studies.reset.results import ResetResults, ResetRow

#: Colour and marker of each method; colours stay apart for colour-blind readers.
_STYLES: Mapping[str, tuple[str, str]] = {
    "wait": ("#111111", "o"),
    "reset": ("#0072b2", "s"),
    "measure-and-flip": ("#d55e00", "^"),
    "swap": ("#009e73", "D"),
}


def reset_figures(
    results: ResetResults, device: Device, weight: float, kind: str
) -> dict[str, tuple[Figure, str]]:
    """Draw the figures of a study by file name, each with its caption.

    Args:
        results: the study.
        device: the device, whose T1 and temperature give the curve of a wait.
        weight: weight of the preparation 1 of the mixture whose heat is drawn.
        kind: where the data come from, in words.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.studies.reset.results import ResetResults
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> sorted(reset_figures(ResetResults((), {}, {}, 3e-24), device, 0.4, "simulated"))
        []
    """
    rows = results.rows
    found: dict[str, tuple[Figure, str]] = {}
    with mpl.rc_context(SETTINGS):
        if any(row.method != "wait" for row in rows):
            found["residual-by-rounds"] = (
                _by_rounds(results, device),
                f"Residual excitation of a qubit prepared in 1 by rounds of a reset: points with "
                f"95 % {kind}, readout corrected; lines modelled by the exact engine.",
            )
        if any(row.method == "wait" for row in rows):
            found["residual-by-time"] = (
                _by_time(results, device),
                f"Residual excitation by waiting time: points with 95 % {kind}, readout corrected; "
                "lines modelled, p_th + (P1(0) − p_th) exp(−t/T1) with the T1 and the temperature "
                "of the device.",
            )
        if rows:
            found["heat-against-bounds"] = (
                _heat(results, weight),
                f"Heat of the longest of each reset at p_x = {weight:g} with 95 %, {kind}: what "
                "the qubit gave, and what the baths took where there are any, against the bounds "
                "for its entropy decrease. Energy of drives and measurements is not measured.",
            )
    return found


def _by_rounds(results: ResetResults, device: Device) -> Figure:
    figure, axes = new_axes("rounds of the reset", "residual excitation P1")
    figure.subplots_adjust(left=0.16, right=0.97)
    for offset, method in enumerate(_methods(results, "wait")):
        rows = _ladder(results, method, 1.0)
        x = np.array([row.length for row in rows])
        _points(axes, x + 0.06 * (offset - 1), rows, method)
        axes.plot(x, [max(row.modelled, 0) for row in rows], color=_STYLES[method][0], lw=1)
    axes.plot([], [], color="#888888", lw=1, label="lines: modelled")
    thermal = device.excited_population[device.roles.index(QUBIT)]
    axes.axhline(thermal, color="#888888", ls=":", lw=1, label=formula("thermal at T0"))
    _small(axes)
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    axes.legend(loc="best", fontsize=8)
    return figure


def _by_time(results: ResetResults, device: Device) -> Figure:
    figure, axes = new_axes("waiting time (µs)", "residual excitation P1")
    figure.subplots_adjust(left=0.16, right=0.97)
    place = device.roles.index(QUBIT)
    thermal, t1 = device.excited_population[place], device.t1[place]
    for weight, fill in ((1.0, "full"), (0.0, "none")):
        rows = _ladder(results, "wait", weight)
        times = np.array([row.length for row in rows])
        _points(axes, times * 1e6, rows, "wait", fill=fill, label=f"prepared in {weight:g}")
        along = np.geomspace(times.min() / 2, times.max() * 1.2, 200)
        start = weight + (1 - 2 * weight) * thermal
        curve = thermal + (start - thermal) * np.exp(-along / t1)
        axes.plot(along * 1e6, curve, color="#56b4e9", lw=1.2, zorder=1,
                  label=f"modelled, T1 = {t1 * 1e6:.0f} µs" if weight else None)  # fmt: skip
    axes.set_xscale("log")
    _small(axes)
    axes.legend(loc="best", fontsize=8)
    return figure


def _heat(results: ResetResults, weight: float) -> Figure:
    figure, axes = new_axes("", "energy (hf)")
    figure.subplots_adjust(right=0.97, bottom=0.16)
    quantum, ticks = results.quantum, []
    series = {
        "heat": ("heat", "of the qubit", "o", "#111111"),
        "bath_heat": ("heat", "of the baths", "D", "#cc79a7"),
        "tight": ("bound_tight", "Q_tight", "^", None),
        "landauer": ("bound_landauer", "Q_Landauer", "v", None),
        "athermal": ("bound_athermal", "Q_ath", "s", None),
    }
    for place, method in enumerate(_methods(results)):
        row = _ladder(results, method, weight)[-1]
        ticks.append(f"{short_name(method)}\n{length_text(method, row.length)}")
        for offset, (name, (style, _, marker, colour)) in enumerate(series.items()):
            found = row.estimates.get(name)
            if found is None or not np.isfinite(found.value):
                continue
            value, low, high = (end / quantum for end in found.ends.values())
            errors = [[max(value - low, 0)], [max(high - value, 0) if np.isfinite(high) else 0]]
            axes.errorbar(
                place + 0.13 * (offset - 2), value, yerr=errors, fmt=marker, ms=5,
                color=colour or STYLES[style]["color"], capsize=2,
            )  # fmt: skip
    for style, label, marker, colour in series.values():
        axes.plot([], [], marker, color=colour or STYLES[style]["color"], label=formula(label))
    axes.set_xticks(range(len(ticks)), ticks, fontsize=9)
    axes.set_xlim(-0.6, len(ticks) - 0.4)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]), top=axes.get_ylim()[1] * 1.3)
    axes.legend(loc="upper center", fontsize=8, ncols=3)
    return figure


def _methods(results: ResetResults, *without: str) -> list[str]:
    return [name for name in dict.fromkeys(row.method for row in results.rows)
            if name not in without]  # fmt: skip


def _ladder(results: ResetResults, method: str, weight: float) -> list[ResetRow]:
    rows = [row for row in results.rows if row.method == method and row.weight == weight]
    return sorted(rows, key=lambda row: row.length)


def _points(
    axes: Axes,
    x: np.ndarray,
    rows: list[ResetRow],
    method: str,
    fill: str = "full",
    label: str = "",
) -> None:
    value, low, high = (
        np.array([row.estimates["population"].ends[end] for row in rows])
        for end in ("value", "low", "high")
    )
    colour, marker = _STYLES[method]
    axes.errorbar(x, value, yerr=[value - low, high - value], fmt=marker, color=colour, ms=4,
                  fillstyle=fill, capsize=2, lw=1, label=label or method)  # fmt: skip


def _small(axes: Axes) -> None:
    """Scale on which a few in a thousand, and zero, can be seen beside one."""
    axes.set_yscale("symlog", linthresh=0.01)
    axes.set_ylim(-5e-4, 1.3)
    ticks = [0, 0.002, 0.005, 0.01, 0.1, 1]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.yaxis.set_minor_locator(mpl.ticker.NullLocator())
