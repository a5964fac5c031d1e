"""Temperature T0 of the bath qubit: measured on B before the erasure, calibrated, or given.

*Measured*: in the equilibrium arm nothing touches B before the erasure, so its excited population
there is the thermal one, whatever the preparation of S, the angle θ_b, the trial and the flag: all
of them are pooled, both branches too (on the exact engine they agree to rounding), and a χ² test
along each of them says where hardware disagrees, by crosstalk for example.

What can only be known from outside: the basis rotation consists of gates, and their errors excite B
too (``behind_gates``); a qubit that an active reset has just prepared is not yet thermal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import h as planck
from scipy.constants import k as boltzmann
from scipy.special import expit, logit
from scipy.stats import norm

from recycling.devices.channels import depolarizing_strength, thermal_relaxation_channel
from recycling.errors import BadInput
from recycling.inference.statistics.population import (
    CONFIDENCE,
    Population,
    checked_covariance,
    excited_population,
)

if TYPE_CHECKING:
    import xarray as xr

    from recycling.devices.device import Device
    from recycling.inference.bath.brackets import Bracket

#: Along what ``bath_records`` keeps the records apart.
RECORD_DIMENSIONS = ("trial", "preparation", "theta_b", "flag")


@dataclass(frozen=True)
class Thermometry:
    """Temperature (K) and excited population of the bath qubit with 95 % intervals.

    NaN where nothing was measured; +inf where no positive temperature has the population. ``note``
    says why, or what speaks against the value.
    """

    temperature: float
    low: float
    high: float
    population: float
    population_low: float
    population_high: float
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
) -> Thermometry:
    """Temperature of a qubit from Z-basis records of its thermal state.

    Args:
        excited: how many shots were recorded as 1 (array of any shape: parts that are pooled).
        shots: how many shots there were (array of the same shape).
        frequency: frequency f of the qubit, Hz.
        readout: e₀ = P(recorded 1 | 0) and e₁ = P(recorded 0 | 1).
        covariance: of the two (array of shape (2, 2)); by default they are known exactly.
        dimensions: names of the axes of ``excited``, along which parts are tested for differences.

    Returns:
        Thermometry, readout errors taken out; all NaN, with a note, where there are no shots.

    Raises:
        BadInput: counts, frequency, readout errors or a covariance that cannot be.
    """
    population = excited_population(excited, shots, readout, covariance, dimensions)
    source = f"B before the erasure, {int(np.sum(shots))} shots"
    return _thermometry(population, frequency, source)


def run_temperature(
    counts: xr.DataArray,
    frequency: float,
    readout: tuple[float, float] = (0.0, 0.0),
    covariance: ArrayLike | None = None,
) -> Thermometry:
    """Temperature of the bath qubit from the counts of a run; see ``bath_temperature``.

    Args:
        counts: counts of a run over the dimensions of ``recycling.jobs.counts``; exact
            probabilities in their place leave the error of calibration alone.
        frequency: frequency of the bath qubit, Hz.
        readout: readout errors e₀ and e₁ of B.
        covariance: of the two (array of shape (2, 2)).
    """
    excited, shots = bath_records(counts)
    if np.issubdtype(counts.dtype, np.integer):
        return bath_temperature(
            excited, shots, frequency, readout, covariance, dimensions=RECORD_DIMENSIONS
        )
    errors = checked_covariance(readout, covariance)
    contrast = 1 - sum(readout)
    value = float((excited.sum() / shots.sum() - readout[0]) / contrast)
    slope = np.array([1 - value, -value]) / contrast
    population = _gaussian(value, float(np.sqrt(slope @ errors @ slope)))
    return _thermometry(population, frequency, "B before the erasure, infinitely many shots")


def bath_records(counts: xr.DataArray) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Z-basis records of B before the erasure, in the arm without a reset.

    Args:
        counts: counts of a run over the dimensions of ``recycling.jobs.counts``.

    Returns:
        Shots recorded as 1, and all shots (arrays over ``RECORD_DIMENSIONS``).
    """
    records = counts.sel(arm="equilibrium", stage="before", basis="Z").sum(["S", "C_I"])
    ordered = records.transpose(*RECORD_DIMENSIONS, "B").values
    return ordered[..., 1], ordered.sum(axis=-1)


