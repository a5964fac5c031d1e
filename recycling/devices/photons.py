"""Photons along a link: what passes each loss, and what each loss adds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from recycling.devices.constants import boltzmann as k
from recycling.devices.constants import planck as h

Real: TypeAlias = NDArray[np.float64]
#: A number, or an array of numbers over which links run side by side.
Number: TypeAlias = "float | np.float64 | NDArray[np.float64]"
#: Length in m, loss in dB/m and temperature in K of a piece of line.
Segment: TypeAlias = tuple[float, float, float]
#: y beyond which sinh y overflows, and (y/sinh y)² is 0.
_LARGEST = 350.0


def bose_einstein(frequency: Number, temperature: Number) -> Real:
    """Thermal photon number 1/(exp(hf/kT) - 1), 0 at T = 0 (array of shape (...)).

    Example:
        >>> bose_einstein(5e9, [0.0, 0.02, 1.0]).round(3)
        array([0.   , 0.   , 3.687])
    """
    with np.errstate(divide="ignore", over="ignore"):  # 0 is the answer
        ratio = h * np.asarray(frequency) / (k * np.asarray(temperature, dtype=float))
        return np.asarray(1 / np.expm1(ratio))


def passed_of_decibels(loss: Number) -> Real:
    """Power that a loss in dB lets pass.

    Example:
        >>> passed_of_decibels([0.0, 10.0])
        array([1. , 0.1])
    """
    return np.asarray(10 ** (-np.asarray(loss, dtype=float) / 10))


def absorbed_in_time(timing_offset: Number, bandwidth: Number) -> Real:
    """Power of a sech photon that a receiver absorbs which is δ late: (y/sinh y)², y = κδ/2.

    Example:
        >>> absorbed_in_time([0.0, 2e-8], 1e8).round(3)
        array([1.   , 0.724])
    """
    y = np.asarray(bandwidth, dtype=float) * np.asarray(timing_offset, dtype=float) / 2
    bounded = np.clip(y, 1e-9, _LARGEST)
    return np.where(y == 0, 1, np.where(y > _LARGEST, 0, (bounded / np.sinh(bounded)) ** 2))


def along_line(
    kept: Real, segments: Sequence[Segment], temperature: Number, frequency: Number
) -> tuple[Real, Real, Real]:
    """Follow photons through a lumped loss, then a line: n ← t n + (1 - t) n_th(T) at each loss.

    Args:
        kept: transmissivity of the lumped loss, any shape.
        segments: pieces of the line in their order.
        temperature: of the lumped loss, K.
        frequency: of the photons, Hz.

    Returns:
        Transmissivity η, the loss 1 - η, and the photons n_added that a vacuum becomes.

    Example:
        >>> kept, loss, added = along_line(np.array(0.5), [(1.0, 3.0103, 0.1)], 0.0, 5e9)
        >>> round(float(kept), 4), round(float(added), 4)
        (0.25, 0.0499)
    """
    loss = 1 - kept
    added = loss * bose_einstein(frequency, temperature)
    for length, attenuation, at in segments:
        exponent = length * attenuation * np.log(10) / 10
        here, lost = np.exp(-exponent), -np.expm1(-exponent)
        kept, loss = here * kept, here * loss + lost
        added = here * added + lost * bose_einstein(frequency, at)
    return kept, loss, added
