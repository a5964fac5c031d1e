"""Tables of a spec that a design changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from circuits.design import Design
    from recycling.planning.economy import Calibrations
    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]


def at_points(experiment: Experiment, points: Sequence[int], p_x: float) -> dict[str, Any]:
    """Table of a sweep at a single point and p_x; of several points it stays as it is.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> sweep = {"theta": [0.3, 0.6], "p_x": [0.1, 0.2]}
        >>> algorithm = {"name": "repeat-until-success"}
        >>> at_points(Experiment(name="tiny", algorithm=algorithm, sweep=sweep), [1], p_x=0.2)
        {'theta': [0.6], 'p_x': [0.2]}
    """
    if len(points) > 1 or experiment.num_points == 1 == len(experiment.p_x):
        return experiment.sweep.model_dump(mode="json", exclude_none=True)
    swept = {name: [float(values[points[0]])] for name, values in experiment.points.items()}
    known = type(experiment.sweep).model_fields
    return {name: value for name, value in swept.items() if name in known} | {"p_x": [p_x]}


def allocation_table(design: Design, repeats: NDArray[np.int64], poles: Real) -> dict[str, Any]:
    """Table of an allocation by the names of a design.

    Args:
        design: design of the experiment.
        repeats: array of shape (arm, stage, preparation, point, basis).
        poles: array of shape (arm, stage, point, qubit, 2); qubits whose axes are x, y and z are
            left out.

    Example:
        >>> from circuits import HHL
        >>> design = HHL([[2, -1], [-1, 2]]).design
        >>> poles = np.zeros((2, 2, 1, 3, 2))
        >>> poles[1, 1, 0, 0] = 1.5, 0.1
        >>> table = allocation_table(design, np.ones((2, 2, 2, 1, 3), dtype=int), poles)
        >>> arm = design.arm_names[1]
        >>> table["poles"][arm], table["repeats"][arm]["after"]["X"]
        ({'after': {'S': [[1.5, 0.1]]}}, [[1, 1, 1]])
    """
    counts: dict[str, Any] = {}
    angles: dict[str, Any] = {}
    for arm, of_arm, turned in zip(design.arm_names, repeats, poles, strict=True):
        for stage, of_stage, frames in zip(design.stages, of_arm, turned, strict=True):
            by_preparation = zip(design.preparations, of_stage.tolist(), strict=True)
            counts.setdefault(arm, {})[stage] = dict(by_preparation)
            by_qubit = zip(design.measured, frames.swapaxes(0, 1), strict=True)
            shown = {qubit: own.tolist() for qubit, own in by_qubit if own.any()}
            if shown:
                angles.setdefault(arm, {})[stage] = shown
    return {"repeats": counts, **({"poles": angles} if angles else {})}


def hardware_table(experiment: Experiment, calibrations: Calibrations) -> dict[str, Any]:
    """Table of the hardware with other calibrations.

    Example:
        >>> from recycling.planning.economy import Calibrations
        >>> from recycling.spec.experiment import preset
        >>> table = hardware_table(preset("paper"), Calibrations(100, 0))
        >>> table["brackets"], table["bracket_shots"], table["assignment"]
        (True, 100, False)
    """
    return experiment.hardware.model_dump(mode="json", exclude_defaults=True) | calibrations.changes
