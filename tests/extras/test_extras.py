"""Where an extra is missing, one line says which, and nothing is written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import xarray as xr

import recycling as rc
from recycling import extras

#: What the light core does not install.
ABSENT = (*extras.EXTRAS, "netCDF4", "requests")
HOOK = f"""
import sys

class Hiding:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in {ABSENT}:
            return self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path = [Hiding(each) for each in sys.meta_path]
"""
#: Several commands in one process: to import takes longest.
COMMANDS = """
from recycling.cli.app import app
from typer.testing import CliRunner
import json
done = [CliRunner().invoke(app, arguments) for arguments in json.loads(sys.argv[1])]
print(json.dumps([[each.exit_code, each.stderr] for each in done]))
"""
NEEDS_QISKIT = 'error: needs Qiskit: pip install "thermodynamic-recycling[simulate]"\n'


def without_extras(code, *arguments, cwd):
    """Run code in a process that has the light core alone."""
    done = subprocess.run(
        [sys.executable, "-c", HOOK + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(Path(rc.__file__).parents[1])},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_each_command_that_needs_qiskit_says_so_and_writes_nothing(tmp_path):
    commands = [
        ["replay"], ["run", "theory"], ["plan", "theory"], ["layouts", "paper"],
        ["design", "paper"], ["latency"], ["reset"], ["rehearse"],
    ]  # fmt: skip
    done = json.loads(without_extras(COMMANDS, json.dumps(commands), cwd=tmp_path))
    assert [(code, error.splitlines(True)[-1]) for code, error in done] == [
        (2, NEEDS_QISKIT) for _ in commands
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_results_of_the_core_hold_the_same_numbers(small_run, small_dataset, tmp_path):
    code = (
        "import recycling as rc, shutil\n"
        "run = rc.open_run(shutil.copytree(sys.argv[1], 'run'))\n"
        "(run.path / 'results.nc').unlink(missing_ok=True)\n"
        "rc.analyse(run)\n"
    )
    without_extras(code, small_run.path, cwd=tmp_path)
    with xr.open_dataset(tmp_path / "run" / "results.nc", engine="netcdf4") as read:
        xr.testing.assert_allclose(read, small_dataset, rtol=1e-12)
        assert read.attrs.keys() == small_dataset.attrs.keys()


def test_any_import_that_an_extra_mends_is_named():
    for module, (name, extra) in extras.EXTRAS.items():
        assert str(extras.missing(module)) == (
            f'needs {name}: pip install "thermodynamic-recycling[{extra}]"'
        )
    # An installed module that fails is another fault.
    assert extras.reason_of_import(ModuleNotFoundError(name="qiskit.no_such_room")) is None
    with pytest.raises(rc.BadInput, match="needs Qiskit"):
        raise extras.missing("rustworkx")
