"""Campaigns from the command line: what happens to runs is named, and no other run feels it."""

import json
import shutil
import sqlite3

import pytest

import recycling as rc
from recycling.campaign.database import NAME
from recycling.campaign.folder import given_folder
from recycling.campaign.records import read_records
from recycling.campaign.telemetry import read
from tests.campaign.small import SPEC, campaign, write
from tests.on_ibm import command

#: Runs 3 and 4 drift, 4 to 6 are silent, the clock jumps at 7, the budget is used up after it.
SUFFERED = """\
[[rehearse]]
from_run = 3
device = { t1 = "100 us" }

[[rehearse]]
from_run = 4
telemetry = false

[[rehearse]]
from_run = 5
device = { t1 = "250 us" }

[[rehearse]]
from_run = 7
telemetry = true
clock_offset = "30 s"

[[slo]]
name = "lifetime"
metric = "t1"
at_least = 180e-6
objective = 0.9
windows = [
    { long = "2 h", short = "1 h", burn = 4, action = "page" },
    { long = "6 h", short = "2 h", burn = 4, action = "ticket" },
]
"""
BUDGET = 155


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Folder of a campaign that was run to its end, and what was printed."""
    folder = tmp_path_factory.mktemp("campaign")
    spec = write(folder, campaign(12, SUFFERED, budget=BUDGET))
    return folder, command("campaign", "run", spec, "--out", folder / "out", "--key",
                           folder / "key")  # fmt: skip


@pytest.fixture(scope="module")
def status(done):
    """Status of the campaign."""
    found = command("campaign", "status", done[0] / "out", "--json")
    assert found.code == 0
    return json.loads(found.out)


@pytest.fixture
def copy(done, tmp_path):
    """Copy of the campaign, to be damaged."""
    return shutil.copytree(done[0] / "out", tmp_path / "out")


def verify(path, done, *options):
    return command("campaign", "verify", path, "--key", done[0] / "key", *options)


def changed(path, statement, *values):
    with sqlite3.connect(path / NAME) as connection:
        connection.execute(statement, values)


def test_no_run_is_lost_or_double(done, status):
    _, printed = done
    assert (printed.code, printed.traceback) == (0, "")
    records = read_records(done[0] / "out")
    assert [(record["event"], record["run"]) for record in records] == [
        ("run", run) for run in range(1, 13)
    ]
    assert status["runs"] == {"done": 7, "failed": 0, "rejected": 5, "deferred": 0, "planned": 12}
    assert [record["due"] for record in records] == [3600.0 * run for run in range(12)]
    folders = sorted(path.name for path in (done[0] / "out" / "runs").iterdir())
    assert folders == [f"{run:04d}" for run in range(1, 8)]


def test_each_run_is_an_ordinary_run(done):
    run = rc.open_run(done[0] / "out" / "runs" / "0007")
    assert run.complete
    assert (run.path / "results.nc").is_file()
    assert run.experiment.seed == 26


def test_the_exhausted_budget_is_named(status):
    assert status["qpu_seconds"] <= BUDGET
    decisions = {each["run"]: each for each in status["decisions"]}
    assert [decisions[run]["action"] for run in (7, 8, 12)] == ["admit", "reject", "reject"]
    assert decisions[8]["reason"].startswith(f"budget.qpu_seconds = {BUDGET}: ")


def test_the_drift_is_named(status):
    assert {each["quantity"] for each in status["drift"]} == {"t1"}
    assert [each["run"] for each in status["drift"] if each["since"] == 1] == [3, 4]
    jumps = [(each["since"], each["run"]) for each in status["drift"] if each["since"] > 1]
    assert jumps == [(2, 3), (4, 5)]


def test_the_telemetry_gap_is_named(done, status):
    assert status["telemetry"]["gaps"] == [[2 * 3600.0, 6 * 3600.0]]
    assert status["telemetry"]["silent_runs"] == [4, 5, 6]
    assert status["telemetry"]["completeness"] == 0.75
    assert {sample.run for sample in read(done[0] / "out")} == {1, 2, 3, 7}


def test_the_clock_jump_is_named(status):
    [clock] = status["clock"]
    assert (clock["jumps"], clock["since_run"], clock["source"]) == ([7], 7, "simulated")
    assert clock["offset"] == pytest.approx([29.5, 30.5])


def test_alerts_open_and_close(status):
    [slo] = status["slo"]
    assert (slo["bad"], slo["total"]) == (2, 7)
    assert slo["burn_rate"] == pytest.approx(20 / 7)
    assert slo["first_alert"] == {"time": 7200.0, "action": "page"}
    opened = [(each["action"], each["opened"], each["closed"]) for each in slo["alerts"]]
    assert opened == [("page", 7200.0, 18000.0), ("ticket", 10800.0, 18000.0)]
    assert slo["time_to_recovery"] == 10800.0


def test_other_runs_are_as_without(done):
    # Run 7 is behind all that the campaign suffers.
    hardware = {"brackets": True, "bracket_shots": 500}
    experiment = rc.Experiment.parse(SPEC, seed=26, hardware=hardware)
    alone = rc.run(experiment, out=done[0] / "alone")
    stored = rc.open_run(done[0] / "out" / "runs" / "0007")
    for mine, other in zip(stored.jobs, alone.jobs, strict=True):
        assert stored.outcomes(mine).counts().tolist() == alone.outcomes(other).counts().tolist()
    fidelity = rc.analyse(alone)["success_fidelity_combined"].sel(limit="value").item()
    record = read_records(done[0] / "out")[6]
    assert record["metrics"]["success_fidelity"] == fidelity


def test_the_log_verifies(done, status):
    found = verify(done[0] / "out", done, "--head", status["head"], "--json")
    assert found.code == 0
    assert json.loads(found.out) == {"records": 12, "head": status["head"], "outcomes": 21}


def test_a_changed_record_is_named(done, copy):
    [(record,)] = sqlite3.connect(copy / NAME).execute("SELECT record FROM log WHERE seq = 5")
    changed(copy, "UPDATE log SET record = ? WHERE seq = 5", record.replace("done", "failed"))
    found = verify(copy, done)
    assert found.code == 2
    assert "record 5 of the log" in found.only_line


def test_a_cut_log_is_named(done, copy, status):
    changed(copy, "DELETE FROM log WHERE seq > 7")
    assert verify(copy, done).code == 0
    found = verify(copy, done, "--head", status["head"])
    assert found.code == 2
    assert "record 8 of the log is missing" in found.only_line
    changed(copy, "DELETE FROM log WHERE seq > 5")
    assert "record 6 of the log is missing" in verify(copy, done).only_line


def test_changed_outcomes_are_named(done, copy):
    (copy / "runs" / "0003" / "shots" / "trial-0.npz").write_bytes(b"")
    assert "0003/shots/trial-0.npz is not what record 3" in verify(copy, done).only_line


def test_a_finished_campaign_stays_as_it_is(done, status):
    # The originals may be gone: the campaign has copies.
    for name in ("campaign.toml", "tiny.toml"):
        (done[0] / name).rename(done[0] / f"gone-{name}")
    again = command("campaign", "run", done[0] / "campaign.toml", "--out", done[0] / "out",
                    "--key", done[0] / "key", "--json")  # fmt: skip
    assert again.code == 0
    assert json.loads(again.out)["head"] == status["head"]


def test_status_is_readable(done):
    shown = command("campaign", "status", done[0] / "out")
    for text in ("7 of 12 runs done (simulated); 5 rejected", "drift: T1 of B", "gap: no telemetry",
                 "it jumped at run 7", "page at 2 h"):  # fmt: skip
        assert text in shown.out


def test_the_report_shows_what_happened(copy):
    # Imported samples have another source than those of runs.
    log = copy.parent / "log.csv"
    log.write_text("time,metric,value,unit\n0,<b>plate</b>,21.5,mK\n3600,<b>plate</b>,21,mK\n")
    assert command("campaign", "import", copy, log).code == 0
    printed = command("campaign", "report", copy)
    assert (printed.code, printed.out) == (0, f"{copy / 'report.html'}\n")
    page = (copy / "report.html").read_text()
    for text in (
        "7 of 12 runs done (simulated); 5 rejected",
        "jump: T1 of B",
        "no telemetry from 2 h to 6 h",
        "it jumped at run 7",
        "budget.qpu_seconds = 155",
        "&lt;b&gt;plate&lt;/b&gt;",
        "Head of the signed log: 12:",
        "without a cryostat",
    ):
        assert text in page
    assert "<b>plate" not in page
    assert 'src="http' not in page
    figures = {path.stem for path in (copy / "figures").iterdir()}
    assert figures == {"timeline", "objective-1", "drift", "clock"}


def test_a_campaign_that_has_not_begun_has_a_report(tmp_path):
    slo = ["[[slo]]", 'name = "lifetime"', 'metric = "t1"', "at_least = 1e-4", "objective = 0.9"]
    folder = given_folder(write(tmp_path, campaign(2, *slo)), tmp_path / "out")
    folder.create()
    assert command("campaign", "report", tmp_path / "out").code == 0
    assert "0 of 2 runs done" in (tmp_path / "out" / "report.html").read_text()
