"""Campaigns that are refused, fail, wait, are interrupted, and are killed."""

import json
import random
import signal
from contextlib import suppress

import pytest

import recycling.campaign.single_run as single_run
from recycling.campaign.due import Planner
from recycling.campaign.plate import Plate
from recycling.campaign.records import read_records
from recycling.errors import BackendFailure, BadInput
from tests.campaign.small import campaign, folder_of, write
from tests.killing import forked, run_campaign_and_die
from tests.on_ibm import command

EXACT = {"spec": "exact.toml"}


def run(folder, *options, key="key"):
    return command("campaign", "run", folder / "campaign.toml", "--out", folder / "out", "--key",
                   folder / key, *options)  # fmt: skip


def status(folder):
    return json.loads(command("campaign", "status", folder / "out", "--json").out)


@pytest.fixture(scope="module")
def plans():
    """Plans that are there already: to compile takes longer than to run."""
    return Planner()


@pytest.fixture
def quick(monkeypatch, plans):
    """Let campaigns take these plans."""
    monkeypatch.setattr("recycling.campaign.driver.Planner", lambda _account: plans)
    return monkeypatch


def failing(patch, name, faults):
    """Let a step of runs fail where a fault is scripted, in their order."""
    holder, part = (single_run.runs, "run") if name == "runs" else (single_run, name)
    step, left = getattr(holder, part), list(faults)

    def scripted(*arguments, **options):
        fault = left.pop(0) if left else None
        if fault is not None:
            raise fault
        return step(*arguments, **options)

    patch.setattr(holder, part, scripted)


def raising(error):
    raise error


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("budget.qpu_seconds = 1000\n", ""), "budget is missing: add it"),
        (("qpu_seconds = 1000", "qpu_seconds = -1"), "budget.qpu_seconds = -1"),
        (("interval = 3600", "interval = 0"), "interval = 0: give a number above 0"),
        (("exact.toml", "none.toml"), "runs[0].spec = 'none.toml' is neither a file"),
        (("count = 1", "count = 0"), "runs[0].count = 0: give 1 or more"),
        (("count = 1", "backend = 'cat'"), "backend = 'cat': give 'exact'"),
        (("count = 1", "backend = 'aer'"), "exact.toml: measurement.shots = 'exact': only the"),
    ],
)
def test_faults_write_nothing(tmp_path, change, line):
    write(tmp_path, campaign(1, **EXACT).replace(*change))
    found = run(tmp_path)
    assert found.code == 2
    assert line in found.only_line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("key", ["short", "none", "out/key", "/dev/zero"])
def test_keys_are_long_and_elsewhere(tmp_path, key):
    write(tmp_path, campaign(1, **EXACT))
    (tmp_path / "short").write_bytes(bytes(31))
    if key == "out/key":
        (tmp_path / "out").mkdir()
        (tmp_path / key).write_bytes(bytes(32))
    before = sorted(tmp_path.rglob("*"))
    found = run(tmp_path, key=key)
    assert (found.code, found.only_line[:12]) == (2, "error: key =")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("option", ["--out", "--key"])
def test_directory_and_key_must_be_given(tmp_path, option):
    write(tmp_path, campaign(1, **EXACT))
    options = {"--out": tmp_path / "out", "--key": tmp_path / "key"}
    del options[option]
    found = command("campaign", "run", tmp_path / "campaign.toml",
                    *[part for pair in options.items() for part in pair])  # fmt: skip
    assert found.code == 2
    assert found.only_line.startswith(f"error: {option[2:]} is missing: give {option} ")
    assert not (tmp_path / "out").exists()


def test_failed_runs_are_named_and_the_campaign_goes_on(tmp_path, quick):
    write(tmp_path, campaign(3, **EXACT))
    failing(quick, "runs", [BackendFailure("the chip is warm")])
    failing(quick, "analyse", [BadInput("counts = 0: give shots")])
    assert run(tmp_path).code == 0
    found = status(tmp_path)
    assert (found["runs"]["done"], found["runs"]["failed"]) == (1, 2)
    assert found["failures"] == [
        {"run": 1, "reason": "the chip is warm"},
        {"run": 2, "reason": "counts = 0: give shots"},
    ]


