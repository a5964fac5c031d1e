"""Tables as HTML for notebooks, with neither scripts nor colours that a dark page would hide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

#: Inherited colours are legible on light and on dark pages; where a viewer drops the style, the
#: table is plain.
_STYLE = (
    "<style>.rc-table{overflow-x:auto}"
    ".rc-table table{border-collapse:collapse;margin:.3em 0;color:inherit;font:inherit}"
    ".rc-table th,.rc-table td{padding:.2em .8em .2em 0!important;text-align:left!important;"
    "vertical-align:top;background:none!important;color:inherit}"
    ".rc-table thead tr{border-bottom:1px solid rgba(128,128,128,.6)}"
    ".rc-table small{border:1px solid rgba(128,128,128,.6);border-radius:.3em;padding:0 .4em;"
    "margin-left:.5em}.rc-table p{max-width:60em;margin:.2em 0;font-size:90%}</style>"
)


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
        f'{_STYLE}<div class="rc-table">{_title(title, mark)}<table>'
        + (f"<thead><tr>{head}</tr></thead>" if columns else "")
        + f"<tbody>{body}</tbody></table>"
        + (f"<p>{text(note)}</p>" if note else "")
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
    said = f"<small>{text(mark)}</small>" if mark else ""
    return f"<div><strong>{text(title)}</strong>{said}</div>"


def _cell(tag: str, value: object) -> str:
    return f"<{tag}>{text(value)}</{tag}>"
