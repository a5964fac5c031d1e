"""The bath: a finite Hamiltonian and the temperature of the cold environment it starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from array_api_compat import is_numpy_namespace
from numpy.typing import ArrayLike
from scipy.constants import h, k

from recycling.thermodynamics._arrays import (
    ComplexArray,
    FloatArray,
    Floats,
    as_floats,
    as_scalar,
    blockwise,
    namespace_of,
)
from recycling.thermodynamics._spectrum import Spectrum


@dataclass(frozen=True, init=False, eq=False)
class Bath:
    """A bath of finite dimension d with its initial temperature.

    Give either `energies`, for a Hamiltonian diagonal in the computational basis, or `hamiltonian`.
    Temperatures are on the T >= 0 branch, limits 0 and +inf included; entropies are in nats,
    energies in J. Where T is None, the initial temperature is taken.

    Args:
        temperature: initial temperature, K; positive and finite.
        energies: levels in any order, degenerate ones repeated, not all equal (array of shape
            (d,)), J.
        hamiltonian: Hermitian matrix (array of shape (d, d)), J.

    Raises:
        ValueError: the spectrum or the temperature is not as above.

    Example:
        >>> bath = Bath(energies=[0, 1e-24, 3e-24], temperature=0.05)
        >>> bath.dimension
        3
        >>> f"{bath.entropy():.4f} nats"
        '0.5393 nats'
        >>> [round(float(S), 4) for S in bath.entropy([0, 0.05, float("inf")])]
        [0.0, 0.5393, 1.0986]
    """

    temperature: float
    hamiltonian: ComplexArray
    energies: FloatArray
    _eigenvectors: ComplexArray = field(repr=False)
    _spectrum: Spectrum = field(repr=False)
    _ground: float = field(repr=False)
    _width: float = field(repr=False)

    def __init__(
        self,
        *,
        temperature: float,
        energies: ArrayLike | None = None,
        hamiltonian: ArrayLike | None = None,
    ) -> None:
        """Check the arguments and diagonalise the Hamiltonian."""
        if (energies is None) == (hamiltonian is None):
            raise ValueError("energies, hamiltonian: give exactly one of the two")
        if energies is not None:
            levels = _valid_energies(energies)
            matrix = np.diag(levels).astype(np.complex128)
            eigenvectors = np.eye(levels.size, dtype=np.complex128)
        else:
            matrix = _valid_hamiltonian(np.asarray(hamiltonian, dtype=np.complex128))
            levels, eigenvectors = np.linalg.eigh(matrix)
        ground, width = float(levels.min()), float(np.ptp(levels))
        # Levels closer than the rounding of a diagonalisation are one degenerate level.
        rounding = levels.size * np.finfo(np.float64).eps * np.abs(levels).max()
        if width <= rounding:
            raise ValueError(f"energies = {ground:g} J, all equal: give at least two levels")
        scaled = (levels - ground) / width
        scaled[levels - ground <= rounding] = 0
        for array in (matrix, levels, eigenvectors, scaled):
            array.flags.writeable = False
        self._set("temperature", _positive("temperature", temperature, "K"))
        self._set("hamiltonian", matrix)
        self._set("energies", levels)
        self._set("_eigenvectors", eigenvectors)
        self._set("_spectrum", Spectrum(scaled))
        self._set("_ground", ground)
        self._set("_width", width)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # the class is frozen outside its constructor

    @classmethod
    def qubit(cls, frequency: float = 5e9, temperature: float = 0.043) -> Bath:
        """Return a qubit bath, H = h f |1><1|.

        Args:
            frequency: transition frequency f, Hz.
            temperature: initial temperature, K.

        Raises:
            ValueError: the frequency or the temperature is not positive and finite.

        Example:
            >>> bath = Bath.qubit(frequency=5e9, temperature=0.043)
            >>> f"{bath.energies[1]:.3e} J"
            '3.313e-24 J'
        """
        quantum = h * _positive("frequency", frequency, "Hz")
        return cls(energies=[0.0, quantum], temperature=temperature)

    @property
    def dimension(self) -> int:
        """Dimension d of the Hilbert space."""
        return self._spectrum.dimension

    @property
    def excitations(self) -> Sequence[float]:
        """Energies of all levels but the lowest, counted from it, in ascending order, J."""
        ground, *levels = map(float, np.sort(self.energies))
        return tuple(energy - ground for energy in levels)

    def gibbs(self, T: ArrayLike | None = None) -> ComplexArray:
        """Gibbs state in the basis of the Hamiltonian; T (...) in K -> (..., d, d).

        Example:
            >>> bath = Bath.qubit()
            >>> bath.gibbs([0.02, 0.043, 0.1]).shape
            (3, 2, 2)
            >>> round(float(bath.gibbs()[1, 1].real), 4)  # excited population
            0.0038
        """
        populations = self._spectrum.populations(self._beta(self._or_initial(T)))
        columns = self._eigenvectors * populations[..., np.newaxis, :]
        return columns @ self._eigenvectors.conj().T

    def mean_energy(self, T: ArrayLike | None = None) -> Floats:
        """Mean energy Tr[H rho] of the Gibbs state; T (...) in K -> (...) in J.

        Example:
            >>> f"{Bath.qubit().mean_energy():.3e} J"
            '1.245e-26 J'
        """
        return blockwise(
            lambda t: self._ground + self._width * self._spectrum.mean_level(self._beta(t)),
            self._or_initial(T),
        )

    def entropy(self, T: ArrayLike | None = None) -> Floats:
        """Entropy of the Gibbs state; T (...) in K -> (...) in nats.

        Example:
            >>> f"{Bath.qubit().entropy():.4f} nats"
            '0.0247 nats'
        """
        return blockwise(lambda t: self._spectrum.entropy(self._beta(t)), self._or_initial(T))

    def heat_capacity(self, T: ArrayLike) -> Floats:
        """Heat capacity d<H>/dT of the Gibbs state; T (...) in K -> (...) in J/K.

        Example:
            >>> f"{Bath.qubit().heat_capacity(0.043):.2e} J/K"
            '1.61e-24 J/K'
        """
        return blockwise(lambda t: k * self._spectrum.heat_capacity(self._beta(t)), T)

    def energy_at_entropy(self, S: ArrayLike) -> Floats:
        """Mean energy E(S) of the Gibbs state of entropy S; S (...) in nats -> (...) in J.

        Below ln g0 (g0 ground states) the ground energy, since the constraint is then void; above
        ln d +inf, since there is no such state; NaN for NaN.

        Example:
            >>> [f"{E:.3g}" for E in Bath.qubit().energy_at_entropy([0, 0.1, 1])]
            ['0', '6.79e-26', 'inf']
        """
        return blockwise(
            lambda s: self._ground + self._width * self._spectrum.mean_level_at_entropy(s), S
        )

    def temperature_at_entropy(self, S: ArrayLike) -> Floats:
        """Temperature of the Gibbs state of entropy S; S (...) in nats -> (...) in K.

        0 from ln g0 (g0 ground states) down, +inf from ln d up; NaN for NaN.

        Example:
            >>> [f"{T:.4f}" for T in Bath.qubit().temperature_at_entropy([0, 0.1, 1])]
            ['0.0000', '0.0621', 'inf']
        """

        def temperature(entropy: FloatArray) -> FloatArray:
            with np.errstate(divide="ignore"):  # +inf is the answer
                return np.asarray(self._width / (k * self._spectrum.beta_at_entropy(entropy)))

        return blockwise(temperature, S)

    def entropy_at_energy(self, E: ArrayLike) -> Floats:
        """Entropy of the Gibbs state (T > 0) of mean energy E; E (...) in J -> (...) in nats.

        -inf below the ground energy, where there is no state; ln d from the mean of the levels up.

        Example:
            >>> bath = Bath.qubit()
            >>> f"{bath.entropy_at_energy(bath.mean_energy()):.4f} nats"
            '0.0247 nats'
        """
        return blockwise(
            lambda energy: self._spectrum.entropy_at_mean_level(
                (energy - self._ground) / self._width
            ),
            E,
        )

    def energy(self, state: ArrayLike) -> Floats:
        """Energy Tr[H rho]; state (..., d, d) -> (...) in J; ValueError for another shape.

        Example:
            >>> f"{Bath.qubit().energy([[0.4, 0], [0, 0.6]]):.3e} J"
            '1.988e-24 J'
        """
        rho = np.asarray(state, dtype=np.complex128)
        d = self.dimension
        if rho.shape[-2:] != (d, d):
            raise ValueError(f"state has the shape {rho.shape}: this bath takes (..., {d}, {d})")
        return as_scalar(np.einsum("ij,...ji->...", self.hamiltonian, rho).real)

    def _or_initial(self, T: ArrayLike | None) -> FloatArray:
        return as_floats(self.temperature if T is None else T)[1]

    def _beta(self, T: FloatArray) -> FloatArray:
        """Inverse temperature in units of the spectrum's width; T (...) in K -> (...)."""
        if is_numpy_namespace(namespace_of(T)) and (T < 0).any():
            raise ValueError(f"temperature = {T[T < 0].flat[0]:g} K: give values from 0 to +inf")
        with np.errstate(divide="ignore", over="ignore"):  # +inf is the answer
            return cast(FloatArray, self._width / (k * T))


