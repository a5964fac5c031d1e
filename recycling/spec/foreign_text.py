"""Text from outside (a service's error, a foreign run) made harmless where it is shown."""

from __future__ import annotations

import json
import re

#: What makes a spreadsheet read a cell as a formula, in either width, or skip to what does.
_FORMULA = tuple("=+-@\n＝＋－＠")
#: All but printable characters, as Python defines them: controls, bidirectional overrides and other
#: format characters, surrogates, and spaces other than " ".
_PERHAPS_HIDDEN = re.compile(r"[^\x20-\x7e\n]")


def visible(text: str) -> str:
    r"""Text with escapes for characters that a terminal obeys or hides; line ends stay.

    Example:
        >>> print(visible("\x1b[31mred"))
        \x1b[31mred
    """
    return _PERHAPS_HIDDEN.sub(
        lambda found: (
            found[0] if found[0].isprintable() else found[0].encode("unicode_escape").decode()
        ),
        text,
    )


def visible_json(document: str) -> str:
    r"""The same for JSON, with the escapes of JSON: it parses to the same value.

    Example:
        >>> print(visible_json('{"name": "\x9b"}'))
        {"name": "\u009b"}
    """
    return _PERHAPS_HIDDEN.sub(
        lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], document
    )


def csv_text(cell: str) -> str:
    """Text that a spreadsheet takes for text: an apostrophe before what begins a formula.

    Example:
        >>> csv_text("=1+1")
        "'=1+1"
    """
    # A carriage return alone would begin a row with another cell.
    cell = visible(cell)
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
