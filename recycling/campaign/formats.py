"""Formats of ``campaign.db``, and the step from each to the next.

Interface: ``UPGRADES``, ``VERSION``, ``upgrade(connection, file)``, ``writing(connection)``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from recycling.errors import BadInput

Upgrade = Callable[[sqlite3.Connection], None]


def _make_log(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE log (seq INTEGER PRIMARY KEY CHECK (seq >= 1),"
        " record TEXT NOT NULL, mac TEXT NOT NULL)"
    )


def _make_telemetry(connection: sqlite3.Connection) -> None:
    """A metric of a source has one value at one time of a run: what is repeated adds nothing."""
    connection.execute(
        "CREATE TABLE telemetry ("
        " time REAL NOT NULL CHECK (typeof(time) = 'real'),"
        " run INTEGER CHECK (run IS NULL OR (typeof(run) = 'integer' AND run >= 1)),"
        " metric TEXT NOT NULL CHECK (metric <> ''),"
        " value REAL NOT NULL CHECK (typeof(value) = 'real'),"
        " source TEXT NOT NULL CHECK (source IN"
        " ('measured', 'simulated', 'calibration', 'modelled', 'declared')))"
    )
    connection.execute(
        "CREATE UNIQUE INDEX telemetry_once ON telemetry (metric, time, source, ifnull(run, 0))"
    )


#: The step from format N to N + 1 at place N. Steps that have been released never change.
UPGRADES: tuple[Upgrade, ...] = (_make_log, _make_telemetry)
#: Format that this version writes: the database's ``user_version``.
VERSION = len(UPGRADES)


def upgrade(connection: sqlite3.Connection, file: Path) -> None:
    """Take a database to the format of this version, one step a transaction.

    Raises:
        BadInput: it has a newer format; it stays as it is.

    Example:
        >>> connection = sqlite3.connect(":memory:", isolation_level=None)
        >>> upgrade(connection, Path("campaign.db"))
        >>> connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        True
        >>> connection.close()
    """
    while (version := _version(connection)) < VERSION:
        with writing(connection):
            # Another process may have made the step in between.
            if _version(connection) == version:
                UPGRADES[version](connection)
                connection.execute(f"PRAGMA user_version = {version + 1}")
    if version > VERSION:
        raise BadInput(
            f"{file} has format {version}: this version of recycling reads up to {VERSION}; "
            "give it to the version that wrote it or a newer one"
        )


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """Make the block one transaction, alone from its beginning: all of it is written, or nothing.

    Example:
        >>> connection = sqlite3.connect(":memory:", isolation_level=None)
        >>> upgrade(connection, Path("campaign.db"))
        >>> with writing(connection):
        ...     _ = connection.execute("INSERT INTO log VALUES (1, '{}', '')")
        >>> connection.execute("SELECT count(*) FROM log").fetchone()
        (1,)
        >>> connection.close()
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
