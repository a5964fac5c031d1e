"""Temperatures at which an erasure ends: of a thermal bath, and on any curve of ΔS."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recycling.inference.bath.thermometry import temperature_of

Real = NDArray[np.float64]


def thermal_erasure_end(frequency: float | Real, p_x: float | Real) -> Real:
    """Temperature up to which a thermal qubit bath erases a target of excited weight p_x, K.

    There the bath has the same population: T = hf/(k ln((1 - p_x)/p_x)). Infinite from p_x = 1/2
    on, and 0 for p_x = 0.

    Example:
        >>> round(float(thermal_erasure_end(5e9, 0.4)), 3)
        0.592
    """
    return temperature_of(p_x, frequency)


def erasure_end(temperature: Real, entropy_decrease: Real) -> Real:
    """Temperature at which an entropy decrease falls to zero, K.

    Interpolated: T²ΔS over ln T, since ΔS falls as T⁻² where all states are nearly mixed. Between
    temperatures 10 % apart the error is below 1 %.

    Args:
        temperature: K, rising (array of shape (temperature,)).
        entropy_decrease: nats (array of shape (temperature, ...)).

    Returns:
        The first such temperature (array of shape (...)); NaN where there is none between those
        given.

    Example:
        >>> decreases = np.array([[0.4, 0.3, 0.1], [0.2, -0.003, 0.05]]).T
        >>> erasure_end(np.array([0.01, 0.1, 1.0]), decreases).round(3)
        array([  nan, 0.025])
    """
    ends = ends_between(entropy_decrease)
    if not len(ends):
        return np.full(entropy_decrease.shape[1:], np.nan)
    first, logs = np.argmax(ends, axis=0), np.log(temperature)
    scaled = entropy_decrease * (temperature**2).reshape(-1, *(1,) * (entropy_decrease.ndim - 1))
    above, below = (np.take_along_axis(scaled, each[None], 0)[0] for each in (first, first + 1))
    share = np.divide(above, above - below, out=np.full_like(above, np.nan), where=ends.any(axis=0))
    return np.asarray(np.exp(logs[first] + share * np.diff(logs)[first]))


def ends_between(entropy_decrease: Real) -> NDArray[np.bool_]:
    """Whether an entropy decrease falls to zero between two temperatures (temperature - 1, ...).

    Example:
        >>> ends_between(np.array([0.2, -0.3, 0.05])).tolist()
        [True, False]
    """
    return np.asarray((entropy_decrease[:-1] > 0) & (entropy_decrease[1:] <= 0))
