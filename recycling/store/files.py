"""Files written so that a reader sees the old one or the new one, and knows when it is damaged."""

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
    """The content of a file is not what was written."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file through a temporary one: write, sync, rename, sync the folder."""
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
    """Content of a file.

    Raises:
        Damaged: there is none.
        OSError: the system does not read it, e.g. too many files are open: that says nothing about
            its content, which must not be put aside for it.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise Damaged("it is missing") from None


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; systems that cannot sync a folder do so by themselves."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def seal(record: dict[str, Any]) -> bytes:
    """JSON text of a record, with a checksum of its own as the last entry."""
    return json.dumps(record | {"checksum": _digest(record)}, indent=1).encode()


def unseal(content: bytes) -> dict[str, Any]:
    """Read a sealed record.

    Raises:
        Damaged: it is not what was sealed.
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
    """Append a record as one line, and sync it."""
    with path.open("ab") as stream:
        stream.write(line_of(record))
        stream.flush()
        os.fsync(stream.fileno())


def line_of(record: dict[str, Any]) -> bytes:
    """Record as one line of JSON, with a checksum as its last entry."""
    return json.dumps(record | {"crc32": _crc(record)}).encode() + b"\n"


def read_lines(path: Path) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Records of a file of appended lines, and the lines that are damaged, e.g. a torn tail."""
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
