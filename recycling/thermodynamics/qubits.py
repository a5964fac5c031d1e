"""Many qubit baths at once: frequencies and temperatures as arrays, in any array namespace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from array_api_compat import is_numpy_namespace
from numpy.typing import ArrayLike
from scipy.constants import h, k

from recycling.thermodynamics._arrays import (
    FloatArray,
    Floats,
    as_floats,
    as_scalar,
    blockwise,
    namespace_of,
)
from recycling.thermodynamics._spectrum import Spectrum

_QUBIT = Spectrum(np.array([0.0, 1.0]))


class ThermalBath(Protocol):
    """What the bounds ask of a bath, one or many: see `Bath` and `QubitBaths`."""

    @property
    def temperature(self) -> Any:
        """Initial temperature T0, K."""

    @property
    def excitations(self) -> Sequence[Any]:
        """Energies of the levels above the ground state, counted from it, J."""

    def entropy(self) -> Floats:
        """Entropy of the Gibbs state at T0, nats."""

    def mean_energy(self) -> Floats:
        """Its mean energy, J."""

    def energy_at_entropy(self, S: ArrayLike) -> Floats:
        """Mean energy of the Gibbs state of an entropy, J."""


@dataclass(frozen=True, eq=False)
class QubitBaths:
    """Qubit baths H = h f |1><1|, each at its initial temperature: `Bath.qubit` for a sweep.

    Both arrays broadcast against each other, and what is computed with them against both. They may
    be of any array namespace (NumPy, JAX under jit and grad, CuPy), that of the other arguments.

    Args:
        frequency: transition frequencies f (array of shape (...)), Hz.
        temperature: initial temperatures T0 (array of shape (...)), K.

    Raises:
        ValueError: a frequency or a temperature is not positive and finite; not checked in other
            namespaces than NumPy.

    Example:
        >>> from recycling.thermodynamics import tight_bound
        >>> baths = QubitBaths(frequency=5e9, temperature=np.array([0.02, 0.043, 0.1]))
        >>> [f"{Q:.3e}" for Q in tight_bound(0.1, baths)]
        ['6.798e-26', '7.754e-26', '1.553e-25']
    """

    frequency: ArrayLike
    temperature: Any

    def __post_init__(self) -> None:
        """Check the values where they can be seen."""
        for name, values, unit in (
            ("frequency", self.frequency, "Hz"),
            ("temperature", self.temperature, "K"),
        ):
            xp, array = as_floats(values)
            object.__setattr__(self, name, array)  # the class is frozen outside its constructor
            if is_numpy_namespace(xp) and not ((array > 0) & (array < np.inf)).all():
                bad = array[~((array > 0) & (array < np.inf))].flat[0]
                raise ValueError(f"{name} = {bad:g} {unit}: give positive, finite values")

    @property
    def quantum(self) -> FloatArray:
        """Energy hf of the excited level (array of shape (...)), J."""
        return cast(FloatArray, h * cast(FloatArray, self.frequency))

    @property
    def excitations(self) -> Sequence[FloatArray]:
        """Energy of the one level above the ground state (arrays of shape (...)), J."""
        return (self.quantum,)

    @property
    def _beta(self) -> FloatArray:
        return cast(FloatArray, self.quantum / (k * self.temperature))

    def mean_energy(self) -> Floats:
        """Mean energy of each Gibbs state at T0 (array of shape (...)), J."""
        return as_scalar(self.quantum * blockwise(_QUBIT.mean_level, self._beta))

    def entropy(self) -> Floats:
        """Entropy of each Gibbs state at T0 (array of shape (...)), nats."""
        return blockwise(_QUBIT.entropy, self._beta)

    def energy_at_entropy(self, S: ArrayLike) -> Floats:
        """Mean energy of each bath's Gibbs state of entropy S (array of shape (...)), J.

        0 below S = 0, +inf above ln 2, where there is no such state; NaN for NaN.

        Example:
            >>> baths = QubitBaths(frequency=np.array([3e9, 7e9]), temperature=0.043)
            >>> [f"{E:.3g}" for E in baths.energy_at_entropy(0.1)]
            ['4.08e-26', '9.51e-26']
        """
        level = blockwise(_QUBIT.mean_level_at_entropy, S)
        xp, missing = namespace_of(level, self.quantum), level == np.inf
        energy = self.quantum * xp.where(missing, 0, level)  # a product with +inf has no derivative
        return as_scalar(xp.where(missing, np.inf, energy))
