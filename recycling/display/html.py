"""Tables as HTML for notebooks, with neither scripts nor colours that a dark page would hide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_LINE = "1px solid rgba(128,128,128,.45)"
_CELL = "padding:.2em .7em .2em 0;vertical-align:top;background:transparent;color:inherit"
_MARK = f"border:{_LINE};border-radius:.3em;padding:0 .4em;margin-left:.5em;font-size:85%"


def html_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str = "",
    mark: str = "",
    note: str = "",
) -> str:
    """Write a table for a notebook.

    Args:
        columns: headings; a table without any has none.
        rows: cells, of which each is written as text.
        title: what the table shows.
        mark: a word beside the title, such as "simulated".
        note: what to know about it, beneath.

    Example:
        >>> page = html_table(("heat",), [("<script>",)], title="a & b", mark="simulated")
        >>> "&lt;script&gt;" in page, "a &amp; b" in page, "<script>" in page
        (True, True, False)
    """
    head = "".join(_cell("th", column) for column in columns)
    body = "".join(f"<tr>{''.join(_cell('td', cell) for cell in row)}</tr>" for row in rows)
    return (
        '<div style="color:inherit;overflow-x:auto">'
        + _title(title, mark)
        + '<table style="border-collapse:collapse;color:inherit;margin:.3em 0">'
        + (f'<thead><tr style="border-bottom:{_LINE}">{head}</tr></thead>' if columns else "")
        + f"<tbody>{body}</tbody></table>"
        + (f'<div style="font-size:90%;max-width:60em">{text(note)}</div>' if note else "")
        + "</div>"
    )


def text(value: object) -> str:
    """Write a value as text of a page: escaped, with its line breaks.

    Example:
        >>> text("a < b")
        'a &lt; b'
    """
    return escape(str(value)).replace("\n", "<br>")


def _title(title: str, mark: str) -> str:
    if not title and not mark:
        return ""
    said = f'<span style="{_MARK}">{text(mark)}</span>' if mark else ""
    return f"<div><strong>{text(title)}</strong>{said}</div>"


def _cell(tag: str, value: object) -> str:
    return f'<{tag} style="{_CELL};text-align:left">{text(value)}</{tag}>'
