"""Assignment matrices of the four recorded qubits, and how they are undone.

Estimated by ``recycling.inference.readout.calibration``, or those of a device.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator
from scipy.special import erfc
from scipy.stats import chi2

from circuits.calibration.assignment import RECORDED_QUBITS
from recycling.errors import BadInput
from recycling.inference.statistics.significance import RESOLUTION

if TYPE_CHECKING:
    from recycling.devices.device import Device

Real = NDArray[np.float64]

#: Number of recorded qubits, and of their joint records.
QUBITS = len(RECORDED_QUBITS)
RECORDS = 2**QUBITS


def _array(*shape: int) -> Callable[[Any], Real]:
    """Validator of an array that nobody changes."""

    def validate(value: Any) -> Real:
        array = np.array(value, dtype=float)
        if array.shape != shape:
            raise ValueError(f"shape {array.shape}: give {shape}")
        array.setflags(write=False)
        return array

    return validate


_LIST = PlainSerializer(lambda array: array.tolist())
PerQubit = Annotated[Real, PlainValidator(_array(QUBITS)), _LIST]
PerError = Annotated[Real, PlainValidator(_array(2 * QUBITS, 2 * QUBITS)), _LIST]
PerRecord = Annotated[Real, PlainValidator(_array(RECORDS, RECORDS)), _LIST]


class Assignment(BaseModel):
    """Readout errors of the qubits of ``RECORDED_QUBITS``: flag on C_A, S, B, C_I.

    Arrays have an entry for each qubit in this order; records count the flag outermost, so that a
    record's index is 8 flag + 4 S + 2 B + C_I. All values are probabilities, none is clipped.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    false_excited: PerQubit
    """P(recorded 1 | true 0), the excitation of the start taken out."""
    false_ground: PerQubit
    """P(recorded 0 | true 1)."""
    covariance: PerError
    """Of the four ``false_excited``, then the four ``false_ground``; zero where they are given."""
    start_population: PerQubit
    """Excited population at the start of a circuit."""
    start_stderr: PerQubit
    thermal_population: PerQubit
    """Excited population after a long wait."""
    thermal_stderr: PerQubit
    joint: PerRecord
    """P(record | true state) of all four together, by [record, true state]."""
    statistic: float = 0.0
    """χ² of the counts against the tensor product of the qubits' own matrices."""
    degrees_of_freedom: float = 0.0
    p_value: float = 1.0
    """Chance of a larger ``statistic`` if the qubits are read out independently."""
    shots: int = 0
    """Of each preparation; 0 where nothing was measured."""
    source: str

    @property
    def matrices(self) -> Real:
        """Assignment matrix of each qubit by [recorded, true] (array of shape (4, 2, 2))."""
        ground, excited = self.false_excited, self.false_ground
        return np.stack(
            [np.stack([1 - ground, excited], -1), np.stack([ground, 1 - excited], -1)], axis=-2
        )

    @property
    def stderr(self) -> Real:
        """Standard errors of ``false_excited`` and ``false_ground`` (array of shape (2, 4))."""
        return np.sqrt(np.diag(self.covariance)).reshape(2, QUBITS)

    @property
    def correlated(self) -> bool:
        """Whether the joint matrix differs from the product of the four by 3 standard errors."""
        return self.p_value < float(erfc(RESOLUTION / np.sqrt(2)))

    @classmethod
    def of_device(cls, device: Device) -> Assignment:
        """What a device's model or snapshot says, without errors.

        A snapshot's P(1|0) contains the excitation of the |0⟩ that it was calibrated with.
        """
        qubits = [device.roles.index(role) for role in RECORDED_QUBITS]
        population = device.excited_population[qubits]
        return cls(
            false_excited=np.array(device.false_excited)[qubits],
            false_ground=np.array(device.false_ground)[qubits],
            covariance=np.zeros((2 * QUBITS, 2 * QUBITS)),
            start_population=population,
            start_stderr=np.zeros(QUBITS),
            thermal_population=population,
            thermal_stderr=np.zeros(QUBITS),
            joint=tensor_product(device.assignment[qubits]),
            source=device.source("false_excited", "B"),
        )


