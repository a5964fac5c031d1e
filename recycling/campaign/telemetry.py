"""Telemetry of a campaign: samples of metrics, each with the source that it comes from.

Interface:

* ``Sample(time, run, metric, value, source)``; ``SOURCES``.
* ``write(path, samples)`` → number that were new; ``insert(connection, samples)`` inside a
  transaction of the caller.
* ``read(path, metric=…, run=…)`` → samples in order of time; ``latest(path)`` → the last ones.

A metric of a source has one value at one time of a run: a sample that comes again adds nothing,
and one that contradicts is refused. So whoever was killed in between may simply write again.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from recycling.campaign.database import database
from recycling.campaign.formats import writing
from recycling.errors import BadInput

if TYPE_CHECKING:
    from sqlite3 import Connection

#: Where a number comes from. The database refuses any other.
SOURCES = ("measured", "simulated", "calibration", "modelled", "declared")


def source_of_charge(source: str) -> str:
    """Return the source of the QPU time of a run: of a simulated one it is modelled.

    Example:
        >>> source_of_charge("simulated"), source_of_charge("measured")
        ('modelled', 'measured')
    """
    return "modelled" if source == "simulated" else source


class Sample(NamedTuple):
    """Value of a metric in SI units at a time, s since 1970; ``run`` is None outside of any run.

    Example:
        >>> Sample(0.0, 1, "t1_s", 2e-4, "simulated").metric
        't1_s'
    """

    time: float
    run: int | None
    metric: str
    value: float
    source: str


def write(path: str | Path, samples: Iterable[Sample]) -> int:
    """Write samples, all or none; returns how many were new.

    Raises:
        BadInput: a sample is not finite, has no known source, or contradicts a stored one.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> samples = [Sample(0.0, 1, "t1_s", 2e-4, "simulated")]
        >>> with TemporaryDirectory() as folder:
        ...     write(folder, samples), write(folder, samples)
        (1, 0)
    """
    with database(path) as connection, writing(connection):
        return insert(connection, samples)


def insert(connection: Connection, samples: Iterable[Sample]) -> int:
    """Insert samples within a transaction of the caller; returns how many were new.

    Raises:
        BadInput: as ``write``.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, database(folder) as connection:
        ...     insert(connection, [Sample(0.0, None, "t1_s", 2e-4, "guessed")])
        Traceback (most recent call last):
        recycling.errors.BadInput: source = guessed: give measured, simulated, calibration, ...
    """
    new = 0
    for sample in samples:
        time, run, metric, value, source = sample
        if source not in SOURCES:
            raise BadInput(f"source = {source}: give {', '.join(SOURCES[:-1])} or {SOURCES[-1]}")
        if not (isfinite(time) and isfinite(value)):
            raise BadInput(f"{metric} = {value} at {time} s: give finite numbers")
        if not metric or (run is not None and run < 1):
            raise BadInput(f"metric = {metric!r}, run = {run}: give a name, and runs from 1")
        row = (float(time), run, metric, float(value), source)
        done = connection.execute("INSERT OR IGNORE INTO telemetry VALUES (?, ?, ?, ?, ?)", row)
        if done.rowcount:
            new += 1
        elif (stored := _stored(connection, sample)) != float(value):
            raise BadInput(
                f"{metric} = {float(value):g} at {float(time)} s ({source}): "
                f"{stored:g} is stored for this time; give one value"
            )
    return new


def read(path: str | Path, metric: str | None = None, *, run: int | None = None) -> list[Sample]:
    """Read samples in order of time; by default of every metric and run.

    Raises:
        BadInput: there is no database.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     _ = write(folder, [Sample(60.0, 1, "t1_s", 2e-4, "simulated")])
        ...     read(folder, "t1_s")
        [Sample(time=60.0, run=1, metric='t1_s', value=0.0002, source='simulated')]
    """
    wanted = {"metric": metric, "run": run}
    given = {column: value for column, value in wanted.items() if value is not None}
    where = " AND ".join(f"{column} = ?" for column in given) or "1"
    with database(path, create=False) as connection:
        rows = connection.execute(
            f"SELECT time, run, metric, value, source FROM telemetry WHERE {where} "
            "ORDER BY time, metric, source, run",
            list(given.values()),
        )
        return [Sample(*row) for row in rows]


def latest(path: str | Path) -> list[Sample]:
    """Read the last sample of each metric and source.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     _ = write(folder, [Sample(t, 1, "t1_s", t, "simulated") for t in (1.0, 2.0)])
        ...     [sample.value for sample in latest(folder)]
        [2.0]
    """
    with database(path, create=False) as connection:
        # SQLite takes the other columns from the row of the maximum.
        rows = connection.execute(
            "SELECT max(time), run, metric, value, source FROM telemetry GROUP BY metric, source"
        )
        return [Sample(*row) for row in rows]


def _stored(connection: Connection, sample: Sample) -> float:
    (value,) = connection.execute(
        "SELECT value FROM telemetry WHERE metric = ? AND time = ? AND source = ?"
        " AND ifnull(run, 0) = ?",
        (sample.metric, float(sample.time), sample.source, sample.run or 0),
    ).fetchone()
    return float(value)
