"""Telemetry of a campaign: every number has a source, and is stored once."""

import pytest

from recycling.campaign.database import NAME, database
from recycling.campaign.formats import writing
from recycling.campaign.telemetry import SOURCES, Sample, read, write
from recycling.errors import BadInput


def test_damage_is_refused_in_one_line(tmp_path):
    write(tmp_path, [Sample(float(i), 1, "t1_s", 1.0, "simulated") for i in range(500)])
    content = bytearray((tmp_path / NAME).read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(BadInput, match="cannot be used: "):
        read(tmp_path)


def test_another_process_that_writes_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("recycling.campaign.database.PATIENCE", 0.01)
    sample = Sample(0.0, 1, "t1_s", 1.0, "simulated")
    with (
        database(tmp_path) as connection,
        writing(connection),
        pytest.raises(BadInput, match="wait until the other process has written"),
    ):
        write(tmp_path, [sample])
    assert write(tmp_path, [sample]) == 1


@pytest.mark.parametrize("source", SOURCES)
def test_samples_of_every_source_come_back_once(tmp_path, source):
    samples = [Sample(1.5, run, "t1_s", 2e-4, source) for run in (None, 1, 2)]
    assert write(tmp_path, samples) == 3
    assert write(tmp_path, samples) == 0
    assert read(tmp_path) == samples
    assert read(tmp_path, "t1_s", run=2) == samples[2:]
    assert read(tmp_path, "t2_s") == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"source": "guessed"}, "source = guessed: give measured, simulated, calibration"),
        ({"value": float("nan")}, "t1_s = nan at 1.0 s: give finite numbers"),
        ({"time": float("inf")}, "t1_s = 1.0 at inf s: give finite"),
        ({"metric": ""}, "metric = ''"),
        ({"run": 0}, "metric = 't1_s', run = 0"),
        ({"value": 2.0}, r"t1_s = 2 at 1.0 s \(measured\): 1 is stored for this time"),
    ],
)
def test_bad_samples_are_refused_and_nothing_is_written(tmp_path, change, fault):
    first = Sample(1.0, 1, "t1_s", 1.0, "measured")
    write(tmp_path, [first])
    with pytest.raises(BadInput, match=f"^{fault}"):
        write(tmp_path, [Sample(2.0, 1, "t1_s", 1.0, "measured"), first._replace(**change)])
    assert read(tmp_path) == [first]


@pytest.mark.parametrize(
    "row",
    [
        (1.0, 1, "t1_s", 1.0, "guessed"),
        (1.0, 0, "t1_s", 1.0, "measured"),
        ("noon", 1, "t1_s", 1.0, "measured"),
        (1.0, 1, "t1_s", "much", "measured"),
        (1.0, 1, "", 1.0, "measured"),
    ],
)
def test_the_tables_refuse_by_themselves(tmp_path, row):
    with (
        pytest.raises(BadInput, match="CHECK constraint failed"),
        database(tmp_path) as connection,
    ):
        connection.execute("INSERT INTO telemetry VALUES (?, ?, ?, ?, ?)", row)
