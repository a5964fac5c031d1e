"""Von Neumann and binary entropy, in nats."""

from __future__ import annotations

from typing import cast

import numpy as np
from array_api_compat import is_numpy_namespace
from numpy.typing import ArrayLike

from recycling.thermodynamics._arrays import (
    ComplexArray,
    FloatArray,
    Floats,
    as_floats,
    as_scalar,
    namespace_of,
)

STATE_TOLERANCE = 1e-8
"""Half the digits of a float64: a matrix further from a state than this is wrong, not rounded
(for example a linear inversion that was never projected)."""


def binary_entropy(probability: ArrayLike) -> Floats:
    """Entropy -p ln p - (1 - p) ln(1 - p) of a two-valued variable, to relative precision.

    Args:
        probability: values in [0, 1] (array of shape (...)).

    Returns:
        Array of shape (...), nats.

    Raises:
        ValueError: a probability lies outside [0, 1]; not checked in other namespaces than NumPy.

    Example:
        >>> [round(float(S), 4) for S in binary_entropy([0, 0.1, 0.5])]
        [0.0, 0.3251, 0.6931]
    """
    xp, p = as_floats(probability)
    if is_numpy_namespace(xp):
        outside = p[(p < 0) | (p > 1)]
        if outside.size:
            raise ValueError(f"probability = {outside.flat[0]:g}: give values between 0 and 1")
    return as_scalar(entropy_from_minor(xp.minimum(p, 1 - p)[..., None]))


def von_neumann_entropy(state: ArrayLike) -> Floats:
    """Von Neumann entropy -Tr[rho ln rho].

    An eigenvalue within rounding of zero, on either side, contributes nothing; NaN gives NaN.

    Args:
        state: density matrices (array of shape (..., d, d)).

    Returns:
        Array of shape (...), nats.

    Raises:
        ValueError: the array is no stack of square matrices, or they are no states (Hermitian, of
            trace 1 and non-negative, each within `STATE_TOLERANCE`).

    Example:
        >>> pure, mixed = [[0.5, 0.5], [0.5, 0.5]], [[0.5, 0], [0, 0.5]]
        >>> [round(float(S), 4) for S in von_neumann_entropy([pure, mixed])]
        [0.0, 0.6931]
    """
    return as_scalar(entropy_from_minor(state_probabilities(state)[..., :-1]))


def state_probabilities(state: ArrayLike) -> FloatArray:
    """Eigenvalues of density matrices, checked, those within rounding of zero set to zero.

    Args:
        state: density matrices (array of shape (..., d, d)).

    Returns:
        Array of shape (..., d), ascending, of sum 1; NaN for a matrix that holds a NaN.

    Raises:
        ValueError: as of ``von_neumann_entropy``.

    Example:
        >>> [round(float(p), 4) for p in state_probabilities([[0.9, 0.3], [0.3, 0.1]])]
        [0.0, 1.0]
    """
    rho = np.asarray(state, dtype=np.complex128)
    _require_states(rho)
    eigenvalues = _qubit_eigenvalues(rho) if rho.shape[-1] == 2 else _eigenvalues(rho)
    lowest = np.fmin.reduce(eigenvalues, axis=None, initial=0.0)
    if lowest < -STATE_TOLERANCE:
        raise ValueError(f"state has the eigenvalue {lowest:g}: project it onto the states first")
    probabilities = np.maximum(eigenvalues, 0)
    return np.asarray(probabilities / probabilities.sum(axis=-1, keepdims=True))


def _require_states(rho: ComplexArray) -> None:
    if rho.ndim < 2 or rho.shape[-1] != rho.shape[-2] or rho.shape[-1] == 0:
        raise ValueError(f"state has the shape {rho.shape}: give density matrices, (..., d, d)")
    if (np.abs(rho - rho.conj().swapaxes(-1, -2)) > STATE_TOLERANCE).any():
        raise ValueError("state is not Hermitian: give density matrices")
    trace = np.asarray(np.einsum("...ii->...", rho).real)
    wrong = trace[np.abs(trace - 1) > STATE_TOLERANCE]
    if wrong.size:
        raise ValueError(f"state has the trace {wrong.flat[0]:g}: normalise it to 1")


def _qubit_eigenvalues(rho: ComplexArray) -> FloatArray:
    """Eigenvalues (..., 2), ascending; the small one as determinant / large one.

    Unlike (trace - root) / 2, this keeps the digits of a small excited population.
    """
    ground, excited = rho[..., 0, 0].real, rho[..., 1, 1].real
    coherence = rho[..., 0, 1].real ** 2 + rho[..., 0, 1].imag ** 2
    large = (ground + excited + np.sqrt((ground - excited) ** 2 + 4 * coherence)) / 2
    return np.stack([(ground * excited - coherence) / large, large], axis=-1)


def _eigenvalues(rho: ComplexArray) -> FloatArray:
    """Eigenvalues (..., d), ascending; NaN for a matrix that holds a NaN."""
    undefined = np.asarray(np.isnan(rho).any(axis=(-2, -1)))
    eigenvalues = np.linalg.eigvalsh(np.where(undefined[..., None, None], 0, rho))
    return np.where(undefined[..., None], np.nan, eigenvalues)


def entropy_from_minor(minor: FloatArray) -> FloatArray:
    """Shannon entropy from all probabilities but the largest, (..., d - 1) -> (...).

    The largest enters as 1 - (sum of the others), so that log1p keeps the relative precision
    of the entropy near a pure state.

    Example:
        >>> [round(float(S), 4) for S in entropy_from_minor(np.array([[0.1], [0.5]]))]
        [0.3251, 0.6931]
    """
    xp = namespace_of(minor)
    rest = xp.sum(minor, axis=-1)
    surprise = -xp.log(xp.where(minor == 0, 1, minor))  # 0 ln 0 = 0
    from_minor = xp.sum(minor * surprise, axis=-1)
    return cast(FloatArray, from_minor - (1 - rest) * xp.log1p(-rest))
