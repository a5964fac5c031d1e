"""Another vendor's machine by an entry point: nothing of the package is changed for it."""

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import recycling as rc
from recycling.errors import BadInput
from recycling.execution.registry import BACKENDS, parse_backend
from recycling.jobs.job import executions
from tests.acme import EDGES, LIMITS, PRICE
from tests.on_ibm import command, without_results

ROOT = Path(__file__).parents[2]
SPEC = """\
name = "elsewhere"
seed = 5

[sweep]
theta_b = [0.0, 0.7]
p_x = [0.4]

[measurement]
shots = 200
trials = 2

[hardware]
bracket_shots = 100
assignment_shots = 100

[inference]
resamples = 100
"""
ACME = "acme:chip1"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Folder on the path in which the vendor's package is installed."""
    site = tmp_path_factory.mktemp("site")
    info = site / "acme_recycling-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-recycling\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[recycling.backends]\nacme = tests.acme:BACKEND\n")
    return site


@pytest.fixture
def vendor(installed, tmp_path, monkeypatch):
    """Folder of the vendor's service, in a folder with the spec where commands are run."""
    service = tmp_path / "service"
    service.mkdir()
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(installed))
    importlib.invalidate_caches()
    monkeypatch.setenv("ACME", str(service))
    return service


@pytest.mark.usefixtures("vendor")
def test_a_backend_is_known_where_its_package_is_installed():
    assert str(parse_backend(ACME)) == ACME
    assert "acme" not in BACKENDS
    for name in ("acme", "acme:", "quantum"):
        with pytest.raises(BadInput, match=r"'trajectories' or 'acme:NAME' \(acme:chip1\)"):
            parse_backend(name)
    refused = command("run", "spec.toml", "--backend", "acme:chip2")
    assert refused.code == 2
    assert refused.error == "error: backend = 'acme:chip2': Acme has chip1 alone; give it"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("tests.acme:NOTHING", r"tests.acme:NOTHING cannot be loaded \(.*\): install its package"),
        ("tests.acme:PRICE", "tests.acme:PRICE is no BackendKind with chips: ask its authors"),
    ],
)
def test_a_package_that_is_broken_is_named(tmp_path, monkeypatch, target, message):
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[recycling.backends]\nbroken = {target}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    with pytest.raises(BadInput, match=message):
        parse_backend("broken:one")
    assert str(parse_backend("ibm:ibm_fez")) == "ibm:ibm_fez"


def test_a_plan_has_the_limits_and_the_price_of_its_machine(vendor):
    experiment = rc.Experiment.parse(SPEC)
    plan = rc.plan(experiment, ACME)
    pairs = {frozenset(plan.device.layout[q] for q in pair) for pair in plan.device.edges}
    assert pairs <= set(map(frozenset, EDGES))
    assert plan.device.name == "acme_chip1"
    # 200 shots of 24 settings are all that a job holds: one point each.
    assert [job.name for job in plan.jobs if job.trial is not None] == [
        "trial-0-0", "trial-0-1", "trial-1-0", "trial-1-1",
    ]  # fmt: skip
    for cost in plan.cost.jobs:
        pubs = plan.pubs(cost.job)
        assert cost.executions == executions(cost.job, pubs) <= LIMITS.executions_per_job
        expected = 0.25 + (40e-6 + 10e-6) * cost.executions + cost.circuit_seconds
        assert cost.qpu_seconds == pytest.approx(expected, rel=1e-12)
    told = json.loads(command("plan", "spec.toml", "--backend", ACME, "--json").out)
    assert told["cost"]["qpu_seconds"] == pytest.approx(plan.cost.qpu_seconds, rel=1e-12)
    assert told["cost"]["longest_job_qpu_seconds"] == LIMITS.longest_job
    assert told["cost"]["jobs_beyond_limits"] == []
    assert told["cost"]["open_plan_allowances"] is None
    assert told["instance_remaining_seconds"] == 77
    shown = command("plan", "spec.toml", "--backend", ACME)
    for text in (PRICE.formula.split(":")[0], "the default of acme_chip1", "60 a minute", "5,000"):
        assert text in " ".join(shown.out.split())
    assert "open plan" not in shown.out
    assert list(vendor.iterdir()) == []
    delay = experiment.hardware.model_copy(update={"rep_delay": 0.1})
    with pytest.raises(BadInput, match=r"acme_chip1 takes 1e-06 to 0\.01 s"):
        rc.plan(experiment.model_copy(update={"hardware": delay}), ACME)
    beyond = command("run", "spec.toml", "--backend", ACME, "--max-qpu-seconds", 1)
    assert beyond.code == 2
    assert "the plan takes about" in beyond.error
    assert list(vendor.iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("short_reports")
def test_a_run_is_killed_resumed_fetched_and_analysed(vendor, installed, tmp_path):
    run = ("run", "spec.toml", "--backend", ACME, "--out", "out")
    code = "from recycling.cli import main; main()"
    path = os.pathsep.join([str(installed), str(ROOT)])
    killed = subprocess.run(
        [sys.executable, "-c", code, *run],
        env=os.environ | {"PYTHONPATH": path, "ACME_KILL_AT": "3"},
        capture_output=True,
        text=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(list(vendor.iterdir())) == 4
    told = command("status", "out")
    assert "acme~0000" in told.out
    left = command("resume", "out", "--no-wait")
    assert left.code == 3, left
    done = command("resume", "out", "--json")
    assert (done.code, done.traceback) == (0, "")
    # The job whose answer was never read is found by its tag: each is submitted once.
    accepted = [json.loads(file.read_text())["job"] for file in sorted(vendor.iterdir())]
    stored = rc.open_run("out")
    assert sorted(accepted) == sorted(job.name for job in stored.jobs)
    record = stored.record
    assert (record["backend"], record["simulated"]) == (ACME, False)
    assert record["account"] == {"instance": None, "plan": None, "name": "lab"}
    assert record["executions_per_job"] == LIMITS.executions_per_job
    assert json.loads((stored.path / "calibration.json").read_text())["chip"] == "chip1"
    assert json.loads(done.out)["data_kind"] == "measured"
    assert (tmp_path / "out" / "report.html").is_file()
    dataset = rc.analyse(stored)
    assert np.isfinite(dataset["heat"]).all()
    # The same command goes on with it, and pays for nothing.
    with pytest.MonkeyPatch.context() as patch:
        without_results(patch)
        assert command(*run).code == 0
    assert len(list(vendor.iterdir())) == len(accepted)


def test_a_run_is_read_where_the_package_is_not_installed(vendor, monkeypatch):
    done = command("run", "spec.toml", "--backend", ACME, "--out", "out", "--no-wait")
    assert done.code == 3
    monkeypatch.undo()
    monkeypatch.chdir(vendor.parent)
    importlib.invalidate_caches()
    assert "under way" not in command("status", "out").err
    refused = command("resume", "out")
    assert refused.code == 2
    assert "backend = 'acme:chip1': give 'exact'" in refused.error
