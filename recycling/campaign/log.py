"""The signed log of a campaign: records chained by a secret key, so that no change goes unseen.

Interface: ``SignedLog(path, key)`` with ``append(record, telemetry=())`` → head, ``head``,
``records()``, ``verify(head=None)`` → N; ``stored_head(path)`` without the key. Keys, heads and
records are in modules of these names.

Each record is stored as its one JSON text (RFC 8785) with HMAC-SHA256(key, previous MAC as 64 hex
digits + text); before the first record the previous MAC is 64 zeros. Nobody without the key can
change, insert or move a record. Somebody may cut records off the end: that shows only beside a
head that was kept elsewhere. Keep the head (and the key) away from the campaign's directory.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recycling.campaign.database import database, database_file
from recycling.campaign.formats import writing
from recycling.campaign.heads import NO_MAC, Head, head_text, parse_head
from recycling.campaign.keys import checked_key, read_key
from recycling.campaign.records import canonical, read_records
from recycling.campaign.telemetry import Sample, insert
from recycling.errors import BadInput

if TYPE_CHECKING:
    from sqlite3 import Connection

Row = tuple[int, Any, Any]
_ROWS = "SELECT seq, record, mac FROM log"


@dataclass(frozen=True)
class SignedLog:
    """Log of records in a campaign's database.

    Args:
        path: ``campaign.db``, or the directory that holds it; made with the first record.
        key: 32 bytes or more, or the file that holds them.

    Raises:
        BadInput: the key is shorter, or cannot be read.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     log = SignedLog(folder, key=bytes(range(32)))
        ...     head = log.append({"event": "run", "run": 1})
        ...     log.verify(head), log.head == head
        (1, True)
    """

    path: str | Path
    key: bytes | str | Path = field(repr=False)

    def __post_init__(self) -> None:
        given = self.key
        key = checked_key(given, "key") if isinstance(given, bytes) else read_key(given)
        object.__setattr__(self, "key", key)  # the class is frozen outside its constructor

    @property
    def head(self) -> Head:
        """Number of records and the last MAC (64 zeros before the first), as they are stored."""
        return stored_head(self.path)

    def append(self, record: Mapping[str, Any], telemetry: Iterable[Sample] = ()) -> Head:
        """Append a record, and samples of the same moment: both are on the disk, or neither is.

        Args:
            record: what JSON can hold, with finite numbers and integers within ±(2⁵³ − 1).
            telemetry: samples for the table beside the log, which is not signed.

        Returns:
            Number of records and MAC, the new head.

        Raises:
            BadInput: the record has no JSON, or the last record was not signed with this key.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     log = SignedLog(folder, key=bytes(range(32)))
            ...     [log.append({"event": "run", "run": run})[0] for run in (1, 2)]
            [1, 2]
        """
        text = canonical(record)
        with database(self.path) as connection, writing(connection):
            seq, last, mac = _last(connection)
            if seq and not self._signed(_mac_before(connection, seq), last, mac):
                raise BadInput(
                    f"record {seq} of the log was not signed with this key, or was changed; "
                    "give the key of the campaign, or verify the log"
                )
            new = self._mac(str(mac), text.encode())
            insert(connection, telemetry)
            connection.execute("INSERT INTO log VALUES (?, ?, ?)", (seq + 1, text, new))
        return seq + 1, new

    def records(self) -> list[dict[str, Any]]:
        """Read all records in order, unverified.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     log = SignedLog(folder, key=bytes(range(32)))
            ...     _ = log.append({"event": "begin"})
            ...     log.records()
            [{'event': 'begin'}]
        """
        return read_records(self.path)

    def verify(self, head: Head | str | None = None) -> int:
        """Check every record, in memory that does not grow with the log.

        Args:
            head: a head that was kept elsewhere, (N, MAC) or ``"N:MAC"``. The log must go through
                it. Without it nobody can tell that records were cut off the end.

        Returns:
            Number of records.

        Raises:
            BadInput: names the first record that was changed, is missing, is at another place, or
                was cut.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     log = SignedLog(folder, key=bytes(range(32)))
            ...     _ = log.append({"event": "begin"})
            ...     log.verify((2, "0" * 64))
            Traceback (most recent call last):
            recycling.errors.BadInput: record 2 of the log is missing: the log ends with record 1...
        """
        wanted = None
        if head is not None:
            wanted = parse_head(head if isinstance(head, str) else head_text(head))
        count, previous = 0, NO_MAC
        with database(self.path, create=False) as connection:
            for seq, text, mac in connection.execute(f"{_ROWS} ORDER BY seq"):
                _go_through(wanted, count, previous)
                if seq != count + 1:
                    raise BadInput(f"record {count + 1} of the log is missing: {seq} comes next")
                if not self._signed(previous, text, mac):
                    raise BadInput(self._fault(connection, seq, previous))
                count, previous = seq, mac
        _go_through(wanted, count, previous)
        if wanted is not None and wanted[0] > count:
            raise BadInput(
                f"record {count + 1} of the log is missing: the log ends with record {count}, "
                f"and was cut after it; the head is that of {wanted[0]} records"
            )
        return count

    def _fault(self, connection: Connection, seq: int, previous: str) -> str:
        """What is wrong with the first record that does not follow from the one before it."""
        later = connection.execute(f"{_ROWS} WHERE seq > ? ORDER BY seq", (seq,))
        for place, text, mac in later:
            if self._signed(previous, text, mac):
                return f"record {seq} of the log is another one: it is stored as record {place}"
        key = ", or the key is another one" if seq == 1 else ""
        return (
            f"record {seq} of the log does not follow from the one before it: it was changed, "
            f"or records before it are missing{key}"
        )

    def _signed(self, previous: str, text: Any, mac: Any) -> bool:
        """Whether a stored record has its MAC; columns of a foreign file may hold anything."""
        if not (isinstance(text, str) and isinstance(mac, str)):
            return False
        expected = self._mac(previous, text.encode("utf-8", "surrogatepass"))
        return hmac.compare_digest(expected.encode(), mac.encode("utf-8", "surrogatepass"))

    def _mac(self, previous: str, text: bytes) -> str:
        assert isinstance(self.key, bytes)
        return hmac.new(self.key, previous.encode() + text, sha256).hexdigest()


def stored_head(path: str | Path) -> Head:
    """Read the head of a log without its key: number of records and last MAC, as they are stored.

    Example:
        >>> stored_head("no such campaign")[0]
        0
    """
    if not database_file(path).is_file():
        return 0, NO_MAC
    with database(path, create=False) as connection:
        seq, _, mac = _last(connection)
    return seq, str(mac)


def _go_through(wanted: Head | None, count: int, mac: str) -> None:
    """Raise if the log has reached the number of records of a wanted head with another MAC."""
    if wanted is not None and wanted[0] == count and wanted[1] != mac:
        raise BadInput(
            f"record {count} of the log has the MAC {mac}, and that of the head is {wanted[1]}: "
            "it is another log, or its end was written anew"
        )


def _last(connection: Connection) -> Row:
    row: Row | None = connection.execute(f"{_ROWS} ORDER BY seq DESC LIMIT 1").fetchone()
    return (0, None, NO_MAC) if row is None else row


def _mac_before(connection: Connection, seq: int) -> str:
    row = connection.execute("SELECT mac FROM log WHERE seq = ?", (seq - 1,)).fetchone()
    return NO_MAC if row is None else str(row[0])