def test_a_service_that_is_away_stops_the_campaign_until_it_goes_on(tmp_path, quick):
    write(tmp_path, campaign(2, **EXACT))
    failing(quick, "runs", [None, BackendFailure("no answer", transient=True), KeyboardInterrupt()])
    away = run(tmp_path)
    assert away.code == 4
    assert "run 2: no answer; nothing is lost; go on with the same command" in away.error
    interrupted = run(tmp_path)
    assert interrupted.code == 3
    assert "interrupted in run 2 of 2; nothing is lost" in interrupted.error
    assert run(tmp_path).code == 0
    assert [record["run"] for record in read_records(tmp_path / "out")] == [1, 2]


@pytest.mark.usefixtures("quick")
def test_a_hot_plate_defers_runs_and_a_small_one_rejects_them(tmp_path):
    thermal = """\
[thermal]
capacity_coefficient = 1.0
cooling_coefficient = 0.05
base_temperature = "10 mK"
temperature = "25 mK"
job_power = "10 uW"
duration = 60
limit = "20 mK"
"""
    write(tmp_path / "hot", campaign(1, thermal, **EXACT))
    assert run(tmp_path / "hot").code == 0
    [decision] = status(tmp_path / "hot")["decisions"]
    assert decision["action"] == "defer"
    assert "(declared plate)" in decision["reason"]
    [record] = read_records(tmp_path / "hot" / "out")
    assert record["due"] == 0
    cooled = Plate(1.0, 0.05, 0.01).after(0.025, 0.0, record["time"])
    assert record["plate"]["begin"] == pytest.approx(float(cooled)) == pytest.approx(0.02)
    write(tmp_path / "small", campaign(1, thermal + "utilisation = 0.5", **EXACT))
    assert run(tmp_path / "small").code == 0
    assert status(tmp_path / "small")["runs"]["rejected"] == 1


@pytest.mark.usefixtures("quick")
def test_another_campaign_is_refused(tmp_path):
    write(tmp_path, campaign(1, **EXACT, budget=0))
    assert run(tmp_path).code == 0
    write(tmp_path, campaign(2, **EXACT))
    assert "holds another campaign" in run(tmp_path).only_line
    (tmp_path / "out" / "specs" / "1.toml").write_text('name = "another"')
    write(tmp_path, campaign(1, **EXACT, budget=0))
    assert "record 1 of the log is of other specs" in run(tmp_path).error
    (tmp_path / "key").write_bytes(bytes(40))
    assert "the key is another one" in run(tmp_path).error


def test_a_machine_is_asked_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "recycling.campaign.due.connect", lambda *_: raising(BadInput("account = None: save one"))
    )
    text = campaign(1, spec="tiny.toml").replace("count = 1", "backend = 'ibm:ibm_fez'")
    write(tmp_path, text)
    found = run(tmp_path)
    assert (found.code, "account = None: save one" in found.only_line) == (2, True)
    assert not (tmp_path / "out").exists()


def test_rehearsals_are_for_simulators(tmp_path):
    text = campaign(1, "[[rehearse]]", "from_run = 1", "telemetry = false")
    write(tmp_path, text.replace("count = 1", "backend = 'ibm:ibm_fez'"))
    assert "run 1 is rehearsed, and a machine cannot" in run(tmp_path).only_line


@pytest.mark.slow
def test_killed_campaigns_lose_and_double_nothing(tmp_path):
    folder = folder_of(tmp_path, campaign(2, spec="exact.toml"))
    randomness, deaths = random.Random(5), 0
    for kill_at in (randomness.randrange(50), randomness.randrange(50, 100), None):
        code = forked(run_campaign_and_die, tmp_path, kill_at)
        deaths += code == -signal.SIGKILL
        with suppress(BadInput):  # it may have died before its first record
            runs = [record["run"] for record in read_records(folder.path)]
            assert runs == list(range(1, len(runs) + 1))
    assert (deaths, code, runs) == (2, 0, [1, 2])
    assert command("campaign", "verify", folder.path, "--key", tmp_path / "key").code == 0
