"""One-qubit state tomography on arrays: linear inversion, projection, mixing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Real = NDArray[np.float64]


def linear_inversion(counts: ArrayLike) -> Real:
    """Bloch vector by linear inversion: each component is the mean outcome of its basis.

    Args:
        counts: outcomes 0 and 1 in the bases X, Y, Z (array of shape (..., 3, 2)); frequencies or
            probabilities do too.

    Returns:
        Array of shape (..., 3), possibly longer than 1; NaN where a basis has no counts.

    Example:
        >>> linear_inversion([[500, 500], [600, 400], [900, 100]]).round(4).tolist()
        [0.0, 0.2, 0.8]
    """
    outcomes = np.asarray(counts, dtype=float)
    total = outcomes.sum(axis=-1)
    difference = outcomes[..., 0] - outcomes[..., 1]
    means = np.divide(difference, total, out=np.full_like(total, np.nan), where=total > 0)
    return np.asarray(means)


def project(bloch: Real) -> Real:
    """Project onto the closest physical state in Frobenius norm.

    For a qubit the algorithm of the source sets a negative eigenvalue to zero and the other to 1:
    the Bloch vector (..., 3) is cut to length 1.

    Source: Smolin, Gambetta and Smith, Phys. Rev. Lett. 108, 070502 (2012).

    Example:
        >>> project(np.array([[0.0, 0.0, 1.25], [0.0, 0.0, 0.5]])).tolist()
        [[0.0, 0.0, 1.0], [0.0, 0.0, 0.5]]
    """
    length = np.linalg.norm(bloch, axis=-1, keepdims=True)
    return np.asarray(bloch / np.maximum(length, 1.0))


def mix(ground: Real, excited: Real, p_x: ArrayLike) -> Real:
    """Estimate for the target (1 - p_x)|0⟩⟨0| + p_x|1⟩⟨1| from runs without and with an X gate.

    Linear in the data, so it comes before the projection.

    Args:
        ground: Bloch vectors without X (array of shape (..., 3)).
        excited: Bloch vectors with X (array of shape (..., 3)).
        p_x: excited weights, broadcast against (...).

    Example:
        >>> up, down = np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, -1.0])
        >>> mix(up, down, [0.1, 0.4]).round(4).tolist()
        [[0.0, 0.0, 0.8], [0.0, 0.0, 0.2]]
    """
    weight = np.asarray(p_x, dtype=float)[..., None]
    return (1 - weight) * ground + weight * excited


def bloch_to_density_matrix(bloch: Real) -> NDArray[np.complex128]:
    """Density matrix (I + r·σ)/2 of a Bloch vector: (..., 3) → (..., 2, 2).

    Example:
        >>> bloch_to_density_matrix(np.array([0.0, 0.0, 0.8])).real.round(4).tolist()
        [[0.9, 0.0], [0.0, 0.1]]
    """
    x, y, z = np.moveaxis(np.asarray(bloch), -1, 0)
    rows = [np.stack([1 + z, x - 1j * y], axis=-1), np.stack([x + 1j * y, 1 - z], axis=-1)]
    return np.asarray(np.stack(rows, axis=-2) / 2)
