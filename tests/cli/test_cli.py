"""The command line, from outside: what it writes, prints and returns.

A process of its own runs a spec, and shows what is loaded; the other commands are called here.
"""

import json
import os
import re
import subprocess
import sys

import pytest
import xarray as xr

import recycling as rc
from recycling.results.controls import controls
from recycling.results.verdicts import verdicts
from tests.on_ibm import command

ENTRY = "from recycling.cli.app import main; main()"
SLOW = {"numpy", "scipy", "qiskit", "matplotlib", "xarray", "pydantic", "pandas", "jinja2", "rich"}


def recycling(*arguments, cwd, code=ENTRY):
    """Run the console entry and return what came out."""
    # Deprecations that third parties raise on import are theirs; a bare user sees none either.
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


def listing(folder):
    """Every file under a folder with its size and time of change."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def strict_json(text):
    """Parse JSON that is JSON: no NaN, no Infinity."""

    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture(scope="module")
def finished(small_spec, tmp_path_factory):
    """Folder in which the small spec, with the line ends of Windows, was run to the end."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "spec.toml").write_bytes(small_spec.replace("\n", "\r\n").encode())
    done = recycling("run", "spec.toml", "--out", "out", "--seed", 11, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_run_writes_results_and_report(finished):
    folder, _ = finished
    assert sorted(path.name for path in folder.iterdir()) == ["out", "spec.toml"]
    written = set(listing(folder / "out"))
    figures = {f"figures/{name}.svg" for name in (
        "fig3-fidelity", "fig4a-equilibrium", "fig4b-recycling", "fig4c-theory", "fig5a-mixedness",
        "fig5b-ratio", "sensitivity-temperature", "sensitivity-frequency", "critical-temperature",
        "entropy-tradeoff", "branch-gain", "ledger", "schedule", "circuit", "prediction-heat",
        "prediction-excess-tight",
    )}  # fmt: skip
    assert written == figures | {
        ".lock", "run.json", "run.json.copy", "experiment.toml", "device.json", "circuits.qpy",
        "jobs", "jobs/trial-0.json", "jobs/trial-1.json", "shots", "shots/trial-0.npz",
        "shots/trial-1.npz", "telemetry.jsonl", "results.nc", "theory.nc", "report.html", "figures",
        "prediction.nc",
    }  # fmt: skip
    with xr.open_dataset(folder / "out" / "results.nc") as dataset:
        assert dataset.attrs["seed"] == 11


def test_run_keeps_the_spec_and_the_change_apart(finished):
    folder, _ = finished
    given = (folder / "spec.toml").read_bytes()
    assert (folder / "out" / "experiment.toml").read_bytes() == given
    opened = rc.open_run(folder / "out")
    assert opened.record["changes"] == {"seed": 11}
    assert opened.experiment.seed == 11


def test_json_is_all_that_run_prints(finished):
    folder, done = finished
    summary = strict_json(done.stdout)
    assert set(summary) == {
        "controls_failed", "headline", "data_kind", "trials", "readout", "masked", "warnings",
        "verdicts", "controls", "files", "surplus", "paper",
    }  # fmt: skip
    assert summary["trials"] == "2 of 2"
    assert summary["data_kind"] == "simulated"
    with xr.open_dataset(folder / "out" / "results.nc") as dataset:
        expected = [v for bound in ("tight", "landauer") for v in verdicts(dataset, bound=bound)]
        checks = controls(dataset.load())
    assert len(summary["verdicts"]) == len(expected) == 6
    for found, verdict in zip(summary["verdicts"], expected, strict=True):
        assert (found["bound"], found["theta_b"]) == (verdict.bound, verdict.point["theta_b"])
        assert found["verdict"] == verdict.text
        assert found["heat_J"] == verdict.heat
    assert [c["passed"] for c in summary["controls"]] == [c.passed for c in checks]
    assert {row["outcome"] for row in summary["paper"]} >= {"agree", "differs", "input"}
    assert set(summary["files"]) == {"run", "results", "report"}
    for path in summary["files"].values():
        assert (folder / path).exists(), path


def test_progress_goes_to_standard_error_as_plain_lines(finished):
    _, done = finished
    lines = done.stderr.splitlines()
    assert any(line.startswith("simulating") for line in lines), lines
    assert "\x1b" not in done.stderr, "no escape sequences where there is no terminal"
    assert "Warning" not in done.stderr


def test_analyse_reads_with_the_readout_corrected(finished, monkeypatch):
    folder, _ = finished
    monkeypatch.chdir(folder)
    done = command("analyse", "out", "--readout", "corrected", "--json")
    assert done.code == 0, done
    summary = strict_json(done.out)
    assert summary["readout"] == "corrected"
    written = folder / summary["files"]["results"]
    assert written.name == "results-corrected.nc"
    with (
        xr.open_dataset(written) as corrected,
        xr.open_dataset(folder / "out" / "results.nc") as raw,
    ):
        assert (raw.attrs["readout"], corrected.attrs["readout"]) == ("raw", "corrected")
        assert corrected.attrs["readout_source"]
        assert float(abs(corrected["heat"] - raw["heat"]).max()) > 0
    written.unlink()
    done = command("analyse", "out", "--readout", "clean")
    assert done.code == 2
    assert "readout = 'clean': give one of raw, corrected, unmixed" in done.error


def test_analyse_writes_the_results_again(finished, monkeypatch):
    folder, _ = finished
    monkeypatch.chdir(folder)
    results = folder / "out" / "results.nc"
    with xr.open_dataset(results) as dataset:
        before = dataset.load()
    results.unlink()
    kept = listing(folder / "out")
    done = command("analyse", "out", "--json")
    assert done.code == 0, done
    assert set(strict_json(done.out)["files"]) == {"run", "results"}
    with xr.open_dataset(results) as dataset:
        xr.testing.assert_identical(dataset.load(), before)
    after = listing(folder / "out")
    assert set(after) - set(kept) == {"results.nc"}
    assert {name: after[name] for name in kept} == kept


def test_report_writes_the_report_again(finished, monkeypatch):
    """To the byte, pictures included, though another process drew them."""
    folder, _ = finished
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "200")
    report = folder / "out" / "report.html"
    before = report.read_bytes()
    report.unlink()
    done = command("report", "out")
    assert done.code == 0, done
    assert report.read_bytes() == before
    # Not JSON this time: a table, the verdict in words, the controls and the files.
    assert "thermodynamic recycling: small (simulated, 2 of 2 trials, readout raw)" in done.out
    assert "ΔQ_B is below" in done.out
    assert "control" in done.out
    assert "report: out/report.html" in done.out


