"""Small pieces of Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence

_SECTION = re.compile(r"^(Args|Returns|Raises|Example|Examples|Source|Attributes|Yields):", re.M)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""A table in Markdown; bars and line breaks inside of cells are kept harmless.

    Example:
        >>> print(table(["a", "b"], [["1", "x | y"]]))
        | a | b |
        | --- | --- |
        | 1 | x \| y |
    """
    lines = [list(columns), ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def prose(thing: object) -> str:
    """Prose of a docstring, without what follows about arguments, errors and examples.

    Example:
        >>> prose(table)
        'A table in Markdown; bars and line breaks inside of cells are kept harmless.'
    """
    text = inspect.getdoc(thing) or ""
    return re.sub(r"``([^`]+)``", r"`\1`", _SECTION.split(text)[0]).strip()


def escaped(text: str) -> str:
    r"""Text that Markdown does not read: no emphasis, no HTML, no mathematics.

    Example:
        >>> escaped("a_b <c> $d$")
        'a\\_b &lt;c> \\$d\\$'
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\_*$\[\]`{}])", r"\\\1", text)
