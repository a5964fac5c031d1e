"""Tables on a terminal of any width: nothing is cut off, and verdicts have a colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from recycling.spec.foreign_text import visible

if TYPE_CHECKING:
    from rich.text import Text

#: Styles of cells by the words that they begin with. The words say it where there is no colour:
#: in a pipe, with NO_COLOR, on TERM=dumb.
STYLES = {
    "below": "green",
    "above": "yellow",
    "not resolved": "dim",
    "few trials": "dim",
    "nothing erased": "dim",
    "no data": "dim",
    "no process": "dim",
    "unknown": "dim",
    "passed": "green",
    "FAILED": "bold red",
    "failed": "bold red",
}


class TableLike(Protocol):
    """A table of text: what its columns are called, its rows, and a note beneath."""

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns."""

    @property
    def rows(self) -> Sequence[Sequence[str]]:
        """Text of the cells."""

    @property
    def note(self) -> str:
        """What to know about it."""


def print_table(table: TableLike, title: str = "") -> None:
    """Print a table for people; where it is wider than the terminal, a list for each row."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from recycling.cli.columns import column_widths

    console = Console(markup=False, emoji=False, highlight=False)
    columns = [visible(column) for column in table.columns]
    rows = [[visible(cell) for cell in row] for row in table.rows]
    between = len(columns) + 1
    widths = column_widths(columns, rows, console.width - between)
    fits = sum(widths) + between <= console.width
    within = fits and len(visible(title)) <= sum(widths) + between
    if title and not within:
        console.print(visible(title), style="italic", overflow="fold")
    if fits:
        shown = visible(title) if within else ""
        drawn = Table(title=shown or None, box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
        for column, width in zip(columns, widths, strict=True):
            # Words and long names go on in the next line; a number that is cut off is another.
            drawn.add_column(column, width=width, overflow="fold")
        for row in rows:
            drawn.add_row(*map(_styled, row))
        console.print(drawn)
    else:
        for lines in _lists(columns, rows, console.width):
            console.print(*lines, sep="\n", overflow="fold")
            console.print()
    if table.note:
        console.print(visible(table.note), style="dim", overflow="fold")


def _lists(
    columns: Sequence[str], rows: Sequence[Sequence[str]], width: int
) -> Iterator[list[Text]]:
    """Lines of each row: the name of a column, and its cell beside it, or under it if longer."""
    from rich.text import Text

    name = max(map(len, columns), default=0)
    for row in rows:
        lines: list[Any] = []
        for column, cell in zip(columns, row, strict=True):
            if name + 2 + len(cell) <= width:
                lines.append(Text.assemble((f"{column:{name}}", "bold"), "  ", _styled(cell)))
            else:
                lines += [Text(column, "bold"), _styled(f"  {cell}")]
        yield lines


def _styled(cell: str) -> Text:
    """A cell in the colour of its verdict."""
    from rich.text import Text

    words = cell.strip()
    style = next((style for word, style in STYLES.items() if words.startswith(word)), "")
    return Text(cell, style)
