"""A plan under test: forecasts for the device and for a worse one, and what a question asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.constants import h as planck

from circuits.design import RECYCLING
from recycling.errors import BadInput
from recycling.inference.statistics.significance import NAMES_OF_CLAIMED
from recycling.jobs.cut import protocol_pubs
from recycling.planning.circuits import compile_all
from recycling.planning.demands import Question
from recycling.planning.forecast import Forecast, Numbers, forecast_of, scaled_noise
from recycling.planning.problems import (
    Problem,
    curve_problem,
    given_errors,
    heat_problem,
    verdict_problem,
    weights_to_try,
)
from recycling.spec.experiment import shown_p_x

if TYPE_CHECKING:
    from recycling.planning.plan import Plan
    from recycling.planning.search import Economy
    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Bench:
    """A plan with forecasts for each device that a design must serve, the expected one first.

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6, 0.7], "p_x": [0.2]},
        ... )
        >>> planned = recycling.plan(experiment)
        >>> bench = Bench.of(planned, Question(guard=0.3))
        >>> len(bench.forecasts), bench.readout_error, bench.trials
        (2, 0.0, 5)
    """

    plan: Plan
    question: Question
    forecasts: Sequence[Forecast]

    @classmethod
    def of(cls, plan: Plan, question: Question) -> Bench:
        """Forecasts of a plan."""
        experiment = plan.experiment
        pubs = protocol_pubs(experiment, plan.circuits)
        worse = [scaled_noise(plan.device, 1 + question.guard)] if question.guard else []
        found = [forecast_of(experiment, device, pubs) for device in (plan.device, *worse)]
        return cls(plan, question, found)

    def problem(self, economy: Economy, given: Bench, p_x: float | None = None) -> Problem:
        """Problem of the question; ``given`` has the errors that a curve is to keep.

        Args:
            economy: price of executions.
            given: the experiment as it was given.
            p_x: excited weight; None takes the best of the sweep.

        Raises:
            BadInput: nothing settles the question.
        """
        experiment, shown = self.plan.experiment, shown_p_x(self.plan.experiment.p_x)
        if self.question.bounds:
            weights = weights_to_try(experiment.p_x, shown) if p_x is None else [p_x]
            found = verdict_problem(self.question, self.forecasts, economy, weights)
            if found is None:
                raise BadInput(_hopeless(self.question))
            return found
        if self.question.error is not None:
            error, numbers = self.question.error * self.quantum, self._numbers(shown)
            return heat_problem(error, numbers, experiment.num_points, shown)
        errors = given_errors(given.forecasts[0], shown)
        # The given spec has its errors on the device that is expected, and on no other.
        return curve_problem(self._numbers(shown)[:1], errors, given.trials, shown)

    def _numbers(self, p_x: float) -> list[Numbers]:
        return [each.numbers(p_x) for each in self.forecasts]

    @property
    def trials(self) -> int:
        """Number of trials of the spec."""
        return self.plan.experiment.measurement.trials

    @property
    def quantum(self) -> float:
        """The bath quantum hf, J."""
        return float(planck * self.plan.experiment.bath.frequency)

    @property
    def readout_error(self) -> float:
        """Largest readout error of the recorded qubits."""
        device = self.plan.device
        places = [device.roles.index(role) for role in self.plan.experiment.design.recorded_roles]
        return float(max(device.false_excited[places].max(), device.false_ground[places].max()))

    def precision(self, problem: Problem) -> float:
        """Smallest standard error that a verdict of steady trials needs, as a population."""
        limits = [
            demand.limit
            for own in problem.demands
            for demand in own
            if demand.arm == RECYCLING and demand.name != "entropy_decrease"
        ]
        return min(limits) / (problem.distance(1) * self.quantum)


def replanned(plan: Plan, experiment: Experiment) -> Plan:
    """A plan of another experiment with the same algorithm on the same device.

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6, 0.7], "p_x": [0.2]},
        ... )
        >>> planned = recycling.plan(experiment)
        >>> replanned(planned, planned.experiment.model_copy(update={"seed": 3})) == planned
        False
    """
    return replace(plan, experiment=experiment, circuits=compile_all(experiment, plan.device))


def _hopeless(question: Question) -> str:
    bounds = " and ".join(NAMES_OF_CLAIMED[bound] for bound in question.bounds)
    worse = f", or not with {question.guard:.0%} more noise" if question.guard else ""
    return (
        f"question = {question.kind!r}: at no point and p_x of the sweep is the heat below "
        f"{bounds} on this device{worse}; give other points, or a "
        "better device" + (", or --guard 0" if question.guard else "")
    )
