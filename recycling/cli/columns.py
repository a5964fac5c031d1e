"""Widths of the columns of a table in a terminal that may be narrow."""

from __future__ import annotations

from collections.abc import Sequence

#: Characters below which a text without spaces is not broken, such as a path or an id.
_SHORT = 12


def column_widths(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Share out the room of a line: the widest column gives way first, and no number is broken.

    Args:
        columns: headings.
        rows: cells of each row.
        room: characters for all columns together.

    Returns:
        Width of each column. Their sum is above the room where it does not take even the numbers.

    Example:
        >>> column_widths(["θ_b", "source of it"], [["0.785", "read from a calibration"]], 17)
        [5, 12]
    """
    cells = [[heading, *(row[n] for row in rows)] for n, heading in enumerate(columns)]
    widths = [max(map(len, column)) for column in cells]
    floors = [max(map(_floor, column)) for column in cells]
    while sum(widths) > room:
        spare = [(width, -n) for n, width in enumerate(widths) if width > floors[n]]
        if not spare:
            break
        widths[-max(spare)[1]] -= 1
    return widths


def _floor(cell: str) -> int:
    """Characters of a line that a cell needs: its longest word; a long name may be broken."""
    number = not any(letter.isalpha() for letter in cell.replace("e", ""))
    words = [len(word) for word in cell.split()] or [0]
    return max(words) if number else min(max(words), _SHORT)
