"""Calibrations of a run: computed once, kept with it, and never those of other shots."""

import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest

import recycling as rc
from recycling.inference.bath.brackets import Bracket
from recycling.inference.statistics.interval import Interval
from recycling.results import calibrations as module
from recycling.results.calibrations import NAME, Calibrations, calibrations, keep
from recycling.spec.experiment import HardwareSpec, MeasurementSpec, SweepSpec
from recycling.store.files import seal, unseal


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    """A small run with brackets and assignment matrices."""
    experiment = rc.preset("paper").model_copy(
        update={
            "name": "calibrated",
            "sweep": SweepSpec(theta_b=(0.3,), p_x=(0.4,)),
            "measurement": MeasurementSpec(shots=200, trials=2),
            "hardware": HardwareSpec(
                brackets=True, assignment=True, bracket_shots=200, assignment_shots=200
            ),
        }
    )
    return rc.run(experiment, "exact", tmp_path_factory.mktemp("runs") / "run").path


@pytest.fixture
def run(calibrated, tmp_path):
    return rc.open_run(shutil.copytree(calibrated, tmp_path / "run"))


@pytest.fixture
def computed(monkeypatch):
    """Runs that calibrations were computed of, in order."""
    found, compute = [], module.compute

    def counted(run):
        found.append(run.path)
        return compute(run)

    monkeypatch.setattr(module, "compute", counted)
    return found


def same(one, other):
    """Whether calibrations are alike, NaN being like NaN."""
    return one.model_dump_json() == other.model_dump_json()


def test_a_run_keeps_its_calibrations(run, computed):
    assert (run.path / NAME).is_file(), "the run has written them"
    found = calibrations(run)
    assert computed == []
    assert same(found, module.compute(run))
    assert list(found.brackets) == ["bracket-before", "bracket-after"]
    assert list(found.assignments) == ["assignment", "assignment-after"]
    assert list(found.temperatures) == ["given", "measured", "calibration"]
    assert (len(found.since), len(found.during), len(found.readout)) == (7, 7, 8)


@pytest.mark.slow
def test_a_report_computes_them_once_where_none_were_kept(run, computed, monkeypatch):
    """Whether or not they can be kept: the analysis, its tables and the conduct share them."""
    (run.path / NAME).unlink()
    calls = dict.fromkeys(("estimate_assignment", "stored_brackets", "run_temperature"), 0)

    def counting(name, function):
        def counted(*arguments):
            calls[name] += 1
            return function(*arguments)

        return counted

    for name in calls:
        monkeypatch.setattr(module, name, counting(name, getattr(module, name)))
    rc.report(run, folder=run.path / "elsewhere")
    assert len(computed) == 1
    # One for each calibration that was measured, before and after.
    assert calls == {"estimate_assignment": 2, "stored_brackets": 1, "run_temperature": 1}
    assert not (run.path / NAME).exists(), "nothing is written into a run that is only read"
    rc.analyse(run)
    assert (run.path / NAME).is_file()
    calibrations(rc.open_run(run.path))
    assert len(computed) == 1


def test_numbers_come_back_from_the_file_as_they_were(run):
    kept = calibrations(run)
    fresh = module.compute(run)
    for name, assignment in fresh.assignments.items():
        np.testing.assert_array_equal(kept.assignments[name].covariance, assignment.covariance)
        np.testing.assert_array_equal(kept.assignments[name].joint, assignment.joint)
    assert kept.temperatures == fresh.temperatures


def test_what_is_no_number_comes_back_too(run):
    known = module.compute(run)
    bracket = known.brackets["bracket-before"]
    missing = bracket.model_copy(update={"t1": type(bracket.t1).missing("a test")})
    wrong = known.assignment.model_copy(update={"false_ground": np.full(4, np.nan)})
    hot = known.temperatures["measured"]
    temperatures = {"measured": replace(hot, temperature=Interval(math.inf, 0.1, math.inf))}
    changed = known.model_copy(
        update={"brackets": {"b": missing}, "assignment": wrong, "temperatures": temperatures}
    )
    back = Calibrations.model_validate(json.loads(changed.model_dump_json()))
    assert math.isnan(back.brackets["b"].t1.value)
    assert isinstance(back.brackets["b"], Bracket)
    assert np.isnan(back.assignment.false_ground).all()
    assert back.temperatures["measured"].temperature == Interval(math.inf, 0.1, math.inf)


@pytest.mark.parametrize("damage", ["torn", "changed", "of other shots", "of another form"])
def test_what_is_not_of_these_shots_is_computed_again(run, computed, damage):
    path = run.path / NAME
    content = path.read_bytes()
    if damage == "torn":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "changed":
        path.write_bytes(content.replace(b"0.0", b"0.1", 1))
    else:
        record = unseal(content)
        if damage == "of other shots":
            record["source"] = "0" * 64
        else:
            del record["brackets"]
        path.write_bytes(seal(record))
    found = calibrations(run)
    assert len(computed) == 1
    assert same(found, module.compute(run))
    keep(run)
    assert path.read_bytes() == content


def test_shots_that_change_are_seen_while_a_run_is_open(run, computed):
    """A run that goes on has other shots than when it was opened."""
    before = calibrations(run)
    journal = run.path / "jobs" / "bracket-after.json"
    record = unseal(journal.read_bytes())
    record["attempts"][-1]["state"] = "submitted"
    journal.write_bytes(seal(record))
    after = calibrations(run)
    assert len(computed) == 1
    assert list(before.brackets) == ["bracket-before", "bracket-after"]
    assert list(after.brackets) == ["bracket-before"]
    assert after.during == ()


def test_a_run_without_calibrations_keeps_no_file(small_run):
    keep(small_run)
    assert not (small_run.path / NAME).exists()
    found = calibrations(small_run)
    assert (found.brackets, found.assignments, found.since) == ({}, {}, ())


def test_errors_of_readout_that_few_shots_estimate_below_zero_are_none(run):
    known = calibrations(run).assignment
    below, none = (
        known.model_copy(update={"false_ground": np.full(known.qubits, error)})
        for error in (-2e-4, 0.0)
    )
    found = module.measured_temperature(run, below)
    assert found.temperature == module.measured_temperature(run, none).temperature
