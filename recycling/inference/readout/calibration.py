"""Assignment matrices from counts, with the excitation of the start separated from readout errors.

Each qubit is measured twice in every circuit of ``circuits.calibration.assignment``. With its
excited population q at the start, below one half, the fractions of the first record, of the second,
and of both together being 1 are, for the prepared |0⟩ and the prepared |1⟩::

    m₀ = (1 - q) a + q b        m₁ = (1 - q) b + q a
    n₀ = (1 - q) a' + q b'      n₁ = (1 - q) b' + q a'
    J₀ = (1 - q) a a' + q c     J₁ = (1 - q) c + q a a'

Six equations for six unknowns: q, a = P(1|0), b = 1 - P(0|1), a' and b' the same for the second
record, and c = P(both 1 | started in |1⟩). The only assumption is in a a': the two records of a
qubit that started in |0⟩ are independent. A qubit that started in |1⟩ may relax during a
measurement and after it. The naive matrix takes q for a part of P(1|0): to correct a thermal bath
by it would make the bath colder than it is. The error of the x gate is part of P(0|1).

``recycling.inference.readout.readout`` separates the same quantities from fewer circuits, by the
wait alone. Here the preparations serve, of which there are sixteen times as many shots: P(1|0)
comes out nearly three times as sharp.

Arrays count the recorded qubits in the order of their bits, the first outermost, as
``Assignment`` does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from recycling.errors import BadInput
from recycling.inference.readout.assignment import Assignment
from recycling.inference.readout.matrices import inverse_matrices, tensor_product

Real = NDArray[np.float64]

#: Expected counts from which a cell of a χ² test stands by itself (Cochran, Biometrics 10, 417).
_LEAST_EXPECTED = 5.0
#: Step of a complex-step derivative: exact to rounding.
_STEP = 1e-30


def estimate_assignment(counts: NDArray[Any]) -> Assignment:
    """Estimate the assignment matrices from the counts of ``circuits.calibration.assignment``.

    Standard errors are to first order, from the multinomial spread of each circuit's counts.

    Args:
        counts: of the 2ⁿ preparations of n qubits and the wait, by the n first records and the n
            second ones (array of shape (2ⁿ + 1, 2, …, 2)).

    Returns:
        Assignment; NaN for a qubit whose records do not tell |1⟩ from |0⟩.

    Raises:
        BadInput: counts of another form, or a circuit without shots.

    Example:
        >>> counts = np.zeros((3, 2, 2))  # preparations and wait, first record, second record
        >>> counts[0] = [[985, 7], [7, 1]]
        >>> counts[1] = [[5, 8], [12, 975]]
        >>> counts[2] = [[975, 8], [8, 9]]
        >>> assignment = estimate_assignment(counts)
        >>> assignment.qubits, assignment.shots
        (1, 1000)
    """
    counts = _checked(counts)
    bits = _bits(counts)
    records, qubits = bits.shape
    shots = counts.sum(axis=(1, 2))
    fractions = _fractions(counts / shots[:, None, None], bits)
    covariance = _covariance(counts, bits)
    values = _separate(fractions)
    jacobian = _jacobian(fractions, values)
    spread = np.einsum("aki,kilj,blj->aibj", jacobian, covariance, jacobian)
    stderr = np.sqrt(np.einsum("aiai->ai", spread))
    false_excited, false_ground, start, thermal = values
    prepared = counts[:records].sum(axis=2)
    statistic, degrees = _dependence(prepared, fractions[:2, 0])
    return Assignment(
        false_excited=false_excited,
        false_ground=false_ground,
        covariance=spread[:2, :, :2].reshape(2 * qubits, 2 * qubits),
        start_population=start,
        start_stderr=stderr[2],
        thermal_population=thermal,
        thermal_stderr=stderr[3],
        joint=(prepared / shots[:records, None]).T @ tensor_product(inverse_matrices(start, start)),
        statistic=statistic,
        degrees_of_freedom=degrees,
        p_value=float(chdtrc(degrees, statistic)) if degrees > 0 else 1.0,
        shots=int(shots[:records].min()),
        source=f"measured with the run, {shots[:records].min():.0f} shots a preparation",
    )


def _checked(counts: NDArray[Any]) -> Real:
    """Counts as an array of shape (circuit, first record, second record)."""
    counts = np.asarray(counts, dtype=float)
    qubits = max((counts.ndim - 1) // 2, 1)
    shape = (2**qubits + 1, *(2,) * (2 * qubits))
    if counts.shape != shape:
        raise BadInput(f"counts of the assignment have the shape {counts.shape}: give {shape}")
    counts = counts.reshape(len(counts), 2**qubits, 2**qubits)
    without = np.flatnonzero((counts < 0).any(axis=(1, 2)) | ~(counts.sum(axis=(1, 2)) > 0))
    if without.size:
        total = counts[without[0]].sum()
        raise BadInput(
            f"counts of assignment circuit {without[0]}: {total:g} shots: give 1 or more"
        )
    return counts


def _bits(counts: Real) -> NDArray[np.int64]:
    """Bits of each record or preparation (array of shape (record, qubit))."""
    records = counts.shape[-1]
    return np.arange(records)[:, None] >> np.arange(records.bit_length() - 1)[::-1] & 1


def _events(bits: NDArray[np.int64]) -> Real:
    """Whether the first record, the second and both are 1.

    Array of shape (3, qubit, first record, second record).
    """
    first, second = bits.T[:, :, None], bits.T[:, None, :]
    shape = (bits.shape[1], len(bits), len(bits))
    return (
        np.stack([np.broadcast_to(each, shape) for each in (first, second, first * second)]) * 1.0
    )


def _weights(bits: NDArray[np.int64]) -> Real:
    """Weight of each circuit in the means over prepared |0⟩, over |1⟩, and after the wait.

    Array of shape (3, qubit, circuit).
    """
    weights = np.zeros((3, bits.shape[1], len(bits) + 1))
    weights[0, :, :-1], weights[1, :, :-1] = 1 - bits.T, bits.T
    weights[2, :, -1] = 1
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def _fractions(frequencies: Real, bits: NDArray[np.int64]) -> Real:
    """Fractions m, n and J for |0⟩, for |1⟩ and after the wait (array of shape (3, 3, qubit))."""
    weights, events = _weights(bits), _events(bits)
    return np.asarray(np.einsum("gis,sxy,kixy->gki", weights, frequencies, events, optimize=True))


def _covariance(counts: Real, bits: NDArray[np.int64]) -> Real:
    """Covariance of the fractions, between qubits too (array of shape (9, qubit, 9, qubit)).

    To each qubit's records of |0⟩, of |1⟩ and after the wait, two shots are added, for the errors
    alone: see ``recycling.inference.readout.readout``.
    """
    records, qubits = bits.shape
    added = np.array([1.0] * records + [records / 2])  # two of each of a qubit's four records
    shots = counts.sum(axis=(1, 2)) + added
    smoothed = (counts + added[:, None, None] / records**2) / shots[:, None, None]
    events = _events(bits).reshape(-1, records**2)
    smoothed = smoothed.reshape(len(smoothed), -1)
    mean = smoothed @ events.T
    second_moment = np.einsum("so,ao,bo->sab", smoothed, events, events, optimize=True)
    of_circuit = (second_moment - mean[:, :, None] * mean[:, None, :]) / shots[:, None, None]
    of_circuit = of_circuit.reshape(-1, 3, qubits, 3, qubits)
    weights = _weights(bits)
    spread = np.einsum("gis,hjs,skilj->gkihlj", weights, weights, of_circuit, optimize=True)
    return np.asarray(spread.reshape(9, qubits, 9, qubits))


def _separate(fractions: NDArray[Any]) -> NDArray[Any]:
    """Solve the equations for P(1|0), P(0|1), the start population and that after the wait.

    Eliminating all but q leaves (m₀ - q s)(n₀ - q t) = (1 - 2q)(J₀ - q u) with s = m₀ + m₁,
    t = n₀ + n₁ and u = J₀ + J₁; of its two roots q is that below one half.

    Args:
        fractions: (m, n, J) of |0⟩, of |1⟩ and after the wait (array of shape (3, 3, ...)).
    """
    (m0, n0, both0), (m1, n1, both1), (_, _, both) = fractions
    s, t, u = m0 + m1, n0 + n1, both0 + both1
    square, linear, constant = s * t - 2 * u, u + 2 * both0 - m0 * t - n0 * s, m0 * n0 - both0
    with np.errstate(invalid="ignore", divide="ignore"):
        q = -2 * constant / (linear + np.sqrt(linear**2 - 4 * square * constant))
        false_excited, false_second = (m0 - q * s) / (1 - 2 * q), (n0 - q * t) / (1 - 2 * q)
        excited, both_excited = s - false_excited, u - false_excited * false_second
        by_chance = false_excited * false_second
        waited = (both - by_chance) / (both_excited - by_chance)
    return np.stack([false_excited, 1 - excited, q, waited])


def _jacobian(fractions: Real, values: Real) -> Real:
    """Derivatives of ``_separate`` (array of shape (4, 9, qubit): value, fraction, qubit)."""
    qubits = fractions.shape[-1]
    flat = fractions.reshape(9, qubits)
    steps = 1j * _STEP * np.eye(9)[:, :, None]
    columns = [_separate((flat + step).reshape(3, 3, qubits)).imag / _STEP for step in steps]
    return np.where(np.isnan(values)[:, None], np.nan, np.stack(columns, axis=1))


def _dependence(prepared: Real, marginals: Real) -> tuple[float, float]:
    """χ² of joint counts against independent readout of the qubits, and its degrees of freedom.

    Records that are expected less than five times are too rare for a cell of the χ² each. Errors of
    several qubits at once make them, so all of them together are a cell.

    Args:
        prepared: counts of the first record by preparation (array of shape (record, record)).
        marginals: fraction of records 1 of |0⟩ and of |1⟩ of each qubit (array of shape
            (2, qubit)).
    """
    independent = tensor_product(np.stack([1 - marginals, marginals]).transpose(2, 0, 1)).T
    expected = prepared.sum(axis=1, keepdims=True) * independent
    often = expected >= _LEAST_EXPECTED
    cells = [np.append(each[often], each[~often].sum()) for each in (prepared, expected)]
    found, wanted = (cell if cells[1][-1] >= _LEAST_EXPECTED else cell[:-1] for cell in cells)
    statistic = float(((found - wanted) ** 2 / wanted).sum())
    # The total of each preparation is fixed, and two marginals of each qubit were fitted.
    degrees = len(wanted) - len(prepared) - marginals.size
    return statistic, float(max(degrees, 0))
