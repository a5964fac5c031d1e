"""Real logs of a cryostat become telemetry of a campaign: a CSV file, read line by line.

Interface: ``import_log(path, file, progress)`` → ``Imported(samples, new, without_zone)``.

The file has the columns time, metric, value and unit, named in its first line, in any order. Times
are ISO 8601 or s since 1970. Values become SI units, with the source "measured". The file is one
transaction: all of it is imported, or nothing. What is imported again adds nothing, so that a log
that has grown may simply be given anew.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import TextIOWrapper
from math import nan
from pathlib import Path

from recycling.campaign.telemetry import Sample, write
from recycling.campaign.units import si_unit
from recycling.errors import BadInput, reason_of

COLUMNS = ("time", "metric", "value", "unit")
#: Longest line and longest name of a metric, characters: a file without lines is no log.
_LONGEST_LINE, _LONGEST_NAME = 100_000, 200
#: Times that are dates, s since 1970: the years 1 to 9999.
_FIRST, _LAST = -62_135_596_800, 253_402_300_799
#: Lines between two reports of the progress.
_REPORT = 5000


@dataclass(frozen=True)
class Imported:
    """Number of samples in the file, how many were new, and of times read as UTC without a zone."""

    samples: int
    new: int
    without_zone: int


def import_log(
    path: str | Path, file: str | Path, progress: Callable[[float], None] = lambda _fraction: None
) -> Imported:
    r"""Import a log into the database of a campaign, with memory that does not grow with it.

    Args:
        path: the campaign's directory or database.
        file: CSV file, UTF-8, with the columns time, metric, value, unit.
        progress: called with the fraction that is done, now and then.

    Raises:
        BadInput: the file cannot be read, or a line is wrong, which is named. Nothing is written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from recycling.campaign.telemetry import read
        >>> with TemporaryDirectory() as folder:
        ...     log = Path(folder) / "log.csv"
        ...     _ = log.write_text("time,metric,value,unit\n2026-11-28T00:00:00Z,mxc,21.5,mK\n")
        ...     import_log(folder, log).new, import_log(folder, log).new
        ...     read(folder, "mxc")[0].value
        (1, 0)
        0.0215
    """
    file = Path(file)
    try:
        size = max(1, file.stat().st_size)
        # Bytes that are no UTF-8 are found where their line is read.
        with file.open("rb") as raw:
            stream = TextIOWrapper(raw, "utf-8-sig", "surrogateescape", newline="")
            log = _Log(stream, lambda: progress(min(1.0, raw.tell() / size)))
            try:
                new = write(path, log.samples())
            except BadInput as error:
                if not log.line:  # the database refused before the file was read
                    raise
                raise BadInput(f"{file}, line {log.line}: {error}") from None
    except OSError as error:
        raise BadInput(f"file = {file}: {reason_of(error)}; give a CSV file") from None
    return Imported(log.count, new, log.without_zone)


@dataclass
class _Log:
    """Log under way: the line that is read, and what was seen before it."""

    stream: TextIOWrapper
    report: Callable[[], None]
    line: int = 0
    count: int = 0
    without_zone: int = 0
    dimensions: dict[str, str] = field(default_factory=dict)

    def samples(self) -> Iterator[Sample]:
        rows = csv.reader(self._lines(), strict=True)
        try:
            header = [name.strip().lower() for name in next(rows, [])]
            if missing := [name for name in COLUMNS if header.count(name) != 1]:
                raise BadInput(
                    f"column {missing[0]} is missing or repeated; give {', '.join(COLUMNS)}"
                )
            places = [header.index(name) for name in COLUMNS]
            for cells in rows:
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise BadInput(f"it has {len(cells)} cells; give {len(header)}, as above")
                self.count += 1
                if self.count % _REPORT == 0:
                    self.report()
                yield self._sample(*(cells[place] for place in places))
        except csv.Error as error:
            raise BadInput(f"it is no CSV: {error}; correct the line") from None

    def _lines(self) -> Iterator[str]:
        while line := self.stream.readline(_LONGEST_LINE + 1):
            self.line += 1
            if len(line) > _LONGEST_LINE:
                raise BadInput(
                    f"it is longer than {_LONGEST_LINE} characters; give a line for each sample"
                )
            yield line
        self.line = max(1, self.line)

    def _sample(self, time: str, metric: str, value: str, unit: str) -> Sample:
        metric = metric.strip()
        if not (metric.isprintable() and 0 < len(metric) <= _LONGEST_NAME):
            raise BadInput(
                f"metric = {metric[:40]!r}: give a name of printable characters, {_LONGEST_NAME} "
                "at most"
            )
        conversion = si_unit(unit.strip())
        known = self.dimensions.setdefault(metric, conversion.dimension)
        if known != conversion.dimension:
            raise BadInput(
                f"unit = {unit.strip()}: {metric} was given in multiples of {known or '1'} before; "
                "give one kind of unit"
            )
        return Sample(self._time(time.strip()), None, metric, conversion.convert(value), "measured")

    def _time(self, text: str) -> float:
        """Time, s since 1970."""
        try:
            seconds = float(text)
        except ValueError:
            seconds = nan
            with suppress(ValueError, OverflowError):
                time = datetime.fromisoformat(text)
                self.without_zone += time.tzinfo is None
                seconds = (time.replace(tzinfo=UTC) if time.tzinfo is None else time).timestamp()
        if not _FIRST <= seconds <= _LAST:
            raise BadInput(f"time = {text[:40]}: give ISO 8601, or s since 1970")
        return seconds
