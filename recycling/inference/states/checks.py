"""Counts before they are analysed: what cannot be is an error, what is missing is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.protocol import ANALYSED_FLAG, ARMS, PREPARATIONS, STAGES
from circuits.tomography import BASIS_ANGLES
from recycling.errors import BadInput
from recycling.inference.states.samples import RECORDS

if TYPE_CHECKING:
    from recycling.spec.experiment import Experiment

#: Masked settings that are named before the rest is counted.
_NAMED = 5
#: Rounding of the sum of probabilities.
_ROUNDING = 1e-9


def check_counts(tables: NDArray[Any], experiment: Experiment, trials: NDArray[np.integer]) -> None:
    """Check that counts are those of the experiment.

    Args:
        tables: counts (array of shape (arm, theta_b, trial, stage, preparation, basis, 16)), or
            probabilities.
        experiment: what was measured.
        trials: numbers of the trials.

    Raises:
        BadInput: a count is negative or not finite, or those of a setting do not add up to its
            shots. A setting without any is left to ``masked_settings``.
    """
    wrong = ~(tables >= -_ROUNDING)
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise BadInput(
            f"counts of {_named(where[:-1], experiment, trials)} hold {tables[where]}: "
            "give counts of 0 or more"
        )
    shots = experiment.measurement.shots
    expected = 1.0 if shots == "exact" else shots
    found = tables.sum(axis=-1)
    off = (np.abs(found - expected) > _ROUNDING * expected) & (found != 0)
    if off.any():
        where = tuple(int(i) for i in np.argwhere(off)[0])
        raise BadInput(
            f"counts of {_named(where, experiment, trials)} add up to {found[where]:.12g}: "
            f"give {expected:g} shots, or none at all"
        )


def masked_settings(
    tables: NDArray[Any], experiment: Experiment, trials: NDArray[np.integer]
) -> list[str]:
    """Settings without shots in the branch that is analysed, in words; their results are NaN."""
    missing = []
    for index, arm in enumerate(ARMS):
        inside = RECORDS[:, 0] == ANALYSED_FLAG[arm]
        empty = tables[index][..., inside].sum(axis=-1) == 0
        missing += [(index, *(int(i) for i in where)) for where in np.argwhere(empty)]
    named = [_named(where, experiment, trials) for where in missing[:_NAMED]]
    if len(missing) > _NAMED:
        named.append(f"and {len(missing) - _NAMED} more")
    return named


def _named(where: tuple[int, ...], experiment: Experiment, trials: NDArray[np.integer]) -> str:
    arm, angle, trial, stage, preparation, basis = where
    return (
        f"{ARMS[arm]} arm, θ_b = {experiment.theta_b[angle]:.4f}, trial {trials[trial]}, "
        f"{STAGES[stage]}, {PREPARATIONS[preparation]}, basis {list(BASIS_ANGLES)[basis]}"
    )
