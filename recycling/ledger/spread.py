"""The worst of many mismatched flux parametrons: by two rules, and by simulating a chip.

A gate has two junctions, d = (d1 - d2)/2, and three input inductors e. A minority input at inductor
i against the other two leaves the fraction 1 ± 10 d + e_i - e_j - e_k of the barrier, so a device
has six cases. All deviations are normal.

Source: "Landauer-Limited Dissipation in Quantum-Flux-Parametron Logic" (aQFP), supplement; Eq. (4)
is lost in print, and this linear rule is inferred from the failures that its text names: 33 % of
one inductor against the other two, and 10 % of the junctions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtr, ndtri

from recycling.errors import BadInput, require
from recycling.ledger.terminate import (
    BARRIER,
    JUNCTION_SENSITIVITY,
    check_spread,
    terminate_heat,
)
from recycling.thermodynamics import Floats, as_scalar

Real = NDArray[np.float64]

#: Ways in which five deviations add up: two signs of the junctions, three minority inductors.
CASES = 6
_JUNCTIONS, _INDUCTORS = 2, 3


@dataclass(frozen=True)
class WorstDevice:
    """The typical worst device of a chip, by two rules.

    Attributes:
        joint_factor: remaining fraction of the barrier where all five deviations are equally rare:
            the rule of the document, which is optimistic.
        tail_factor: the same where the sum of the deviations is that rare.
        joint_error: chance of the device to be in the upper well, by the joint rule.
        tail_error: the same by the tail of the sum.
        failure_probability: bound on the chance that any device of the chip has no barrier left.
    """

    joint_factor: Floats
    tail_factor: Floats
    joint_error: Floats
    tail_error: Floats
    failure_probability: Floats


def worst_device(
    devices: ArrayLike, junction_spread: ArrayLike = 0.01, inductor_spread: ArrayLike = 0.05
) -> WorstDevice:
    """Barrier and error of the typical worst device among many.

    With N devices: 6 N Q(z)⁵ = 1 and f = 1 - 10 z σ_J - 3 z σ_L by the joint rule; by the tail
    f = 1 - s Q⁻¹(1/6N) with s² = 50 σ_J² + 3 σ_L². Errors are those of the upper well at f U0. An
    error averaged over the chip has no useful mean: rare devices without a barrier rule it.

    Args:
        devices: number N of devices (array of shape (...)).
        junction_spread: standard deviation σ_J of the critical currents over their mean.
        inductor_spread: standard deviation σ_L of the inductances over their mean.

    Raises:
        BadInput: fewer than one device, or a spread that is negative or not finite.

    Source: the aQFP document for the joint rule; the tail of a sum of normal deviations.

    Example:
        >>> worst = worst_device(1e9)
        >>> f"{worst.joint_factor:.5f} {worst.joint_error:.2e}"
        '0.42806 4.05e-31'
        >>> f"{worst.tail_factor:.5f} {worst.tail_error:.1e}"
        '0.29760 7.4e-22'
    """
    number = np.asarray(devices, dtype=np.float64)
    require("devices", number, (number >= 1) & (number < np.inf), "give 1 or more")
    junctions = check_spread("junction_spread", junction_spread)
    inductors = check_spread("inductor_spread", inductor_spread)
    rarity = 1 / (CASES * number)
    z = -ndtri(rarity ** (1 / (_JUNCTIONS + _INDUCTORS)))
    joint = 1 - JUNCTION_SENSITIVITY * z * junctions - _INDUCTORS * z * inductors
    deviation = np.sqrt(_variance(junctions, inductors))
    tail = 1 + deviation * ndtri(rarity)
    distance = np.divide(1, deviation, out=np.full_like(deviation, np.inf), where=deviation > 0)
    failed = np.minimum(1, CASES * number * ndtr(-distance))
    found = (joint, tail, expit(-BARRIER * joint), expit(-BARRIER * tail), failed)
    return WorstDevice(*(as_scalar(np.asarray(values)) for values in found))


def _variance(junctions: Real, inductors: Real) -> Real:
    """Variance of the fraction of the barrier."""
    return np.asarray(JUNCTION_SENSITIVITY**2 * junctions**2 / 2 + _INDUCTORS * inductors**2)


@dataclass(frozen=True)
class Chip:
    """What a simulated chip shows.

    Attributes:
        mean_heat: mean heat of its terminate gates, in units of Landauer's k T ln 2.
        mean_heat_stderr: its standard error; NaN for a single device.
        smallest_factor: smallest fraction of the barrier that any device has left.
    """

    mean_heat: float
    mean_heat_stderr: float
    smallest_factor: float


def simulate_chip(
    devices: int,
    junction_spread: float = 0.01,
    inductor_spread: float = 0.05,
    *,
    seed: int,
    chunk: int = 1 << 16,
    progress: Callable[[float], None] = lambda _fraction: None,
) -> Chip:
    """Draw every device of a chip, a chunk at a time: memory is that of a chunk.

    The devices depend on the seed alone, not on the chunk. A billion take two and a half
    minutes of CPU time and 70 MB.

    Args:
        devices: number of devices.
        junction_spread: standard deviation of the critical currents over their mean.
        inductor_spread: standard deviation of the inductances over their mean.
        seed: seed of the generator.
        chunk: devices that are held in memory at a time.
        progress: called with the fraction done after each chunk.

    Raises:
        BadInput: fewer than one device, a spread that is negative or not finite, an empty chunk,
            or a negative seed.

    Example:
        >>> chip = simulate_chip(1000, 0.01, 0.05, seed=1)
        >>> f"{chip.mean_heat:.2f} {chip.mean_heat_stderr:.2f} {chip.smallest_factor:.2f}"
        '6.72 0.15 0.57'
    """
    for name, value, least in (("devices", devices, 1), ("chunk", chunk, 1), ("seed", seed, 0)):
        if not (least <= value < np.inf and value == int(value)):
            raise BadInput(f"{name} = {value:g}: give a whole number of {least} or more")
    junctions = float(check_spread("junction_spread", junction_spread))
    inductors = float(check_spread("inductor_spread", inductor_spread))
    scale = np.array([junctions] * _JUNCTIONS + [inductors] * _INDUCTORS)
    generator = np.random.default_rng(seed)
    done, mean, squares, smallest = 0, 0.0, 0.0, np.inf
    while done < devices:
        size = int(min(chunk, devices - done))
        deviations = generator.standard_normal((size, scale.size)) * scale
        mismatch = np.abs(deviations[:, 0] - deviations[:, 1]) / 2
        heat = np.asarray(terminate_heat(JUNCTION_SENSITIVITY * BARRIER * mismatch)) / log(2)
        smallest = min(smallest, float(_least_factor(mismatch, deviations[:, 2:]).min()))
        # Mean and squared deviations of two samples (Chan, Golub and LeVeque).
        ahead = float(heat.mean()) - mean
        squares += float(((heat - heat.mean()) ** 2).sum()) + ahead**2 * done * size / (done + size)
        done += size
        mean += ahead * size / done
        progress(done / devices)
    stderr = sqrt(squares / (done - 1) / done) if done > 1 else float("nan")
    return Chip(mean, stderr, smallest)


def _least_factor(mismatch: Real, inductors: Real) -> Real:
    """Fraction of the barrier that each device has left in the worst of its six cases (device,)."""
    worst = inductors.sum(axis=1) - 2 * inductors.min(axis=1)
    return np.asarray(1 - JUNCTION_SENSITIVITY * mismatch - worst)
