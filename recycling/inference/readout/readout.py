"""Readout errors and excited populations of a qubit, separated from each other.

With the populations p₀ at the start of a circuit and p after a long wait, the readout errors
e₀ = P(1|0) and e₁ = P(0|1), and D = 1 - e₀ - e₁, the fractions of records 1 are::

    prepared |0⟩         m₀ = e₀ + p₀ D
    prepared |1⟩ by x    m₁ = e₀ + (1 - p₀) D
    after a long wait    f  = e₀ + p D
    and measured again   C  = p (1 - p) D²     (covariance of the two records)

Without C, e₀ and p₀ cannot be separated: the |0⟩ of a calibration holds whatever excitation its
start had, and active reset leaves about e₀ of it, since a false 1 makes it excite the qubit. But a
false 1 seldom repeats itself, and an excitation does: hence C. This rests on two assumptions about
the hardware: a measurement leaves the state as it is (a note says where the two records disagree),
and the errors of two successive measurements are independent. Correlated errors pass for
population. The error of the x gate is part of P(0|1).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

Real = NDArray[np.float64]
#: Counts of two successive records of a qubit (array of shape (2, 2), the first record first).
Counts = NDArray[np.int64]

#: What ``separate`` estimates, in its order, after the squared contrast D².
QUANTITIES = (
    "false_excited",
    "false_ground",
    "thermal_population",
    "start_population",
    "recorded_excited",
)
#: Step of the central differences: their errors, some 1e-10, are far below any sampling error.
_STEP = 1e-5


def estimate_readout(ground: Counts, excited: Counts, twice: Counts) -> tuple[Real, Real]:
    """Estimate D² and the ``QUANTITIES`` with their standard errors, to first order.

    Args:
        ground: records of the prepared |0⟩; the second record is not used.
        excited: records of the prepared |1⟩, likewise.
        twice: records of two successive measurements after a long wait.

    Returns:
        Values and standard errors (arrays of shape (6,)). Nothing is clipped to [0, 1]. NaN where
        D² is negative.

    Example:
        >>> ground = np.array([[7840, 40], [40, 80]])
        >>> excited = np.array([[120, 40], [40, 7800]])
        >>> twice = np.array([[7760, 64], [64, 112]])
        >>> values, errors = estimate_readout(ground, excited, twice)
        >>> dict(zip(QUANTITIES, values[1:].round(4).tolist(), strict=True))["thermal_population"]
        0.0143
        >>> errors.shape
        (6,)
    """
    samples = [ground.sum(axis=1), excited.sum(axis=1), twice.ravel()]
    frequencies = np.concatenate([sample / sample.sum() for sample in samples])
    covariance = block_diag(*(_covariance(sample) for sample in samples))
    return separate(frequencies), _standard_errors(separate, frequencies, covariance)


def separate(frequencies: Real) -> Real:
    """Solve the four equations for D², e₀, e₁, p and p₀; f comes last.

    Args:
        frequencies: of the records 0, 1 of |0⟩; 0, 1 of |1⟩; 00, 01, 10, 11 of the two
            measurements, the first record first (array of shape (8,)).

    Returns:
        Array of shape (6,).

    Example:
        Without an error of the readout, with 1 % of excitations:

        >>> separate(np.array([0.99, 0.01, 0.01, 0.99, 0.99, 0, 0, 0.01])).round(4).tolist()
        [1.0, 0.0, 0.0, 0.01, 0.01, 0.01]
    """
    _, m0, _, m1, _, only_second, only_first, both = frequencies
    first, second = both + only_first, both + only_second
    # m₀ + m₁ - 2 f = D (1 - 2p), and (1 - 2p)² = 1 - 4 p (1 - p).
    polarization = m0 + m1 - 2 * first
    squared_contrast = polarization**2 + 4 * (both - first * second)
    with np.errstate(invalid="ignore", divide="ignore"):
        contrast = np.sqrt(squared_contrast)
        population = (1 - polarization / contrast) / 2
        false_excited = first - population * contrast
        start = (m0 - false_excited) / contrast
    false_ground = 1 - false_excited - contrast
    return np.array([squared_contrast, false_excited, false_ground, population, start, first])


def disturbance(twice: Counts) -> float:
    """Disagreement of two successive records of a state, in standard errors.

    A measurement that excites the qubit makes it positive, a measurement that relaxes the qubit
    negative. A thermal state is stationary, so relaxation between the two leaves it at zero.

    Example:
        >>> disturbance(np.array([[970, 12], [4, 14]]))
        2.0
    """
    up, down = float(twice[0, 1]), float(twice[1, 0])
    return (up - down) / float(np.sqrt(max(up + down, 1)))


def _covariance(sample: Counts) -> Real:
    """Covariance of a sample's frequencies.

    Two shots are added to each record, for the errors alone: at few counts, where an excitation of
    4e-3 leaves them, the plain formula gives errors that are too small, and zero for no count.

    Source: Agresti and Coull, The American Statistician 52, 119 (1998).
    """
    total = sample.sum()
    smoothed = (sample + 2) / (total + 2 * len(sample))
    return np.asarray((np.diag(smoothed) - np.outer(smoothed, smoothed)) / total)


def _standard_errors(function: Callable[[Real], Real], at: Real, covariance: Real) -> Real:
    """Standard errors of a function of random numbers, to first order."""
    steps = _STEP * np.eye(len(at))
    columns = [(function(at + step) - function(at - step)) / (2 * _STEP) for step in steps]
    jacobian = np.stack(columns, axis=-1)
    return np.asarray(np.sqrt(np.diag(jacobian @ covariance @ jacobian.T)))
