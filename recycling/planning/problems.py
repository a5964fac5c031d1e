"""Questions as programs: the limits of all standard errors over trials, points and devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recycling.inference.states.estimates import QUANTILE
from recycling.inference.statistics.trials import Scatter
from recycling.planning.demands import (
    ARMS,
    CURVE,
    Demand,
    Question,
    curve_demands,
    heat_demands,
    rows,
    verdict_demands,
)
from recycling.planning.search import TRIALS, Economy, Program, at_margin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recycling.planning.forecast import Forecast, Numbers

Real = NDArray[np.float64]

#: Most values of p_x that are tried, and the number of trials at which points are compared.
_MOST_WEIGHTS, _TYPICAL = 8, 6


@dataclass(frozen=True)
class Problem:
    """Limits of a question at some points of a sweep.

    Attributes:
        points: indices of the points in the given sweep.
        p_x: excited weight.
        demands: of each point.
        distance: factor by which limits are divided, from the number of trials.
        trials: numbers of trials to try.

    Example:
        >>> demand = Demand(ARMS[1], "heat", np.ones((2, 2, 3)), limit=0.5)
        >>> problem = Problem((0,), 0.4, [[demand]], distance=lambda trials: 2.0)
        >>> problem.program(trials=5, margin=1.0)[0].shape
        (1, 2, 2, 2, 3)
    """

    points: tuple[int, ...]
    p_x: float
    demands: Sequence[Sequence[Demand]]
    distance: Callable[[int], float]
    trials: tuple[int, ...] = TRIALS

    def program(self, trials: int, margin: float) -> list[Real]:
        """Rows of each point; see ``search.Program``."""
        distance = margin * self.distance(trials)
        return [rows(own, distance) for own in self.demands]

    def at_all(self, question: Question, points: int) -> Program:
        """The same demands where the verdict is one of those at so many points."""

        def program(trials: int, margin: float) -> list[Real]:
            of_family = question.distance(trials, points) if question.bounds else None
            distance = margin * (of_family or self.distance(trials))
            return [rows(own, distance) for own in self.demands]

        return program


def verdict_problem(
    question: Question, forecasts: Sequence[Forecast], economy: Economy, weights: Sequence[float]
) -> Problem | None:
    """Search the point and the p_x that settle a verdict at the least price; None where none does.

    Args:
        question: a question about bounds.
        forecasts: of each device that the design must serve, over all points.
        economy: price of executions.
        weights: values of p_x to try.

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6, 0.7], "p_x": [0.2]},
        ... )
        >>> planned = recycling.plan(experiment)
        >>> from recycling.jobs.cut import protocol_pubs
        >>> from recycling.planning.forecast import forecast_of
        >>> pubs = protocol_pubs(experiment, planned.circuits)
        >>> forecast = forecast_of(experiment, planned.device, pubs)
        >>> from recycling.planning.economy import Calibrations, economy_of
        >>> economy = economy_of(planned, [forecast], Calibrations(0, 0))
        >>> problem = verdict_problem(Question(), [forecast], economy, weights=[0.2])
        >>> problem.points, problem.p_x
        ((1,), 0.2)
    """

    def distance(trials: int) -> float:
        return question.distance(trials, 1)

    best, least = None, np.inf
    for p_x in weights:
        numbers = [each.numbers(p_x) for each in forecasts]
        for point in range(len(numbers[0].values[ARMS[0]]["heat"])):
            demands = verdict_demands(question, numbers, point)
            if min(demand.limit for demand in demands) <= 0:
                continue
            problem = Problem((point,), p_x, (demands,), distance)
            seconds = at_margin(problem.program, economy, _TYPICAL, 1.0).seconds
            if seconds < least:
                best, least = problem, seconds
    return best


def heat_problem(error: float, numbers: Sequence[Numbers], points: int, p_x: float) -> Problem:
    """Heat of the recycling arm at every point to within ``error`` (J, half of 95 %).

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6, 0.7], "p_x": [0.2]},
        ... )
        >>> planned = recycling.plan(experiment)
        >>> from recycling.jobs.cut import protocol_pubs
        >>> from recycling.planning.forecast import forecast_of
        >>> pubs = protocol_pubs(experiment, planned.circuits)
        >>> forecast = forecast_of(experiment, planned.device, pubs)
        >>> problem = heat_problem(1e-26, [forecast.numbers(0.2)], points=2, p_x=0.2)
        >>> problem.points, round(problem.distance(5), 2)
        ((0, 1), 2.56)
    """

    def distance(trials: int) -> float:
        return float(Scatter.expected(trials, points).deviation(QUANTILE)[0])

    demands = [heat_demands(numbers, point, error) for point in range(points)]
    return Problem(tuple(range(points)), p_x, demands, distance)


def curve_problem(
    numbers: Sequence[Numbers], errors: Mapping[str, Mapping[str, Real]], trials: int, p_x: float
) -> Problem:
    """Every quantity at every point with given errors, in a given number of trials.

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6, 0.7], "p_x": [0.2]},
        ... )
        >>> planned = recycling.plan(experiment)
        >>> from recycling.jobs.cut import protocol_pubs
        >>> from recycling.planning.forecast import forecast_of
        >>> pubs = protocol_pubs(experiment, planned.circuits)
        >>> forecast = forecast_of(experiment, planned.device, pubs)
        >>> errors = given_errors(forecast, p_x=0.2)
        >>> curve_problem([forecast.numbers(0.2)], errors, trials=5, p_x=0.2).trials
        (5,)
    """
    points = len(errors[ARMS[0]][CURVE[0]])
    demands = [curve_demands(numbers, point, errors) for point in range(points)]
    return Problem(tuple(range(points)), p_x, demands, lambda _trials: 1.0, (trials,))


def given_errors(forecast: Forecast, p_x: float) -> dict[str, dict[str, Real]]:
    """Standard errors of all trials of a spec, by arm and name (arrays of shape (point,)).

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6, 0.7], "p_x": [0.2]},
        ... )
        >>> planned = recycling.plan(experiment)
        >>> from recycling.jobs.cut import protocol_pubs
        >>> from recycling.planning.forecast import forecast_of
        >>> pubs = protocol_pubs(experiment, planned.circuits)
        >>> forecast = forecast_of(experiment, planned.device, pubs)
        >>> given_errors(forecast, p_x=0.2)[ARMS[1]]["heat"].shape  # J
        (2,)
    """
    measurement = forecast.experiment.measurement
    shots = np.inf if measurement.shots == "exact" else measurement.shots * measurement.trials
    return {
        arm: {
            name: forecast.error(arm, own) / np.sqrt(shots)
            for name, own in forecast.variances(arm, p_x).items()
            if name in CURVE
        }
        for arm in ARMS
    }


def weights_to_try(p_x: Real, shown: float) -> list[float]:
    """Some of the p_x of a sweep, evenly spaced, and the one that is shown.

    Example:
        >>> weights_to_try(np.linspace(0.01, 0.4, 40).round(2), shown=0.4)
        [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4]
    """
    inside = np.unique(p_x[(p_x > 0) & (p_x < 1)])
    places = np.round(np.linspace(0, len(inside), _MOST_WEIGHTS + 1)[1:] - 1).astype(int)
    return sorted({*inside[np.maximum(places, 0)].tolist(), shown})
