"""The figure of the coverage study."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from coverage_losers import BASIC, JEFFREYS, PERCENTILE
from matplotlib.figure import Figure
from simulated import OURS

PANELS = {
    "entropy": ("entropy", "S before", "S after", "B before"),
    "entropy decrease ΔS": ("entropy_decrease",),
    "heat": ("heat",),
    "excess over Q_tight, Q_Landauer": ("excess_tight", "excess_landauer"),
}
STYLES = {
    PERCENTILE: ("percentile bootstrap", "tab:orange", "x"),
    BASIC: ("basic bootstrap", "tab:green", "+"),
    JEFFREYS: ("Jeffreys posterior", "tab:red", "^"),
}
#: Ends of the axes: what lies beyond is drawn on them.
NEAREST, FARTHEST = 0.03, 300.0
FEWEST_MISSED = 0.004
TICKS = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)


def draw(rows, tried, path: Path) -> None:
    """Draw coverage and widths against the distance from the nearest boundary."""
    with mpl.rc_context({"font.size": 8, "svg.fonttype": "path", "svg.hashsalt": "coverage"}):
        figure = Figure(figsize=(11, 5.4), layout="constrained")
        axes = figure.subplots(2, len(PANELS), sharex=True, sharey="row")
        for column, (title, names) in enumerate(PANELS.items()):
            own = [row for row in rows if row.quantity in names]
            others = [row for row in tried if row.quantity in names and row.method != OURS]
            _coverage(axes[0, column], own, others)
            _widths(axes[1, column], own)
            axes[0, column].set_title(title)
        axes[0, 0].set_ylabel("coverage of 95 % intervals")
        axes[1, 0].set_ylabel("width / Cramér–Rao")
        figure.supxlabel("distance of the true state from the nearest boundary / σ")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=4, markerscale=2)
        kind = path.suffix.lstrip(".")
        metadata = {"Date": None} if kind == "svg" else None
        figure.savefig(path, dpi=150, metadata=metadata)


def _coverage(axes, rows, others) -> None:
    axes.axhspan(0.03, 0.07, color="0.9", lw=0)
    axes.axvline(4, color="0.6", lw=0.8, ls=":")
    axes.plot(_distances(rows), _missed(rows), ".", ms=2, color="tab:blue", rasterized=True,
              label="test inversion (ours)", zorder=1)  # fmt: skip
    for method, (label, colour, marker) in STYLES.items():
        own = [row for row in others if row.method == method]
        if own:
            axes.plot(_distances(own), _missed(own), marker, ms=4, mew=0.9, color=colour,
                      mfc="none", label=label)  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylim(1.25, FEWEST_MISSED * 0.85)
    axes.set_yticks(TICKS, [f"{100 * (1 - missed):.0f} %" for missed in TICKS])
    axes.set_yticks([], minor=True)


def _widths(axes, rows) -> None:
    axes.axhspan(0.9, 1.1, color="0.9", lw=0)
    axes.axvline(4, color="0.6", lw=0.8, ls=":")
    widths = np.clip([row.width for row in rows], 0.3, 3)
    axes.plot(_distances(rows), widths, ".", ms=2, color="tab:blue", rasterized=True)
    axes.set_xscale("log")
    axes.set_ylim(0.5, 2)
    axes.set_xlim(NEAREST * 0.8, FARTHEST * 1.25)


def _distances(rows):
    return np.clip([row.distance for row in rows], NEAREST, FARTHEST)


def _missed(rows):
    return np.clip([1 - row.coverage for row in rows], FEWEST_MISSED, 1)
