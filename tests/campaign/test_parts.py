"""Parts of a campaign: spec, directory, decisions, drift, objectives, clocks."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import recycling
from recycling.campaign.clocks import clock_offset
from recycling.campaign.decisions import decide, used_of
from recycling.campaign.driver import checked_records
from recycling.campaign.due import Planner, due
from recycling.campaign.folder import given_folder, read_folder
from recycling.campaign.log import SignedLog
from recycling.campaign.plate import Plate
from recycling.campaign.spec import CampaignSpec, read_campaign
from recycling.campaign.status import clock_status, slo_status
from recycling.campaign.status_view import decision_table, shown_time
from recycling.campaign.steadiness import QUANTITIES, changes_of, limit_of
from recycling.errors import BadInput
from recycling.inference.bath.brackets import Quantity, given_bracket
from tests.campaign.small import KEY, campaign, folder_of, write

RATES = {"false_excited": 0.01, "false_ground": 0.02, "population": 0.004}
PLATE = """\
[thermal]
capacity_coefficient = {capacity}
cooling_coefficient = {cooling}
base_temperature = "10 mK"
idle_power = {idle}
job_power = {job}
limit = {limit}
utilisation = 1.0
"""


def spec_of(count=1, *lines, **options):
    return read_campaign(campaign(count, *lines, **options))


# Spec and directory


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_every_run_has_one_entry(counts):
    runs = [{"spec": "theory", "count": count} for count in counts]
    spec = CampaignSpec(interval=60, budget={"qpu_seconds": 1}, runs=runs)
    places = [spec.place_of(run) for run in range(1, spec.count + 1)]
    assert places == [place for place, count in enumerate(counts) for _ in range(count)]


def test_later_rehearsals_overrule_earlier_ones():
    lines = [
        "[[rehearse]]", "from_run = 2", 'device = { t1 = "100 us", t2 = "90 us" }',
        "[[rehearse]]", "from_run = 4", 'device = { t1 = "200 us" }', "telemetry = false",
        "[[rehearse]]", "from_run = 5", "telemetry = true", 'clock_offset = "-3 s"',
    ]  # fmt: skip
    spec = spec_of(5, *lines)
    assert [spec.rehearsed(run).record for run in (1, 2, 4, 5)] == [
        {},
        {"device": {"t1": 1e-4, "t2": 9e-5}},
        {"device": {"t1": 2e-4, "t2": 9e-5}, "telemetry": False},
        {"device": {"t1": 2e-4, "t2": 9e-5}, "telemetry": True, "clock_offset": -3.0},
    ]


THERMAL = [
    "[thermal]", "capacity_coefficient = 1", "cooling_coefficient = 1", "job_power = 0",
    "base_temperature = 0.01", "limit = 0.02",
]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["[[slo]]", 'name = "a"', 'metric = "heat"'], "slo[0].metric = 'heat' is no metric"),
        (["[[rehearse]]", "from_run = 9"], "rehearse[0].from_run = 9: the campaign has 1 runs"),
        (["[[rehearse]]", "from_run = 1", "device = { t1 = 250 }"], "did you mean '250 us'?"),
        (["[thermal]", "limit = 0.02"], "thermal.capacity_coefficient is missing: add it"),
        (["[[runs]]", 'spec = "a"', "count = true"], "runs[1].count = True: give a whole number"),
        (["[[rehearse]]", "from_run = 1", 'telemetry = "no"'], "telemetry = 'no': give true or"),
        (['backend = "cat"'], "runs[0].backend = 'cat': give 'exact', 'aer'"),
        ([*THERMAL, "temperature = 0.005"], "thermal.temperature = 0.005: the plate is never"),
        (["[budgets]"], "budgets = {} is an unknown key: did you mean budget?"),
        (["[[runs]]", "[[runs]]", 'spec = "theory"', "cont = 2"], "runs[2].cont = 2 is an unknown"),
    ],
)
def test_faults_are_named(lines, fault):
    with pytest.raises(BadInput) as caught:
        spec_of(1, *lines)
    assert any(fault in line for line in caught.value.faults)


def test_a_fault_is_on_the_line_of_its_table():
    text = campaign(1, "[[runs]]", 'spec = "theory"', "count = 0")
    with pytest.raises(BadInput, match=r"^c.toml:8: runs\[1\].count = 0: give 1 or more$"):
        read_campaign(text, "c.toml")


def test_alert_windows_are_those_of_the_spec_or_the_usual():
    slo = ["[[slo]]", 'name = "a"', 'metric = "t1"', "at_least = 1e-4", "objective = 0.9"]
    [usual] = spec_of(1, *slo).slo
    assert [(window.burn, window.action) for window in usual.windows] == [
        (3, "page"), (14.4, "page"), (6, "page"), (1, "ticket"),
    ]  # fmt: skip
    bad = slo_status(usual, [{"run": 1, "time": 0.0, "state": "failed", "metrics": {}}])
    assert bad["silent"] == ["page at 14.4"]  # at most 10 for an objective of 0.9


def test_a_directory_without_its_spec_is_none_yet(tmp_path):
    folder = folder_of(tmp_path, campaign(1))
    (tmp_path / "out" / "specs").mkdir(parents=True)
    assert given_folder(tmp_path / "campaign.toml", tmp_path / "out") == folder
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match="exists: give a new folder"):
        given_folder(tmp_path / "campaign.toml", tmp_path / "out")


def test_a_directory_reads_back_as_it_was_written(tmp_path):
    folder = folder_of(tmp_path, campaign(1))
    folder.create()
    again = read_folder(folder.path)
    assert (again.text, again.specs, again.digest) == (folder.text, folder.specs, folder.digest)


def test_what_is_under_way_is_that_of_one_run(tmp_path):
    folder = folder_of(tmp_path, campaign(2))
    folder.create()
    folder.begin({"run": 1, "action": "admit"})
    assert folder.under_way(1) == {"run": 1, "action": "admit"}
    assert folder.under_way(2) is None


def test_a_log_that_is_shorter_than_the_runs_was_cut(tmp_path):
    folder = folder_of(tmp_path, campaign(3))
    log = SignedLog(folder.path / "campaign.db", KEY)
    folder.run_path(2).mkdir(parents=True)
    (folder.run_path(2) / "run.json").write_text("{}")
    with pytest.raises(BadInput, match=r"record 1 of the log is missing.* it was cut"):
        checked_records(folder, log)


# Decisions


@given(
    st.floats(0, 1e6), st.lists(st.floats(0, 1e4), max_size=6), st.floats(0, 1e4)
)  # fmt: skip
def test_the_budget_is_never_exceeded(budget, used, needed):
    spec = spec_of(10, budget=repr(budget))
    records = [{"qpu_seconds": seconds} for seconds in used]
    decision = decide(spec, records, 0.0, needed)
    within = used_of(records) + needed <= budget * (1 + 1e-9)
    assert (decision.action == "admit") is within


@given(
    capacity=st.floats(1e-6, 1e3), cooling=st.floats(1e-9, 1), idle=st.floats(0, 1e-6),
    job=st.floats(0, 1e-3), limit=st.floats(0.0101, 1), seconds=st.floats(0.1, 1e4),
    times=st.lists(st.floats(0, 1e4), min_size=1, max_size=5),
)  # fmt: skip
def test_the_plate_never_gets_above_its_limit_by_runs(
    capacity, cooling, idle, job, limit, seconds, times
):
    plate = PLATE.format(capacity=capacity, cooling=cooling, idle=idle, job=job, limit=limit)
    spec, records, time = spec_of(9, plate, budget=1e9), [], 0.0
    for wait in times:
        decision = decide(spec, records, time, seconds)
        if decision.action != "reject":
            assert decision.time >= time
            assert max(decision.plate["begin"], decision.plate["end"]) <= limit * (1 + 1e-6)
        records.append({"qpu_seconds": 0.0, "plate": dict(decision.plate)})
        time = decision.time + wait


def test_infinitely_many_shots_take_an_interval_on_the_plate():
    plate = PLATE.format(capacity=1.0, cooling=0.05, idle=0, job=1e-5, limit=0.02)
    spec = spec_of(1, plate, interval=60)
    assert decide(spec, [], 0.0, None).plate["time"] == 60
    assert decide(spec, [], 0.0, 5.0).plate["time"] == 5


def test_no_heat_is_lost_where_runs_overlap_on_the_plate():
    """Runs of 100 s come every 60 s, and the third is rejected: they heat one after the other."""
    lines = PLATE.format(capacity=1.0, cooling=0.005, idle=1e-7, job=1e-6, limit=0.02)
    spec, records = spec_of(9, lines, budget=1000), []
    for run, seconds in enumerate([100.0, 100.0, 5000.0, 100.0]):
        decision = decide(spec, records, 60.0 * run, seconds)
        records.append({"qpu_seconds": 0.0, "plate": decision.plate})
    assert records[2]["plate"]["time"] == 200
    assert records[3]["plate"]["time"] == 300
    plate = Plate(1.0, 0.005, spec.thermal.base_temperature)
    heated = plate.after(plate.steady(1e-7), 1.1e-6, 300.0)
    later = decide(spec, records, 400.0, 1.0).plate["begin"]
    assert later == pytest.approx(float(plate.after(heated, 1e-7, 100.0)))


def test_runs_have_seeds_of_their_own_and_share_plans(tmp_path):
    folder, planner = folder_of(tmp_path, campaign(3, spec="exact.toml")), Planner()
    dues = [due(folder, run) for run in (1, 3)]
    assert [each.experiment.seed for each in dues] == [0, 2]
    first, last = map(planner.plan, dues)
    assert first.circuits is last.circuits
    assert last.experiment.seed == 2


# Drift


@given(st.floats(0.2, 5), st.floats(1e-3, 0.05))
def test_a_change_is_flagged_beyond_the_limit_alone(factor, error):
    def bracket(t1):
        return given_bracket(t1=t1, t2=1e-4, **RATES).model_copy(
            update={"t1": Quantity(value=t1, stderr=error * t1)}
        )

    limit = limit_of(100)
    record = {"run": 1, "subject": "q", "bracket": {
        "t1": {"value": 2e-4, "stderr": error * 2e-4, "note": ""}}}  # fmt: skip
    found = changes_of([record], 2, "q", bracket(2e-4 * factor), None, role="B", limit=limit)
    z = (factor - 1) / (error * (1 + factor**2) ** 0.5)
    assert [each["quantity"] for each in found] == ["t1"]
    assert found[0]["z"] == pytest.approx(z)
    assert found[0]["flagged"] is (abs(found[0]["z"]) > limit)
    assert changes_of([record], 2, "another qubit", bracket(2e-4), None, role="B", limit=4) == []


@pytest.mark.parametrize("runs", [1, 12, 200, 100_000])
def test_false_alarms_of_a_campaign_are_those_of_one_finding(runs):
    from scipy.special import ndtr

    comparisons = 3 * len(QUANTITIES) * runs
    assert comparisons * ndtr(-limit_of(runs)) == pytest.approx(ndtr(-3.0))


# Status


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 3)), min_size=1, max_size=8))
def test_clock_bounds_hold_the_offset(answers):
    records = [
        {"run": run, "backend": "b", "source": "measured",
         "clock": [[60.0 * run, 60.0 * run + 7.5 + after / 2, 60.0 * run + after]]}
        for run, (_, after) in enumerate(answers, start=1)
    ]  # fmt: skip
    [found] = clock_status(records)
    assert found["jumps"] == []
    assert found["offset"][0] <= 7.5 + 1e-9
    assert found["offset"][1] >= 7.5 - 1e-9
    times = [record["clock"][0] for record in records]
    assert found["offset"] == list(clock_offset(*zip(*times, strict=True)))


def test_runs_in_a_row_with_the_same_reason_are_one_row():
    decisions = [{"run": run, "action": "reject", "reason": "why"} for run in (3, 4, 5, 7)]
    table = decision_table({"decisions": decisions, "failures": []})
    assert [row[0] for row in table.rows] == ["3–5", "7"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3600, "1 h"), (7200, "2 h"), (172_800, "2 d")],
)
def test_times_are_readable(seconds, text):
    assert shown_time(float(seconds)) == text


def test_a_spec_that_is_missing_is_named_with_its_field(tmp_path):
    spec = write(tmp_path, campaign(1, spec="none.toml"))
    with pytest.raises(BadInput, match=r"runs\[0\].spec = 'none.toml' is neither a file"):
        given_folder(spec, tmp_path / "out")


def test_the_example_is_a_campaign(tmp_path):
    examples = Path(recycling.__file__).parents[1] / "examples" / "campaign"
    folder = given_folder(examples / "campaign.toml", tmp_path / "out")
    assert folder.spec.count == 48
    first, drifted = (due(folder, run) for run in (1, 12))
    assert (first.experiment.device.t1, drifted.experiment.device.t1) == (250e-6, 120e-6)
