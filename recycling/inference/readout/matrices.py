"""Products and inverses of assignment matrices, as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]


def tensor_product(factors: Real) -> Real:
    """Tensor product of n matrices 2 × 2, the first outermost.

    Args:
        factors: array of shape (..., n, 2, 2).

    Returns:
        Array of shape (..., 2ⁿ, 2ⁿ).

    Example:
        >>> tensor_product(np.stack([np.eye(2)] * 3)).shape
        (8, 8)
    """
    product, *rest = np.moveaxis(np.asarray(factors), -3, 0)
    for factor in rest:
        product = np.einsum("...ab,...cd->...acbd", product, factor)
        size = product.shape[-4] * product.shape[-3]
        product = product.reshape(*product.shape[:-4], size, size)
    return np.asarray(product)


def inverse_matrices(false_excited: Real, false_ground: Real) -> Real:
    """Inverse assignment matrices by [true, recorded], also of many draws at once.

    Args:
        false_excited: P(1|0) (array of shape (...)).
        false_ground: P(0|1), of the same shape.

    Returns:
        Array of shape (..., 2, 2); its columns add up to 1. Not finite where the two add up to 1.

    Example:
        >>> inverse_matrices(np.array(0.1), np.array(0.1)).round(3).tolist()
        [[1.125, -0.125], [-0.125, 1.125]]
    """
    e0, e1 = np.asarray(false_excited), np.asarray(false_ground)
    adjugate = np.stack([np.stack([1 - e1, -e1], -1), np.stack([-e0, 1 - e0], -1)], axis=-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(adjugate / (1 - e0 - e1)[..., None, None])
