"""The newest run, which ``latest`` stands for wherever a command takes a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

#: Word for the newest run; a folder of this name is that folder.
LATEST = "latest"
#: Where runs are made unless a command says otherwise.
RUNS = "runs"
#: The file that makes a folder a run, and its copy, which stands in where it is damaged.
RECORDS = ("run.json", "run.json.copy")
#: Bytes of a record that are read in search of its time; specs may be long.
_LONGEST = 20_000_000


def named_run(path: Path, kind: str = "") -> Path:
    """Path of a run, where ``latest`` is the newest under ``runs/``, of a kind if one is given.

    Raises:
        BadInput: it is ``latest``, and there is no run.
    """
    if str(path) != LATEST or path.exists():
        return path
    from recycling.cli.terminal import print_note
    from recycling.errors import BadInput

    found = newest_run(Path(RUNS), kind)
    of = f"of the {kind} " if kind else ""
    if found is None:
        raise BadInput(f"run = '{LATEST}': there is no run {of}in {RUNS}/; give the path of one")
    print_note(f"{LATEST}: {found}")
    return found


def newest_run(folder: Path, kind: str = "") -> Path | None:
    """The run of a folder that was created last; None where there is none of the kind."""
    created = {
        path: max(_created(path / record, kind) for record in RECORDS) for path in _folders(folder)
    }
    created = {path: time for path, time in created.items() if time}
    return max(created, key=lambda path: (created[path], path.name), default=None)


def _folders(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except OSError:
        return


def _created(record: Path, kind: str) -> str:
    """When a run was created, ISO 8601 in UTC; empty for what is no record of the kind."""
    try:
        with record.open("rb") as stream:
            content = json.loads(stream.read(_LONGEST))
    except (OSError, ValueError, RecursionError):
        return ""
    if not isinstance(content, dict) or kind not in ("", content.get("kind", "protocol")):
        return ""
    time = content.get("created")
    return time if isinstance(time, str) else ""
