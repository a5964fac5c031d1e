"""Completion by the protocol of the shells, and by a bash; ``-h``; the panels of the help."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import recycling as rc
from recycling.cli.app import app
from recycling.cli.commands import COMMANDS
from recycling.cli.completing import backends, prepare_completion
from recycling.execution.registry import BACKENDS, backend_kind
from tests.on_ibm import command

SHELLS = ("bash", "zsh", "fish", "powershell")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with specs, runs and what is neither."""
    for name in (
        "mine.toml",
        "notes.txt",
        "specs/a.toml",
        "runs/one/run.json",
        "runs/two/run.json",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}", encoding="utf-8")
    (tmp_path / "runs" / "none").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def group():
    """The command line, made once."""
    return typer.main.get_command(app)


def called(group, capsys, *arguments):
    """What a call prints."""
    with pytest.raises(SystemExit) as end:
        group.main(arguments or None, prog_name="recycling")
    assert end.value.code == 0
    return capsys.readouterr().out


@pytest.fixture
def offered(group, folder, monkeypatch, capsys):
    """What the command answers to a line, by the protocol of fish, without the help."""
    assert folder.is_dir()
    from typer import core

    parameter = getattr(core, "_TyperParameter", None)  # in the versions that take pydantic
    if parameter is not None:
        monkeypatch.setattr(parameter, "process_value", parameter.process_value)
    prepare_completion()

    def answer(line):
        monkeypatch.setenv("_RECYCLING_COMPLETE", "complete_fish")
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
        answers = called(group, capsys).splitlines()
        return [answer.partition("\t")[0] for answer in answers if answer]

    return answer


@pytest.mark.parametrize(("line", "expected"), {
    "recycling re": ["replay", "resume", "rehearse", "report", "reset"],
    "recycling run pa": ["paper", "payoff"],
    "recycling run mi": ["mine.toml"],
    "recycling plan specs/": ["specs/a.toml"],
    "recycling plan paper --against th": ["theory"],
    "recycling report ": ["latest", "runs/one", "runs/two", "runs/", "specs/"],
    "recycling report runs/": ["runs/one", "runs/two", "runs/none/"],
    "recycling compare latest runs/t": ["runs/two"],
    "recycling run paper --backend fake:FakeM": ["fake:FakeMarrakesh", "fake:FakeMiami"],
    "recycling run paper -b a": ["aer"],
    "recycling run paper -b i": ["ibm:"],
    "recycling analyse latest --readout ": ["raw", "corrected", "unmixed"],
    "recycling export latest -f p": ["parquet"],
    "recycling rehearse --device FakeF": ["FakeFez"],
    "recycling campaign ex": ["export-slo"],
    "recycling completion f": ["fish"],
    "recycling verify n": [],
}.items())  # fmt: skip
def test_what_is_offered(line, expected, offered):
    assert sorted(offered(line)) == sorted(expected)


def test_a_backend_is_offered_as_it_is_named():
    """With a colon where a chip belongs behind it: so much is known without a slow import."""
    for name in BACKENDS:
        offered = f"{name}:" if backend_kind(name).has_chips else name
        assert offered in backends(name)


def test_every_option_is_offered(offered):
    assert {"--backend", "--set", "--seed", "--json"} <= {*offered("recycling run --")}


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_a_script_that_names_the_command(shell):
    done = command("completion", shell)
    assert (done.code, done.err) == (0, "")
    assert "_RECYCLING_COMPLETE=complete_" in done.out.replace(' = "', "=")
    assert done.out.startswith("# ")
    other = command("completion", "tcsh")
    assert (other.code, other.err) == (
        2, "error: shell = 'tcsh': give one of bash, zsh, fish, powershell\n"
    )  # fmt: skip


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_completes(folder):
    """In a real bash, where ":" ends a word; with nothing loaded that takes time."""
    slow = "{'pydantic', 'rich', 'numpy', 'qiskit', 'xarray'} & {*sys.modules}"
    python = (
        f"import atexit, sys; atexit.register(lambda: print(*{slow}, file=sys.stderr, end='')); "
        "from recycling.cli.app import main; main()"
    )
    shim = folder / "recycling"
    shim.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "{python}" "$@" 2>>loaded\n',
        encoding="utf-8",
    )
    shim.chmod(0o755)
    script = """
        compopt() { options="$1 $2"; }
        source <(recycling completion bash); : > loaded
        try() {
            COMP_LINE="$1" COMP_POINT=${#1} COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2)) options=
            _recycling_completion recycling
            echo "${COMPREPLY[*]}|$options"
        }
        try "recycling run paper -b fake:FakeMa" recycling run paper -b fake : FakeMa
        try "recycling run paper --backend=fake:" recycling run paper --backend = fake :
        try "recycling plan spec" recycling plan spec
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, check=False, cwd=folder,
        env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}",
                          "PYTHONPATH": str(Path(rc.__file__).parents[1])}, timeout=60,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0] == "FakeMarrakesh|", done
    assert lines[1].split("|")[0].split()[:2] == ["FakeTorino", "FakeFez"]
    assert lines[2] == "specs/|-o nospace"
    assert (folder / "loaded").read_text(encoding="utf-8") == ""


# -- help ----------------------------------------------------------------------------------------


def test_help_has_a_short_name(group, capsys):
    campaign = (("campaign", name) for name in group.commands["campaign"].commands)
    for arguments in ((), *((name,) for name in group.commands), *campaign):
        short = called(group, capsys, *arguments, "-h")
        assert short.startswith("Usage: recycling")
        assert short == called(group, capsys, *arguments, "--help")


def test_help_is_read_at_a_glance_at_60_columns(group, capsys, monkeypatch):
    """A line for each command, by panels, of which nothing is cut off."""
    monkeypatch.setenv("COLUMNS", "60")
    text = called(group, capsys, "-h")
    assert "…" not in text
    assert "..." not in text.partition("\n")[2]
    assert max(map(len, text.splitlines())) <= 60
    short = {line for panel in COMMANDS.values() for line in panel.values()}
    assert short <= {re.split("  +", line.strip())[-1] for line in text.splitlines()}
    for name, found in group.commands.items():
        assert found.rich_help_panel in COMMANDS, name


def test_every_option_says_what_it_does(group):
    for of_group in (group, group.commands["campaign"]):
        for name, found in of_group.commands.items():
            for option in found.params:
                assert option.help, (name, option.name)
