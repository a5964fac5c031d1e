"""Types that the schemas of stored files share, and their faults, each as a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

#: SHA-256 in hexadecimal digits.
Checksum = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
#: A time or a number that a service reports.
_Amount = Annotated[float, Field(ge=0, le=1e18)]
#: Characters of a value that are shown.
_SHOWN = 60


class _Reported(BaseModel):
    """Report of a service; entries that nothing here reads are left as they are."""

    model_config = ConfigDict(extra="allow")


class _Usage(_Reported):
    qpu_charge_time_seconds: _Amount | None = None
    quantum_seconds: _Amount | None = None
    seconds: _Amount | None = None


class _Metrics(_Reported):
    usage: _Usage | None = None
    timestamps: dict[str, Any] | None = None
    circuits_execution_time_ns: _Amount | None = None


class _Schedule(_Reported):
    circuit_duration: _Amount | None = None


class ServiceRecord(_Reported):
    """Report of a backend on a job beside its outcomes: metrics, and the schedule of each PUB.

    Example:
        >>> record = ServiceRecord.model_validate({"metrics": {"usage": {"seconds": 3}}})
        >>> record.metrics.usage.seconds
        3.0
    """

    metrics: _Metrics = _Metrics()
    schedules: list[_Schedule | None] | None = None


def readable_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the report of a backend where it is a ``ServiceRecord``, else its text alone.

    A job that is paid for must not become unreadable because of an odd report.

    Example:
        >>> readable_record({"metrics": {}})
        {'metrics': {}}
        >>> readable_record({"metrics": 3})
        {'unreadable': "{'metrics': 3}"}
    """
    try:
        ServiceRecord.model_validate(record)
        json.dumps(record)
    except (ValidationError, TypeError, ValueError, RecursionError):
        return {"unreadable": ascii(record)}
    return dict(record)


def first_fault(error: ValidationError) -> str:
    """Write the first fault of a validation error as a line: field, value, the reason.

    Example:
        >>> try:
        ...     ServiceRecord.model_validate({"schedules": 3})
        ... except ValidationError as error:
        ...     first_fault(error)
        'schedules = 3: Input should be a valid list'
    """
    faults = error.errors(include_url=False, include_context=False)
    first = faults[0]
    field = ".".join(map(str, first["loc"])) or "the record"
    message = " ".join(first["msg"].removeprefix("Value error, ").split())
    more = f" (and {len(faults) - 1} more)" if faults[1:] else ""
    value = "" if first["type"] == "missing" else f" = {shortened(first['input'])}"
    return f"{_plain(field)}{value}: {_plain(message)}{more}"


def shortened(value: object) -> str:
    """Write a value as a short line of plain characters.

    Example:
        >>> shortened("a" * 100) == "'" + "a" * 59 + "…"
        True
    """
    return _plain(ascii(value), _SHOWN)


def _plain(text: str, longest: int = 300) -> str:
    shown = "".join(c if c.isprintable() else "?" for c in text[:longest])
    return shown if len(text) <= longest else shown + "…"
