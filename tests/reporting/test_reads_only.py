"""A report is made where nothing can be planned or simulated."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import recycling as rc

#: What a machine that only reads results need not have.
ABSENT = ("recycling.simulation", "recycling.planning", "qiskit_aer", "qiskit_ibm_runtime")
HOOK = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if any(name == each or name.startswith(each + ".") for each in {ABSENT}):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""


def without(code, *arguments):
    """Run code in a process that cannot import what ``ABSENT`` names."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", HOOK + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=Path(rc.__file__).parents[1],
        timeout=300,
    )


@pytest.fixture(scope="module")
def expected(small_run, small_dataset, tmp_path_factory):
    """Report as it is made where everything is installed."""
    return rc.report(small_run, small_dataset, folder=tmp_path_factory.mktemp("expected"))


def contents(page):
    pictures = sorted((page.parent / "figures").iterdir())
    return page.read_bytes(), {picture.name: picture.read_bytes() for picture in pictures}


def test_the_hook_hides_the_simulator():
    done = without("import recycling; recycling.plan")
    assert done.returncode == 1
    assert "No module named 'recycling.planning'" in done.stderr


@pytest.mark.slow
def test_the_report_of_the_command_is_the_same_to_the_byte(small_run, expected, tmp_path):
    done = without(
        "sys.argv[0] = 'recycling'; from recycling.cli import main; main()",
        "report", small_run.path, "--out", tmp_path, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "report.html") == contents(expected)
    assert json.loads(done.stdout)["data_kind"] == "simulated"
