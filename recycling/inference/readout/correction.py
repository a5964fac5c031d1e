"""Weight and values of each record: raw, with readout corrected, or with the flag unmixed too.

A misread flag puts a shot into the wrong branch, and in the recycling arm the reset has followed
it there. So the branch with the recorded flag 0 holds a true 1 whose output was swapped into the
bath, and the branch 1 a true 0 that was not. *Unmixing* solves for the branches of a perfect flag.
It models the reset as an ideal swap, which turns one kind of shot into the other: before the
erasure it exchanges C_I and B, and the state that is then swapped with S arrives in S.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from circuits.design import Arm
from recycling.errors import BadInput
from recycling.inference.readout.assignment import Assignment
from recycling.inference.readout.matrices import inverse_matrices, tensor_product
from recycling.inference.readout.undoing import inverse_record_map
from recycling.inference.states.records import Layout, RecordMap

Real = NDArray[np.float64]

Readout = Literal["raw", "corrected", "unmixed"]
#: Axes that are no farther apart are the same.
_SAME_AXES = 1e-9
READOUTS: tuple[Readout, ...] = get_args(Readout)


def record_maps(
    arm: Arm, readout: Readout, assignment: Assignment | None, layout: Layout
) -> tuple[RecordMap, tuple[RecordMap, ...]]:
    """Make the map of an arm's records, and a map for each independent error of the calibration.

    Args:
        arm: the arm, which says what branch to analyse, and whether it resets.
        readout: "raw"; "corrected" for the measured qubits; "unmixed" for the flag as well.
        assignment: assignment matrices, unless ``readout`` is "raw". Where the qubits' readout is
            correlated, their joint matrix is undone instead of the product of their matrices.
        layout: layout of the records.

    Raises:
        BadInput: a matrix cannot be undone; there is more than one flag to unmix; no matrices.

    Example:
        >>> from circuits import HHL
        >>> design = HHL([[2, -1], [-1, 2]]).design
        >>> rates = np.full(4, 0.01)
        >>> assignment = Assignment.given(rates, rates, population=rates, source="an example")
        >>> records, moved = record_maps(design.arms[1], "corrected", assignment, Layout.of(design))
        >>> records.values.shape, len(moved)  # rates that are given have no errors
        ((2, 16, 3), 0)
    """
    if readout == "raw":
        return RecordMap.raw(layout, arm.records), ()
    if assignment is None:
        raise BadInput(f"readout = {readout!r}: give the assignment matrices that correct it")
    unmix = readout == "unmixed"
    if unmix:
        _check_unmixing(arm, layout)
    joint = inverse_record_map(assignment, layout, joint=assignment.correlated)
    if unmix:  # says what is wrong with a useless flag
        inverse_record_map(assignment, layout, unmix_flag=True)
    product = _product(assignment.false_excited, assignment.false_ground, layout)
    errors = np.stack([assignment.false_excited, assignment.false_ground])

    def moved(step: Real) -> RecordMap:
        e0, e1 = errors + step.reshape(2, -1)
        # Where the flags are not unmixed, their matrices may be singular: leave them alone.
        weights = _unmixed_weights(e0[0], e1[0], arm, layout) if unmix else None
        inverse = joint + _product(e0, e1, layout) - product
        return _map(inverse, weights, e0, e1, arm, layout)

    values, vectors = np.linalg.eigh(assignment.covariance)
    steps = (vectors * np.sqrt(np.maximum(values, 0))).T
    steps = steps[np.abs(steps).max(axis=1) > 0]
    return moved(np.zeros(errors.size)), tuple(moved(step) for step in steps)


def _check_unmixing(arm: Arm, layout: Layout) -> None:
    if len(layout.flags) != 1 or len(arm.records) != 1 or layout.output is None:
        raise BadInput(
            f"readout = 'unmixed': {len(layout.flags)} flags ({', '.join(layout.flags)}) and "
            f"{len(layout.outputs)} qubits of output: only one flag and one qubit can be unmixed; "
            "give 'corrected'"
        )


def check_unmixed_axes(arm: Arm, axes: Real, layout: Layout) -> None:
    """Check that qubits which the reset exchanges are measured along the same axes.

    The shots of a misread flag are those of the other qubit, and tell of this one alone what they
    were measured along.

    Args:
        arm: the arm.
        axes: axes of tomography (array of shape (point, stage, qubit, basis, 3)).
        layout: layout of the records.

    Raises:
        BadInput: they differ.

    Example:
        >>> from circuits import HHL
        >>> design = HHL([[2, -1], [-1, 2]]).design
        >>> fixed = np.broadcast_to(np.eye(3), (1, 2, 3, 3, 3))
        >>> check_unmixed_axes(design.arms[1], fixed, Layout.of(design))
    """
    output = layout.output
    if not arm.resets or output is None:
        return
    for stage, place in ((layout.before, layout.bath), (layout.after, layout.target)):
        if np.abs(axes[:, stage, place] - axes[:, stage, output]).max() > _SAME_AXES:
            one, other = layout.measured[place], layout.measured[output]
            raise BadInput(
                f"readout = 'unmixed': {one} and {other} are measured along other axes in the "
                f"stage {layout.stages[stage]!r} of the {arm.name} arm, and a misread flag "
                "exchanges them: give 'corrected', or both the same measurement.allocation.poles"
            )


def _unmixed_weights(false_excited: Real, false_ground: Real, arm: Arm, layout: Layout) -> Real:
    """Share of each record in the branch of a flag that nobody misreads."""
    (record,) = arm.records
    return np.asarray(inverse_matrices(false_excited, false_ground)[record, layout.flag])


def _product(false_excited: Real, false_ground: Real, layout: Layout) -> Real:
    """Inverse of the product of the matrices of the measured qubits; flags are left alone."""
    factors = inverse_matrices(false_excited, false_ground)
    factors[: len(layout.flags)] = np.eye(2)
    return tensor_product(factors)[np.ix_(layout.joint, layout.joint)]


def _exchanged(layout: Layout) -> tuple[list[int], ...]:
    """Places that the reset's swap exchanges, by stage, at the time of the measurement."""
    output = layout.output
    assert output is not None
    return tuple(
        [{place: output, output: place}.get(each, each) for each in range(len(layout.measured))]
        for place in (layout.bath, layout.target)
    )


def _map(
    inverse: Real,
    unmixed: Real | None,
    false_excited: Real,
    false_ground: Real,
    arm: Arm,
    layout: Layout,
) -> RecordMap:
    """Map for an inverse of the measured qubits (record, record) and the weights of records."""
    inside = layout.branch(arm.records)
    weights = inside.astype(float) if unmixed is None else unmixed
    corrected = np.stack([inverse.T @ layout.signs] * len(layout.stages))
    if unmixed is not None and arm.resets:
        for stage, places in zip((layout.before, layout.after), _exchanged(layout), strict=True):
            corrected[stage, ~inside] = corrected[stage][~inside][:, places]
    flags = len(layout.flags)
    contrast = 1 - false_excited[flags:] - false_ground[flags:]
    offset = false_ground[flags:] - false_excited[flags:]
    return RecordMap(
        weights,
        weights[:, None] * corrected,
        (1 - offset) / contrast,
        (-1 - offset) / contrast,
        layout,
    )