def _positive(name: str, value: float, unit: str) -> float:
    if not 0 < value < np.inf:
        raise ValueError(f"{name} = {value:g} {unit}: give a positive, finite value")
    return float(value)


def _valid_energies(energies: ArrayLike) -> FloatArray:
    levels = np.array(energies, dtype=np.float64)
    if levels.ndim != 1 or levels.size < 2:
        raise ValueError(f"energies has the shape {levels.shape}: give two levels or more")
    if not np.isfinite(levels).all():
        raise ValueError(f"energies = {levels[~np.isfinite(levels)][0]} J: give finite values")
    return levels


def _valid_hamiltonian(matrix: ComplexArray) -> ComplexArray:
    d = matrix.shape[0] if matrix.ndim == 2 else 0
    if matrix.shape != (d, d) or d < 2:
        raise ValueError(f"hamiltonian has the shape {matrix.shape}: give (d, d) with d >= 2")
    if not np.isfinite(matrix).all():
        raise ValueError("hamiltonian has an entry that is not finite: give finite values")
    asymmetry = np.abs(matrix - matrix.conj().T).max()
    # Rounding of a product U diag(E) U^dagger of d x d matrices.
    if asymmetry > 2 * d * np.finfo(np.float64).eps * np.abs(matrix).max():
        raise ValueError(f"hamiltonian differs from its adjoint by {asymmetry:g} J: symmetrise it")
    return (matrix + matrix.conj().T) / 2
