"""Logs of a cryostat: SI units, once each, and nothing of a file with a bad line."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recycling.campaign.cryostat import Imported, import_log
from recycling.campaign.database import NAME
from recycling.campaign.telemetry import Sample, read
from recycling.campaign.units import si_unit
from recycling.errors import BadInput

HEADER = "time,metric,value,unit\n"
LOG = HEADER + (
    "2026-11-28T00:00:00Z,mxc,21.5,mK\n"
    '1795824060.5,"still, pressure",1.2e-2,mbar\n'
    "\n"
    "2026-11-28T01:02:00+01:00,mxc,0.022,K\n"
    "2026-11-28 00:03:00,turbo,100,%\n"
)
NOON = 1795824000.0


@pytest.fixture
def log(tmp_path):
    file = tmp_path / "log.csv"
    file.write_text(LOG, encoding="utf-8")
    return file


def test_a_log_is_imported_in_si_units(tmp_path, log):
    assert import_log(tmp_path, log) == Imported(samples=4, new=4, without_zone=1)
    assert read(tmp_path) == [
        Sample(NOON, None, "mxc", 0.0215, "measured"),
        Sample(NOON + 60.5, None, "still, pressure", 1.2, "measured"),
        Sample(NOON + 120, None, "mxc", 0.022, "measured"),
        Sample(NOON + 180, None, "turbo", 1.0, "measured"),
    ]


def test_a_log_that_has_grown_adds_what_is_new(tmp_path, log):
    import_log(tmp_path, log)
    assert import_log(tmp_path, log).new == 0
    log.write_text(LOG + "1795824240,mxc,21,mK\n")
    assert import_log(tmp_path, log) == Imported(samples=5, new=1, without_zone=1)
    # Columns in another order, and others that nobody asked for.
    log.write_text("﻿Unit, value ,note,METRIC,time\nmK,21,warm,mxc,1795824240\n", "utf-8")
    assert import_log(tmp_path, log).new == 0
    assert len(read(tmp_path)) == 5


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("now,mxc,21,mK", "time = now: give ISO 8601"),
        ("nan,mxc,21,mK", "time = nan"),
        ("1e300,mxc,21,mK", "time = 1e300"),  # the status writes times as dates
        ("0001-01-01T00:00:00+23:00,mxc,21,mK", "time = 0001"),
        (f"1,{'m' * 201},21,mK", "metric = 'mmm"),
        ("1," + "m" * 100_000, "it is longer than 100000 characters"),
        ("2026-13-01,mxc,21,mK", "time = 2026-13-01"),
        ("1,mxc,warm,mK", "value = warm: give a finite number"),
        ("1,mxc,inf,mK", "value = inf"),
        ("1,mxc,1e999999999,mK", "value = 1e999999999"),
        ("1,mxc,,mK", "value = : give"),
        ("1,mxc,21,furlong/x", "unit = furlong/x"),
        ("1,mxc,21,dBm", "unit = dBm"),
        ("1,mxc,21,9**9**9", r"unit = 9\*\*9"),
        ("1,mxc,21,Pa", "unit = Pa: mxc was given in multiples of K"),
        ("1,,21,mK", "metric = ''"),
        ("1,a\x1bb,21,mK", "metric = "),
        ("1,mxc,21", "it has 3 cells; give 4"),
        ("1,mxc,21,mK,5", "it has 5 cells"),
        ('1,"mxc"x,21,mK', "it is no CSV"),
        ("1795824000,mxc,20,mK", "mxc = 0.02 at 1795824000.0 s .measured.: 0.0215 is stored"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(tmp_path, log, line, fault):
    with log.open("a") as stream:
        stream.write(f"1795824300,mxc,20,mK\n{line}\n1795824360,mxc,20,mK\n")
    with pytest.raises(BadInput, match=f"log.csv, line 8: {fault}") as refused:
        import_log(tmp_path, log)
    assert "\n" not in str(refused.value)
    assert read(tmp_path) == []


def test_what_is_no_log_is_refused(tmp_path):
    file = tmp_path / "log.csv"
    for content, fault in (
        (b"", "line 1: column time is missing"),
        (b"time,metric,value\n", "line 1: column unit is missing"),
        (b"time,time,metric,value,unit\n", "column time is missing or repeated"),
        (HEADER.encode() + b"1,m\xff,21,mK\n", "line 2: metric = "),
        (HEADER.encode() + b"1,mxc,21,mK\n1,m\0,21,mK\n", "line 3: "),
        (HEADER.encode() + b'1,"mxc,21,mK\n', "line 2: it is no CSV"),
    ):
        file.write_bytes(content)
        with pytest.raises(BadInput, match=fault):
            import_log(tmp_path, file)
    for absent in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(BadInput, match=r"^file = "):
            import_log(tmp_path, absent)
    assert read(tmp_path) == []


def test_a_long_log_shows_its_progress(tmp_path):
    file, steps = tmp_path / "log.csv", []
    with file.open("w") as stream:
        stream.write(HEADER)
        stream.writelines(f"{second},mxc,{random.random()},mK\n" for second in range(20_000))
    assert import_log(tmp_path, file, steps.append).new == 20_000
    assert steps == sorted(steps)
    assert len(steps) == 4
    assert steps[-1] == 1.0
    assert (tmp_path / NAME).stat().st_size < 10e6


@given(st.decimals(-1000, 1000, places=6), st.sampled_from(["mK", "uW", "nA", "GHz", "kPa"]))
def test_values_are_rounded_once(value, unit):
    prefix = {"mK": "e-3", "uW": "e-6", "nA": "e-9", "GHz": "e9", "kPa": "e3"}[unit]
    assert si_unit(unit).convert(f"{value:f}") == float(f"{value:f}{prefix}")


@pytest.mark.parametrize(
    ("name", "scale", "offset"),
    [
        ("mbar*L/s", 0.1, 0),
        ("1/s", 1, 0),
        ("m^2", 1, 0),
        ("degC", 1, 273.15),
        ("torr", 133.322368, 0),
    ],
)
def test_units_of_cryostats(name, scale, offset):
    unit = si_unit(name)
    assert (float(unit.scale), float(unit.offset)) == pytest.approx((scale, offset))
