"""Sealed records, appended lines and the journal of a job: what is read is what was written."""

import json
import math
import os
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from recycling.jobs.job import Job
from recycling.store.files import (
    Damaged,
    append_line,
    read_lines,
    seal,
    unseal,
    write_whole,
)
from recycling.store.journal import (
    FINAL,
    Attempt,
    JobRecord,
    journal_path,
    read_journal,
    tag_of,
    write_journal,
)
from tests.scripted import tree

JOB = Job("trial-0", 0, (0, 3), shots=100)
RUN_ID = "0123456789ab"

keys = st.text(max_size=8).filter(lambda key: key not in ("checksum", "crc32"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
records = st.dictionaries(keys, values, max_size=5)


@pytest.fixture(autouse=True, scope="module")
def _swift():
    """Nobody pulls the plug of this machine, and a sync takes longer than all else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield


# -- whole files -----------------------------------------------------------------------------


def test_whole_files_replace_or_stay(tmp_path, monkeypatch):
    file = tmp_path / "file"
    write_whole(file, b"first")
    write_whole(file, b"second")
    assert file.read_bytes() == b"second"

    def refuse(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_whole(file, b"third")
    assert file.read_bytes() == b"second"
    assert tree(tmp_path) == ["file"]


def test_whole_files_are_synced_before_they_appear(tmp_path, monkeypatch):
    file, synced = tmp_path / "file", []
    monkeypatch.setattr(os, "fsync", lambda _descriptor: synced.append(file.exists()))
    write_whole(file, b"content")
    # The content before its name appears, and the name after.
    assert synced == [False, True]
    assert file.read_bytes() == b"content"


# -- sealed records --------------------------------------------------------------------------


@given(records)
def test_sealed_records_come_back(record):
    assert unseal(seal(record)) == record


@given(records, st.data())
def test_no_change_of_a_byte_gives_another_record(record, data):
    content = seal(record)
    position = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255))
    changed = content[:position] + bytes([byte]) + content[position + 1 :]
    try:
        found = unseal(changed)
    except Damaged:
        return
    # The text may be another one of the same meaning, e.g. 1e5 and 1E5.
    assert json.dumps(found, sort_keys=True) == json.dumps(record, sort_keys=True)


@given(records, st.data())
def test_no_cut_gives_a_record(record, data):
    content = seal(record)
    with pytest.raises(Damaged):
        unseal(content[: data.draw(st.integers(0, len(content) - 1))])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"3",
        b'"checksum"',
        b"\xff\xfe",
        b'{"checksum": ""}',
    ],
)
def test_what_was_never_sealed_is_damaged(content):
    with pytest.raises(Damaged):
        unseal(content)


# -- appended lines --------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.lists(records, max_size=5), st.data())
def test_a_torn_tail_leaves_all_lines_before_it(tmp_path_factory, lines, data):
    file = tmp_path_factory.mktemp("lines") / "lines.jsonl"
    ends = [0]
    for line in lines:
        append_line(file, line)
        ends.append(file.stat().st_size)
    content = file.read_bytes() if lines else b""
    cut = data.draw(st.integers(0, len(content)))
    file.write_bytes(content[:cut])
    whole = sum(end <= cut for end in ends) - 1
    found, damaged = read_lines(file)
    assert found == lines[:whole]
    assert b"".join(damaged) == content[ends[whole] : cut]


@settings(max_examples=50)
@given(st.lists(records, min_size=1, max_size=4), st.data())
def test_a_changed_line_is_told_from_the_others(tmp_path_factory, lines, data):
    file = tmp_path_factory.mktemp("lines") / "lines.jsonl"
    for line in lines:
        append_line(file, line)
    content = file.read_bytes()
    position = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[position]))
    file.write_bytes(content[:position] + bytes([byte]) + content[position + 1 :])
    found, damaged = read_lines(file)
    # One line is lost, or two that the change has joined; none is another one than was written.
    assert len(lines) - len(found) in (0, 1, 2)
    texts = [json.dumps(line, sort_keys=True) for line in lines]
    assert all(json.dumps(line, sort_keys=True) in texts for line in found)
    assert damaged or len(found) == len(lines)


def test_a_file_that_is_not_there_has_no_lines(tmp_path):
    assert read_lines(tmp_path / "nowhere") == ([], [])


# -- the journal of a job --------------------------------------------------------------------


def test_a_job_without_a_file_is_damage(tmp_path):
    """Each job has a journal from the beginning: one that is missing was lost, with its tag."""
    with pytest.raises(Damaged, match="missing"):
        read_journal(tmp_path, RUN_ID, JOB)


def test_the_way_of_a_job(tmp_path):
    (tmp_path / "jobs").mkdir()
    record = JobRecord(name="trial-0")
    assert (record.state, record.attempts) == ("planned", ())
    record = record.another_attempt(RUN_ID)
    assert record.state == "intended"
    for state, changes in (
        ("submitted", {"id": "d1", "group": "batch-1"}),
        ("failed", {"reason": "calibration"}),
    ):
        record = record.update(state, **changes)
        write_journal(tmp_path, record)
        assert read_journal(tmp_path, RUN_ID, JOB) == record
        assert record.state == state
    again = record.another_attempt(RUN_ID)
    assert again.state == "intended"
    # The past is kept as it was.
    assert again.attempts[0] == record.current
    assert again.attempts[0].id == "d1"
    assert again.current.id is None
    assert again.current.tag != record.current.tag
    assert {"failed", "done", "cancelled", "lost"} == FINAL


def test_records_are_not_changed_in_place():
    record = JobRecord(name="trial-0").another_attempt(RUN_ID)
    record.update("submitted", id="d1")
    assert record.state == "intended"
    with pytest.raises(ValidationError, match="frozen"):
        record.current.state = "done"


def test_times_say_when_each_state_was_reached():
    attempt = Attempt(tag="t").become("intended").become("submitted").become("done")
    assert list(attempt.times) == ["intended", "submitted", "done"]
    times = [datetime.fromisoformat(time) for time in attempt.times.values()]
    assert times == sorted(times)
    assert all(time.utcoffset() == timedelta(0) for time in times)


def test_tags_are_unique_and_plain():
    tags = [
        tag_of(run, job, attempt)
        for run in ("a1", "b2")
        for job in ("trial-1", "trial-11", "trial-1-1", "bracket-before")
        for attempt in (1, 2, 11)
    ]
    assert len(set(tags)) == len(tags)
    # The service takes tags of 86 characters at most, and splits lists of them at commas.
    assert all(len(tag) <= 86 and "," not in tag and tag == tag.strip() for tag in tags)


def test_a_journal_of_another_job_is_damage(tmp_path):
    (tmp_path / "jobs").mkdir()
    write_journal(tmp_path, JobRecord(name="trial-1").another_attempt(RUN_ID))
    journal_path(tmp_path, "trial-1").rename(journal_path(tmp_path, "trial-0"))
    with pytest.raises(Damaged, match="another job"):
        read_journal(tmp_path, RUN_ID, JOB)


@pytest.mark.parametrize(
    "content",
    [
        {"name": "trial-0", "attempts": [{"tag": "t", "state": "asleep"}]},
        {"name": "trial-0", "attempts": [{"state": "done"}]},
        {"name": "trial-0", "tries": []},
        {"attempts": []},
    ],
)
def test_a_sealed_file_that_is_no_journal_is_damage(tmp_path, content):
    (tmp_path / "jobs").mkdir()
    write_whole(journal_path(tmp_path, "trial-0"), seal(content))
    with pytest.raises(Damaged, match="cannot be read"):
        read_journal(tmp_path, RUN_ID, JOB)


def test_infinite_numbers_survive(tmp_path):
    append_line(tmp_path / "lines", {"t1": math.inf})
    assert read_lines(tmp_path / "lines")[0] == [{"t1": math.inf}]
