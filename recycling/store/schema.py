"""What the schemas of stored files share: their types, and how a fault is told in one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

#: SHA-256 in hexadecimal digits.
Checksum = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
#: A time or a number that a service tells.
_Amount = Annotated[float, Field(ge=0, le=1e18)]
#: Characters of a value that are shown.
_SHOWN = 60


class _Told(BaseModel):
    """What a service tells; entries that nobody here reads are left as they are."""

    model_config = ConfigDict(extra="allow")


class _Usage(_Told):
    qpu_charge_time_seconds: _Amount | None = None
    quantum_seconds: _Amount | None = None
    seconds: _Amount | None = None


class _Metrics(_Told):
    usage: _Usage | None = None
    timestamps: dict[str, Any] | None = None
    circuits_execution_time_ns: _Amount | None = None


class _Schedule(_Told):
    circuit_duration: _Amount | None = None


class ServiceRecord(_Told):
    """What a backend tells of a job besides its outcomes: metrics, and the schedule of each PUB."""

    metrics: _Metrics = _Metrics()
    schedules: list[_Schedule | None] | None = None


def readable_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a backend told, as a ``ServiceRecord``; as text alone where it is none.

    A job that is paid for must not become unreadable since its service tells something odd.
    """
    try:
        ServiceRecord.model_validate(record)
        json.dumps(record)
    except (ValidationError, TypeError, ValueError, RecursionError):
        return {"unreadable": ascii(record)}
    return dict(record)


def first_fault(error: ValidationError) -> str:
    """First fault of a validation error in one line: field, value, what is wrong with it."""
    faults = error.errors(include_url=False, include_context=False)
    first = faults[0]
    field = ".".join(map(str, first["loc"])) or "the record"
    message = " ".join(first["msg"].removeprefix("Value error, ").split())
    more = f" (and {len(faults) - 1} more)" if faults[1:] else ""
    value = "" if first["type"] == "missing" else f" = {shortened(first['input'])}"
    return f"{_plain(field)}{value}: {_plain(message)}{more}"


def shortened(value: object) -> str:
    """A value as text of one short line, in plain characters."""
    return _plain(ascii(value), _SHOWN)


def _plain(text: str, longest: int = 300) -> str:
    shown = "".join(c if c.isprintable() else "?" for c in text[:longest])
    return shown if len(text) <= longest else shown + "…"
