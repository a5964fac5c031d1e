"""Files written so that a reader sees the old or the new content, and notices damage."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any
from zlib import crc32

#: What reading JSON raises, e.g. where it is no object, or is nested too deeply.
_UNREADABLE = (ValueError, KeyError, AttributeError, TypeError, RecursionError)


class Damaged(ValueError):
    """The content of a file is not what was written.

    Example:
        >>> unseal(b"{}")
        Traceback (most recent call last):
        recycling.store.files.Damaged: it cannot be read
    """


def write_whole(path: Path, content: bytes) -> None:
    """Write a file through a temporary file: write, sync, rename, sync the folder.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_whole(Path(folder) / "run.json", b"{}")
        ...     [path.name for path in Path(folder).iterdir()]
        ['run.json']
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def read_whole(path: Path) -> bytes:
    """Read the content of a file.

    Raises:
        Damaged: the file is missing.
        OSError: the system does not read it, e.g. too many files are open. This is no damage, for
            which the file would be put aside.

    Example:
        >>> read_whole(Path("no such run") / "run.json")
        Traceback (most recent call last):
        recycling.store.files.Damaged: it is missing
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise Damaged("it is missing") from None


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; systems that cannot sync a folder do so by themselves.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "run.json").write_bytes(b"{}")
        ...     sync_folder(Path(folder))
    """
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def checksum(path: Path) -> str:
    """SHA-256 of a file, hexadecimal digits.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "run.json"
        ...     _ = path.write_bytes(b"{}")
        ...     checksum(path)[:16]
        '44136fa355b3678a'
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def seal(record: dict[str, Any]) -> bytes:
    """Write a record as JSON text, with its checksum as the last entry.

    Example:
        >>> sealed = seal({"state": "done"})
        >>> unseal(sealed)
        {'state': 'done'}
    """
    return json.dumps(record | {"checksum": _digest(record)}, indent=1).encode()


def unseal(content: bytes) -> dict[str, Any]:
    """Read a sealed record.

    Raises:
        Damaged: it is not what was sealed.

    Example:
        >>> unseal(seal({"state": "done"}).replace(b"done", b"lost"))
        Traceback (most recent call last):
        recycling.store.files.Damaged: its checksum differs
    """
    try:
        record = json.loads(content)
        expected = record.pop("checksum")
        digest = _digest(record)
    except _UNREADABLE:
        raise Damaged("it cannot be read") from None
    if digest != expected:
        raise Damaged("its checksum differs")
    return dict(record)


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Append a record as a line, and sync it.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "telemetry.jsonl"
        ...     append_line(path, {"event": "planned"})
        ...     append_line(path, {"event": "done"})
        ...     read_lines(path)
        ([{'event': 'planned'}, {'event': 'done'}], [])
    """
    with path.open("ab") as stream:
        stream.write(line_of(record))
        stream.flush()
        os.fsync(stream.fileno())


def line_of(record: dict[str, Any]) -> bytes:
    """Write a record as a line of JSON, with a checksum as its last entry.

    Example:
        >>> line_of({"event": "done"}).decode().strip()
        '{"event": "done", "crc32": "b2193db3"}'
    """
    return json.dumps(record | {"crc32": _crc(record)}).encode() + b"\n"


def read_lines(path: Path) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Read the records of a file of appended lines, and its damaged lines, e.g. a torn tail.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "telemetry.jsonl"
        ...     _ = path.write_bytes(line_of({"event": "planned"}) + b'{"event": "do')
        ...     read_lines(path)
        ([{'event': 'planned'}], [b'{"event": "do'])
    """
    records, damaged = [], []
    for line in path.read_bytes().splitlines(keepends=True) if path.is_file() else []:
        try:
            record = json.loads(line)
            intact = line.endswith(b"\n") and record.pop("crc32") == _crc(record)
        except _UNREADABLE:
            intact = False
        if intact:
            records.append(record)
        else:
            damaged.append(line)
    return records, damaged


def _crc(record: dict[str, Any]) -> str:
    return f"{crc32(json.dumps(record, sort_keys=True).encode()):08x}"


def _digest(record: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