# -- bad input: exit code 2, one line, nothing touched ---------------------------------------


@pytest.fixture
def folder(tmp_path, small_spec):
    """Folder with a good spec, bad ones, a folder that is taken and one that is no run."""
    (tmp_path / "good.toml").write_text(small_spec, encoding="utf-8")
    (tmp_path / "value.toml").write_text(small_spec.replace("500", "0"), encoding="utf-8")
    (tmp_path / "key.toml").write_text(f"tempreature = 3\n{small_spec}", encoding="utf-8")
    (tmp_path / "syntax.toml").write_text("name = ", encoding="utf-8")
    profile = small_spec.replace('"paper"', '"FakeNothing"')
    (tmp_path / "profile.toml").write_text(profile, encoding="utf-8")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("keep", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["run", "nosuch"], ["spec = 'nosuch'", "paper, payoff, theory"]),
        (["run", "value.toml"], ["measurement.shots = 0", "give 'exact' or 1 or more"]),
        (["run", "key.toml"], ["tempreature = 3", "unknown key"]),
        (["run", "syntax.toml"], ["not TOML"]),
        (["run", "good.toml", "--seed", "-1"], ["seed = -1", "give 0 or more"]),
        (["run", "good.toml", "--out", "taken"], ["out = 'taken' exists", "new folder"]),
        (["run", "good.toml", "--backend", "abacus"], ["backend = 'abacus'", "give 'exact'"]),
        (["run", "profile.toml"], ["device.profile = 'FakeNothing'", "give 'paper'"]),
        (["analyse", "taken"], ["run = 'taken'", "give one that holds run.json"]),
    ],
)
def test_bad_input_is_one_line_and_touches_nothing(folder, arguments, parts, monkeypatch):
    monkeypatch.chdir(folder)
    before = listing(folder)
    done = command(*arguments)
    assert done.code == 2, done
    assert done.only_line.startswith("error: ")
    for part in parts:
        assert part in done.only_line
    assert listing(folder) == before


