"""The telemetry of a run: a chain of lines, so that none of them is lost, repeated or moved unseen.

Each line holds the SHA-256 of the run's id and of all lines before it. The head, which run.json
holds, is the number of lines and the digest of all of them when it was written: where the run is
done, and at the end of each command. The head of a killed process may lag behind, but is never
ahead: lines are synced before it. So up to the head nothing may be missing, and what follows it
must be chained.

Lines of runs from before there was a chain hold no digest. They are valid where they come first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from recycling.store.files import append_line, line_of, read_lines, write_whole

NAME = "telemetry.jsonl"
#: Entry of a line with the digest of all that is before it.
_PREVIOUS = "previous"


class Head(BaseModel):
    """Number of lines, and the digest of all of them.

    Example:
        >>> Head(lines=3, digest="0" * 64).lines
        3
    """

    model_config = ConfigDict(frozen=True)

    lines: Annotated[int, Field(ge=0, strict=True)] = 0
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Event(BaseModel):
    """Entries of every line; the rest depends on the event.

    Example:
        >>> Event(event="planned", seconds=0.5).time
        ''
    """

    model_config = ConfigDict(extra="allow")

    event: str
    time: str = ""
    seconds: Annotated[FiniteFloat, Field(ge=0, strict=True)] = 0.0


def append_event(run: Path, run_id: str, event: dict[str, Any]) -> None:
    """Append an event to the telemetry of a run, and sync it.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     append_event(Path(folder), "2f0c", {"event": "planned", "seconds": 0.5})
        ...     events(Path(folder))
        [{'event': 'planned', 'seconds': 0.5}]
    """
    append_line(run / NAME, event | {_PREVIOUS: head_of(run, run_id).digest})


def head_of(run: Path, run_id: str) -> Head:
    """Read the head of the telemetry as it is on the disk.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     append_event(Path(folder), "2f0c", {"event": "planned"})
        ...     head_of(Path(folder), "2f0c").lines
        1
    """
    *_, head = _heads(run, run_id)
    return head


def events(run: Path) -> list[dict[str, Any]]:
    """Read the events in order, without those of damaged lines.

    Example:
        >>> events(Path("no such run"))
        []
    """
    records, _ = read_lines(run / NAME)
    return [_without_digest(record) for record in records if _is_event(record)]


def telemetry_damage(run: Path, run_id: str, head: Head | None) -> str:
    """Describe the damage to the telemetry of a run; empty where there is none.

    Args:
        run: run directory.
        run_id: id of the run.
        head: head in run.json; None for runs from before there was a chain.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     run = Path(folder)
        ...     append_event(run, "2f0c", {"event": "planned"})
        ...     head = head_of(run, "2f0c")
        ...     _ = (run / NAME).write_bytes(b"")
        ...     telemetry_damage(run, "2f0c", head)
        'lines are missing, or are others than were written'
    """
    records, damaged = read_lines(run / NAME)
    if damaged or not all(map(_is_event, records)):
        return "it has torn or changed lines"
    heads = list(_heads(run, run_id))
    chained = False
    for record, before in zip(records, heads[:-1], strict=True):
        chained |= _PREVIOUS in record
        if chained and record.get(_PREVIOUS) != before.digest:
            return "lines are missing, repeated or in another order"
    if head is not None and head not in heads:
        return "lines are missing, or are others than were written"
    return ""


def rechain(run: Path, run_id: str) -> None:
    """Chain the intact lines anew, in their order.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     run = Path(folder)
        ...     append_event(run, "2f0c", {"event": "planned"})
        ...     append_event(run, "2f0c", {"event": "done"})
        ...     _ = (run / NAME).write_bytes((run / NAME).read_bytes().replace(b"planned", b"plan"))
        ...     rechain(run, "2f0c")
        ...     events(run)
        [{'event': 'done'}]
    """
    digest = hashlib.sha256(run_id.encode())
    lines = []
    for event in events(run):
        lines.append(line_of(event | {_PREVIOUS: digest.hexdigest()}))
        digest.update(lines[-1])
    write_whole(run / NAME, b"".join(lines))


def _heads(run: Path, run_id: str) -> Iterator[Head]:
    """Head before the first line, and after each."""
    digest = hashlib.sha256(run_id.encode())
    path = run / NAME
    content = path.read_bytes() if path.is_file() else b""
    yield Head(digest=digest.hexdigest())
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        digest.update(line)
        yield Head(lines=number, digest=digest.hexdigest())


def _is_event(record: dict[str, Any]) -> bool:
    try:
        Event.model_validate(record)
    except ValidationError:
        return False
    return True


def _without_digest(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != _PREVIOUS}
