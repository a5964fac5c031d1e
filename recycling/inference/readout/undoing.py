"""How assignment matrices are undone in the records of a layout."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recycling.errors import BadInput
from recycling.inference.readout.assignment import Assignment
from recycling.inference.readout.matrices import inverse_matrices, tensor_product
from recycling.inference.states.records import Layout
from recycling.inference.statistics.significance import RESOLUTION

Real = NDArray[np.float64]


def inverse_record_map(
    assignment: Assignment, layout: Layout, *, joint: bool = False, unmix_flag: bool = False
) -> Real:
    """Make the linear map from recorded to corrected frequencies, over the records of a layout.

    Args:
        assignment: what to undo.
        layout: layout of the records.
        joint: undo the joint matrix of the qubits instead of the product of their matrices. Without
            ``unmix_flag`` it is that of the measured qubits, averaged over the flags.
        unmix_flag: undo the misassignment of the flags too. It only sorts shots into branches: what
            a wrong flag did to the circuit stays done.

    Returns:
        Array of shape (record, record) by [true, recorded]; its columns add up to 1.

    Raises:
        BadInput: a matrix is singular, or too near to it for its errors.

    Example:
        >>> from circuits import HHL
        >>> rates = np.full(4, 0.01)
        >>> assignment = Assignment.given(rates, rates, population=rates, source="an example")
        >>> inverse = inverse_record_map(assignment, Layout.of(HHL([[2, -1], [-1, 2]]).design))
        >>> inverse.shape, inverse.sum(axis=0).round(6).tolist() == [1.0] * 16
        ((16, 16), True)
    """
    _check_contrast(assignment, layout, unmix_flag=unmix_flag)
    flags = len(layout.flags)
    if joint and unmix_flag:
        inverse = _inverse(assignment.joint, assignment.shots)
    elif joint:
        several, rest = 2**flags, 2 ** len(layout.measured)
        averaged = assignment.joint.reshape(several, rest, several, rest).sum(axis=0).mean(axis=1)
        inverse = np.asarray(np.kron(np.eye(several), _inverse(averaged, assignment.shots)))
    else:
        factors = inverse_matrices(assignment.false_excited, assignment.false_ground)
        if not unmix_flag:
            factors[:flags] = np.eye(2)
        inverse = tensor_product(factors)
    # The first flag is the lowest bit of a record of the flags.
    return np.asarray(inverse[np.ix_(layout.joint, layout.joint)])


def _check_contrast(assignment: Assignment, layout: Layout, *, unmix_flag: bool) -> None:
    qubits = assignment.qubits
    if qubits != len(layout.roles):
        raise BadInput(
            f"assignment: matrices of {qubits} qubits: give those of {', '.join(layout.roles)}"
        )
    covariance = assignment.covariance.reshape(2, qubits, 2, qubits)
    stderr = np.sqrt(np.einsum("aibi->i", covariance))
    total = assignment.false_excited + assignment.false_ground
    # Four roundings where nothing has an error.
    resolved = 1 - total > RESOLUTION * stderr + 4 * np.finfo(float).eps
    for qubit, role in enumerate(layout.roles):
        if not resolved[qubit] and (role not in layout.flags or unmix_flag):
            raise BadInput(
                f"assignment of {role}: P(1|0) + P(0|1) = {total[qubit]:.3g} ± {stderr[qubit]:.2g} "
                "is not below 1: leave the readout correction out, or choose another qubit"
            )


def _inverse(matrix: Real, shots: int) -> Real:
    """Inverse of a joint matrix whose least singular value is resolved from zero.

    No singular value is off by more than the norm of the matrix's errors (Weyl).
    """
    if np.isfinite(matrix).all():
        values = np.linalg.svd(matrix, compute_uv=False)
        variance = float(np.abs(matrix * (1 - matrix)).sum()) / shots if shots else 0.0
        if values[-1] > RESOLUTION * np.sqrt(variance) + matrix.size * np.finfo(float).eps:
            return np.asarray(np.linalg.inv(matrix))
        told = f"the condition number {values[0] / max(values[-1], np.finfo(float).tiny):.3g}"
    else:
        told = "an entry that is no number"
    raise BadInput(
        f"assignment: the joint matrix has {told}: correct each qubit by itself, or give more "
        "hardware.assignment_shots"
    )
