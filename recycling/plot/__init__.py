"""Figures: each draws what the report draws, into given axes or new ones, and returns the axes.

::

    import recycling as rc
    axes = rc.plot.fig4b(run)              # of a run, or of its dataset
    rc.plot.fig5a(run, ax=axes)            # beside your own curves
    axes.figure.savefig("fig4b.pdf")
"""

from recycling.plot.machine import circuit, fig6, ledger, schedule
from recycling.plot.maps import share_map, shares, stage
from recycling.plot.paper import fig3, fig4a, fig4b, fig4c, fig5a, fig5b
from recycling.plot.results import (
    branch_gain,
    critical_temperature,
    entropy_tradeoff,
    link,
    prediction,
    record_break_even,
    sensitivity,
)

__all__ = [
    "branch_gain", "circuit", "critical_temperature", "entropy_tradeoff", "fig3", "fig4a", "fig4b",
    "fig4c", "fig5a", "fig5b", "fig6", "ledger", "link", "prediction", "record_break_even",
    "schedule", "sensitivity", "share_map", "shares", "stage",
]  # fmt: skip
