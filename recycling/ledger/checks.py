"""Checks of the arguments of the ledger's formulas, each in one line, and the type of results."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recycling.errors import require

Real = NDArray[np.float64]
#: What a vectorised function returns: a number for numbers, else an array.
Floats = np.float64 | Real


def check_spread(name: str, spread: ArrayLike) -> Real:
    """Read a relative standard deviation.

    Raises:
        BadInput: it is negative or not finite.

    Example:
        >>> check_spread("junction_spread", -0.01)
        Traceback (most recent call last):
        recycling.errors.BadInput: junction_spread = -0.01: give 0 or more, such as 0.01
    """
    values = np.asarray(spread, dtype=np.float64)
    require(name, values, (values >= 0) & (values < np.inf), "give 0 or more, such as 0.01")
    return values


def as_float(values: Real) -> Floats:
    """Turn an array without axes into a number and leave any other as it is.

    Example:
        >>> as_float(np.array(0.5))
        np.float64(0.5)
    """
    return np.float64(values) if values.ndim == 0 else values
