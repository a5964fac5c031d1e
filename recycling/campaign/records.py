"""Records of a signed log as text: one text for one record, whatever wrote it.

Interface: ``canonical(record)`` → JSON text (RFC 8785), ``parse_record(text)``,
``read_records(path)`` → all records of a campaign, without the key and unverified.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from recycling.campaign.database import database
from recycling.errors import BadInput


def canonical(record: Mapping[str, Any]) -> str:
    """Return the one JSON text of a record, after RFC 8785.

    Raises:
        BadInput: the record has no such text.

    Example:
        >>> canonical({"b": 1.0, "a": "θ"})
        '{"a":"θ","b":1}'
    """
    import rfc8785

    try:
        return rfc8785.dumps(dict(record)).decode()
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        raise BadInput(
            f"record = {str(dict(record))[:80]}: {error}; "
            "give text, finite numbers, lists and objects with text as keys"
        ) from None


def parse_record(text: str) -> dict[str, Any]:
    """Read a record from its JSON text.

    Raises:
        ValueError: it is no JSON object.

    Example:
        >>> parse_record('{"run":1}')
        {'run': 1}
    """
    record = json.loads(text, parse_int=_number)
    if not isinstance(record, dict):
        raise ValueError("it is no JSON object")
    return record


def read_records(path: str | Path) -> list[dict[str, Any]]:
    """Read all records of a log in order, without its key and unverified.

    Raises:
        BadInput: there is no log, or a record is no JSON object.

    Example:
        >>> read_records("no such campaign")
        Traceback (most recent call last):
        recycling.errors.BadInput: no such campaign: there is no such database; ...
    """
    return list(_parsed(path))


def _parsed(path: str | Path) -> Iterator[dict[str, Any]]:
    with database(path, create=False) as connection:
        for seq, text in connection.execute("SELECT seq, record FROM log ORDER BY seq"):
            try:
                yield parse_record(text)
            except (ValueError, TypeError, RecursionError):
                raise BadInput(
                    f"record {seq} of the log is no JSON object: verify the log"
                ) from None


def _number(digits: str) -> int | float:
    """RFC 8785 writes doubles above 2⁵³ without a point too: as integers they would be others."""
    number = float(digits)
    return int(digits) if abs(number) < 2**53 else number
