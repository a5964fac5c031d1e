"""Placements, levels and decoupling searched together, by the predicted verdict."""

import json
import subprocess
import sys

import pytest

import recycling as rc
from recycling.planning.combinations import search
from recycling.studies.search_view import search_summary, search_table, with_found

PLACE = (67, 74, 68, 69, 66, 65)
SPEC = """\
name = "found"

[device]
profile = "FakeTorino"  # a comment
low_frequency_dephasing = {time}

[decoupling]
sequence = "XpXm"
shortest = "100 ns"

[sweep]
theta_b = [0.7]
p_x = [0.4]
"""


def test_what_is_found_is_shown_and_written():
    text = (
        'name = "tiny"\nalgorithm.name = "repeat-until-success"\n[device]\n'
        'profile = "FakeTorino"  # a comment\n[decoupling]\nsequence = "XpXm"\n'
        "[sweep]\ntheta = [0.6]\np_x = [0.1]\n"
    )
    experiment = rc.Experiment.parse(text)
    found = search(experiment, candidates=[(1, 0, 2, 3)], placements=1, levels=[1])
    assert len(found) == 7
    ranked = [(-each.below, each.shots, each.excess) for each in found]
    assert ranked == sorted(ranked)
    written = rc.Experiment.parse(with_found(text, found[0]))
    assert written.device.optimization_level == 1
    assert written.decoupling.sequence == found[0].decoupling.sequence
    assert "# a comment" in with_found(text, found[0])
    summary = search_summary(found, experiment.design.roles, 3.3e-24)
    assert json.loads(json.dumps(summary)) == summary
    table = search_table(found, experiment.design.roles, 3.3e-24, top=1)
    assert [row[3] == "none" for row in table.rows][-1]


@pytest.mark.slow
@pytest.mark.parametrize(("time", "pulses"), [("'30 us'", True), ("'10 s'", False)])
def test_pulses_are_chosen_where_slow_detunings_are_worth_it(time, pulses):
    text = SPEC.format(time=time)
    experiment = rc.Experiment.parse(text)
    found = search(experiment, candidates=[PLACE], placements=1, levels=[1])
    assert len(found) == 7
    best = min(found, key=lambda each: each.excess)
    thermal = next(f for f in found if f.decoupling.qubits == ("C_I", "B", "S"))
    recycled = next(f for f in found if f.decoupling.qubits == ("C_I",))
    assert recycled.excess < thermal.excess  # pulses heat a thermal bath, whatever the noise
    none = next(f for f in found if f.decoupling.sequence == "none")
    # Slow noise costs what no pulse refocuses without it.
    assert (none.excess - best.excess > 0.01 * 3.3e-24) == pulses
    written = rc.Experiment.parse(with_found(text, found[0]))
    # The spec that is written predicts what the search did.
    if pulses:
        planned = rc.plan(written).prediction.values["excess_tight"]
        assert planned == pytest.approx(found[0].prediction.values["excess_tight"], rel=1e-9)


@pytest.mark.slow
def test_the_command_writes_a_spec(tmp_path):
    (tmp_path / "spec.toml").write_text(
        'name = "tiny"\nalgorithm.name = "repeat-until-success"\ndevice.profile = "FakeTorino"\n'
        "[sweep]\ntheta = [0.6]\np_x = [0.1]\n"
    )
    command = [sys.executable, "-c", "from recycling.cli import main; main()", "layouts"]
    options = ["spec.toml", "--search", "--placements", "1", "--write", "best.toml", "--json"]
    ended = subprocess.run(
        [*command, *options], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert len(json.loads(ended.stdout)) == 28
    assert "predicting 28 combinations" in ended.stderr
    assert rc.Experiment.from_toml(tmp_path / "best.toml").device.layout != "best"
