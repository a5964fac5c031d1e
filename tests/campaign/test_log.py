"""The signed log: every change is named, nothing is lost or doubled by a kill."""

import hmac
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from hashlib import sha256

import pytest

from recycling.campaign import SignedLog
from recycling.campaign.database import NAME
from recycling.campaign.heads import head_text
from recycling.campaign.keys import read_key
from recycling.campaign.records import read_records
from recycling.campaign.telemetry import Sample, read
from recycling.errors import BadInput

KEY = bytes(range(32))
LENGTH = 6


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Bytes of a log of six records, and its heads."""
    folder = tmp_path_factory.mktemp("log")
    log = SignedLog(folder, KEY)
    heads = [log.append({"event": "run", "run": run, "note": "θ"}) for run in range(1, LENGTH + 1)]
    return (folder / NAME).read_bytes(), heads


@pytest.fixture
def log(written, tmp_path):
    (tmp_path / NAME).write_bytes(written[0])
    return SignedLog(tmp_path, KEY)


def change(log, *statements):
    with closing(sqlite3.connect(log.path / NAME)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_the_chain_is_what_the_format_says(log, written):
    with closing(sqlite3.connect(log.path / NAME)) as connection:
        rows = connection.execute("SELECT seq, record, mac FROM log").fetchall()
    previous = "0" * 64
    for number, (seq, text, mac) in enumerate(rows, 1):
        assert seq == number
        assert text == f'{{"event":"run","note":"θ","run":{number}}}'
        previous = hmac.new(KEY, (previous + text).encode(), sha256).hexdigest()
        assert mac == previous
    assert log.head == (LENGTH, previous) == written[1][-1]
    assert log.verify() == log.verify(log.head) == log.verify(head_text(log.head)) == LENGTH
    assert [record["run"] for record in log.records()] == [1, 2, 3, 4, 5, 6]


def test_every_earlier_head_is_gone_through(log, written):
    assert {log.verify(head) for head in [(0, "0" * 64), *written[1]]} == {LENGTH}


@pytest.mark.parametrize("number", range(1, LENGTH + 1))
def test_a_changed_record_is_named(log, number):
    change(log, f"UPDATE log SET record = replace(record, 'run', 'ruN') WHERE seq = {number}")
    with pytest.raises(BadInput, match=f"^record {number} of the log does not follow"):
        log.verify()


@pytest.mark.parametrize("number", range(1, LENGTH + 1))
def test_a_changed_mac_is_named(log, number):
    change(log, f"UPDATE log SET mac = '{'ab' * 32}' WHERE seq = {number}")
    with pytest.raises(BadInput, match=f"^record {number} of the log"):
        log.verify()


@pytest.mark.parametrize("number", range(1, LENGTH))
def test_a_missing_record_is_named(log, number):
    change(log, f"DELETE FROM log WHERE seq = {number}")
    with pytest.raises(BadInput, match=f"^record {number} of the log is missing"):
        log.verify()


@pytest.mark.parametrize("number", range(1, LENGTH))
def test_a_missing_record_is_named_after_renumbering(log, number):
    change(
        log,
        f"DELETE FROM log WHERE seq = {number}",
        f"UPDATE log SET seq = seq - 1 WHERE seq > {number}",
    )
    with pytest.raises(BadInput, match=f"^record {number} .* records before it are missing"):
        log.verify()


@pytest.mark.parametrize("number", range(1, LENGTH))
def test_exchanged_records_are_named(log, number):
    after = number + 1
    change(
        log,
        f"UPDATE log SET seq = 99 WHERE seq = {number}",
        f"UPDATE log SET seq = {number} WHERE seq = {after}",
        f"UPDATE log SET seq = {after} WHERE seq = 99",
    )
    with pytest.raises(BadInput, match=f"^record {number} .* stored as record {after}$"):
        log.verify()


@pytest.mark.parametrize("number", range(1, LENGTH + 1))
def test_a_cut_tail_shows_beside_a_head(log, number):
    head = log.head
    change(log, f"DELETE FROM log WHERE seq >= {number}")
    assert log.verify() == number - 1
    with pytest.raises(BadInput, match=f"^record {number} of the log is missing.*was cut"):
        log.verify(head)


def test_a_tail_that_was_written_anew_shows_beside_a_head(log):
    head = log.head
    change(log, f"DELETE FROM log WHERE seq = {LENGTH}")
    log.append({"event": "another"})
    assert log.verify() == LENGTH
    with pytest.raises(BadInput, match=f"^record {LENGTH} .* written anew$"):
        log.verify(head)


def test_another_key_neither_verifies_nor_appends(log):
    other = SignedLog(log.path, KEY[::-1])
    with pytest.raises(BadInput, match=r"^record 1 .* or the key is another one$"):
        other.verify()
    with pytest.raises(BadInput, match=r"^record 6 .* was not signed with this key"):
        other.append({"event": "run"})
    assert log.verify() == LENGTH


def test_columns_of_another_type_are_named(log):
    change(log, "UPDATE log SET record = x'ff00', mac = x'00' WHERE seq = 2")
    with pytest.raises(BadInput, match=r"^record 2 of the log"):
        log.verify()
    with pytest.raises(BadInput, match=r"^record 2 of the log is no JSON object"):
        log.records()


@pytest.mark.parametrize(
    "record",
    [{"x": float("nan")}, {"x": float("inf")}, {"x": 2**53}, {"x": object()}, {"x": "\ud800"}],
)
def test_what_json_does_not_hold_is_refused(tmp_path, record):
    with pytest.raises(BadInput, match=r"^record = ") as refused:
        SignedLog(tmp_path, KEY).append(record)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / NAME).exists()


def test_a_record_and_its_samples_are_one(tmp_path):
    log = SignedLog(tmp_path, KEY)
    sample = Sample(1.0, 1, "t1_s", 2e-4, "simulated")
    log.append({"run": 1}, [sample])
    with pytest.raises(BadInput, match=r"^source = guessed"):
        log.append({"run": 2}, [Sample(2.0, 2, "t1_s", 2e-4, "simulated"), sample._replace(
            source="guessed")])  # fmt: skip
    assert log.verify() == 1
    assert read(tmp_path) == [sample]


@pytest.mark.parametrize("length", [0, 1, 31])
def test_short_keys_are_refused(tmp_path, length):
    with pytest.raises(BadInput, match=f"^key: it has {length} bytes"):
        SignedLog(tmp_path, KEY[:length])
    (tmp_path / "key").write_bytes(KEY[:length])
    with pytest.raises(BadInput, match=f"key: it has {length} bytes"):
        read_key(tmp_path / "key")


def test_a_key_is_read_from_its_file(tmp_path, log):
    file = tmp_path / "key"
    file.write_bytes(KEY)
    assert SignedLog(log.path, file).verify() == LENGTH
    assert "key=" not in repr(log)


@pytest.mark.parametrize("text", ["", "3", "3:ab", f"-1:{'0' * 64}", f"1:{'G' * 64}"])
def test_what_is_no_head_is_refused(log, text):
    with pytest.raises(BadInput, match=r"^head = "):
        log.verify(text)


def test_a_log_that_is_not_there_is_refused(tmp_path):
    log = SignedLog(tmp_path, KEY)
    assert log.head == (0, "0" * 64)
    for use in (log.verify, log.records, lambda: read_records(tmp_path)):
        with pytest.raises(BadInput, match="there is no such database"):
            use()
    assert list(tmp_path.iterdir()) == []


APPENDER = """
import sys
from recycling.campaign import SignedLog
log = SignedLog(sys.argv[1], bytes(range(32)))
while True:
    print(*log.append({"run": log.head[0] + 1}), flush=True)
