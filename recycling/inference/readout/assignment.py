"""Assignment matrices of the recorded qubits, estimated or given.

Estimated by ``recycling.inference.readout.calibration``, undone by
``recycling.inference.readout.undoing``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator, model_validator
from scipy.special import chdtrc, erfc

from recycling.inference.readout.matrices import tensor_product
from recycling.inference.statistics.significance import RESOLUTION

Real = NDArray[np.float64]


def _array(axes: int) -> Callable[[Any], Real]:
    """Make a validator of a read-only array, of so many axes of equal length."""

    def validate(value: Any) -> Real:
        array = np.array(value, dtype=float)
        if array.ndim != axes or len(set(array.shape)) != 1:
            raise ValueError(f"shape {array.shape}: give {axes} axes of one length")
        array.setflags(write=False)
        return array

    return validate


_LIST = PlainSerializer(lambda array: array.tolist())
PerQubit = Annotated[Real, PlainValidator(_array(1)), _LIST]
PerError = Annotated[Real, PlainValidator(_array(2)), _LIST]
PerRecord = Annotated[Real, PlainValidator(_array(2)), _LIST]


class Assignment(BaseModel):
    """Readout errors of the recorded qubits, in the order of their bits: flags, then the measured.

    Arrays have an entry for each qubit in this order; the first is outermost in a record, so
    that with the bits flag, S, B and C_I an index is 8 flag + 4 S + 2 B + C_I. All values are
    probabilities, none is clipped.

    Example:
        >>> rates = np.full(4, 0.01)  # flag, S, B, C_I
        >>> assignment = Assignment.given(rates, 2 * rates, population=rates, source="an example")
        >>> assignment.matrices.shape, assignment.joint.shape
        ((4, 2, 2), (16, 16))
        >>> assignment.correlated
        False
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    false_excited: PerQubit
    """P(recorded 1 | true 0), the excitation of the start taken out."""
    false_ground: PerQubit
    """P(recorded 0 | true 1)."""
    covariance: PerError
    """Of all ``false_excited``, then all ``false_ground``; zero where they are given."""
    start_population: PerQubit
    """Excited population at the start of a circuit."""
    start_stderr: PerQubit
    thermal_population: PerQubit
    """Excited population after a long wait."""
    thermal_stderr: PerQubit
    joint: PerRecord
    """P(record | true state) of all together, by [record, true state]."""
    statistic: float = 0.0
    """χ² of the counts against the tensor product of the qubits' own matrices."""
    degrees_of_freedom: float = 0.0
    p_value: float = 1.0
    """Chance of a larger ``statistic`` if the qubits are read out independently."""
    shots: int = 0
    """Of each preparation; 0 where nothing was measured."""
    source: str

    @model_validator(mode="after")
    def _check(self) -> Self:
        qubits = self.qubits
        for name in type(self).model_fields:
            if isinstance(value := getattr(self, name), np.ndarray):
                length = {"covariance": 2 * qubits, "joint": 2**qubits}.get(name, qubits)
                if len(value) != length:
                    raise ValueError(f"{name} has the length {len(value)}: give {length}")
        return self

    @property
    def qubits(self) -> int:
        """Number of recorded qubits."""
        return len(self.false_excited)

    @property
    def matrices(self) -> Real:
        """Assignment matrix of each qubit by [recorded, true] (array of shape (qubit, 2, 2))."""
        ground, excited = self.false_excited, self.false_ground
        return np.stack(
            [np.stack([1 - ground, excited], -1), np.stack([ground, 1 - excited], -1)], axis=-2
        )

    @property
    def stderr(self) -> Real:
        """Standard errors of ``false_excited`` and ``false_ground`` (array of shape (2, qubit))."""
        return np.sqrt(np.diag(self.covariance)).reshape(2, self.qubits)

    @property
    def correlated(self) -> bool:
        """Whether the joint matrix differs from the product of theirs by 3 standard errors."""
        return self.p_value < float(erfc(RESOLUTION / np.sqrt(2)))

    @classmethod
    def given(
        cls, false_excited: Real, false_ground: Real, population: Real, source: str
    ) -> Assignment:
        """Make an assignment without errors, of a model or a snapshot (arrays over the qubits).

        Args:
            false_excited: P(1|0). That of a snapshot contains the excitation of the |0⟩ that it
                was calibrated with.
            false_ground: P(0|1).
            population: excited population at the start, and after a long wait.
            source: where all of them are from.
        """
        none = np.zeros(len(false_excited))
        matrices = np.stack([[1 - false_excited, false_excited], [false_ground, 1 - false_ground]])
        return cls(
            false_excited=false_excited,
            false_ground=false_ground,
            covariance=np.zeros((2 * len(none), 2 * len(none))),
            start_population=population,
            start_stderr=none,
            thermal_population=population,
            thermal_stderr=none,
            joint=tensor_product(matrices.T),
            source=source,
        )


def drifting(before: Assignment, after: Assignment) -> Assignment:
    """Assignment matrices of the time between two calibrations, with the error of their drift.

    The estimate is the mean of both. Over the trials together the readout of a qubit was somewhere
    on the way from the first to the second, at most half of their difference δ from the mean. That
    half is taken as a standard error: then an interval covers every place on the way. Both errors
    of a qubit drift together, those of different qubits independently. The measured difference has
    the covariance C₁ + C₂, so that the expected square of the true difference is δδᵀ + C₁ + C₂.
    Together::

        (C₁ + C₂)/4 + (δδᵀ + C₁ + C₂)/4

    With a single qubit the coverage is 95 % or more, as large as its change may be. With two qubits
    of equal weight, each at its last calibration during all trials, it is 92 %. A readout that left
    the way and came back is not seen.

    Example:
        >>> rates = np.full(4, 0.01)
        >>> before = Assignment.given(rates, rates, population=rates, source="before")
        >>> after = Assignment.given(2 * rates, rates, population=rates, source="after")
        >>> drifting(before, after).stderr[0].round(4).tolist()
        [0.005, 0.005, 0.005, 0.005]
    """
    mean = {
        name: (getattr(before, name) + getattr(after, name)) / 2
        for name in ("false_excited", "false_ground", "start_population", "thermal_population",
                     "joint")
    }  # fmt: skip
    difference = _errors(after) - _errors(before)
    same_qubit = np.kron(np.ones((2, 2)), np.eye(before.qubits))
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
        p_value=float(chdtrc(degrees, statistic)) if degrees > 0 else 1.0,
        shots=before.shots + after.shots,
        source=f"mean of before and after the trials, half of the change counted as an error; "
        f"{before.shots} and {after.shots} shots a preparation",
    )


def _errors(assignment: Assignment) -> Real:
    """All ``false_excited``, then all ``false_ground`` (array of shape (2 · qubit,))."""
    return np.concatenate([assignment.false_excited, assignment.false_ground])
