"""What each record counts for: as recorded, with readout corrected, or with the flag unmixed too.

A misread flag puts a shot into the wrong branch, and in the recycling arm the reset has followed
it there. So the branch with the recorded flag 0 holds a true 1 whose output was swapped into the
bath, and the branch 1 a true 0 that was not. *Unmixing* solves for the branches of a perfect flag.
It models the reset as an ideal swap, which turns the one kind of shot into the other: before the
erasure it exchanges C_I and B, and what is then swapped with S arrives in S.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from circuits.protocol import ANALYSED_FLAG, MEASURED_QUBITS, STAGES, Arm
from recycling.inference.readout.assignment import (
    Assignment,
    inverse_matrices,
    inverse_record_map,
    tensor_product,
)
from recycling.inference.states.samples import RECORDS, RecordMap

Real = NDArray[np.float64]

Readout = Literal["raw", "corrected", "unmixed"]
READOUTS: tuple[Readout, ...] = get_args(Readout)

_SIGNS = 1 - 2 * RECORDS[:, 1:]
_S, _B, _C_I = (MEASURED_QUBITS.index(name) for name in ("S", "B", "C_I"))
#: Qubits whose places the reset's swap exchanges, by stage, as they are found when measured.
_EXCHANGED = {"before": [_S, _C_I, _B], "after": [_C_I, _B, _S]}


def record_maps(
    arm: Arm, readout: Readout, assignment: Assignment
) -> tuple[RecordMap, tuple[RecordMap, ...]]:
    """Map of the records of an arm, and those for each independent error of the calibration.

    Args:
        arm: the arm, which names the branch to analyse.
        readout: "raw"; "corrected" for S, B and C_I; "unmixed" for the flag as well.
        assignment: assignment matrices. Where the qubits' readout is correlated, their joint
            matrix is undone instead of the product of their own.

    Raises:
        BadInput: a matrix cannot be undone.
    """
    flag = ANALYSED_FLAG[arm]
    if readout == "raw":
        return RecordMap.raw(flag), ()
    unmix = readout == "unmixed"
    joint = inverse_record_map(assignment, joint=assignment.correlated)
    product = _product(assignment.false_excited, assignment.false_ground)
    errors = np.stack([assignment.false_excited, assignment.false_ground])
    # Also where the flag stays as it is: its matrix must then not be asked for.
    flags = inverse_matrices(errors[0, 0], errors[1, 0]) if unmix else np.eye(2)
    if unmix:
        inverse_record_map(assignment, unmix_flag=True)  # says what is wrong with a useless flag
    exchange = arm == "recycling"

    def moved(step: Real) -> RecordMap:
        e0, e1 = errors + step.reshape(2, -1)
        own_flags = inverse_matrices(e0[0], e1[0]) if unmix else flags
        return _map(joint + _product(e0, e1) - product, own_flags, e0, e1, flag, exchange=exchange)

    values, vectors = np.linalg.eigh(assignment.covariance)
    steps = (vectors * np.sqrt(np.maximum(values, 0))).T
    steps = steps[np.abs(steps).max(axis=1) > 0]
    return moved(np.zeros(errors.size)), tuple(moved(step) for step in steps)


def _product(false_excited: Real, false_ground: Real) -> Real:
    """Inverse of the product of the matrices of S, B and C_I; the flag is left alone."""
    factors = inverse_matrices(false_excited, false_ground)
    factors[0] = np.eye(2)
    return tensor_product(factors)


def _map(
    inverse: Real,
    flags: Real,
    false_excited: Real,
    false_ground: Real,
    flag: int,
    *,
    exchange: bool,
) -> RecordMap:
    """Map for an inverse of S, B and C_I (16, 16) and one of the flag (2, 2)."""
    weights = flags[flag, RECORDS[:, 0]]
    other = RECORDS[:, 0] != flag
    values = []
    for stage in STAGES:
        corrected = inverse.T @ _SIGNS
        if exchange:
            corrected[other] = corrected[other][:, _EXCHANGED[stage]]
        values.append(weights[:, None] * corrected)
    contrast = 1 - false_excited[1:] - false_ground[1:]
    offset = false_ground[1:] - false_excited[1:]
    return RecordMap(weights, np.stack(values), (1 - offset) / contrast, (-1 - offset) / contrast)
