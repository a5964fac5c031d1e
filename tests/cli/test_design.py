"""``recycling design``: the spec that it writes, and what it refuses in a line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import recycling as rc
from recycling.cli.app import app

SPEC = """# mine
name = "tiny"
algorithm = { name = "repeat-until-success" }
sweep = { theta = [0.3, 0.7], p_x = [0.3] }

[device]
profile = "FakeTorino"  # the smallest
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text(SPEC, encoding="utf-8")
    return tmp_path


def design(*options):
    return CliRunner().invoke(app, ["design", "tiny.toml", *options])


def test_a_design_is_written_with_reasons_and_keeps_the_rest():
    done = design("--json", "--out", "für später/cheap.toml")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    Path("für später/cheap.toml").replace("cheap.toml")
    text = Path("cheap.toml").read_text(encoding="utf-8")
    assert text.startswith("# Designed to settle ΔQ_B below Q_tight and Q_Landauer at 3 σ")
    assert "# mine" in text
    assert "# the smallest" in text
    assert "repeats × shots" in text
    experiment = rc.Experiment.from_toml("cheap.toml")
    assert experiment.hash == found["spec_hash"]
    assert experiment.allocation.repeats.shape == (2, 2, 2, 1, 3)
    assert rc.plan(experiment).cost.qpu_seconds == pytest.approx(found["qpu_seconds"])
    done = CliRunner().invoke(app, ["plan", "cheap.toml", "--against", "tiny.toml", "--json"])
    beside = json.loads(done.stdout)["against"]
    # On a simulator the given spec measures no calibrations, and the designed one does.
    assert (
        1 < beside["times_less"] < found["steps"]["as given"]["qpu_seconds"] / found["qpu_seconds"]
    )
    assert found["steps"]["as given"]["qpu_seconds"] > 15 * found["qpu_seconds"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--question", "colder"), "question = 'colder': give one of below-tight"),
        (("--question", "heat"), "error = none: give half"),
        (("--sigma", "2"), "sigma = 2: give 3 to 10"),
        (("--guard", "-1"), "guard = -1: give 0 to 1"),
        (("--seconds", "0"), "seconds = 0: give a number"),
        (("--out", "tiny.toml"), "out = 'tiny.toml' exists"),
    ],
)
def test_bad_input_is_refused_in_a_line_and_nothing_is_written(folder, options, line):
    done = design("--out", "cheap.toml", *options)
    assert done.exit_code == 2
    assert line in done.stderr
    assert done.stderr.count("\n") == 1
    assert {path.name for path in folder.iterdir()} == {"tiny.toml"}
