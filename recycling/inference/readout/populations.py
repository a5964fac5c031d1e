"""Excited populations of several qubits from their joint records, readout undone, with covariance.

Each population has the interval of ``recycling.inference.statistics.population``, which covers near
0 and 1. What is computed from several of them needs how they vary together: qubits of one circuit
by their shots, and all circuits of a job by the errors of the assignment that corrects them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recycling.errors import BadInput
from recycling.inference.readout.assignment import Assignment
from recycling.inference.statistics.interval import Interval, Intervals
from recycling.inference.statistics.population import excited_population

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Populations:
    """Excited populations of qubits at the end of circuits.

    Attributes:
        corrected: populations with 95 % intervals (arrays of shape (circuit, qubit)).
        raw: fractions of records 1 (array of the same shape).
        covariance: of the corrected ones (array of shape (circuit, qubit, circuit, qubit)).

    Example:
        >>> nothing = Interval(np.zeros((1, 1)), np.zeros((1, 1)), np.zeros((1, 1)))
        >>> exact = Populations(nothing, np.zeros((1, 1)), np.zeros((1, 1, 1, 1)))
        >>> exact.correlation([(0, 0), (0, 0)]).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """

    corrected: Intervals
    raw: Real
    covariance: Real

    def correlation(self, places: list[tuple[int, int]]) -> Real:
        """Correlation of some populations, by circuit and qubit (array of shape (n, n))."""
        rows = np.array([[self.covariance[one + other] for other in places] for one in places])
        spread = np.sqrt(np.diag(rows))
        scale = np.outer(spread, spread)
        found = np.divide(rows, scale, out=np.eye(len(places)), where=scale > 0)
        return np.asarray(np.clip(found, -1, 1))


def excited_populations(counts: NDArray[Any], assignment: Assignment) -> Populations:
    """Estimate the populations of qubits at the end of circuits.

    Args:
        counts: counts of the joint records (array of shape (circuit, 2, …, 2), an axis for each
            qubit), or their probabilities, which have no error.
        assignment: assignment matrices of the qubits in this order, measured in the same job.

    Raises:
        BadInput: the records of a qubit do not tell |1⟩ from |0⟩.

    Example:
        >>> rates = np.array([0.01])
        >>> assignment = Assignment.given(rates, rates, population=rates, source="an example")
        >>> found = excited_populations(np.array([[985, 15], [40, 960]]), assignment)
        >>> found.corrected.value.round(3).tolist(), found.raw.tolist()
        ([[0.005], [0.969]], [[0.015], [0.96]])
    """
    qubits = counts.ndim - 1
    exact = not np.issubdtype(counts.dtype, np.integer)
    shots = counts.reshape(len(counts), -1).sum(axis=1)
    joint = _joint(counts / shots.reshape(-1, *(1,) * qubits))
    raw = np.einsum("cii->ci", joint)
    # An estimate may lie below zero, where no probability is.
    e0, e1 = (np.maximum(e, 0) for e in (assignment.false_excited, assignment.false_ground))
    contrast = 1 - e0 - e1
    if not (contrast > 0).all():
        raise BadInput(
            f"assignment: P(1|0) + P(0|1) = {float(1 - contrast.min()):.3g} is not below 1: the "
            "records do not tell |1⟩ from |0⟩; choose another qubit"
        )
    value = np.clip((raw - e0) / contrast, 0, 1)
    if exact:
        shape = (*raw.shape, *raw.shape)
        return Populations(Interval(value, value, value), raw, np.zeros(shape))
    errors = assignment.covariance.reshape(2, qubits, 2, qubits)
    intervals = [
        excited_population(
            round(raw[circuit, qubit] * shots[circuit]),
            int(shots[circuit]),
            (float(e0[qubit]), float(e1[qubit])),
            errors[:, qubit, :, qubit],
        ).interval
        for circuit in range(len(counts))
        for qubit in range(qubits)
    ]
    ends = (
        np.array([each.ends[end] for each in intervals]).reshape(raw.shape)
        for end in ("value", "low", "high")
    )
    covariance = _covariance(joint, shots, value, contrast, errors)
    return Populations(Interval(*ends), raw, covariance)


def _joint(frequencies: Real) -> Real:
    """Fractions of shots in which two qubits are both recorded as 1 (circuit, qubit, qubit)."""
    qubits = frequencies.ndim - 1
    found = np.empty((len(frequencies), qubits, qubits))
    for i in range(qubits):
        for j in range(qubits):
            others = tuple(1 + k for k in range(qubits) if k not in (i, j))
            marginal = frequencies.sum(axis=others)
            found[:, i, j] = marginal[:, 1] if i == j else marginal[:, 1, 1]
    return found


def _covariance(joint: Real, shots: Real, value: Real, contrast: Real, errors: Real) -> Real:
    """Covariance of corrected populations: by the shots, and by the assignment, to first order."""
    circuits, qubits = value.shape
    # Half a count is added where all shots agree: they do not vary, and their source does.
    fraction = np.einsum("cii->ci", joint)
    smoothed = (fraction * shots[:, None] + 0.5) / (shots[:, None] + 1)
    by_shots = joint - fraction[:, :, None] * fraction[:, None, :]
    by_shots[:, range(qubits), range(qubits)] = smoothed * (1 - smoothed)
    by_shots /= shots[:, None, None] * np.outer(contrast, contrast)
    slopes = np.stack([value - 1, value]) / contrast  # by P(1|0) and by P(0|1)
    found = np.einsum("aci,aibj,bdj->cidj", slopes, errors, slopes, optimize=True)
    for circuit in range(circuits):
        found[circuit, :, circuit] += by_shots[circuit]
    return np.asarray(found)
