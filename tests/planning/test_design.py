"""Designs: what they settle by their own prediction, what they cost, and what they refuse."""

import numpy as np
import pytest

import recycling as rc
from recycling.inference.statistics.significance import CLAIMED
from recycling.jobs.counts import counts_of
from recycling.jobs.cut import protocol_pubs
from recycling.jobs.interleaved import circuits_of
from recycling.planning.demands import Question
from recycling.planning.forecast import scaled_noise
from recycling.results.analysis import analyse_counts
from recycling.results.controls import controls, failed_controls
from recycling.results.verdicts import verdicts
from recycling.simulation.probabilities import protocol_table
from recycling.studies.until import until_rule


def tiny(**changes):
    return rc.Experiment(
        **{
            "name": "tiny",
            "algorithm": {"name": "repeat-until-success"},
            "device": {"profile": "FakeTorino"},
            "sweep": {"theta": [0.3, 0.7], "p_x": [0.2]},
            "measurement": {"shots": 2000, "trials": 5},
            "inference": {"resamples": 100},
        }
        | changes
    )


@pytest.fixture(scope="module")
def designed():
    return rc.design(tiny())


def test_the_plan_of_a_design_expects_the_verdict_of_its_question(designed):
    prediction = designed.plan.prediction
    assert prediction.below().all()
    assert prediction.z("excess_landauer").max() < -3
    # At the least time one limit is reached: the distance is what so many trials need.
    distance = -prediction.distance(f"excess_{designed.question.bounds[-1]}").max()
    assert distance >= designed.question.distance(designed.choice.trials, 1)


def test_each_step_of_a_design_saves_time(designed):
    times = [step.seconds for step in designed.steps.values()]
    assert list(designed.steps) == [
        "as given", "fewest shots", "points and trials", "calibrations", "allocation", "axes",
    ]  # fmt: skip
    # Rounding up costs the last step some percent.
    assert times[0] > times[1] > times[2] > times[3] >= times[4] > times[5] / 1.05
    assert designed.seconds == pytest.approx(times[-1])


def test_prices_are_those_of_the_plan(designed):
    """The economy of the search, with rounded executions, is the estimate of the plan."""
    step = designed.steps["axes"]
    cost = designed.plan.cost
    brackets = sum(each.qpu_seconds for each in cost.jobs if each.job.trial is None)
    assert step.in_calibrations == pytest.approx(brackets)
    # Each entry and each assignment circuit is rounded up to a multiple of the shots, by less
    # than one.
    experiment = designed.plan.experiment
    measurement, entries = experiment.measurement, np.count_nonzero(experiment.allocation.repeats)
    entries += circuits_of(experiment.design)
    trials = [each for each in cost.jobs if each.job.trial is not None]
    overheads = len(trials) * cost.price.job_overhead
    each = (sum(t.qpu_seconds for t in trials) - overheads) / sum(t.executions for t in trials)
    most = entries * measurement.shots * measurement.trials * each
    assert 0 <= cost.qpu_seconds - designed.choice.seconds <= most


def test_with_more_time_the_margin_grows_and_the_time_is_kept(designed):
    found = rc.design(tiny(), question=Question(guard=0), seconds=designed.seconds + 10)
    assert designed.seconds < found.seconds <= designed.seconds + 10
    assert found.choice.margin > 1


def test_too_little_time_is_refused_with_what_is_needed():
    with pytest.raises(rc.BadInput, match=r"seconds = 5: not within budget; .* takes \d+ s"):
        rc.design(tiny(), question=Question(guard=0), seconds=5)


def test_a_question_that_nothing_settles_is_refused():
    with pytest.raises(rc.BadInput, match="at no point and p_x of the sweep is the heat below"):
        rc.design(tiny(sweep={"theta": [0.2], "p_x": [0.01]}), question=Question(guard=0))


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"kind": "heat"}, "error = none: give half"),
        ({"error": 0.1}, "the question 'heat' alone"),
        ({"kind": "heat", "error": 2.0}, "error = 2: give more than 0"),
        ({"power": 1.0}, "power = 1: give 0.5 to 0.999"),
        ({"significance": float("nan")}, "sigma = nan: give 3 to 10"),
    ],
)
def test_bad_questions_are_refused_in_a_line(changes, line):
    with pytest.raises(rc.BadInput, match=line):
        Question(**changes)


def test_a_question_is_written_as_the_target_of_a_run_too():
    assert Question.asked("below_tight", 3, 0.95, None, 0.3) == Question("below-tight")
    paper = rc.preset("paper")
    assert until_rule(paper, "below-tight") == until_rule(paper, "below_tight")
    with pytest.raises(rc.BadInput, match="until = 'below-all': give below_tight"):
        until_rule(paper, "below-all")


def test_the_kind_of_a_question_is_enough(designed):
    assert rc.design(tiny(), question="both").changes == designed.changes
    with pytest.raises(rc.BadInput, match="question = 'colder': give one of below-tight"):
        rc.design(tiny(), question="colder")


@pytest.mark.slow
def test_heat_everywhere_has_the_error_that_was_asked_for():
    found = rc.design(tiny(), question=Question("heat", error=0.05, guard=0))
    prediction = found.plan.prediction
    quantum = found.plan.quantum
    assert prediction.count == 2
    assert (1.96 * prediction.pooled_stderr("heat") / quantum <= 0.05).all()


def test_curves_keep_the_errors_of_the_given_spec():
    found = rc.design(tiny(), question=Question("curve"))
    wanted, made = found.given.prediction, found.plan.prediction
    for name in ("heat", "entropy_decrease", "excess_tight", "excess_landauer"):
        ratio = made.pooled_stderr(name) / wanted.pooled_stderr(name)
        assert (ratio <= 1 + 1e-6).all(), name
    assert found.seconds < found.steps["as given"].seconds


@pytest.mark.parametrize("factor", [1.0, 1.3])
def test_simulated_experiments_find_it_also_on_a_worse_device(designed, factor):
    """Six of the hundreds of ``make design``: with a power of 95 % hardly two of them miss it."""
    plan, experiment = designed.plan, designed.plan.experiment
    device = scaled_noise(plan.device, factor)
    table = protocol_table(protocol_pubs(experiment, plan.circuits), device, experiment.design)
    executions = experiment.allocation.repeats * experiment.measurement.shots
    generator, found = np.random.default_rng(5), []
    for _ in range(3):
        drawn = (
            generator.multinomial(executions, table.reshape(*table.shape[:5], -1))
            for _ in range(experiment.measurement.trials)
        )
        by_trial = {trial: own.reshape(table.shape) for trial, own in enumerate(drawn)}
        bath = {"temperature_K": 0.043, "frequency_Hz": 5e9, "temperature_source": "the spec"}
        dataset = analyse_counts(experiment, counts_of(experiment, by_trial), bath)
        assert failed_controls(controls(dataset)) == []
        found += [all(v.below for bound in CLAIMED for v in verdicts(dataset, bound=bound))]
    assert sum(found) >= 2
