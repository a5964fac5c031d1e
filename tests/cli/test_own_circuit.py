"""A circuit of the user's, from its OpenQASM 3 file to a verdict, by the command line alone."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from tests.loopback import LoopbackService
from tests.on_ibm import IBM, command, connected

EXAMPLE = Path(__file__).parents[2] / "examples" / "own-circuit"
#: The example on a chip, with less to do: what is replaced, and by what.
THINNER = {
    "theta_b = { start = 0.2, stop = 1.2, points = 5 }": "theta_b = [1.0]",
    'profile = "ideal"': 'profile = "FakeMarrakesh"',
    "p_x = [0.1, 0.2, 0.3, 0.4]": "p_x = [0.2, 0.4]",
    "shots = 8000": "shots = 300",
    "trials = 3": "trials = 1",
}


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """Spec and program in a folder of their own, which is where the command runs."""
    monkeypatch.chdir(tmp_path)
    text = (EXAMPLE / "spec.toml").read_text()
    for old, new in THINNER.items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "spec.toml").write_text(text)
    (tmp_path / "program.qasm").write_text((EXAMPLE / "program.qasm").read_text())
    return tmp_path / "spec.toml"


def check(path):
    """Check that a run has results over both inputs of the program, a verdict and a report."""
    with xr.open_dataset(path / "results.nc") as results:
        assert {"theta_b": 1, "kick": 1, "p_x": 2}.items() <= results.sizes.items()
        assert np.isfinite(results["heat"]).all()
        # No formula is given: the states of the success branch come from the exact engine.
        fidelity = results["success_fidelity"].values
        assert np.isfinite(fidelity).all()
        assert (fidelity > 0.5).all()
    assert "<h2>Verdict</h2>" in (path / "report.html").read_text()


@pytest.mark.parametrize(
    "backend",
    [
        "exact",
        pytest.param("aer", marks=pytest.mark.slow),
        pytest.param("fake:FakeMarrakesh", marks=pytest.mark.slow),
    ],
)
def test_it_runs_on_simulators(spec, backend, request):
    if backend != "exact":  # of that one the report is complete
        request.getfixturevalue("short_reports")
    done = command("run", spec, "--backend", backend, "--out", "out", "--json")
    assert (done.code, done.traceback) == (0, "")
    assert json.loads(done.out)["data_kind"] == "simulated"
    check(spec.parent / "out")


@pytest.mark.usefixtures("short_reports")
@pytest.mark.slow
def test_it_runs_on_a_service_and_needs_its_file_no_more(spec, tmp_path):
    with (
        LoopbackService(snapshots=("FakeMarrakesh",), seed=1) as service,
        connected(service, tmp_path / "accounts.json"),
    ):
        waiting = command("run", spec, "--backend", IBM, "--out", "out", "--no-wait")
        assert waiting.code in (0, 3)
        (spec.parent / "program.qasm").unlink()
        assert command("resume", "out").code == 0
    check(spec.parent / "out")
