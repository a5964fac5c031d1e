"""Temperature T0 of the bath qubit: measured on it before the erasure, calibrated, or given.

*Measured*: in the arm without a reset nothing touches the bath before the erasure, so its excited
population there is thermal, whatever the preparation of the target, the point of the sweep,
the trial and the flags: all of them are pooled, all branches too (on the exact engine they agree to
rounding), and a χ² test along each of them says where hardware disagrees, e.g. by crosstalk.

What can only be known from outside: the basis rotation consists of gates, and their errors excite
it too (``behind_gates``); a qubit that an active reset has just prepared is not yet thermal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import h as planck
from scipy.constants import k as boltzmann
from scipy.special import expit, logit, ndtri

from recycling.errors import BadInput
from recycling.inference.statistics.interval import Interval
from recycling.inference.statistics.population import (
    CONFIDENCE,
    Population,
    checked_covariance,
    excited_population,
)

if TYPE_CHECKING:
    from recycling.inference.bath.brackets import Bracket

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Thermometry:
    """Temperature (K) and excited population of the bath qubit with 95 % intervals.

    NaN where nothing was measured; +inf where no positive temperature has the population. ``note``
    says why, or holds an objection to the value.

    Example:
        >>> given_temperature(0.043, frequency=5e9, source="the spec").temperature.value
        0.043
    """

    temperature: Interval[float]
    population: Interval[float]
    source: str
    note: str = ""


def bath_temperature(
    excited: ArrayLike,
    shots: ArrayLike,
    frequency: float,
    readout: tuple[float, float] = (0.0, 0.0),
    covariance: ArrayLike | None = None,
    *,
    dimensions: tuple[str, ...] = (),
    qubit: str = "B before the erasure",
) -> Thermometry:
    """Temperature of a qubit from Z-basis records of its thermal state.

    Args:
        excited: how many shots were recorded as 1 (array of any shape: parts that are pooled).
        shots: how many shots there were (array of the same shape).
        frequency: frequency f of the qubit, Hz.
        readout: e₀ = P(recorded 1 | 0) and e₁ = P(recorded 0 | 1).
        covariance: of the two (array of shape (2, 2)); by default they are known exactly.
        dimensions: names of the axes of ``excited``, along which parts are tested for differences.
        qubit: what was measured, in words.

    Returns:
        Thermometry, readout errors taken out; all NaN, with a note, where there are no shots.

    Raises:
        BadInput: counts, frequency, readout errors or a covariance that cannot be.

    Example:
        >>> measured = bath_temperature(38, 10_000, frequency=5e9)
        >>> {name: round(end, 4) for name, end in measured.temperature.ends.items()}  # K
        {'value': 0.0431, 'low': 0.0407, 'high': 0.0456}
    """
    population = excited_population(excited, shots, readout, covariance, dimensions)
    return _thermometry(population, frequency, f"{qubit}, {int(np.sum(shots))} shots")


def exact_temperature(
    fraction: float,
    frequency: float,
    readout: tuple[float, float] = (0.0, 0.0),
    covariance: ArrayLike | None = None,
    *,
    qubit: str = "B before the erasure",
) -> Thermometry:
    """Temperature of a qubit from the exact fraction of its records 1; see ``bath_temperature``.

    The error of the calibration is the only error.

    Example:
        >>> f"{exact_temperature(0.0038, frequency=5e9).temperature.value:.4f} K"
        '0.0431 K'
    """
    errors = checked_covariance(readout, covariance)
    contrast = 1 - sum(readout)
    value = float((fraction - readout[0]) / contrast)
    slope = np.array([1 - value, -value]) / contrast
    population = _gaussian(value, float(np.sqrt(slope @ errors @ slope)))
    return _thermometry(population, frequency, f"{qubit}, infinitely many shots")


def behind_gates(readout: tuple[float, float], depolarizing: float) -> tuple[float, float]:
    """Readout errors as seen from before the gates that rotate into the basis.

    They are part of the Z basis too: at 43 mK and 5 GHz a strength of 5e-4 looks like 0.5 mK.

    Args:
        readout: e₀ and e₁ of the measurement.
        depolarizing: strength λ of ρ → (1 - λ) ρ + λ 1/2, of the gates.

    Example:
        >>> [round(error, 6) for error in behind_gates((0.01, 0.02), depolarizing=1e-3)]
        [0.010485, 0.020485]
    """
    if not 0 <= depolarizing < 1:
        raise BadInput(f"depolarizing = {depolarizing:g}: give 0 or more, below 1")
    e0, e1 = readout
    added = (1 - e0 - e1) * depolarizing / 2
    return e0 + added, e1 + added


def calibrated_temperature(bracket: Bracket, frequency: float, source: str) -> Thermometry:
    """Temperature of the bath qubit from the thermal population of a bracket.

    Args:
        bracket: a bracket, measured or of a snapshot.
        frequency: frequency of the bath qubit, Hz.
        source: which bracket it is.

    Example:
        >>> from recycling.inference.bath.brackets import given_bracket
        >>> rates = {"false_excited": 0.01, "false_ground": 0.02, "population": 0.0038}
        >>> bracket = given_bracket(t1=200e-6, t2=150e-6, **rates)
        >>> f"{calibrated_temperature(bracket, 5e9, 'a snapshot').temperature.value:.4f} K"
        '0.0431 K'
    """
    thermal = bracket.thermal_population
    population = _gaussian(thermal.value, thermal.stderr, thermal.note)
    if thermal.stderr == 0:
        population = replace(population, note=_joined(thermal.note, "no error given"))
    return _thermometry(population, frequency, source)


def given_temperature(temperature: float, frequency: float, source: str) -> Thermometry:
    """Make the thermometry of a given temperature (K): its interval is the value.

    Example:
        >>> f"{given_temperature(0.043, frequency=5e9, source='the spec').population.value:.5f}"
        '0.00376'
    """
    _check_positive("temperature", temperature, "K")
    _check_positive("frequency", frequency, "Hz")
    value = float(expit(-planck * frequency / (boltzmann * temperature)))
    population = Population(Interval(value, value, value), "given: no interval")
    return _thermometry(population, frequency, source)


def temperature_of(population: ArrayLike, frequency: ArrayLike) -> Real:
    """Temperature of a qubit with an excited population: T = hf/(k ln((1 - p)/p)).

    Args:
        population: excited population p (array of shape (...)).
        frequency: f, Hz; it broadcasts.

    Returns:
        Array of shape (...), K: 0 for p = 0, +inf from p = 1/2 up, NaN for NaN.

    Example:
        >>> temperature_of([0.0, 0.4, 0.5], frequency=5e9).round(3)
        array([0.   , 0.592,   inf])
    """
    p, hertz = np.broadcast_arrays(np.asarray(population, float), np.asarray(frequency, float))
    with np.errstate(divide="ignore"):  # of p = 1/2
        return np.where(p >= 0.5, np.inf, planck * hertz / (boltzmann * -logit(p)))


def _gaussian(value: float, stderr: float, note: str = "") -> Population:
    """Population with a Gaussian error, within [0, 1]; the interval is never empty."""
    reach = -float(ndtri((1 - CONFIDENCE) / 2)) * stderr
    inside, low, high = np.clip([value, value - reach, max(value, 0) + reach], 0, 1)
    return Population(Interval(float(inside), float(low), float(high)), note)


def _thermometry(population: Population, frequency: float, source: str) -> Thermometry:
    _check_positive("frequency", frequency, "Hz")
    share, note = population.interval, population.note
    if share.low == 0:
        note = _joined(note, "not resolved from zero: an upper limit")
    if share.high >= 0.5:
        note = _joined(note, "no positive temperature has a population of 1/2 or more: +inf")
    value, low, high = (float(temperature_of(x, frequency)) for x in share.ends.values())
    return Thermometry(Interval(value, low, high), share, source, note)


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _check_positive(name: str, value: float, unit: str) -> None:
    if not 0 < value < np.inf:
        raise BadInput(f"{name} = {value:g} {unit}: give a positive, finite value")
