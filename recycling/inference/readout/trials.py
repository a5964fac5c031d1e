"""Readout that drifts from trial to trial, measured in each of them.

The errors of a trial are those of a random walk: they were measured in every trial, and between two
trials each changed by a normal step of unknown variance. The trials are then read as if all had
been recorded with the mean readout. What remains is the error of the mean, in which no drift is
left: every trial has the same weight in it as in the counts of all trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, logsumexp

from recycling.inference.readout.assignment import Assignment
from recycling.inference.readout.matrices import inverse_matrices, tensor_product
from recycling.inference.states.records import Layout

Real = NDArray[np.float64]

#: Steps of the walk that are weighed against each other, in mean standard errors of a calibration.
#: Shorter ones look like none; of longer ones every trial keeps its own errors.
_STEPS = np.concatenate([[0.0], np.geomspace(0.02, 50, 24)])


def mean_assignment(assignments: Sequence[Assignment]) -> Assignment:
    """Mean of the assignment matrices that were measured in all trials.

    Example:
        >>> rates = np.full(4, 0.01)
        >>> low, high = (
        ...     Assignment.given(rate * rates, rates, rates, source="a trial") for rate in (1, 3)
        ... )
        >>> mean_assignment([low, high]).false_excited.round(4).tolist()
        [0.02, 0.02, 0.02, 0.02]
    """
    number = len(assignments)

    def mean(name: str) -> Real:
        return np.asarray(np.mean([getattr(each, name) for each in assignments], axis=0))

    def stderr(name: str) -> Real:
        squares = [getattr(each, name) ** 2 for each in assignments]
        return np.asarray(np.sqrt(np.sum(squares, axis=0)) / number)

    statistic = sum(each.statistic for each in assignments)
    degrees = sum(each.degrees_of_freedom for each in assignments)
    shots = sum(each.shots for each in assignments)
    return Assignment(
        **{name: mean(name) for name in ("false_excited", "false_ground", "joint")},
        **{f"{name}_population": mean(f"{name}_population") for name in ("start", "thermal")},
        **{f"{name}_stderr": stderr(f"{name}_stderr") for name in ("start", "thermal")},
        covariance=mean("covariance") / number,
        statistic=statistic,
        degrees_of_freedom=degrees,
        p_value=float(chdtrc(degrees, statistic)) if degrees > 0 else 1.0,
        shots=shots,
        source=f"measured in each of {number} trials, {shots} shots a preparation in all",
    )


def errors_of_trials(assignments: Sequence[Assignment]) -> Real:
    """Estimate P(1|0) and P(0|1) in each trial from the calibrations of all of them.

    Each error follows a random walk, whose step is not known: the estimates for several steps are
    weighed by their likelihoods (local level model; Durbin and Koopman, Time Series Analysis by
    State Space Methods, 2nd ed., section 2.1).

    Returns:
        Array of shape (trial, 2, qubit). Their mean over the trials is that of the calibrations.

    Example:
        >>> rates = np.full(4, 0.01)
        >>> given = [Assignment.given(rates, rates, rates, source="a trial")] * 3
        >>> errors_of_trials(given).shape
        (3, 2, 4)
    """
    measured = np.stack([[each.false_excited, each.false_ground] for each in assignments])
    variance = np.stack([each.stderr**2 for each in assignments])
    if len(measured) < 2 or not (variance > 0).all():
        return measured
    scale = variance.mean(axis=0)
    steps = _STEPS.reshape(-1, 1, 1) ** 2 * scale
    paths, likelihoods = _smoothed(measured, variance, steps)
    weights = np.exp(likelihoods - logsumexp(likelihoods, axis=0))
    walked = (weights * paths).sum(axis=1)
    return np.asarray(walked + (measured - walked).mean(axis=0))


def _smoothed(measured: Real, variance: Real, steps: Real) -> tuple[Real, Real]:
    """Expected places of random walks, and the logarithms of their likelihoods.

    A Kalman filter that starts at the first measurement, and the smoother that goes back.

    Args:
        measured: at each time (array of shape (trial, ...)).
        variance: of the measurements (likewise).
        steps: variances of a step (array of shape (step, ...)).

    Returns:
        Places (array of shape (trial, step, ...)) and likelihoods (array of shape (step, ...)).
    """
    place, spread = np.broadcast_to(measured[0], steps.shape), variance[0] + 0 * steps
    places, spreads, likelihood = [place], [spread], np.zeros_like(steps)
    for value, error in zip(measured[1:], variance[1:], strict=True):
        ahead = spread + steps
        surprise, expected = value - place, ahead + error
        likelihood -= (surprise**2 / expected + np.log(expected)) / 2
        place = place + ahead / expected * surprise
        spread = ahead * error / expected
        places.append(place)
        spreads.append(spread)
    smooth = [places[-1]]
    for place, spread in zip(places[-2::-1], spreads[-2::-1], strict=True):
        smooth.append(place + spread / (spread + steps) * (smooth[-1] - place))
    return np.stack(smooth[::-1]), likelihood


def referred(tables: NDArray[Any], errors: Real, layout: Layout) -> NDArray[np.float64]:
    """Counts of each trial as if they had been recorded with the mean readout.

    The measured qubits alone are referred: what a flag decides happens before.

    Args:
        tables: counts (array of shape (arm, point, trial, ..., record)).
        errors: errors of each trial (array of shape (trial, 2, qubit)).
        layout: layout of the records.

    Returns:
        Counts with the same totals (array of the same shape), not below zero.

    Example:
        >>> from circuits import HHL
        >>> layout = Layout.of(HHL([[2, -1], [-1, 2]]).design)
        >>> tables = np.full((2, 1, 3, 2, 2, 3, 16), 100)
        >>> errors = np.full((3, 2, 4), 0.01)
        >>> bool(np.allclose(referred(tables, errors, layout), tables))
        True
    """
    flags = len(layout.flags)
    undone = inverse_matrices(errors[:, 0], errors[:, 1])
    ground, excited = errors.mean(axis=0)
    rows = [np.stack([1 - ground, excited], -1), np.stack([ground, 1 - excited], -1)]
    again = np.stack(rows, axis=-2) @ undone
    again[:, :flags] = np.eye(2)
    maps = tensor_product(again)[:, layout.joint[:, None], layout.joint]
    counts = np.einsum("apt...r,tsr->apt...s", tables, maps, optimize=True)
    total, positive = tables.sum(axis=-1, keepdims=True), np.maximum(counts, 0)
    scale = positive.sum(axis=-1, keepdims=True)
    return np.asarray(
        positive * np.divide(total, scale, out=np.zeros(scale.shape), where=scale > 0)
    )
