"""A table as plain rows of text, and the form of numbers in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recycling.inference.statistics.interval import Interval


@dataclass(frozen=True)
class Table:
    """Heading of each column, rows of text, and a note under the table.

    Example:
        >>> Table(("a", "b"), [("1", "2")]).note
        ''
    """

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""

    def of(self, columns: Sequence[int]) -> Table:
        """Table of some columns alone.

        Example:
            >>> Table(("a", "b"), [("1", "2")]).of([1]).rows
            [('2',)]
        """
        rows = [tuple(row[place] for place in columns) for row in self.rows]
        return Table(tuple(self.columns[place] for place in columns), rows, self.note)


def with_interval(interval: Interval[float], unit: float = 1.0, form: str = "") -> str:
    """Write value and interval in a unit; the value alone where it has no error.

    Without a form all have a sign, and three decimals beside an interval, else four.

    Example:
        >>> with_interval(Interval(2e-25, low=1e-25, high=4e-25), unit=1e-25)
        '+2.000 [+1.000, +4.000]'
    """
    if interval.low == interval.high:
        return number(interval.value / unit, form or "+.4f")
    ends = (number(end / unit, form or "+.3f") for end in interval.ends.values())
    return "{} [{}, {}]".format(*ends)


def number(value: float, form: str = "+.4f") -> str:
    """Write a number: a dash where there is none, ∞ where it is infinite.

    Example:
        >>> number(0.12345), number(float("nan")), number(float("-inf"))
        ('+0.1235', '–', '−∞')
    """
    if np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    return format(value, form)
