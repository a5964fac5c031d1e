"""Figures: each draws what the report draws, into given axes or new ones, and returns the axes.

Each takes a run or its dataset, and axes of your own to draw beside your curves.

Example:
    >>> import recycling as rc
    >>> axes = rc.plot.branch_gain(rc.Bath.qubit(5e9, 0.043))
    >>> rc.plot.record_break_even(rc.Bath.qubit(5e9, 0.043), ax=axes) is axes
    True
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
