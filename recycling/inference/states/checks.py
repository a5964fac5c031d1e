"""Checks of counts before their analysis: impossible counts are errors, missing ones a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from circuits.design import Design, symbol
from circuits.tomography import BASIS_ANGLES
from recycling.errors import BadInput
from recycling.inference.states.records import Layout

#: Masked settings that are named before the rest is counted.
_NAMED = 5
#: Rounding of the sum of probabilities.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Labels:
    """Words for each axis of a table of counts but the last: for messages to users.

    ``points`` are the values of the swept parameters by name (arrays of shape (point,)).

    Example:
        >>> from circuits import HHL
        >>> design = HHL([[2, -1], [-1, 2]]).design
        >>> labels = Labels(design, {"angle": np.array([0.4])}, trials=[0])
        >>> labels.setting((1, 0, 0, 0, 0, 2))
        'recycling arm, angle = 0.4000, trial 0, before, I, basis Z'
    """

    design: Design
    points: Mapping[str, NDArray[np.float64]]
    trials: Sequence[int] | NDArray[np.integer]

    def setting(self, where: tuple[int, ...]) -> str:
        """Setting at a place of the axes (arm, point, trial, stage, preparation, basis)."""
        arm, point, trial, stage, preparation, basis = where
        design = self.design
        swept = ", ".join(f"{symbol(name)} = {at[point]:.4f}" for name, at in self.points.items())
        return (
            f"{design.arm_names[arm]} arm, {swept}, trial {self.trials[trial]}, "
            f"{design.stages[stage]}, {design.preparations[preparation]}, "
            f"basis {list(BASIS_ANGLES)[basis]}"
        )


def check_counts(
    tables: NDArray[Any], shots: int | Literal["exact"] | NDArray[np.int64], labels: Labels
) -> None:
    """Check that counts are those of an experiment.

    Args:
        tables: counts (array of shape (arm, point, trial, stage, preparation, basis, record)), or
            probabilities.
        shots: of each setting; of settings that differ an array that broadcasts to all axes but the
            last.
        labels: names of the axes.

    Raises:
        BadInput: a count is negative or not finite, or those of a setting do not add up to its
            shots. A setting without any is left to ``masked_settings``.

    Example:
        >>> from circuits import HHL
        >>> design = HHL([[2, -1], [-1, 2]]).design
        >>> labels = Labels(design, {"angle": np.array([0.4])}, trials=[0])
        >>> check_counts(np.full((2, 1, 1, 2, 2, 3, 16), 100), 1600, labels)
    """
    wrong = ~(tables >= -_ROUNDING)
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise BadInput(
            f"counts of {labels.setting(where[:-1])} hold {tables[where]}: give counts of 0 or more"
        )
    found = tables.sum(axis=-1)
    given = np.asarray(1.0 if isinstance(shots, str) else shots, dtype=float)
    expected = np.broadcast_to(given, found.shape)
    off = (np.abs(found - expected) > _ROUNDING * expected) & (found != 0)
    if off.any():
        where = tuple(int(i) for i in np.argwhere(off)[0])
        raise BadInput(
            f"counts of {labels.setting(where)} add up to {found[where]:.12g}: "
            f"give {expected[where]:g} shots, or none at all"
        )


def masked_settings(
    tables: NDArray[Any], labels: Labels, shots: int | Literal["exact"] | NDArray[np.int64] = 1
) -> list[str]:
    """Settings without shots in the branch that is analysed, in words; their results are NaN.

    Those that are to have no shots are not among them; see ``check_counts`` for the arguments.

    Example:
        >>> from circuits import HHL
        >>> design = HHL([[2, -1], [-1, 2]]).design
        >>> labels = Labels(design, {"angle": np.array([0.4])}, trials=[0])
        >>> tables = np.full((2, 1, 1, 2, 2, 3, 16), 100)
        >>> tables[1, 0, 0, 0, 0, 2] = 0
        >>> masked_settings(tables, labels)
        ['recycling arm, angle = 0.4000, trial 0, before, I, basis Z']
    """
    layout = Layout.of(labels.design)
    wanted = np.broadcast_to(np.asarray(1 if isinstance(shots, str) else shots), tables.shape[:-1])
    missing = []
    for index, arm in enumerate(labels.design.arms):
        empty = tables[index][..., layout.branch(arm.records)].sum(axis=-1) == 0
        empty &= wanted[index] > 0
        missing += [(index, *(int(i) for i in where)) for where in np.argwhere(empty)]
    named = [labels.setting(where) for where in missing[:_NAMED]]
    if len(missing) > _NAMED:
        named.append(f"and {len(missing) - _NAMED} more")
    return named