"""


def test_a_killed_process_loses_and_doubles_nothing(tmp_path):
    """Whatever was acknowledged is there; at most the record under way is there as well."""
    acknowledged = 0
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", APPENDER, tmp_path], stdout=subprocess.PIPE, text=True
        )
        lines = [process.stdout.readline() for _ in range(4)]
        time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        lines += process.stdout.readlines()
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
        last = [line for line in lines if line.endswith("\n")][-1].split()
        log = SignedLog(tmp_path, KEY)
        count = log.verify((int(last[0]), last[1]))
        assert acknowledged < int(last[0]) <= count <= int(last[0]) + 1
        assert [record["run"] for record in log.records()] == list(range(1, count + 1))
        acknowledged = count


def test_two_writers_take_turns(tmp_path):
    code = (
        "import sys\nfrom recycling.campaign import SignedLog\n"
        "log = SignedLog(sys.argv[1], bytes(range(32)))\n"
        "for number in range(10): log.append({'from': sys.argv[2], 'number': number})"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, tmp_path, name]) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    log = SignedLog(tmp_path, KEY)
    assert log.verify() == 20
    for name in "ab":
        numbers = [record["number"] for record in log.records() if record["from"] == name]
        assert numbers == list(range(10))


def test_a_record_is_plain_json(log):
    with closing(sqlite3.connect(log.path / NAME)) as connection:
        (text,) = connection.execute("SELECT record FROM log WHERE seq = 1").fetchone()
    assert json.loads(text) == {"event": "run", "run": 1, "note": "θ"}
