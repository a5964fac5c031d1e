"""``--set KEY=VALUE``: the command does what it does with the spec edited by hand."""

import json

import numpy as np
import pytest

import recycling as rc
from tests.on_ibm import command

SPEC = """\
name = "tiny"
[device]
profile = "ideal"
[sweep]
theta_b = [0.0, 0.5]
p_x = [0.4]
[measurement]
shots = 200
trials = 2
[inference]
resamples = 100
"""
EDITED = SPEC.replace("shots = 200", "shots = 300") + '[bath]\ntemperature = "43 mK"\n'
SETTINGS = ("--set", "bath.temperature=43mK", "--set", "measurement.shots=300")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "edited.toml").write_text(EDITED, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


pytestmark = pytest.mark.usefixtures("folder", "short_reports")


def test_a_run_keeps_the_changes_beside_the_spec():
    """With the hash and the shots of the edited spec, and goes on by the same command."""
    done = command("run", "spec.toml", *SETTINGS, "--out", "set", "--json")
    assert done.code == 0, done
    run = rc.open_run("set")
    assert run.record["spec"] == SPEC
    assert run.record["changes"] == {
        "bath": {"temperature": "43mK"}, "measurement": {"shots": 300, "trials": 2},
    }  # fmt: skip
    edited = rc.run(rc.load("edited.toml"), out="edited")
    assert run.record["spec_hash"] == edited.record["spec_hash"]
    np.testing.assert_array_equal(run.counts, edited.counts)
    again = command("run", "spec.toml", *SETTINGS, "--out", "set", "--json")
    assert (again.code, json.loads(again.out)["verdicts"]) == (0, json.loads(done.out)["verdicts"])
    other = command("run", "spec.toml", "--out", "set")
    assert other.code == 2


def test_a_plan_is_that_of_the_edited_spec():
    changed = command("plan", "spec.toml", *SETTINGS, "--json")
    edited = command("plan", "edited.toml", "--json")
    assert (changed.code, changed.out) == (0, edited.out)


def test_a_written_spec_has_the_changes_in_it():
    asked = ("--question", "heat", "--error", "0.1", "--out", "mine.toml")
    done = command("design", "spec.toml", *SETTINGS, *asked)
    assert done.code == 0, done
    assert rc.load("mine.toml").bath.temperature == 0.043


@pytest.mark.parametrize("arguments", [
    ("run", "spec.toml"), ("plan", "spec.toml"), ("design", "spec.toml"),
    ("layouts", "spec.toml"), ("stage", "spec.toml"), ("replay",), ("adopt", "spec.toml"),
    ("import-counts", "spec.toml", "counts.csv"),
    ("latency",), ("reset",), ("sweep", "payoff", "--out", "swept"),
])  # fmt: skip
def test_every_command_with_a_spec_names_the_key(arguments, folder):
    done = command(*arguments, "--set", "bath.temprature=43mK", "--set", "bath.frequency=5")
    assert (done.code, done.out) == (2, "")
    assert set(done.err.splitlines()) == {
        "error: bath.temprature = '43mK' is an unknown key: did you mean temperature?",
        "error: bath.frequency = 5: give 1 MHz to 1 THz (did you mean '5 GHz'?)",
    }
    assert sorted(path.name for path in folder.iterdir()) == ["edited.toml", "spec.toml"]
    done = command(*arguments, "--set", "bath.temperature")
    error = "error: set = 'bath.temperature': give KEY=VALUE, such as bath.temperature=43mK\n"
    assert (done.code, done.err) == (2, error)
