"""The files of a run as a table: those of a folder in one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recycling.store.readme import meaning_of


@dataclass(frozen=True)
class File:
    """A file, or all files of a folder, with what they are. A folder cannot be downloaded."""

    name: str
    size: int
    count: int = 1
    meaning: str = ""

    @property
    def text(self) -> str:
        """Size in words.

        Example:
            >>> File("run.json", 6763).text, File("figures", 2_500_000, count=12).text
            ('6.8 kB', '12 files, 2.5 MB')
        """
        of = "" if self.count == 1 else f"{self.count} files, "
        for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
            if self.size >= size:
                return f"{of}{self.size / size:.1f} {unit}"
        return f"{of}{self.size} B"


def listed_files(files: Mapping[str, Path]) -> list[File]:
    """List the files of a run by their names in it.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "run.json"
        ...     _ = path.write_bytes(b"{}")
        ...     [(file.name, file.size) for file in listed_files({"run.json": path})]
        [('run.json', 2)]
    """
    groups: dict[str, list[Path]] = {}
    for name, path in files.items():
        first, slash, _ = name.partition("/")
        groups.setdefault(first + slash, []).append(path)
    return [
        File(name, sum(map(_size, paths)), len(paths), meaning_of(f"data/{name}", {}))
        for name, paths in groups.items()
    ]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it has gone meanwhile
        return 0