def test_bad_input_is_one_line_in_a_process_of_its_own(folder):
    """Nothing that is loaded, or that ends with the process, says anything besides."""
    done = recycling("run", "profile.toml", cwd=folder)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(
        r"error: profile\.toml:6: device\.profile = 'FakeNothing' .*\n", done.stderr
    )


def test_a_damaged_run_is_one_line(finished, tmp_path, monkeypatch):
    finished_folder, _ = finished
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    record = (finished_folder / "out" / "run.json").read_bytes()
    (tmp_path / "run" / "run.json").write_bytes(record)
    done = command("analyse", "run")
    assert done.code == 2
    assert re.fullmatch(
        r"error: run/jobs/trial-0\.json is damaged: it is missing \(and \d+ more\); mend with: "
        "recycling resume run",
        done.only_line,
    )
    assert list(listing(tmp_path)) == ["run", "run/run.json"]


def test_a_narrow_terminal_cuts_no_number_off(finished, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    done = command("analyse", str(finished[0] / "out"))
    table = done.out[: done.out.index("Recycling arm")]
    assert "…" not in table
    assert "0.7854" in table


def test_debug_shows_the_traceback(folder, monkeypatch):
    monkeypatch.chdir(folder)
    done = command("run", "nosuch", "--debug")
    assert done.code == 2
    assert done.err.startswith("Traceback")
    assert "BadInput" in done.err
    assert done.err.splitlines()[-1].startswith("error: spec = 'nosuch'")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["run", "theory", "--nosuch"], "--nosuch"),
        (["run"], "SPEC"),
        (["nosuch"], "nosuch"),
        (["run", "theory", "--seed", "two"], "--seed"),
    ],
)
def test_a_wrong_call_exits_with_2(arguments, named, tmp_path):
    done = recycling(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    # The first lines say how to call; the last one says what is wrong.
    assert named in done.stderr.splitlines()[-1]
    assert listing(tmp_path) == {}


# -- what is loaded ----------------------------------------------------------------------------


def loaded(code, *arguments, cwd):
    """Top-level packages that are loaded when the code ends, and what it printed."""
    code = f"import sys\ntry:\n    {code}\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    done = recycling(*arguments, cwd=cwd, code=code)
    return {name.partition(".")[0] for name in done.stderr.split()}, done


def test_help_loads_nothing_slow(tmp_path):
    modules, done = loaded(ENTRY, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "recycling" in modules
    assert modules & SLOW == set()
    assert done.stdout.startswith("Usage: ")
    for name in ("replay", "run", "analyse", "report"):
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("command", ["replay", "run", "analyse", "report", "campaign run"])
def test_help_of_a_command_loads_nothing_slow(command, tmp_path):
    modules, done = loaded(ENTRY, *command.split(), "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "--debug" in done.stdout
    # Typer itself loads pydantic to describe the arguments of a command.
    assert modules & (SLOW - {"pydantic"}) == set()


def test_import_loads_nothing_slow(tmp_path):
    modules, done = loaded("import recycling", cwd=tmp_path)
    assert done.returncode == 0
    assert "recycling" in modules
    assert modules & (SLOW | {"typer", "circuits"}) == set()


def test_every_public_name_is_there():
    for name in rc.__all__:
        assert getattr(rc, name).__name__.removeprefix("recycling.") == name
    assert set(rc.__all__) <= set(dir(rc))
    with pytest.raises(AttributeError, match="nosuch"):
        _ = rc.nosuch
