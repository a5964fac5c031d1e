"""Array types of this package, and evaluation of large arrays in cache-sized blocks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.intp]
ComplexArray = NDArray[np.complex128]
Floats = np.float64 | FloatArray
"""What a vectorised function returns: a scalar for scalar input, else an array."""

BLOCK = 8192
"""Elements per block: some ten temporaries of this length stay in a core's L2 cache."""


def blockwise(function: Callable[[FloatArray], FloatArray], values: ArrayLike) -> Floats:
    """Apply an elementwise function block by block.

    Keeps the temporaries in cache and, where the function adds an axis of d levels,
    bounds its memory whatever the length of the input.

    Args:
        function: maps an array of shape (n,) to an array of shape (n,).
        values: arguments of the function (array of shape (...)).

    Returns:
        Array of shape (...), or a scalar for a scalar input.
    """
    array = np.asarray(values, dtype=np.float64)
    flat = array.ravel()
    result = np.empty_like(flat)
    for start in range(0, flat.size, BLOCK):
        block = slice(start, start + BLOCK)
        result[block] = function(flat[block])
    return as_scalar(result.reshape(array.shape))


def as_scalar(array: FloatArray) -> Floats:
    """Turn a zero-dimensional array into a scalar and leave any other as it is.

    Example:
        >>> as_scalar(np.array(0.5))
        np.float64(0.5)
    """
    return np.float64(array) if array.ndim == 0 else array
