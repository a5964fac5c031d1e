"""The command ``recycling ledger``: what it prints, for people and for scripts, and refuses."""

import json
import math

import pytest

import recycling as rc
from tests.on_ibm import command


@pytest.fixture(scope="module")
def cut_off(small_experiment, tmp_path_factory):
    """A run of which nothing is done yet, since it was interrupted."""

    def interrupt(_job, _state, _done):
        raise KeyboardInterrupt

    path = tmp_path_factory.mktemp("cut") / "run"
    with pytest.raises(rc.Incomplete):
        rc.run(small_experiment, out=path, watch=interrupt)
    return path


@pytest.fixture(scope="module")
def written(small_run):
    """What the command prints for scripts."""
    before = sorted(small_run.path.iterdir())
    done = command("ledger", small_run.path, "--theta-b", 0.4, "--plant", 5e8, "--json")
    assert done.code == 0, done.err
    assert sorted(small_run.path.iterdir()) == before
    return json.loads(done.out)


def test_json_is_the_ledger_of_the_run(written, small_run, small_dataset):
    ledger = rc.ledger_of(small_run, small_dataset, theta_b=0.4, plant=5e8)
    assert written == json.loads(json.dumps(ledger.record))
    assert (written["theta_b"], written["p_x"]) == (0.4, 0.4)
    rows = {row["name"]: row for row in written["rows"]}
    for row in rows.values():
        unit = 1.380649e-23 * row["temperature"] * math.log(2)
        assert row["landauer"] == pytest.approx(row["joule"] / unit)
        assert row["low"] <= row["joule"] <= row["high"]
    assert rows["wall plug plant"]["source"] == "declared"


@pytest.mark.parametrize("width", [60, 120])
def test_table_fits_its_terminal(width, small_run, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    done = command("ledger", small_run.path)
    assert done.code == 0
    lines = done.out.splitlines()
    end = next(number for number, line in enumerate(lines) if line.startswith("At θ_b = 0.7854"))
    assert max(map(len, lines[:end])) <= width
    assert "…" not in done.out
    assert ("95 % or range (J)" in done.out) == (width == 120)
    assert "times |ΔQ_B| (modelled, a decade either way)" in lines[end]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--theta-b", 0.3], "error: theta_b = 0.3: not in the sweep; give 0.4, which is nearest"),
        (["--record-temperature", -1], "error: record_temperature = -1: give K, positive and"),
        (["--plant", 0], "error: plant = 0: give W/W, positive and finite"),
        (["--at", "theta"], "error: at = 'theta': give NAME=VALUE, such as theta=0.6"),
        (["--at", "theta=0.6"], "error: theta = 0.6: this run sweeps theta_b; give those"),
    ],
)
def test_bad_input_is_one_line(options, line, small_run):
    done = command("ledger", small_run.path, *options)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(line)
    assert done.err.count("\n") == 1


def test_an_unfinished_run_has_no_ledger(cut_off):
    done = command("ledger", cut_off)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("incomplete: 2 of 2 jobs are not done, and a ledger is of a ")
    assert f"recycling resume {cut_off}" in done.err
    assert done.err.count("\n") == 1