def drifting(before: Assignment, after: Assignment) -> Assignment:
    """Assignment matrices of the time between two calibrations, with the error of their drift.

    Estimated by the mean of both. Over the trials together the readout of a qubit was somewhere on
    the way from the one to the other, at most half of their difference δ from the mean, which
    counts as one standard error: then an interval covers wherever on the way it was. Both errors of
    a qubit drift together; how those of one qubit did says nothing about another. The difference
    that is measured has an error itself, of the covariance C₁ + C₂, so that the square that is to
    be expected of the true one is δδᵀ + C₁ + C₂. Together::

        (C₁ + C₂)/4 + (δδᵀ + C₁ + C₂)/4

    With one qubit that coverage is 95 % or more, as large as its change may be. With two that count
    alike, each at its last calibration during all trials, it is 92 %. A readout that left the way
    and came back is not seen.
    """
    mean = {
        name: (getattr(before, name) + getattr(after, name)) / 2
        for name in ("false_excited", "false_ground", "start_population", "thermal_population",
                     "joint")
    }  # fmt: skip
    difference = _errors(after) - _errors(before)
    same_qubit = np.kron(np.ones((2, 2)), np.eye(QUBITS))
    change = np.outer(difference, difference) * same_qubit
    populations = {
        f"{name}_stderr": np.sqrt(
            (getattr(before, f"{name}_stderr") ** 2 + getattr(after, f"{name}_stderr") ** 2) / 2
            + (getattr(after, f"{name}_population") - getattr(before, f"{name}_population")) ** 2
            / 4
        )
        for name in ("start", "thermal")
    }
    statistic = before.statistic + after.statistic
    degrees = before.degrees_of_freedom + after.degrees_of_freedom
    return Assignment(
        **mean,
        **populations,
        covariance=(before.covariance + after.covariance) / 2 + change / 4,
        statistic=statistic,
        degrees_of_freedom=degrees,
        p_value=float(chi2.sf(statistic, degrees)) if degrees > 0 else 1.0,
        shots=before.shots + after.shots,
        source=f"mean of before and after the trials, half of the change counted as an error; "
        f"{before.shots} and {after.shots} shots a preparation",
    )


def _errors(assignment: Assignment) -> Real:
    """All ``false_excited``, then all ``false_ground`` (array of shape (8,))."""
    return np.concatenate([assignment.false_excited, assignment.false_ground])


def tensor_product(factors: Real) -> Real:
    """Tensor product of four 2 × 2 matrices, the first one outermost.

    Args:
        factors: array of shape (..., 4, 2, 2).

    Returns:
        Array of shape (..., 16, 16).
    """
    flag, target, bath, system = np.moveaxis(np.asarray(factors), -3, 0)
    product = np.einsum("...ab,...cd,...ef,...gh->...acegbdfh", flag, target, bath, system)
    return np.asarray(product.reshape(*product.shape[:-8], RECORDS, RECORDS))


def inverse_matrices(false_excited: Real, false_ground: Real) -> Real:
    """Inverse assignment matrices by [true, recorded], of many draws at once if asked.

    Args:
        false_excited: P(1|0) (array of shape (...)).
        false_ground: P(0|1), of the same shape.

    Returns:
        Array of shape (..., 2, 2); its columns add up to 1. Not finite where the two add up to 1.
    """
    e0, e1 = np.asarray(false_excited), np.asarray(false_ground)
    adjugate = np.stack([np.stack([1 - e1, -e1], -1), np.stack([-e0, 1 - e0], -1)], axis=-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(adjugate / (1 - e0 - e1)[..., None, None])


def inverse_record_map(
    assignment: Assignment, *, joint: bool = False, unmix_flag: bool = False
) -> Real:
    """Linear map from recorded frequencies to corrected ones, over (flag, S, B, C_I).

    Args:
        assignment: what to undo.
        joint: undo the joint matrix of the qubits instead of the product of their own. Without
            ``unmix_flag`` it is that of S, B and C_I, averaged over the flag.
        unmix_flag: undo the misassignment of the flag too. It only sorts shots into branches: what
            a wrong flag did to the circuit stays done.

    Returns:
        Array of shape (16, 16) by [true, recorded]; its columns add up to 1.

    Raises:
        BadInput: a matrix is singular, or too near to it for its errors.
    """
    _check_contrast(assignment, unmix_flag=unmix_flag)
    if joint:
        if unmix_flag:
            return _inverse(assignment.joint, assignment.shots)
        half = RECORDS // 2
        averaged = assignment.joint.reshape(2, half, 2, half).sum(axis=0).mean(axis=1)
        return np.asarray(np.kron(np.eye(2), _inverse(averaged, assignment.shots)))
    factors = inverse_matrices(assignment.false_excited, assignment.false_ground)
    if not unmix_flag:
        factors[0] = np.eye(2)
    return tensor_product(factors)


def _check_contrast(assignment: Assignment, *, unmix_flag: bool) -> None:
    covariance = assignment.covariance.reshape(2, QUBITS, 2, QUBITS)
    stderr = np.sqrt(np.einsum("aibi->i", covariance))
    total = assignment.false_excited + assignment.false_ground
    # Four roundings where nothing has an error.
    resolved = 1 - total > RESOLUTION * stderr + 4 * np.finfo(float).eps
    for qubit, role in enumerate(RECORDED_QUBITS):
        if not resolved[qubit] and (role != "C_A" or unmix_flag):
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
