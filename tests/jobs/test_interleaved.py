"""Assignment circuits in the jobs of the trials, from the plan to the Dataset."""

import numpy as np
import pytest

import recycling
from recycling.errors import BadInput
from recycling.inference.readout.calibration import estimate_assignment
from recycling.jobs.cut import trial_jobs
from recycling.jobs.interleaved import assignment_counts, assignment_repeats, circuits_of
from recycling.results.analysis import analysed
from recycling.results.calibrations import calibrations, correction_of
from recycling.results.device import device_assignment
from recycling.spec.sections import DeviceSpec

ALLOCATION = {"repeats": {"recycling": {"after": {"X": [[0, 0, 0]]}, "before": {"I": [[1, 1, 6]]}}}}


def experiment(shots=500, trials=3, readout="corrected", allocation=None, **hardware):
    return recycling.Experiment(
        name="tiny",
        algorithm={"name": "repeat-until-success"},
        device={"profile": "FakeTorino"},
        sweep={"theta": [0.6], "p_x": [0.1, 0.4]},
        measurement={"shots": shots, "trials": trials, "allocation": allocation},
        hardware={"assignment": "interleaved"} | hardware,
        inference={"readout": readout, "resamples": 100},
    )


@pytest.fixture(scope="module", params=[None, ALLOCATION], ids=["equal", "allocated"])
def run(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("interleaved")
    return recycling.run(experiment(allocation=request.param), out=folder / "run")


def test_every_trial_is_a_single_job_that_calibrates_itself(run):
    spec = run.experiment
    assert [job.name for job in run.jobs] == ["trial-0", "trial-1", "trial-2"]
    shots = [assignment_counts(spec, run.outcomes(job)).sum() for job in run.jobs]
    assert shots == [500 * assignment_repeats(spec) * circuits_of(spec.design)] * 3
    assert len(run.assignment) == circuits_of(spec.design)
    assert run.damage() == []


def test_the_matrices_of_the_trials_are_those_of_the_device(run):
    """Within 5 standard errors of the model that the shots were drawn from."""
    spec, found = run.experiment, calibrations(run)
    assert list(found.assignments) == ["trial-0", "trial-1", "trial-2"]
    roles = (*spec.design.flags, *spec.design.measured)
    expected = device_assignment(run.device, roles)
    for name in ("false_excited", "false_ground"):
        row = ("false_excited", "false_ground").index(name)
        errors = getattr(found.assignment, name) - getattr(expected, name)
        # P(0|1) also holds the error of the x gate and the relaxation of the measurement.
        assert (np.abs(errors) < 5 * found.assignment.stderr[row] + 2e-3).all()


def test_the_counts_of_the_protocol_are_those_of_any_run(run):
    """As many as the allocation says, and a Dataset with all that a corrected readout has."""
    spec = run.experiment
    per_point = 24 if spec.allocation is None else int(spec.allocation.repeats.sum())
    assert int(run.counts.sum()) == 3 * 500 * per_point
    if spec.allocation is None:
        dataset = analysed(run)
        assert "measured in each of 3 trials" in dataset.attrs["readout_source"]
        assert np.isfinite(dataset["heat_combined"].sel(limit="value")).all()


def test_the_first_trials_are_read_by_their_own_matrices(run):
    """As a look at the rounds of a run does that is made again when more of them are done."""
    first = [calibrations(run).assignments[f"trial-{number}"] for number in range(2)]
    expected = np.mean([each.false_ground for each in first], axis=0)
    assert correction_of(run, 2).false_ground == pytest.approx(expected)
    if run.experiment.allocation is None:
        dataset = analysed(run, rounds=2)
        assert "measured in each of 2 trials" in dataset.attrs["readout_source"]
        assert dataset.sizes["trial"] == 2


def test_exact_probabilities_can_be_interleaved_too(tmp_path):
    run = recycling.run(experiment("exact", 1), out=tmp_path / "run")
    counts = assignment_counts(run.experiment, run.outcomes(run.jobs[0]))
    estimate = estimate_assignment(1e6 * counts)
    expected = device_assignment(run.device, estimate_roles(run))
    assert np.allclose(estimate.false_excited, expected.false_excited, atol=2e-3)


def test_readout_without_errors_may_be_estimated_below_zero(tmp_path):
    spec = experiment(100, 2).model_copy(update={"device": DeviceSpec(profile="ideal")})
    found = calibrations(recycling.run(spec, out=tmp_path / "run"))
    assert min(found.assignment.false_ground) < 0
    assert found.temperatures["measured"].temperature.low < 0.043


def estimate_roles(run):
    return (*run.experiment.design.flags, *run.experiment.design.measured)


@pytest.mark.parametrize(("shots", "trials", "wanted"), [(500, 3, 6), (8000, 1, 1), (100, 7, 12)])
def test_all_trials_together_have_the_assignment_shots(shots, trials, wanted):
    spec = experiment(shots, trials)
    assert assignment_repeats(spec) == wanted
    assert assignment_repeats(spec) * shots * trials >= spec.hardware.assignment_shots


def test_a_trial_that_does_not_fit_a_job_is_refused():
    spec = experiment(shots=1000)
    needed = 1000 * (24 + assignment_repeats(spec) * circuits_of(spec.design))
    assert len(trial_jobs(spec, needed)) == 3
    with pytest.raises(BadInput, match=r"hardware.assignment = 'interleaved'"):
        trial_jobs(spec, needed - 1)
