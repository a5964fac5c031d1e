"""A sweep in a few numbers: at what share of the points recycling pays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.reporting.share_figures import axis_label, scaled
from recycling.reporting.tables import Table, number
from recycling.results.shares import QUESTIONS, ShareAxis, Shares

if TYPE_CHECKING:
    from numpy.typing import NDArray


def sweep_summary(shares: Shares) -> dict[str, Any]:
    """Describe a sweep for scripts: shares at all points, and in each bin of each axis.

    Example:
        >>> axis = ShareAxis("t1", "s", True, np.array([1e-4]), (), np.zeros(1, int), "sample")
        >>> margins = {(question, "t1"): np.array([0.5]) for question in QUESTIONS}
        >>> total = dict.fromkeys(QUESTIONS, 0.5)
        >>> sweep_summary(Shares(4, {"t1": axis}, total, margins, {}))["axes"]["t1"]["gain"]
        [0.5]
    """
    axes = {
        name: {
            "units": axis.units,
            "values": list(axis.words) or axis.values.tolist(),
            **{q: _listed(shares.margins[q, name]) for q in QUESTIONS},
        }
        for name, axis in shares.axes.items()
    }
    return {"count": shares.count, "share": dict(shares.total), "axes": axes}


def _listed(share: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(each) else float(each) for each in share]


def headline(shares: Shares) -> str:
    """Say in a line where recycling pays.

    Example:
        >>> headline(Shares(4, {}, dict.fromkeys(QUESTIONS, 0.5), {}, {}))
        'G > 0 at 50 % of 4 points, ΔQ_B < Q_tight at 50 %, ΔQ_B < Q_Landauer at 50 % (simulated)'
    """
    first, *others = (
        f"{words} at {100 * shares.total[name]:.3g} %" for name, words in QUESTIONS.items()
    )
    return f"{first} of {shares.count:,} points, {', '.join(others)} (simulated)"


def share_table(shares: Shares) -> Table:
    """Shares in the lowest and in the highest bin of each axis.

    Example:
        >>> values, places = np.array([1e-4, 2e-4]), np.zeros(1, int)
        >>> axis = ShareAxis("t1", "s", True, values, (), places, "sample")
        >>> margins = {(question, "t1"): np.array([0.1, 0.9]) for question in QUESTIONS}
        >>> share_table(Shares(4, {"t1": axis}, {}, margins, {})).rows
        [('T1 (µs)', '100', '200', '10 → 90', '10 → 90', '10 → 90')]
    """
    rows = [
        (axis_label(axis), *_ends(axis), *(_change(shares.margins[q, name]) for q in QUESTIONS))
        for name, axis in shares.axes.items()
    ]
    note = (
        "Share of the points in %, over all other axes, from the lowest bin of an axis to the "
        "highest; recycling arm, exact engine, no shots. Below a bound: with ΔS > 0."
    )
    return Table(("axis", "from", "to", *QUESTIONS.values()), rows, note)


def _ends(axis: ShareAxis) -> tuple[str, str]:
    if axis.words:
        return axis.words[0], axis.words[-1]
    values, _ = scaled(axis)
    return f"{values[0]:.3g}", f"{values[-1]:.3g}"


def _change(share: NDArray[np.float64]) -> str:
    return f"{number(100 * share[0], '.3g')} → {number(100 * share[-1], '.3g')}"
