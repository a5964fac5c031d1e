"""The folder that is served, and what was read of it: once for each state of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import Path
from threading import Lock, Thread
from typing import Any, TypeVar

from recycling.serving.finding import PROGRESS, Findings, Found, find
from recycling.serving.guarding import is_inside
from recycling.serving.rows import Row, Signature, row_of, signature_of
from recycling.serving.verdicts import RESULTS, WORK, Brief, brief_of

T = TypeVar("T")
#: Large answers that are kept, such as the maps of a sweep.
_KEPT = 16


class Shelf:
    """A served folder. Lines and verdicts are kept in memory by size and time of their files.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Shelf(Path(folder)).rows()
        []
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._rows: dict[str, tuple[Signature, Row]] = {}
        self._briefs: dict[str, tuple[Signature, Brief]] = {}
        self._kept: dict[Hashable, Any] = {}
        self._notes: dict[Found, tuple[Hashable, Any]] = {}
        self._lock = Lock()
        self._reader: Thread | None = None

    def find(self) -> Findings:
        """What the folder holds now."""
        return find(self.root)

    def rows(self, findings: Findings | None = None) -> list[Row]:
        """Lines of all runs. Verdicts that were not read yet are read by a thread meanwhile."""
        found = (self.find() if findings is None else findings).of("run")
        with self._lock:
            names = {each.name for each in found}
            self._rows = {name: kept for name, kept in self._rows.items() if name in names}
            self._briefs = {name: kept for name, kept in self._briefs.items() if name in names}
            rows = [self._row(each) for each in found]
            if self.pending and self._reader is None:
                self._reader = Thread(target=self._read, daemon=True)
                self._reader.start()
        return rows

    def row(self, found: Found) -> Row:
        """The line of a run, its verdict included."""
        with self._lock:
            row = self._row(found)
        if row.brief is None and row.state != "damaged":
            self._read_brief(found.name)
            with self._lock:
                row = self._row(found)
        return row

    @property
    def pending(self) -> list[str]:
        """Names of the runs whose verdict is not read yet, the newest first."""
        lacking = [
            row
            for name, (signature, row) in list(self._rows.items())
            if row.state != "damaged" and self._brief(name, signature) is None
        ]
        return [row.name for row in sorted(lacking, key=lambda row: row.created, reverse=True)]

    def version(self, findings: Findings, rows: list[Row] | None = None) -> str:
        """Digest of everything that the list shows: another one where anything changed."""
        shown = self.rows(findings) if rows is None else rows
        others = [
            (each.name, each.kind, state_of(each))
            for each in findings.items.values()
            if each.kind != "run"
        ]
        return hashlib.sha256(repr((shown, others)).encode()).hexdigest()[:16]

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """What a function makes, once for each key; one thread works at a time."""
        if key in self._kept:  # nobody waits for work on something else
            known: T = self._kept[key]
            return known
        with WORK:
            if key not in self._kept:
                while len(self._kept) >= _KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[key] = make()
            found: T = self._kept[key]
            return found

    def noted(self, found: Found, make: Callable[[], T]) -> T:
        """What a function reads of a sweep, a campaign or an archive, once for each state."""
        state = state_of(found)
        known = self._notes.get(found)
        if known is None or known[0] != state:
            known = state, make()
            self._notes[found] = known
        noted: T = known[1]
        return noted

    def signature(self, found: Found) -> Hashable:
        """What is equal for equal states of a run."""
        return signature_of(found.path)

    def wait(self) -> None:
        """Wait until the verdicts under way are read."""
        reader = self._reader
        if reader is not None:
            reader.join()

    def _row(self, found: Found) -> Row:
        signature = signature_of(found.path)
        known = self._rows.get(found.name)
        if known is None or known[0] != signature:
            known = signature, row_of(found, self.root)
            self._rows[found.name] = known
        return replace(known[1], brief=self._brief(found.name, signature))

    def _brief(self, name: str, signature: Signature) -> Brief | None:
        known = self._briefs.get(name)
        return known[1] if known is not None and known[0] == signature else None

    def _read(self) -> None:
        """Read verdicts until none is pending."""
        while True:
            with self._lock:
                names = self.pending
                if not names:
                    self._reader = None
                    return
            self._read_brief(names[0])

    def _read_brief(self, name: str) -> None:
        with self._lock:
            if name not in self._rows:  # it is gone
                return
            signature, row = self._rows[name]
        path = self.root / name
        if not (path / RESULTS).is_file():
            brief = Brief(fault="not analysed", analysed=False)
        elif not is_inside(self.root, path / RESULTS):
            brief = Brief(fault=f"{RESULTS} is a link that leads out of the served folder")
        else:
            with WORK:
                brief = brief_of(path, row.spec_hash)
        with self._lock:
            self._briefs[name] = signature, brief


def state_of(found: Found) -> tuple[int, int]:
    """Time and size of what tells how far a sweep, a campaign or an archive is.

    Example:
        >>> state_of(Found("small", "sweep", Path("no such sweep")))
        (0, 0)
    """
    latest, size = 0, 0
    names = PROGRESS.get(found.kind)
    for path in [found.path / name for name in (*names, "report.html")] if names else [found.path]:
        try:
            known = path.stat()
        except OSError:
            continue
        latest, size = max(latest, known.st_mtime_ns), size + known.st_size
    return latest, size
