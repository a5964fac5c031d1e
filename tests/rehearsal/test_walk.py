"""Runs against the process of a rehearsal: the page word by word, and a service that is killed."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

import recycling as rc
from recycling.rehearsal.desk import running, start, stop
from recycling.rehearsal.state import State
from tests.killing import SPEC
from tests.on_ibm import command, connected, spec

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def steps(page):
    """Commands of the first block of a page."""
    return page.read_text().split("```\n")[1].splitlines()


def test_the_page_can_be_walked_through_word_by_word(tmp_path):
    (tmp_path / "paper.toml").write_text(SPEC.replace("layout =", "# layout ="))
    lines = [line.replace(" paper ", " paper.toml ") for line in steps(ROOT / "docs/rehearsal.md")]
    assert lines[0] == "recycling rehearse --device FakeFez"
    script = "\n".join(f"{line}\necho code $?" for line in lines)
    kept = {name: text for name, text in os.environ.items() if not name.startswith("QISKIT_")}
    path = f"{Path(sys.executable).parent}:{kept['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True,
        env=kept | {"PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
    )  # fmt: skip
    codes = [line for line in done.stdout.splitlines() if line.startswith("code ")]
    # The run is left while its jobs are under way.
    assert codes == [f"code {3 if '--no-wait' in line else 0}" for line in lines], done.stderr
    assert "killed on ibm:ibm_fez" in done.stdout
    assert "simulated: the service only imitates the device" in done.stdout
    run = rc.open_run(tmp_path / "runs" / "fez")
    assert run.simulated
    assert json.loads((run.path / "run.json").read_text())["simulated"] is True
    assert "simulated" in (run.path / "report.html").read_text()
    assert running(tmp_path / "rehearsal") is None
    # The saved accounts of the user are neither read nor written.
    assert not (tmp_path / ".qiskit").exists()


def test_a_service_that_is_killed_behind_an_acceptance_is_paid_once(tmp_path):
    folder, out, text = tmp_path / "rehearsal", tmp_path / "run", tmp_path / "spec.toml"
    text.write_text(spec("mode = 'job'"))
    first = start(folder, {"devices": ("FakeMarrakesh",)}, "killed-after-accept")
    led = SimpleNamespace(environment=lambda _plan: first.environment)
    with connected(led, tmp_path / "accounts.json"):
        died = command("run", text, "--backend", "ibm:ibm_marrakesh", "--out", out)
        assert died.code in (3, 4), died.err
        assert running(folder) is None
        assert len(State(folder).jobs()) == 1
        assert start(folder, {}).environment == first.environment
        try:
            assert command("resume", out).code == 0
        finally:
            assert stop(folder)
    jobs = State(folder).jobs()
    assert Counter(job.state for job in jobs) == {"Completed": 2}
    assert len({job.tags[0] for job in jobs}) == 2
    assert rc.open_run(out).simulated
