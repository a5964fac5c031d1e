"""Roots of many increasing functions at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import elementwise

Real = NDArray[np.float64]

#: Accuracy of a limit: a hundredth of the sampling error of ten million shots is 3e-6.
_TOLERANCE = 1e-6


def increasing_root(
    function: Callable[..., Real],
    low: tuple[float, Real],
    high: tuple[float, Real],
    arguments: tuple[NDArray[Any], ...],
) -> Real:
    """Root of an increasing function of each element, or the end of the range it lies beyond.

    Args:
        function: of the elements and the arguments.
        low: lower end of the range, and the function there.
        high: upper end, likewise.
        arguments: arrays over the elements.

    Example:
        >>> target = np.array([0.25, 2.0])
        >>> low, high = (0.0, 0.0 - target), (1.0, 1.0 - target)
        >>> increasing_root(lambda x, wanted: x**2 - wanted, low, high, (target,)).round(4).tolist()
        [0.5, 1.0]
    """
    (lowest, at_low), (highest, at_high) = low, high
    inside = np.flatnonzero((at_low < 0) & (at_high > 0))
    root = np.where(at_low >= 0, lowest, highest)
    root[np.isnan(at_low) | np.isnan(at_high)] = np.nan
    if inside.size:
        root[inside] = elementwise.find_root(
            function,
            (np.full(inside.size, lowest), np.full(inside.size, highest)),
            args=tuple(array[inside] for array in arguments),
            tolerances={"xatol": _TOLERANCE, "xrtol": 0, "fatol": 0, "frtol": 0},
        ).x
    return root
