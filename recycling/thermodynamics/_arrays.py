"""Array types and namespaces of this package, and evaluation in cache-sized blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from array_api_compat import array_namespace, is_array_api_obj, is_numpy_namespace
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
Floats = np.float64 | FloatArray
"""What a vectorised function returns: a scalar for scalar input, else an array.

An array of another namespace (JAX, CuPy) comes back as an array of that namespace. The annotations
name NumPy's types, the default.
"""

BLOCK = 8192
"""Elements per block: some ten temporaries of this length stay in a core's L2 cache."""

_NUMPY = array_namespace(np.empty(0))
_OF_NUMPY = (np.ndarray, np.generic, float, int, list, tuple)


def namespace_of(*values: object) -> Any:
    """Array namespace of values, of which any may be numbers, lists or arrays of NumPy.

    It is NumPy where all are; otherwise those are constants beside arrays of the other namespace.

    Example:
        >>> namespace_of(0.5, [0.1, 0.2]).__name__
        'array_api_compat.numpy'
    """
    others = [value for value in values if not isinstance(value, _OF_NUMPY)]
    arrays = [value for value in others if is_array_api_obj(value)]
    return array_namespace(*arrays) if arrays else _NUMPY


def as_floats(values: ArrayLike) -> tuple[Any, FloatArray]:
    """Namespace of the values, and the values as an array in it.

    Real arrays of another namespace keep their precision; everything else is float64 of NumPy.

    Example:
        >>> as_floats([1, 2])[1].tolist()
        [1.0, 2.0]
    """
    xp = namespace_of(values)
    if is_numpy_namespace(xp):
        return xp, np.asarray(values, dtype=np.float64)
    return xp, cast(FloatArray, values)


def blockwise(function: Callable[[FloatArray], FloatArray], values: ArrayLike) -> Floats:
    """Apply an elementwise function block by block.

    Keeps the temporaries in cache and, where the function adds an axis of d levels,
    bounds its memory whatever the length of the input. Other namespaces than NumPy, which fuse
    or stream by themselves, get the whole array.

    Args:
        function: maps an array of shape (n,) to an array of shape (n,).
        values: arguments of the function (array of shape (...)).

    Returns:
        Array of shape (...), or a scalar for a scalar input.
    """
    xp, array = as_floats(values)
    if not is_numpy_namespace(xp):
        return function(array)
    flat = array.ravel()
    result = np.empty_like(flat)
    for start in range(0, flat.size, BLOCK):
        block = slice(start, start + BLOCK)
        result[block] = function(flat[block])
    return as_scalar(result.reshape(array.shape))


def as_scalar(array: FloatArray) -> Floats:
    """Turn a zero-dimensional array of NumPy into a scalar and leave any other as it is.

    Example:
        >>> as_scalar(np.array(0.5))
        np.float64(0.5)
    """
    if isinstance(array, np.ndarray) and array.ndim == 0:
        return np.float64(array)
    return array
