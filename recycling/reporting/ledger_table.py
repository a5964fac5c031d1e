"""The ledger as a table, and its point in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite

from circuits.design import symbol
from recycling.ledger.rows import Ledger, Row
from recycling.reporting.tables import Table, number

#: Columns by their headings, in their order.
COLUMNS: Mapping[str, Callable[[Row], str]] = {
    "energy": lambda row: row.name,
    "J": lambda row: number(row.joule, "+.3e"),
    "95 % or range (J)": lambda row: _ends(row),
    "k_B T ln 2": lambda row: number(row.landauer, "+#.4g"),
    "T (K)": lambda row: f"{row.temperature:g}",
    "source": lambda row: row.source,
    "note": lambda row: row.note,
}
#: Columns for a terminal of 60 characters, and for one of ``ENOUGH``; and those of the notes.
NARROW, WIDE, ENOUGH = ("energy", "J", "k_B T ln 2", "source"), tuple(COLUMNS)[:-1], 106
NOTES = ("energy", "source", "note")


def ledger_table(ledger: Ledger, columns: Sequence[str] = WIDE) -> Table:
    """Write the rows of a ledger.

    Args:
        ledger: the ledger.
        columns: headings of the columns to show, of ``COLUMNS``.

    Example:
        >>> row = Row("heat", 4e-25, 3e-25, 5e-25, 0.043, "measured", "ΔQ_B")
        >>> table = ledger_table(Ledger({"theta_b": 0.4}, 0.4, (row,)), NARROW)
        >>> table.rows
        [('heat', '+4.000e-25', '+0.9720', 'measured')]
    """
    rows = [tuple(COLUMNS[column](row) for column in columns) for row in ledger.rows]
    decade = " The range of the control heat is a decade either way."
    controlled = any(row.group == "control" for row in ledger.rows)
    notes = (
        "Heat is positive where it is given off. Errors of sums add linearly."
        f"{decade if controlled else ''}",
        *(f"{note[:1].upper()}{note[1:]}." for note in ledger.notes),
    )
    return Table(tuple(columns), rows, " ".join(notes))


def ledger_headline(ledger: Ledger) -> str:
    """Write the point of a ledger, its saving, and the heat of the control beside it.

    Example:
        >>> row = Row("saving", 4e-25, 3e-25, 5e-25, 0.043, "measured", "Q_tight − ΔQ_B")
        >>> ledger_headline(Ledger({"theta_b": 0.4}, 0.4, (row,)))
        'At θ_b = 0.4000, p_x = 0.4: the saving is +4.00e-25 J, +0.972 k_B T0 ln 2 (measured).'
    """
    point = {**{symbol(name): f"{value:.4f}" for name, value in ledger.point.items()},
             "p_x": f"{ledger.p_x:g}"}  # fmt: skip
    where = ", ".join(f"{name} = {value}" for name, value in point.items())
    saving = ledger.row("saving")
    text = (
        f"At {where}: the saving is {number(saving.joule, '+.2e')} J, "
        f"{number(saving.landauer, '+.3f')} k_B T0 ln 2 ({saving.source})."
    )
    names = [row.name for row in ledger.rows]
    if "control heat MXC" not in names:
        return text
    control, heat = ledger.row("control heat MXC").joule, abs(ledger.row("heat").joule)
    if not (heat and isfinite(heat)):
        return text
    return (
        f"{text} The control of one shot heats the mixing chamber by {control:.0e} J, "
        f"{control / heat:.0e} times |ΔQ_B| (modelled, a decade either way)."
    )


def _ends(row: Row) -> str:
    """Both ends of the interval; a dash where there is none."""
    if row.low == row.high:
        return "–"
    return f"{number(row.low, '+.2e')} to {number(row.high, '+.2e')}"
