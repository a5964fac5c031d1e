"""Contribution of each setting to the variance of an estimate, to first order in sampling noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from circuits.design import Design
from recycling.inference.states.plain import plain_estimates
from recycling.inference.states.records import RecordMap
from recycling.thermodynamics import Bath

Real = NDArray[np.float64]

#: Quantities that are predicted: the first in nats, all others in J.
PREDICTED = (
    "entropy_decrease", "heat", "bound_landauer", "bound_tight", "bound_athermal", "gain",
    "excess_landauer", "excess_tight",
)  # fmt: skip
#: Share of the shots that a numerical derivative moves; its error goes with the square.
_STEP = 1e-5


def tables_of_arm(table: Real, design: Design, arm: str) -> Real:
    """Probabilities of the records of an arm.

    Args:
        table: probabilities of the protocol, as ``protocol_table`` gives them.
        design: design of the experiment.
        arm: its name.

    Returns:
        Array of shape (stage, preparation, point, basis, record); see ``Layout`` for records.

    Example:
        >>> from circuits import HHL
        >>> design = HHL([[2, -1], [-1, 2]]).design
        >>> table = np.full((2, 2, 2, 11, 3, 2, 2, 2, 2), 1 / 16)
        >>> tables_of_arm(table, design, design.arm_names[1]).shape
        (2, 2, 11, 3, 16)
    """
    own = table[design.arm_names.index(arm)]
    return np.asarray(own.reshape(*own.shape[:4], -1))


def predicted_values(
    tables: Real, *, records: RecordMap, bath: Bath, p_x: float, axes: Real | None = None
) -> dict[str, Real]:
    """Quantities that the analysis makes of exact frequencies (arrays of shape (point,)), by name.

    Args:
        tables: frequencies of an arm (array of shape (stage, preparation, point, basis, record)).
        records: weight and values of each record.
        bath: bath at the temperature of the bounds.
        p_x: excited weight.
        axes: axes of tomography at each point (array of shape (point, stage, qubit, basis, 3));
            where the tables have more points, at as many successive points. None for x, y and z.

    Example:
        >>> from circuits import HHL
        >>> from recycling.inference.states.records import Layout
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> tables = np.full((2, 2, 11, 3, 16), 1 / 16)
        >>> values = predicted_values(tables, records=records, bath=Bath.qubit(), p_x=0.4)
        >>> float(values["heat"][0])
        0.0
    """
    # (stage, preparation, point, basis, record) → (point, stage, preparation, basis, record)
    by_point = np.moveaxis(tables, 2, 0)
    if axes is not None:
        axes = np.repeat(axes, len(by_point) // len(axes), axis=0)
    estimates = plain_estimates(by_point, records, np.array([p_x]), bath, None, axes=axes)
    return {name: estimates[name][:, 0] for name in PREDICTED}


def setting_variances(
    tables: Real, estimate: Callable[[Real], Mapping[str, Real]]
) -> dict[str, Real]:
    """Contribution of a shot of each setting to the variance of each quantity.

    Each setting (stage, preparation, basis) is multinomial over its records r with probabilities
    p. A record acts on a quantity f by its influence I_r = d/dε f(p + ε (δ_r - p)). These have the
    mean 0, so N var f = Σ_r p_r I_r², and the variances of all settings add up.

    Args:
        tables: probabilities of an arm (array of shape (stage, preparation, point, basis, record)).
        estimate: quantities by name from such tables (arrays of shape (point,)).

    Returns:
        For each name an array of shape (stage, preparation, point, basis), in nats² or J², to be
        divided by the shots of the setting; +inf where no process exists nearby.

    Example:
        >>> tables = np.full((1, 1, 1, 1, 2), 0.5)  # a coin
        >>> tails = lambda tables: {"tails": tables[0, 0, :, 0, 1]}
        >>> f"{setting_variances(tables, tails)['tails'].item():.6f}"  # p (1 - p)
        '0.250000'
    """
    stages, preparations, points, bases, _ = tables.shape
    variances: dict[str, Real] = {}
    for setting in np.ndindex(stages, preparations, bases):
        up, down = (estimate(_moved(tables, setting, step)) for step in (_STEP, -_STEP))
        stage, preparation, basis = setting
        weights = tables[stage, preparation, :, basis]
        for name in up:
            finite = np.isfinite(up[name]) & np.isfinite(down[name])
            slope = np.full_like(up[name], np.inf)
            np.subtract(up[name], down[name], out=slope, where=finite)
            influence = slope.reshape(weights.shape) / (2 * _STEP)
            terms = np.zeros_like(weights)  # a record that never comes counts for nothing
            np.multiply(weights, influence**2, out=terms, where=weights > 0)
            own = variances.setdefault(name, np.zeros((stages, preparations, points, bases)))
            own[stage, preparation, :, basis] = terms.sum(axis=-1)
    return variances


def _moved(tables: Real, setting: tuple[int, ...], step: float) -> Real:
    """Tables with one setting moved by a step towards each record in turn.

    The axis of the points of the result runs over (point, record).
    """
    stage, preparation, basis = setting
    records = tables.shape[-1]
    towards = np.eye(records) - tables[stage, preparation, :, basis][:, None, :]
    moved = np.repeat(tables, records, axis=2)
    moved[stage, preparation, :, basis] += step * towards.reshape(-1, records)
    return moved
