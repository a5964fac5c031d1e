"""The head of a signed log: the number of its records and the last MAC.

Interface: ``Head`` = (N, MAC); ``parse_head("N:MAC")`` and ``head_text(head)``; ``NO_MAC``.
"""

from __future__ import annotations

import re

from recycling.errors import BadInput

Head = tuple[int, str]
#: MAC before the first record.
NO_MAC = "0" * 64
_HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


def parse_head(text: str) -> Head:
    """Read a head that was written down as ``N:MAC``.

    Raises:
        BadInput: the text is no head.

    Example:
        >>> parse_head("0:" + "0" * 64)[0]
        0
    """
    parts = _HEAD.fullmatch(text.strip())
    if parts is None:
        raise BadInput(f"head = {text[:80]}: give the number of records, a colon and 64 hex digits")
    return int(parts[1]), parts[2]


def head_text(head: Head) -> str:
    """Write a head as ``N:MAC``.

    Example:
        >>> head_text((2, "ab" * 32))[:10]
        '2:abababab'
    """
    return f"{head[0]}:{head[1]}"
