"""Error budgets: how fast runs that miss an objective spend what the objective allows.

Interface: ``burn_rate(bad, total, objective)``; ``burn_over(times, bad, window=…, objective=…)`` at
the time of each run. Alerts are in ``alerts``.

An objective of 0.99 allows one run in a hundred to be bad. A burn rate of 1 spends exactly this
budget; at 3 it lasts a third of its period.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recycling.errors import BadInput, require
from recycling.thermodynamics import Floats, as_scalar


def burn_rate(bad: ArrayLike, total: ArrayLike, objective: ArrayLike) -> Floats:
    """Burn rate (bad/total)/(1 − objective); 0 where there are no runs, since they spend nothing.

    Args:
        bad: number of bad runs (...).
        total: number of all runs (...).
        objective: fraction of good runs that is asked for, 0 or more and below 1 (...).

    Returns:
        Burn rate (...), a scalar for scalars.

    Raises:
        BadInput: an argument is outside of its range, or there are more bad runs than runs.

    Example:
        >>> float(round(burn_rate(3, 100, 0.99), 9))
        3.0
    """
    bad, total, objective = np.broadcast_arrays(
        *(np.asarray(argument, dtype=np.float64) for argument in (bad, total, objective))
    )
    valid = (objective >= 0) & (objective < 1)
    require("objective", objective, valid, "give 0 or more, and below 1")
    if (wrong := ~((bad >= 0) & (bad <= total) & np.isfinite(total))).any():
        raise BadInput(
            f"bad = {bad[wrong].flat[0]:g} of {total[wrong].flat[0]:g} runs: give 0 up to the total"
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(total > 0, bad / total / (1 - objective), 0.0)
    return as_scalar(rate)


def burn_over(
    times: ArrayLike, bad: ArrayLike, *, window: float, objective: float
) -> NDArray[np.float64]:
    """Burn rate at the time t of each run, over the runs in (t − window, t].

    Args:
        times: times of the runs in order (runs), s.
        bad: whether each run was bad (runs).
        window: length of the window, s.
        objective: fraction of good runs that is asked for.

    Returns:
        Burn rates (runs).

    Raises:
        BadInput: times are out of order or not finite, or an argument is outside of its range.

    Example:
        >>> times, bad = [0, 60, 120, 180], [False, True, False, False]
        >>> [float(round(rate, 6)) for rate in burn_over(times, bad, window=120, objective=0.9)]
        [0.0, 5.0, 5.0, 0.0]
    """
    times = np.asarray(times, dtype=np.float64)
    missed = np.asarray(bad, dtype=bool)
    if times.ndim != 1 or missed.shape != times.shape:
        raise BadInput(f"times and bad have the shapes {times.shape} and {missed.shape}: give (n,)")
    if not np.isfinite(times).all() or (np.diff(times) < 0).any():
        raise BadInput("times: they are not finite or not in order; give them as they passed")
    if not 0 < window < np.inf:
        raise BadInput(f"window = {window:g} s: give a positive, finite time")
    # A run at the open end is outside, also where t − window is rounded below its time.
    edge = times - window + 4 * np.spacing(np.abs(times) + window)
    first = np.searchsorted(times, edge, side="right")
    last = np.searchsorted(times, times, side="right")
    before = np.concatenate([[0], np.cumsum(missed)])
    return np.asarray(burn_rate(before[last] - before[first], last - first, objective))
