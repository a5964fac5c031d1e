"""The line of a run in the list: run.json and the journals alone are read for it."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from recycling.errors import BadInput, reason_of
from recycling.serving.finding import Found
from recycling.serving.guarding import is_inside
from recycling.serving.verdicts import Brief
from recycling.store.files import Damaged, read_whole, unseal
from recycling.store.identity import IDENTITY, kind_of, read_identity
from recycling.store.journal import COMPLETE, UNSUCCESSFUL, JobRecord
from recycling.store.origin import data_kind
from recycling.store.upgrade import older_schema

State = Literal["done", "open", "failed", "damaged"]
#: Size and time of each file that a line is made from.
Signature = tuple[tuple[str, int, int], ...]
#: What cannot be read, and why.
UNREADABLE = (BadInput, Damaged, OSError)


@dataclass(frozen=True)
class Row:
    """A run in the list; of a damaged one, ``fault`` says what is wrong, and little is known."""

    name: str
    state: State
    title: str = ""
    created: str = ""
    backend: str = ""
    device: str = ""
    kind: str = ""
    source: str = ""
    jobs: str = ""
    spec_hash: str = ""
    run_id: str = ""
    report: bool = False
    fault: str = ""
    brief: Brief | None = field(default=None, compare=False)

    @property
    def comparable(self) -> bool:
        """Whether the run can be compared with others."""
        return self.kind == "protocol" and self.state != "damaged"


def signature_of(path: Path) -> Signature:
    """Size and time of each file of a run that a line in the list depends on.

    Example:
        >>> signature_of(Path("no such run"))
        ()
    """
    found = []
    for name in (*IDENTITY, "results.nc", "report.html"):
        try:
            known = (path / name).stat()
        except OSError:
            continue
        found.append((name, known.st_size, known.st_mtime_ns))
    try:
        with os.scandir(path / "jobs") as journals:
            for entry in journals:
                known = entry.stat()
                found.append((entry.name, known.st_size, known.st_mtime_ns))
    except OSError:
        pass
    return tuple(sorted(found))


def row_of(found: Found, root: Path) -> Row:
    """Read the line of a run; what is wrong with it becomes part of the line.

    Example:
        >>> row_of(Found("small", "run", Path("no such run")), Path()).state
        'damaged'
    """
    try:
        return _row(found, root)
    except UNREADABLE as error:
        return Row(found.name, "damaged", fault=fault_text(error))


def fault_text(error: Exception) -> str:
    """What is wrong, in a line.

    Example:
        >>> fault_text(PermissionError(13, "Permission denied"))
        'permission denied'
    """
    if isinstance(error, BadInput):
        return error.one_line
    return reason_of(error) if isinstance(error, OSError) else str(error)


def _row(found: Found, root: Path) -> Row:
    path = found.path
    for name in (*IDENTITY, "jobs"):
        if not is_inside(root, path / name):
            raise BadInput(f"{path / name} is a link that leads out of the served folder")
    if (version := older_schema(path)) is not None:
        raise BadInput(
            f"schema {version} is that of an older version: recycling status upgrades it"
        )
    record = read_identity(path)
    states = _states(path)
    done = record["state"] == "done"
    failed = not done and any(state in UNSUCCESSFUL for state in states)
    return Row(
        found.name,
        "done" if done else "failed" if failed else "open",
        title=record["name"],
        created=record["created"],
        backend=record["backend"],
        device=str(record["device"]["name"]),
        kind=kind_of(record),
        source=data_kind(record),
        jobs=_jobs(states),
        spec_hash=record["spec_hash"],
        run_id=record["run_id"],
        report=is_inside(root, path / "report.html") and (path / "report.html").is_file(),
    )


def _states(path: Path) -> list[str]:
    """State of each job by its journal; "damaged" where that cannot be read."""
    states: list[str] = []
    for file in sorted((path / "jobs").glob("*.json")):
        try:
            states.append(JobRecord.model_validate(unseal(read_whole(file))).state)
        except (Damaged, ValidationError):
            states.append("damaged")
    return states


def _jobs(states: list[str]) -> str:
    """How far the jobs are, in words.

    Example:
        >>> _jobs(["done", "submitted", "submitted"])
        '1 of 3 done, 2 submitted'
    """
    counts = Counter(states)
    complete = sum(counts.pop(state, 0) for state in COMPLETE)
    others = [f"{count} {state}" for state, count in counts.items()]
    return ", ".join([f"{complete} of {len(states)} done", *others])
