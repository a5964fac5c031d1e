"""The folder of a rehearsal: how to reach its service, and what it is to be like."""

from __future__ import annotations

import json
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from recycling.errors import BadInput
from recycling.rehearsal.options import Options
from recycling.store.files import write_whole

NAME = "service.json"
ENVIRONMENT = "environment.sh"


@dataclass(frozen=True)
class Record:
    """A rehearsal on the disk.

    Attributes:
        token: key of its account, drawn at random, which no other process knows.
        port: TCP port of its service on 127.0.0.1; 0 before it had any.
        pid: process of its service, as far as is known.
        options: what it is to be like.

    Example:
        >>> Record().at(8001, 42).port
        8001
    """

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    port: int = 0
    pid: int = 0
    options: Options = field(default_factory=Options)

    def at(self, port: int, pid: int) -> Record:
        """The same rehearsal, served by another process."""
        return replace(self, port=port, pid=pid)


def read_record(folder: Path) -> Record:
    """Read the record of a rehearsal; a new one where there is none.

    Raises:
        BadInput: the folder holds something else.

    Example:
        >>> read_record(Path("no such folder")).port
        0
    """
    path = folder / NAME
    if not path.exists():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BadInput(f"folder = {str(folder)!r} holds something else: give another folder")
        return Record()
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        return Record(**content | {"options": Options.of(content["options"])})
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(
            f"folder = {str(folder)!r}: {NAME} cannot be read ({error}); give another folder"
        ) from error


def write_record(folder: Path, record: Record) -> None:
    """Write the record of a rehearsal, for its owner alone.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_record(Path(folder), Record(port=8001))
        ...     read_record(Path(folder)).port
        8001
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(folder / NAME, json.dumps(asdict(record), indent=1) + "\n")


def write_environment(folder: Path, environment: Mapping[str, str]) -> Path:
    r"""Write the environment for a shell, for its owner alone; returns the path of the file.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_environment(Path(folder), {"A": "1"}).read_text()
        'export A=1\n'
    """
    path = folder / ENVIRONMENT
    _write(path, exports(environment))
    return path


def exports(environment: Mapping[str, str]) -> str:
    """Lines of a shell that set variables.

    Example:
        >>> print(exports({"A": "two words"}), end="")
        export A='two words'
    """
    return "".join(f"export {name}={shlex.quote(text)}\n" for name, text in environment.items())


def _write(path: Path, text: str) -> None:
    write_whole(path, text.encode())
    path.chmod(0o600)
