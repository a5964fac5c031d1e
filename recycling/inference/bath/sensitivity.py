"""Bounds and verdicts at other temperatures and frequencies of the bath.

The shots fix populations and entropies; T0 and f are assumed, and each enters some of the energies
only::

                     over T0                    over f
    ΔQ_B             none                       ∝ f
    Q_ath            none                       ∝ f
    Q_tight          rises, +inf from T_none    hf times a function of kT0/hf
    Q_Landauer       ∝ T0                       none

So in units of hf everything depends on kT0/hf alone: a higher frequency is a colder bath. Since
Q_tight and Q_Landauer rise with T0, "below the bound" holds above a critical temperature, and a
bath colder than that fakes the gain. From T_none up, where the thermal bath has too little room
left for ΔS, Q_tight is +inf, and no verdict is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.constants import h as planck
from scipy.constants import k as boltzmann
from scipy.optimize import brentq

from recycling.errors import BadInput
from recycling.inference.bath.quantities import BOUNDS, bath_energy
from recycling.thermodynamics import (
    Bath,
    QubitBaths,
    athermal_bound_from,
    landauer_bound,
    tight_bound,
)

Real = NDArray[np.float64]

#: Temperature, in units of hf/k, below which a qubit bath is as good as in its ground state.
_COLDEST = 1e-3
#: By how much the hottest bath that still has a process is colder than the first that has none.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Erasure:
    """Entropies and populations of an erasure, whatever T0 and f (arrays over points).

    NaN where there are no data. Entropies in nats.

    Example:
        >>> erasure = Erasure(
        ...     entropy_decrease=np.array([0.1, 0.3]),
        ...     bath_entropy=np.array([0.02, 0.02]),
        ...     excited_before=np.array([0.004, 0.004]),
        ...     excited_after=np.array([0.05, 0.2]),
        ... )
        >>> erasure.heat.round(3).tolist()  # in units of hf
        [0.046, 0.196]
    """

    entropy_decrease: Real
    """ΔS of S."""
    bath_entropy: Real
    """S(ρ_B) before the erasure."""
    excited_before: Real
    """Excited population of B."""
    excited_after: Real

    def __post_init__(self) -> None:
        """Check the arrays."""
        expected = (np.size(self.entropy_decrease),)
        for name in ("entropy_decrease", "bath_entropy", "excited_before", "excited_after"):
            shape = np.shape(getattr(self, name))
            if shape != expected:
                raise BadInput(f"{name} has the shape {shape}: give one value for each point")

    @property
    def heat(self) -> Real:
        """ΔQ_B in units of hf."""
        return self.excited_after - self.excited_before


@dataclass(frozen=True)
class Thresholds:
    """Temperatures (K) at which verdicts turn (arrays over points).

    ΔQ_B is below Q_Landauer for every T0 above ``landauer``, and below Q_tight for T0 between
    ``tight`` and ``no_process``, from which on Q_tight is +inf. 0: at any temperature; +inf: at
    none; NaN: without data, or where nothing was erased.

    Example:
        >>> erasure = Erasure(
        ...     entropy_decrease=np.array([0.1, 0.3]),
        ...     bath_entropy=np.array([0.02, 0.02]),
        ...     excited_before=np.array([0.004, 0.004]),
        ...     excited_after=np.array([0.05, 0.2]),
        ... )
        >>> thresholds(erasure, frequency=5e9).landauer.round(3).tolist()  # K
        [0.11, 0.157]
    """

    landauer: Real
    tight: Real
    no_process: Real


@dataclass(frozen=True)
class Energies:
    """Heat and bounds over the temperatures and frequencies that the bath may have, J.

    Arrays of shape (point, temperature, frequency); ``quantum`` is hf (array of shape
    (frequency,)). A bound is +inf where no process exists.

    Example:
        >>> erasure = Erasure(
        ...     entropy_decrease=np.array([0.1, 0.3]),
        ...     bath_entropy=np.array([0.02, 0.02]),
        ...     excited_before=np.array([0.004, 0.004]),
        ...     excited_after=np.array([0.05, 0.2]),
        ... )
        >>> over = energies(erasure, temperatures=[0.03, 0.043, 0.06], frequencies=[5e9])
        >>> over.excess("tight").shape  # point, temperature, frequency
        (2, 3, 1)
    """

    quantum: Real
    heat: Real
    bounds: Mapping[str, Real]

    def excess(self, name: str) -> Real:
        """Heat above a bound of ``BOUNDS``; +inf where that is +inf."""
        bound = self.bounds[name]
        return np.asarray(np.where(np.isposinf(bound), np.inf, self.heat - bound))


def energies(
    erasure: Erasure, temperatures: Sequence[float] | Real, frequencies: Sequence[float] | Real
) -> Energies:
    """Heat and bounds over the temperatures and frequencies that the bath may have.

    Args:
        erasure: what was measured.
        temperatures: T0, K.
        frequencies: f, Hz.

    Raises:
        BadInput: a temperature or a frequency that is not positive and finite.

    Example:
        >>> erasure = Erasure(
        ...     entropy_decrease=np.array([0.1, 0.3]),
        ...     bath_entropy=np.array([0.02, 0.02]),
        ...     excited_before=np.array([0.004, 0.004]),
        ...     excited_after=np.array([0.05, 0.2]),
        ... )
        >>> over = energies(erasure, temperatures=[0.03, 0.043, 0.06], frequencies=[5e9])
        >>> [f"{bound:.2e}" for bound in over.bounds["landauer"][0, :, 0]]  # J
        ['4.14e-26', '5.94e-26', '8.28e-26']
    """
    kelvin, hertz = _positive("temperatures", temperatures), _positive("frequencies", frequencies)
    baths = QubitBaths(hertz, kelvin[:, None])
    decrease, bath_entropy, excited = (
        values[:, None, None]
        for values in (erasure.entropy_decrease, erasure.bath_entropy, erasure.excited_before)
    )
    initial = bath_energy([excited], baths)
    found = {
        "landauer": landauer_bound(decrease, baths),
        "tight": tight_bound(decrease, baths),
        "athermal": athermal_bound_from(decrease, baths, bath_entropy, initial),
    }
    shape = (len(decrease), len(kelvin), len(hertz))
    bounds = {name: np.broadcast_to(found[name], shape) for name in BOUNDS}
    quantum = planck * hertz
    heat = np.broadcast_to(erasure.heat[:, None, None] * quantum, shape)
    return Energies(quantum, heat, bounds)


def thresholds(erasure: Erasure, frequency: float) -> Thresholds:
    """Compute the temperatures of the bath at which the verdicts turn.

    They are proportional to the frequency: at a temperature T0 the verdict turns at the frequency
    f T0/T_critical and stands below it.

    Args:
        erasure: what was measured.
        frequency: frequency f of the bath, Hz.

    Example:
        >>> erasure = Erasure(
        ...     entropy_decrease=np.array([0.1, 0.3]),
        ...     bath_entropy=np.array([0.02, 0.02]),
        ...     excited_before=np.array([0.004, 0.004]),
        ...     excited_after=np.array([0.05, 0.2]),
        ... )
        >>> [round(float(T), 4) for T in thresholds(erasure, frequency=5e9).tight]  # K
        [0.0982, 0.1022]
    """
    (hertz,) = _positive("frequency", [frequency])
    erased = erasure.entropy_decrease > 0  # false for NaN too
    decrease = np.where(erased, erasure.entropy_decrease, np.nan)
    heat = planck * hertz * np.where(erased, erasure.heat, np.nan)
    # The entropy that is left to a thermal bath which then takes up ΔS.
    room = np.asarray(Bath.qubit(hertz).temperature_at_entropy(np.log(2) - decrease))
    tight = [
        _tight_threshold(float(s), float(q), float(t), hertz)
        for s, q, t in zip(decrease, heat, room, strict=True)
    ]
    return Thresholds(
        landauer=np.maximum(heat, 0) / (boltzmann * decrease),
        tight=np.array(tight),
        no_process=room,
    )


def _tight_threshold(
    entropy_decrease: float, heat: float, no_process: float, frequency: float
) -> float:
    """Temperature (K) at which Q_tight(ΔS; T0) = ΔQ_B, which lies below ``no_process``."""
    if np.isnan(entropy_decrease + heat):
        return np.nan
    coldest = _COLDEST * planck * frequency / boltzmann
    hottest = no_process * (1 - _ROUNDING)

    def excess(temperature: float) -> float:
        return heat - float(tight_bound(entropy_decrease, Bath.qubit(frequency, temperature)))

    if coldest < hottest and excess(coldest) <= 0:
        return 0.0
    if hottest <= coldest or excess(hottest) >= 0:
        return np.inf
    return float(brentq(excess, coldest, hottest, xtol=_ROUNDING * coldest))


def _positive(name: str, values: Sequence[float] | Real) -> Real:
    array = np.asarray(values, dtype=np.float64)
    wrong = array[~((array > 0) & (array < np.inf))]
    if array.ndim != 1 or wrong.size:
        what = f"{wrong[0]:g}" if wrong.size else f"array of shape {array.shape}"
        raise BadInput(f"{name} = {what}: give a list of positive, finite values")
    return array
