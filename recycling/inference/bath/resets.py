"""Thermodynamics of a reset, from the populations of a qubit and of its baths before and after.

A preparation of weight w mixes the results of a qubit prepared in 0 and of one prepared in 1. All
states are diagonal: nothing prepares a coherence. With h the binary entropy and E(S) the energy of
a qubit's Gibbs state of entropy S, r bath qubits that take the heat have

    Q_tight = r E(S_th + ΔS/r) - r E_th         Q_ath = r E((Σ S_i + ΔS)/r) - Σ E_i

since the Gibbs state of r equal qubits is a product. Source: arXiv:2601.07522, Eqs. (8) and (13).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.constants import h as planck
from scipy.constants import k as boltzmann

from recycling.inference.bath.thermometry import temperature_of
from recycling.inference.statistics.combined import combined
from recycling.inference.statistics.interval import Interval, Intervals
from recycling.thermodynamics import QubitBaths, binary_entropy

Real = NDArray[np.float64]
#: Takes populations (array of shape (place, ...)), gives a quantity (...).
Function = Callable[[Real], Real]

#: Populations of a qubit: prepared in 0 and in 1, before the reset and after it.
PLACES = 4


@dataclass(frozen=True)
class ResetPhysics:
    """What the quantities of a reset depend on besides populations.

    Attributes:
        weight: weight w of the preparation 1.
        frequency: of the qubit, Hz.
        temperature: T0 of the bounds, K.
        bath_frequencies: of the bath qubits that take the heat, Hz; empty where none does.

    Example:
        A SWAP with a thermal bath of the same gap is at its tight bound:

        >>> physics = ResetPhysics(0.4, 5e9, 0.043, (5e9,))
        >>> thermal = float(QubitBaths(5e9, 0.043).mean_energy() / physics.quantum)
        >>> swapped = [0.0, 1.0, thermal, thermal, thermal, thermal, 0.0, 1.0]
        >>> excess = physics.quantities()["excess_tight"](np.array(swapped)[:, None])
        >>> round(abs(float(excess[0] / physics.quantum)), 12)
        0.0
    """

    weight: float
    frequency: float
    temperature: float
    bath_frequencies: tuple[float, ...] = ()

    @property
    def quantum(self) -> float:
        """Energy hf of the qubit, J."""
        return float(planck * self.frequency)

    def quantities(self) -> Mapping[str, Function]:
        """Each quantity as a function of the populations, those of the qubit first.

        Energies in J, entropies in nats. ``excess_…`` is the heat of the bath, or else that of the
        qubit, less a bound.
        """
        found: dict[str, Function] = {
            "population": self._after,
            "fidelity": lambda p: 1 - self._after(p),
            "heat": self._heat,
            "entropy_decrease": self._decrease,
            "landauer": self._landauer,
            "tight": self._tight,
            "excess_landauer": lambda p: self._taken(p) - self._landauer(p),
            "excess_tight": lambda p: self._taken(p) - self._tight(p),
        }
        if self.bath_frequencies:
            found["bath_heat"] = self._taken
            found["athermal"] = self._athermal
            found["excess_athermal"] = lambda p: self._taken(p) - self._athermal(p)
        return found

    def estimates(self, populations: Intervals, correlation: Real) -> dict[str, Interval[float]]:
        """Estimate each quantity, and the effective temperature (K), with 95 % intervals.

        Args:
            populations: in the order that the quantities take (arrays of shape (place,)).
            correlation: of their errors (array of shape (place, place)).
        """
        found = {
            name: combined(function, populations, correlation, least=0, most=1)
            for name, function in self.quantities().items()
        }
        for name in ("population", "fidelity"):
            ends = np.clip([*found[name].ends.values()], 0, 1)
            found[name] = Interval(*map(float, ends))
        ends = np.array([*found["population"].ends.values()])
        found["temperature"] = Interval(*map(float, temperature_of(ends, self.frequency)))
        return found

    def _mixed(self, populations: Real, place: int) -> Real:
        ground, excited = populations[place], populations[place + 1]
        return np.asarray(np.clip((1 - self.weight) * ground + self.weight * excited, 0, 1))

    def _after(self, p: Real) -> Real:
        return self._mixed(p, 2)

    def _heat(self, p: Real) -> Real:
        return self.quantum * (self._mixed(p, 0) - self._after(p))

    def _decrease(self, p: Real) -> Real:
        return np.asarray(binary_entropy(self._mixed(p, 0)) - binary_entropy(self._after(p)))

    def _landauer(self, p: Real) -> Real:
        return np.asarray(boltzmann * self.temperature * self._decrease(p))

    def _baths(self) -> tuple[QubitBaths, int]:
        """A bath qubit, and their number: by default one of the same gap as the qubit."""
        frequencies = self.bath_frequencies or (self.frequency,)
        return QubitBaths(float(np.mean(frequencies)), self.temperature), len(frequencies)

    def _tight(self, p: Real) -> Real:
        bath, count = self._baths()
        energy = bath.energy_at_entropy(bath.entropy() + self._decrease(p) / count)
        return np.asarray(count * (energy - bath.mean_energy()))

    def _taken(self, p: Real) -> Real:
        """Heat of the baths, or of the qubit where there is none."""
        if not self.bath_frequencies:
            return self._heat(p)
        taken = np.zeros(())
        for place, hertz in zip(self._bath_places(), self.bath_frequencies, strict=True):
            taken = taken + planck * hertz * (self._mixed(p, place + 2) - self._mixed(p, place))
        return taken

    def _athermal(self, p: Real) -> Real:
        bath, count = self._baths()
        before = [self._mixed(p, place) for place in self._bath_places()]
        entropy = sum((np.asarray(binary_entropy(each)) for each in before), np.zeros(()))
        energy = bath.quantum * sum(before, np.zeros(()))
        return np.asarray(
            count * bath.energy_at_entropy((entropy + self._decrease(p)) / count) - energy
        )

    def _bath_places(self) -> range:
        return range(PLACES, PLACES * (1 + len(self.bath_frequencies)), PLACES)
