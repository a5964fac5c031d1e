"""Search of the cheapest number of trials and executions that settles a question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recycling.planning.allocate import cheapest_executions

Real = NDArray[np.float64]
#: Rows of a program at a number of trials, with limits that are stricter by a margin; one array of
#: shape (demand, arm, stage, preparation, basis) for each point.
Program = Callable[[int, float], Sequence[Real]]

#: Numbers of trials that are tried. A single one cannot show drift; beyond the last they gain
#: nothing on the threshold of a verdict.
TRIALS = (*range(3, 13), 15, 20, 30)
#: Shots in the analysed branch of each entry, in all trials together and in each: with fewer the
#: intervals of entropies are not known to cover, and trials do not scatter as their errors say.
FLOOR, FLOOR_OF_TRIAL = 150.0, 15.0
#: Largest margin that is asked for, and the steps that bisect it.
_LARGEST, _STEPS = 1e4, 12
#: Most repeats of an entry, with which rounding costs a few percent at most.
_REPEATS = 40


@dataclass(frozen=True)
class Economy:
    """What executions cost, and how few of them are taken.

    Attributes:
        prices: seconds of an execution of each setting (array of shape (arm, stage, preparation,
            basis)).
        overhead: seconds of a trial beside its executions.
        fixed: seconds of the calibrations.
        shares: smallest probability of the analysed branch of each arm (array of shape (arm,)).

    Example:
        >>> economy = Economy(np.full((2, 2, 2, 3), 1e-3), 2.0, 10.0, shares=np.array([0.2, 0.8]))
        >>> economy.floor(trials=5)[:, 0, 0, 0].tolist()
        [750.0, 188.0]
        >>> economy.seconds(np.full((1, 2, 2, 2, 3), 100.0), trials=5)
        22.4
    """

    prices: Real
    overhead: float
    fixed: float
    shares: Real

    def floor(self, trials: int) -> Real:
        """Fewest executions of each setting (array of the shape of the prices)."""
        inside = max(FLOOR, FLOOR_OF_TRIAL * trials)
        return np.ceil(inside / self.shares)[:, None, None, None] + 0 * self.prices

    def seconds(self, executions: Real, trials: int) -> float:
        """QPU time of executions (array of shape (point, arm, …, basis)) in trials, s."""
        return self.fixed + self.overhead * trials + float((executions * self.prices).sum())


@dataclass(frozen=True)
class Choice:
    """A number of trials and the executions of all of them together.

    ``executions`` has the shape (point, arm, stage, preparation, basis) and is not rounded;
    ``margin`` is the factor by which errors are below their limits, ``seconds`` the QPU time.
    """

    trials: int
    executions: Real
    margin: float
    seconds: float


def cheapest(program: Program, economy: Economy, trials: Iterable[int] = TRIALS) -> Choice:
    """Search the number of trials that settles a question in the shortest time.

    Its ``seconds`` are +inf where nothing does.

    Example:
        >>> economy = Economy(np.ones((1, 1, 1, 2)), 2.0, 0.0, np.ones(1))
        >>> problem = lambda trials, margin: [np.full((1, 1, 1, 1, 2), 1e4 * margin**2 / trials)]
        >>> cheapest(problem, economy).trials
        30
    """
    return min((at_margin(program, economy, each, 1.0) for each in trials), key=_seconds)


def strongest(
    program: Program, economy: Economy, seconds: float, trials: Iterable[int] = TRIALS
) -> Choice | None:
    """Search the number of trials with the largest margin in a time; None where none fits.

    Example:
        >>> economy = Economy(np.ones((1, 1, 1, 2)), 2.0, 0.0, np.ones(1))
        >>> problem = lambda trials, margin: [np.full((1, 1, 1, 1, 2), 1e4 * margin**2 / trials)]
        >>> round(strongest(problem, economy, seconds=10_000, trials=[10]).margin, 2)
        1.58
    """
    found = [_within(program, economy, each, seconds) for each in trials]
    return max((each for each in found if each), key=lambda each: each.margin, default=None)


def _within(program: Program, economy: Economy, trials: int, seconds: float) -> Choice | None:
    """Largest margin of a number of trials within some seconds; None where none fits."""
    fits = at_margin(program, economy, trials, 1.0)
    if fits.seconds > seconds:
        return None
    low, high = 1.0, _LARGEST
    for _ in range(_STEPS):
        middle = float(np.sqrt(low * high))
        tried = at_margin(program, economy, trials, middle)
        if tried.seconds <= seconds:
            low, fits = middle, tried
        else:
            high = middle
    return fits


def at_margin(program: Program, economy: Economy, trials: int, margin: float) -> Choice:
    """Cheapest executions of a number of trials, at every point by itself.

    Example:
        >>> economy = Economy(np.ones((1, 1, 1, 2)), 2.0, 0.0, np.ones(1))
        >>> problem = lambda trials, margin: [np.full((1, 1, 1, 1, 2), 1e4 * margin**2 / trials)]
        >>> at_margin(problem, economy, trials=10, margin=1.0).executions.ravel().round().tolist()
        [2000.0, 2000.0]
    """
    floor, prices = economy.floor(trials).ravel(), economy.prices.ravel()
    executions = [
        cheapest_executions(rows.reshape(len(rows), -1), prices, floor)
        for rows in program(trials, margin)
    ]
    shaped = np.stack(executions).reshape(-1, *economy.prices.shape)
    return Choice(trials, shaped, margin, economy.seconds(shaped, trials))


def equal_shots(program: Program, economy: Economy, trials: int, points: int) -> Choice:
    """Fewest executions that are the same for all settings, at so many points.

    Example:
        >>> economy = Economy(np.ones((1, 1, 1, 2)), 2.0, 0.0, np.ones(1))
        >>> problem = lambda trials, margin: [np.full((1, 1, 1, 1, 2), 1e4 * margin**2 / trials)]
        >>> equal_shots(problem, economy, trials=10, points=3).executions.shape
        (3, 1, 1, 1, 2)
    """
    needed = [float(rows.reshape(len(rows), -1).sum(axis=1).max()) for rows in program(trials, 1)]
    fewest = max(*needed, float(economy.floor(trials).max()))
    executions = np.full((points, *economy.prices.shape), fewest)
    return Choice(trials, executions, 1.0, economy.seconds(executions, trials))


def rounded(choice: Choice, economy: Economy) -> tuple[int, NDArray[np.int64]]:
    """Round the executions of a trial up to multiples of a number of shots.

    Returns:
        Shots of an entry, and repeats of each (array of the shape of the executions), such that
        rounding costs least.

    Example:
        >>> economy = Economy(np.ones((1, 1, 1, 2)), 2.0, 0.0, np.ones(1))
        >>> choice = Choice(4, np.array([400.0, 1230.0]).reshape(1, 1, 1, 1, 2), 1.0, 1638.0)
        >>> shots, repeats = rounded(choice, economy)
        >>> shots, repeats.ravel().tolist()
        (103, [1, 3])
    """
    of_trial = choice.executions / choice.trials
    most = max(1, min(_REPEATS, int(np.ceil(of_trial.max()))))
    sizes = sorted({int(np.ceil(of_trial.max() / count)) for count in range(1, most + 1)})
    costs = [float((np.ceil(of_trial / size) * size * economy.prices).sum()) for size in sizes]
    # Of sizes that cost the same to 1 % the largest: fewer entries travel.
    size = max(s for s, cost in zip(sizes, costs, strict=True) if cost <= 1.01 * min(costs))
    return size, np.ceil(of_trial / size).astype(np.int64)


def _seconds(choice: Choice) -> float:
    return choice.seconds
