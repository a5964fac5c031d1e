"""Runs side by side in a line, and as a small table of a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recycling.display.html import html_table
from recycling.inference.statistics.significance import CLAIMED

if TYPE_CHECKING:
    from recycling.results.comparison import Comparison

#: Most quantities that are named of a run.
_NAMED = 4


def line_of(comparison: Comparison) -> str:
    """Write a comparison in a line.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     runs = [rc.run("theory", out=f"{folder}/{name}") for name in ("one", "two")]
        ...     line_of(rc.compare(*runs))
        '<Comparison at p_x = 0.4: two less one, 0 quantities differ>'
    """
    parts = (
        f"{member.label} less {comparison.first.label}, "
        f"{len(comparison.resolved(place))} quantities differ"
        for place, member in enumerate(comparison.others)
    )
    return f"<Comparison at p_x = {comparison.p_x:g}: {'; '.join(parts)}>"


def page_of(comparison: Comparison) -> str:
    """Write a comparison as a table for a notebook: a row for each run.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     runs = [rc.run("theory", out=f"{folder}/{name}") for name in ("one", "two")]
        ...     "the first" in page_of(rc.compare(*runs))
        True
    """
    found = {bound: comparison.verdicts(bound) for bound in CLAIMED}
    rows = [
        (
            member.label,
            member.dataset.attrs["data_kind"],
            member.dataset.attrs.get("device", ""),
            *(
                f"{sum(verdict.below for verdict in of_runs[place])} of {len(of_runs[place])}"
                for of_runs in found.values()
            ),
            "the first" if place == 0 else _differences(comparison, place - 1),
        )
        for place, member in enumerate(comparison.members)
    ]
    columns = ("run", "data", "device", "below Q_tight", "below Q_Landauer", "differs in")
    return html_table(columns, rows, title=f"runs at p_x = {comparison.p_x:g}")


def _differences(comparison: Comparison, other: int) -> str:
    names = comparison.resolved(other)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (", ".join(names[:_NAMED]) + more) or "nothing at 3 σ"
