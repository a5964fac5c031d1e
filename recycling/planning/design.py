"""Design of an experiment: the spec that settles a question in the least QPU time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits.allocation import Allocation
from recycling.errors import BadInput
from recycling.execution.machine import Account
from recycling.planning.bench import Bench, replanned
from recycling.planning.changes import allocation_table, at_points, hardware_table
from recycling.planning.demands import Question
from recycling.planning.economy import Calibrations, economy_of
from recycling.planning.frames import predicted_poles
from recycling.planning.plan import Plan, plan
from recycling.planning.problems import Problem
from recycling.planning.search import Choice, Economy, cheapest, equal_shots, rounded, strongest
from recycling.spec.experiment import Experiment
from recycling.spec.named import Source, load

Real = NDArray[np.float64]

#: Factor of the time that is left where rounding up the executions exceeds it.
_LESS = 0.97


@dataclass(frozen=True)
class Step:
    """QPU time of trials and of calibrations, s, and the number of trials."""

    in_trials: float
    in_calibrations: float
    trials: int

    @property
    def seconds(self) -> float:
        """QPU time of all jobs, s."""
        return self.in_trials + self.in_calibrations


@dataclass(frozen=True)
class Designed:
    """A designed experiment, and what it costs beside the given one.

    Attributes:
        given: plan of the given experiment, calibrations included.
        plan: plan of the designed experiment.
        changes: top-level tables of the spec that differ.
        question: what it settles.
        problem: points, p_x and limits.
        choice: trials, executions and margin before they are rounded.
        steps: QPU time of the given experiment, and after each step of the design, by the name of
            the step.
    """

    given: Plan
    plan: Plan
    changes: Mapping[str, Any]
    question: Question
    problem: Problem
    choice: Choice
    steps: Mapping[str, Step]

    @property
    def seconds(self) -> float:
        """QPU time of the designed experiment, s."""
        return _seconds(self.plan)


def design(
    experiment: Source,
    backend: str = "exact",
    question: Question | str | None = None,
    *,
    seconds: float | None = None,
    account: Account | None = None,
    progress: Callable[[str], None] = lambda _step: None,
) -> Designed:
    """Design the experiment that settles a question in the least QPU time.

    Points and p_x are of the given sweep. With ``seconds`` it has the largest margin in that time.

    Args:
        experiment: an experiment, the path of a spec, or the name of a preset.
        backend: where it will run; see ``plan``.
        question: what to settle, or its kind alone; None stands for "both".
        seconds: QPU time that there is, s.
        account: whose account to use.
        progress: called with the name of each step of the work.

    Raises:
        BadInput: the question is unknown, nothing settles it, or not within ``seconds``.

    Example:
        >>> import recycling as rc
        >>> designed = rc.design("paper")
        >>> designed.seconds < 60, designed.plan.experiment.num_points
        (True, 1)
    """
    if not isinstance(question, Question):
        question = Question.asked(question or Question().kind)
    if seconds is not None and not 0 < seconds < np.inf:
        raise BadInput(f"seconds = {seconds:g}: give a number of seconds above 0")
    progress("compiling circuits")
    given = plan(_measurable(load(experiment)), backend, account)
    progress("predicting")
    lab = as_given = Bench.of(given, question)
    if given.experiment.allocation is not None:
        lab = Bench.of(replanned(given, given.experiment.without_allocation), question)
    full = Calibrations.of(given.experiment.hardware)
    economy = economy_of(lab.plan, lab.forecasts, full)
    problem = lab.problem(economy, as_given)
    progress("searching")
    inference, precision = given.experiment.inference, lab.precision(problem)
    lean = full.lean(inference, lab.readout_error, precision)
    sweep = at_points(given.experiment, problem.points, problem.p_x)
    poles = predicted_poles(lab.forecasts[0], problem.p_x)[:, :, list(problem.points)]
    turned = Bench.of(replanned(lab.plan, _turned(given.experiment, sweep, poles)), question)
    framed = turned.problem(economy, as_given, problem.p_x)
    draft = _Draft(turned, framed, {"sweep": sweep}, poles)
    least, economy, calibrations = draft.least(lean, seconds)
    steps = _steps(as_given, lab, problem, (full, calibrations)) | {
        "axes": _as_planned(draft.planned(least, economy, calibrations)[0])
    }
    choice = least
    if seconds is not None:
        choice = draft.strongest(economy, calibrations, seconds)
    made, changes = draft.planned(choice, economy, calibrations)
    return Designed(given, made, changes, question, framed, choice, steps)


@dataclass(frozen=True)
class _Draft:
    """A design but for its shots: points, p_x and axes."""

    bench: Bench
    problem: Problem
    changes: Mapping[str, Any]
    poles: Real

    def least(
        self, lean: Calibrations, seconds: float | None
    ) -> tuple[Choice, Economy, Calibrations]:
        """Cheapest design; calibrations are dropped where they do not fit.

        Raises:
            BadInput: it takes more than ``seconds``.
        """
        needed = np.inf
        for calibrations in lean.fewer(self.bench.plan.experiment.inference):
            economy = economy_of(self.bench.plan, self.bench.forecasts, calibrations)
            choice = cheapest(self.problem.program, economy, self.problem.trials)
            needed = _seconds(self.planned(choice, economy, calibrations)[0])
            if seconds is None or needed <= seconds:
                return choice, economy, calibrations
        raise BadInput(
            f"seconds = {seconds:g}: not within budget; the cheapest design takes {needed:.0f} s "
            f"of QPU time, without calibrations where the spec can do without; give {needed:.0f} s"
        )

    def strongest(self, economy: Economy, calibrations: Calibrations, seconds: float) -> Choice:
        """Design of the largest margin that takes no more than ``seconds``, rounded up."""
        left = seconds
        while True:
            choice = strongest(self.problem.program, economy, left, self.problem.trials)
            if choice is None:
                return cheapest(self.problem.program, economy, self.problem.trials)
            if _seconds(self.planned(choice, economy, calibrations)[0]) <= seconds:
                return choice
            left *= _LESS

    def planned(
        self, choice: Choice, economy: Economy, calibrations: Calibrations
    ) -> tuple[Plan, dict[str, Any]]:
        """Plan of a choice, and the tables of its spec that differ."""
        plan = self.bench.plan
        shots, repeats = rounded(choice, economy)
        # (point, arm, stage, preparation, basis) → (arm, stage, preparation, point, basis)
        allocation = allocation_table(
            plan.experiment.design, np.moveaxis(repeats, 0, 3), self.poles
        )
        measurement = {"shots": shots, "trials": choice.trials, "allocation": allocation}
        hardware = hardware_table(plan.experiment, calibrations)
        changes = {**self.changes, "measurement": measurement, "hardware": hardware}
        experiment = _changed(plan.experiment, changes)
        made = replace(
            plan,
            experiment=experiment,
            brackets=plan.brackets if calibrations.brackets else (),
            assignment=plan.assignment if calibrations.assignment else (),
        )
        return made, changes


def _changed(experiment: Experiment, changes: Mapping[str, Any]) -> Experiment:
    """An experiment with other tables."""
    return Experiment.parse(experiment.to_toml(), **changes)


def _measurable(experiment: Experiment) -> Experiment:
    """The experiment with its calibrations, as on hardware.

    Raises:
        BadInput: it has no number of shots.
    """
    if experiment.measurement.shots == "exact":
        raise BadInput(
            "measurement.shots = 'exact': a design shares out shots; give a number of them"
        )
    hardware = experiment.hardware
    names = ("brackets", "assignment")
    measured = {name: True for name in names if getattr(hardware, name) == "auto"}
    return experiment.model_copy(update={"hardware": hardware.model_copy(update=measured)})


def _turned(experiment: Experiment, sweep: Mapping[str, Any], poles: Real) -> Experiment:
    """The experiment at the chosen points along other axes, each entry once."""
    repeats = Allocation.equal(experiment.design, poles.shape[2]).repeats
    measurement = {
        "shots": experiment.measurement.shots,
        "trials": experiment.measurement.trials,
        "allocation": allocation_table(experiment.design, repeats, poles),
    }
    return _changed(experiment, {"sweep": sweep, "measurement": measurement})


def _seconds(plan: Plan) -> float:
    """QPU time of a plan with a number of shots, s."""
    return float("inf") if plan.cost is None else plan.cost.qpu_seconds


def _steps(
    given: Bench, lab: Bench, problem: Problem, calibrations: tuple[Calibrations, Calibrations]
) -> dict[str, Step]:
    """QPU time of the same verdict after each step towards the design."""
    full, lean = (economy_of(lab.plan, lab.forecasts, each) for each in calibrations)
    everywhere = problem.at_all(lab.question, lab.plan.experiment.num_points)
    points = len(problem.points)

    def equal(economy: Economy) -> Choice:
        return min(
            (equal_shots(problem.program, economy, each, points) for each in problem.trials),
            key=lambda choice: choice.seconds,
        )

    number = lab.plan.experiment.num_points
    choices = {
        "fewest shots": (equal_shots(everywhere, full, given.trials, number), full),
        "points and trials": (equal(full), full),
        "calibrations": (equal(lean), lean),
        "allocation": (cheapest(problem.program, lean, problem.trials), lean),
    }
    return {"as given": _as_planned(given.plan)} | {
        name: Step(choice.seconds - economy.fixed, economy.fixed, choice.trials)
        for name, (choice, economy) in choices.items()
    }


def _as_planned(plan: Plan) -> Step:
    """QPU time of a plan with a number of shots."""
    jobs = () if plan.cost is None else plan.cost.jobs
    times = [
        sum(each.qpu_seconds for each in jobs if (each.job.trial is None) is calibration)
        for calibration in (False, True)
    ]
    return Step(times[0], times[1], plan.experiment.measurement.trials)
