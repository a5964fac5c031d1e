"""The database of a campaign: its format, its upgrades, and what it refuses."""

import os
import sqlite3
from contextlib import closing

import pytest

from recycling.campaign.database import NAME, database
from recycling.campaign.formats import UPGRADES, VERSION, writing
from recycling.campaign.network import network_file_system
from recycling.errors import BadInput


def test_a_new_database_has_the_format_of_this_version(tmp_path):
    with database(tmp_path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        columns = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for table in ("log", "telemetry")
        }
    assert columns == {
        "log": ["seq", "record", "mac"],
        "telemetry": ["time", "run", "metric", "value", "source"],
    }


def schema(file):
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


@pytest.mark.parametrize("version", range(VERSION))
def test_each_older_format_is_upgraded_step_by_step(tmp_path, version):
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    with closing(sqlite3.connect(old)) as connection:
        for step in UPGRADES[:version]:
            step(connection)
        if version >= 1:
            connection.execute("INSERT INTO log VALUES (1, '{}', 'mac')")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
    with database(old) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        rows = connection.execute("SELECT * FROM log").fetchall()
    assert rows == ([(1, "{}", "mac")] if version >= 1 else [])
    with database(new):
        pass
    assert schema(old) == schema(new)


def test_a_newer_format_is_refused_and_left_alone(tmp_path):
    with database(tmp_path) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(BadInput, match=f"has format {VERSION + 1}"), database(tmp_path):
        pass
    assert (tmp_path / NAME).read_bytes() == before


def test_a_transaction_is_written_or_not(tmp_path):
    with database(tmp_path) as connection:
        with pytest.raises(ZeroDivisionError), writing(connection):
            connection.execute("INSERT INTO log VALUES (1, '{}', '')").fetchone() or 1 / 0
        assert connection.execute("SELECT count(*) FROM log").fetchone() == (0,)


@pytest.mark.parametrize("content", [b"no database, but long enough" * 9, b"\0" * 4096])
def test_what_is_no_database_is_refused_in_one_line(tmp_path, content):
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(BadInput, match="cannot be used: ") as refused, database(tmp_path):
        pass
    assert "\n" not in str(refused.value)
    assert (tmp_path / NAME).read_bytes() == content


MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
tmpfs /home/local tmpfs rw 0 0
//server/my\\040data /mnt/my\\040data cifs rw 0 0
user@host: /sshfs fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/a/campaign", "nfs4"),
        ("/home/local/campaign", ""),
        ("/homes", ""),
        ("/mnt/my data/x", "cifs"),
        ("/sshfs", "fuse.sshfs"),
        ("/elsewhere", ""),
    ],
)
def test_network_file_systems_are_told(tmp_path, folder, kind):
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert network_file_system(folder, mounts) == kind


def test_a_network_file_system_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("recycling.campaign.database.network_file_system", lambda _folder: "nfs")
    with pytest.raises(BadInput, match=r"network file system \(nfs\)"), database(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_archive_is_read_as_it_is(tmp_path, monkeypatch):
    with database(tmp_path) as connection, writing(connection):
        connection.execute("INSERT INTO log VALUES (1, '{}', 'mac')")
    before = sorted(tmp_path.iterdir()), (tmp_path / NAME).read_bytes()
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    with database(tmp_path, create=False) as connection:
        assert connection.execute("SELECT count(*) FROM log").fetchone() == (1,)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM log")
        assert (sorted(tmp_path.iterdir()), (tmp_path / NAME).read_bytes()) == before
