"""Products and inverses of assignment matrices, as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]


def tensor_product(factors: Real) -> Real:
    """Tensor product of n matrices 2 × 2, the first one outermost.

    Args:
        factors: array of shape (..., n, 2, 2).

    Returns:
        Array of shape (..., 2ⁿ, 2ⁿ).
    """
    product, *rest = np.moveaxis(np.asarray(factors), -3, 0)
    for factor in rest:
        product = np.einsum("...ab,...cd->...acbd", product, factor)
        size = product.shape[-4] * product.shape[-3]
        product = product.reshape(*product.shape[:-4], size, size)
    return np.asarray(product)


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
