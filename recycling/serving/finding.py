"""What a folder holds: runs, sweeps, campaigns and archives, by their names below it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recycling.campaign.database import NAME as DATABASE
from recycling.campaign.folder import SPEC as CAMPAIGN
from recycling.errors import BadInput, reason_of
from recycling.store.identity import IDENTITY
from recycling.sweeps.store import IDENTITY as SWEEP
from recycling.sweeps.store import LEDGER

Kind = Literal["run", "sweep", "campaign", "archive"]
#: Files that tell how far a sweep or a campaign is: they change with it.
PROGRESS: Mapping[Kind, tuple[str, ...]] = {
    "sweep": (LEDGER,), "campaign": (DATABASE, f"{DATABASE}-wal"),
}  # fmt: skip
#: Files that the list reads of each, besides those.
DECLARED: Mapping[Kind, tuple[str, ...]] = {"sweep": (SWEEP,), "campaign": (CAMPAIGN,)}
#: Folders below the folder that are looked into, and how deep.
MOST, DEPTH = 20_000, 5


@dataclass(frozen=True)
class Found:
    """Something that has a page. ``name`` is its path below the folder, with ``/`` between parts.

    Example:
        >>> Found("small", "run", Path("runs/small")).path.name
        'small'
    """

    name: str
    kind: Kind
    path: Path


@dataclass(frozen=True)
class Findings:
    """All that was found, by name, and what was left out and why, a line each.

    Example:
        >>> Findings({}, ("a: permission denied",)).left_out
        ('a: permission denied',)
    """

    items: dict[str, Found]
    left_out: tuple[str, ...]

    def of(self, kind: Kind) -> list[Found]:
        """What was found of a kind.

        Example:
            >>> Findings({}, ()).of("run")
            []
        """
        return [found for found in self.items.values() if found.kind == kind]


def served_folder(path: Path) -> Path:
    """Check that a folder can be served, and return it as an absolute path without links.

    Raises:
        BadInput: it is no folder, cannot be read, or is itself a run, a sweep or a campaign.

    Example:
        >>> served_folder(Path("no such folder"))
        Traceback (most recent call last):
        recycling.errors.BadInput: dir = 'no such folder': no such file or directory; give a folder
    """
    try:
        names = {entry.name for entry in os.scandir(path)}
    except OSError as error:
        raise BadInput(f"dir = {str(path)!r}: {reason_of(error)}; give a folder") from None
    if kind := _kind(names):
        raise BadInput(f"dir = {str(path)!r} is a {kind}: give the folder that holds it")
    return path.resolve()


def find(folder: Path) -> Findings:
    """Find what a folder holds. Links and hidden names are passed over.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     (Path(folder) / "one").mkdir()
        ...     _ = (Path(folder) / "one" / "run.json").write_bytes(b"{}")
        ...     find(Path(folder)).items["one"].kind
        'run'
    """
    left_out: list[str] = []
    items = {found.name: found for found in _walk(folder, left_out)}
    return Findings(items, tuple(left_out))


def _walk(folder: Path, left_out: list[str]) -> Iterator[Found]:
    waiting, looked = [("", folder, 0)], 0
    while waiting:
        below, path, depth = waiting.pop()
        looked += 1
        if looked > MOST:
            left_out.append(f"only the first {MOST} folders were looked into")
            return
        try:
            entries = sorted(os.scandir(path), key=lambda entry: entry.name)
        except OSError as error:
            left_out.append(f"{below}: {reason_of(error)}")
            continue
        kind = _kind({entry.name for entry in entries}) if below else None
        if kind is not None:
            yield Found(below, kind, path)
        if kind in ("run", "sweep"):
            continue
        for entry in entries:
            name = f"{below}/{entry.name}" if below else entry.name
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if not _is_text(entry.name):
                left_out.append(f"{name!a}: the name is not in UTF-8")
            elif entry.is_dir():
                if depth < DEPTH:
                    waiting.append((name, path / entry.name, depth + 1))
            elif entry.name.endswith(".zip"):
                yield Found(name, "archive", path / entry.name)


def _kind(names: set[str]) -> Kind | None:
    # A run whose record is lost is a damaged run.
    if names & set(IDENTITY) or {"jobs", "shots"} <= names:
        return "run"
    return "sweep" if SWEEP in names else "campaign" if CAMPAIGN in names else None


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
