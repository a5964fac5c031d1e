"""``campaign.db``: the signed log and the telemetry of a campaign, in SQLite.

Interface:

* ``database(path)``: connection for a block, upgraded; ``path`` is the file or its directory.
* ``database_file(path)``; ``NAME``, the file's name.

The database is in WAL mode with ``synchronous = FULL``: when a transaction returns, it is on the
disk, and a process killed at any point leaves the state before or after it. SQLite's WAL shares
memory between processes, so all of them must be on one host. A network file system is refused
where Linux lists one (``/proc/mounts``); elsewhere it is up to the user to keep the
directory on a local disk. What can only be read, such as an archive, is read as it is.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from recycling.campaign.formats import upgrade
from recycling.campaign.network import network_file_system
from recycling.errors import BadInput

NAME = "campaign.db"
#: Seconds to wait for another process that writes.
PATIENCE = 30.0


@contextmanager
def database(path: str | Path, *, create: bool = True) -> Iterator[sqlite3.Connection]:
    """Open a campaign's database for a block, in the format of this version.

    Args:
        path: the file, or the directory that holds ``campaign.db``.
        create: make the file where there is none.

    Raises:
        BadInput: there is none, it is no database, it is damaged, of a newer version, on a
            network file system, or another process has been writing for ``PATIENCE`` seconds.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, database(folder) as connection:
        ...     connection.execute("SELECT count(*) FROM log").fetchone()
        (0,)
    """
    file = database_file(path)
    if not create and not file.is_file():
        raise BadInput(f"{file}: there is no such database; give the directory of a campaign")
    if kind := network_file_system(file.parent):
        raise BadInput(
            f"{file} is on a network file system ({kind}): SQLite's WAL needs one host; "
            "give a directory on a local disk"
        )
    archived = not create and _is_archived(file)
    with _in_one_line(file), closing(_connection(file, archived=archived)) as connection:
        if not archived:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        upgrade(connection, file)
        yield connection


def database_file(path: str | Path) -> Path:
    """Return the file of a database from its path or its directory's.

    Example:
        >>> database_file("campaign/campaign.db").name
        'campaign.db'
    """
    path = Path(path)
    return path / NAME if path.is_dir() else path


def _is_archived(file: Path) -> bool:
    """Whether a file can only be read, and nobody has it open for writing.

    To read in WAL mode, SQLite writes files beside it, unless the file is said to be immutable.
    """
    wal = file.with_name(f"{file.name}-wal")
    return not (os.access(file.parent, os.W_OK) and os.access(file, os.W_OK)) and not wal.exists()


def _connection(file: Path, *, archived: bool) -> sqlite3.Connection:
    """Connection on which no transaction begins by itself: it has no isolation level."""
    uri = f"{file.resolve().as_uri()}{'?immutable=1' if archived else ''}"
    return sqlite3.connect(uri, timeout=PATIENCE, isolation_level=None, uri=True)


@contextmanager
def _in_one_line(file: Path) -> Iterator[None]:
    """SQLite's errors as one line that names the file."""
    try:
        yield
    except sqlite3.Error as error:
        locked = getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
        advice = (
            "wait until the other process has written"
            if locked
            else "restore it from a copy, or give another directory"
        )
        raise BadInput(f"{file} cannot be used: {error}; {advice}") from None
