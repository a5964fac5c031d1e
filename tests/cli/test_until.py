"""``recycling run --until``, from a spec to a verdict that holds at any look."""

import json

import numpy as np
import pytest
import xarray as xr

import recycling as rc
from recycling.inference.statistics.sequential import sequential
from recycling.inference.statistics.significance import LEVEL, holm
from recycling.reporting.verdict_table import verdict_table
from recycling.results.stopping import repeated_interval, until_attributes
from recycling.results.verdicts import verdicts
from recycling.store.files import unseal
from recycling.store.rounds import Look as LookRecord
from recycling.store.rounds import Rounds, Until
from tests.on_ibm import command
from tests.scripted import tree

SPEC = """\
name = "until"
seed = 2

[device]
profile = "ideal"

[sweep]
theta_b = [0.6, 0.7853981633974483]
p_x = [0.4]

[measurement]
shots = 20000
trials = 5

[inference]
resamples = 100
"""
RULE = ("--until", "both", "--spending", "pocock")


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    """Folder of a run that was settled after three of five rounds, and what the command printed."""
    folder = tmp_path_factory.mktemp("until")
    (folder / "spec.toml").write_text(SPEC, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        from recycling.reporting import page

        patch.setattr(page, "SECTIONS", (page.rounds_section,))
        done = command("run", folder / "spec.toml", "--out", folder / "run", *RULE, "--json")
    assert (done.code, done.traceback) == (0, "")
    return folder / "run", json.loads(done.out)


def test_a_settled_run_says_so_everywhere(settled):
    path, printed = settled
    rounds = printed["rounds"]
    assert rounds["stopped"]["reason"] == "settled"
    assert (rounds["stopped"]["rounds"], rounds["most_rounds"]) == (3, 5)
    assert "below Q_tight at" in rounds["text"]
    assert "below Q_Landauer at" in rounds["text"]
    shown = command("status", path)
    assert "stopped after 3 of 5 rounds, settled" in " ".join(shown.out.split())
    assert "3 of 5 jobs done; 2 not needed" in shown.out
    assert json.loads(command("status", path, "--json").out)["rounds"] == rounds
    page = (path / "report.html").read_text(encoding="utf-8")
    assert "stopped after 3 of 5 rounds, settled" in page
    assert "Repeated 95 % intervals" in page
    dataset = xr.load_dataset(path / "results.nc")
    assert "looks at up to 5 rounds (alpha spending)" in verdict_table(dataset).note


def test_what_was_decided_is_what_the_verdicts_say(settled):
    """The looks are written down, and the same verdict follows from the outcomes alone."""
    path, printed = settled
    looks = Rounds.model_validate(unseal((path / "rounds.json").read_bytes())).looks
    assert [look.decision for look in looks] == ["go on", "settled"]
    last: LookRecord = looks[-1]
    below = {(f.bound, f.point["theta_b"]): f.below for f in last.findings}
    assert below == {(v["bound"], v["theta_b"]): v["below"] for v in printed["verdicts"]}
    p_values = np.array([f.p_value for f in last.findings])
    expected = holm(sequential(p_values, 3, 5, "pocock"))
    assert [f.p_adjusted for f in last.findings] == pytest.approx(expected)
    assert last.controls_failed == ()
    again = rc.open_run(path)
    with xr.open_dataset(path / "results.nc") as stored:
        kept = [v.p_adjusted for v in verdicts(stored)]
    assert [v.p_adjusted for v in verdicts(rc.analyse(again))] == kept


def test_a_bundle_holds_the_looks_and_no_outcomes_that_are_not_there(settled, tmp_path):
    path, _ = settled
    archive = tmp_path / "run.zip"
    assert command("bundle", path, "--out", archive).code == 0
    assert command("unbundle", archive, "--out", tmp_path / "copy").code == 0
    names = tree(tmp_path / "copy")
    assert "rounds.json" in names
    assert "shots/trial-2.npz" in names
    assert "shots/trial-3.npz" not in names
    assert rc.open_run(tmp_path / "copy").complete


@pytest.mark.parametrize(
    "how",
    [
        ("--until", "below"),
        ("--spending", "pocock"),
        ("--until-points", "2"),
        ("--until", "both", "--spending", "all"),
        ("--until", "both", "--futility", "2"),
        ("--until", "both", "--until-points", "3"),
        ("--until", "both", "--max-qpu-seconds", "3"),
    ],
)
def test_a_rule_that_cannot_be_is_one_line(settled, tmp_path, how):
    spec = settled[0].with_name("spec.toml")
    done = command("run", spec, "--out", tmp_path / "run", *how)
    assert done.code == 2
    assert " = " in done.error
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def fixed(settled):
    """Its analysis, as that of a run that measures all of its trials."""
    dataset = xr.load_dataset(settled[0] / "results.nc")
    rest = {name: value for name, value in dataset.attrs.items() if not name.startswith("until")}
    return dataset.drop_attrs(deep=False).assign_attrs(rest)


@pytest.mark.parametrize("trials", [1, 2, 3])
def test_verdicts_of_rounds_are_those_of_the_dataset_at_its_look(fixed, trials):
    rule = Until(target="both", rounds=4)
    changed = fixed.isel(trial=slice(trials)).assign_attrs(until_attributes(rule))
    p_values = np.concatenate(
        [[v.p_value for v in verdicts(fixed, bound=bound)] for bound in ("tight", "landauer")]
    )
    expected = holm(sequential(p_values, trials, 4, "obrien-fleming"))[: len(p_values) // 2]
    found = verdicts(changed)
    assert [v.p_adjusted for v in found] == pytest.approx(expected, nan_ok=True)
    assert [v.below for v in found] == [p <= LEVEL for p in expected]
    assert (repeated_interval(changed, "recycling", "tight") is None) == (trials == 1)


def test_repeated_intervals_hold_plain_ones(fixed):
    rule = until_attributes(Until(target="both", rounds=4))
    found = repeated_interval(fixed.assign_attrs(rule), "recycling", "tight")
    for number, verdict in enumerate(verdicts(fixed)):
        assert found.low[number] < verdict.interval.low
        assert found.high[number] > verdict.interval.high
