"""A table as plain rows of text, and how numbers are written in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Table:
    """Heading of each column, rows of text, and a note under the table."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""


def with_interval(value: float, low: float, high: float, unit: float) -> str:
    """Value and interval in a unit; the value alone where it has no error."""
    if low == high:
        return number(value / unit)
    ends = (number(end / unit, "+.3f") for end in (value, low, high))
    return "{} [{}, {}]".format(*ends)


def number(value: float, form: str = "+.4f") -> str:
    """Number as text: a dash where there is none, ∞ where it is infinite."""
    if np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    return format(value, form)
