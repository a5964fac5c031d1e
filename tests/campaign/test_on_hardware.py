"""A campaign on a machine: the loopback service stands in for IBM Quantum."""

import json

import pytest

import recycling.campaign.due
from recycling.campaign.records import read_records
from recycling.campaign.telemetry import read
from recycling.spec.experiment import Experiment
from tests.campaign.small import campaign, write
from tests.killing import SPEC
from tests.loopback import LoopbackService
from tests.on_ibm import IBM, command, connected, plan_on_ibm, planned_once

TEXT = SPEC.replace("trials = 2", "trials = 1")
#: Two runs are estimated to cost less, 2 × 4.48 s. The service charges 5 s for a run.
BUDGET = 9


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Folder of a campaign of two runs, what was printed, and the service."""
    folder = tmp_path_factory.mktemp("hardware")
    text = campaign(2, budget=BUDGET, spec="small.toml", interval=0.05)
    write(folder, text.replace("count = 2", f'count = 2\nbackend = "{IBM}"'))
    (folder / "small.toml").write_text(TEXT)
    with LoopbackService(seed=1) as service, connected(service, folder / "accounts") as patch:
        planned = plan_on_ibm(Experiment.parse(TEXT))
        planned_once(patch, planned)
        patch.setattr(recycling.campaign.due, "connect", lambda *_: planned.connection)
        found = command("campaign", "run", folder / "campaign.toml", "--out", folder / "out",
                        "--key", folder / "key", "--json")  # fmt: skip
    assert (found.code, found.traceback) == (0, "")
    return folder, found, service


def test_the_budget_binds_by_what_the_service_charged(done):
    _, found, service = done
    status = json.loads(found.out)
    assert (status["runs"]["done"], status["runs"]["rejected"]) == (1, 1)
    assert status["decisions"][1]["reason"] == (
        "budget.qpu_seconds = 9: 5.0 s are used, and the run needs about 4.5 s"
    )
    assert len(service.jobs) == 1


def test_its_time_is_that_of_the_wall(done):
    first, second = read_records(done[0] / "out")
    assert first["due"] > 1.7e9
    assert first["due"] <= first["time"] < second["time"]
    assert second["due"] - first["due"] == pytest.approx(0.05, abs=1e-6)


def test_the_clocks_of_one_host_agree(done):
    [clock] = json.loads(done[1].out)["clock"]
    low, high = clock["offset"]
    assert low <= 0 <= high < 10
    assert clock["jumps"] == []


def test_every_number_has_its_source(done):
    found = {(sample.metric, sample.source) for sample in read(done[0] / "out")}
    # The loopback service imitates a machine, and says so.
    assert ("success_fidelity", "simulated") in found
    assert ("t1", "calibration") in found


def test_jobs_are_told_with_their_run(done):
    assert "run 1, trial-0: done\n" in done[1].err