def behind_gates(readout: tuple[float, float], depolarizing: float) -> tuple[float, float]:
    """Readout errors as seen from before the gates that rotate into the basis.

    They are part of the Z basis too: at 43 mK and 5 GHz a strength of 5e-4 feigns 0.5 mK.

    Args:
        readout: e₀ and e₁ of the measurement.
        depolarizing: strength λ of ρ → (1 - λ) ρ + λ 1/2, as of ``rotation_depolarizing``.
    """
    if not 0 <= depolarizing < 1:
        raise BadInput(f"depolarizing = {depolarizing:g}: give 0 or more, below 1")
    e0, e1 = readout
    feigned = (1 - e0 - e1) * depolarizing / 2
    return e0 + feigned, e1 + feigned


def rotation_depolarizing(device: Device, role: str = "B") -> float:
    """Depolarizing strength of a qubit's basis rotation, by the calibrated errors of its gates.

    Two sx gates with rz, a change of frame, around them: between the two the qubit lies on the
    equator, where dephasing shrinks what comes back to the axis. Relaxation on the axis does not
    heat a thermal qubit and is left out of the gates' errors.

    Args:
        device: a device; one without such gates has an ideal rotation.
        role: which of its qubits.
    """
    if role not in device.roles:
        raise BadInput(f"role = {role!r}: give one of {', '.join(device.roles)}")
    qubit = device.roles.index(role)
    gate = device.gate_table.get(("sx", (qubit,)))
    if gate is None:
        return 0.0
    relaxation = thermal_relaxation_channel(
        gate.duration, device.t1[qubit], device.t2[qubit], device.excited_population[qubit]
    )
    kept = 1 - depolarizing_strength(gate.error, relaxation)
    return float(1 - kept**2 * np.exp(-gate.duration / device.t2[qubit]))


def calibrated_temperature(bracket: Bracket, frequency: float, source: str) -> Thermometry:
    """Temperature of the bath qubit from the thermal population of a bracket.

    Args:
        bracket: a bracket, or what a snapshot says in place of one.
        frequency: frequency of the bath qubit, Hz.
        source: which bracket it is.
    """
    thermal = bracket.thermal_population
    population = _gaussian(thermal.value, thermal.stderr, thermal.note)
    if thermal.stderr == 0:
        population = population._replace(note=_joined(thermal.note, "no error given"))
    return _thermometry(population, frequency, source)


def given_temperature(temperature: float, frequency: float, source: str) -> Thermometry:
    """Temperature (K) that was given: no interval but the value itself."""
    _check_positive("temperature", temperature, "K")
    _check_positive("frequency", frequency, "Hz")
    value = float(expit(-planck * frequency / (boltzmann * temperature)))
    population = Population(value, value, value, "given: no interval")
    return _thermometry(population, frequency, source)


def _gaussian(value: float, stderr: float, note: str = "") -> Population:
    """Population with a Gaussian error, within [0, 1]; the interval is never empty."""
    reach = float(norm.isf((1 - CONFIDENCE) / 2)) * stderr
    inside, low, high = np.clip([value, value - reach, max(value, 0) + reach], 0, 1)
    return Population(float(inside), float(low), float(high), note)


def _thermometry(population: Population, frequency: float, source: str) -> Thermometry:
    _check_positive("frequency", frequency, "Hz")
    value, low, high, note = population
    if low == 0:
        note = _joined(note, "not resolved from zero: an upper limit")
    if high >= 0.5:
        note = _joined(note, "no positive temperature has a population of 1/2 or more: +inf")
    return Thermometry(
        temperature=_temperature(value, frequency),
        low=_temperature(low, frequency),
        high=_temperature(high, frequency),
        population=value,
        population_low=low,
        population_high=high,
        source=source,
        note=note,
    )


def _temperature(population: float, frequency: float) -> float:
    """T = hf / (k ln((1 - p)/p)), K: 0 for p = 0, +inf from p = 1/2 up, NaN for NaN."""
    if population == 0:
        return 0.0
    if population >= 0.5:
        return float("inf")
    return float(planck * frequency / (boltzmann * -logit(population)))


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _check_positive(name: str, value: float, unit: str) -> None:
    if not 0 < value < np.inf:
        raise BadInput(f"{name} = {value:g} {unit}: give a positive, finite value")
