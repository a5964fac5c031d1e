"""What a bath state is worth as a resource: ergotropy and free energy.

All functions are vectorised: their arguments broadcast against each other over leading axes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.constants import k

from recycling.thermodynamics._arrays import Floats, as_scalar
from recycling.thermodynamics.bath import Bath
from recycling.thermodynamics.entropy import state_probabilities, von_neumann_entropy


def ergotropy(state: ArrayLike, bath: Bath) -> Floats:
    """Work that a unitary can extract from a bath state: W = Tr[H ρ] - Σ r↓ ε↑.

    The eigenvalues r of the state in descending order meet the levels ε in ascending order: the
    passive state of the same spectrum. For a qubit bath it is the gain of the state as ΔS tends to
    0; for a larger bath it is at most that gain.

    Args:
        state: bath state (array of shape (..., d, d)).
        bath: the bath.

    Returns:
        Array of shape (...), J, 0 or more.

    Raises:
        ValueError: the state has not the bath's dimension, or is no density matrix.

    Source: Allahverdyan, Balian and Nieuwenhuizen, Europhys. Lett. 67, 565 (2004).

    Example:
        >>> pure, mixed = [[0.5, 0.5], [0.5, 0.5]], [[0.9, 0], [0, 0.1]]
        >>> [f"{W:.3e}" for W in ergotropy([pure, mixed], Bath.qubit())]
        ['1.657e-24', '0.000e+00']
    """
    energy = bath.energy(state)
    passive = state_probabilities(state) @ np.sort(bath.energies)[::-1]
    return as_scalar(np.maximum(energy - passive, 0))


def free_energy(state: ArrayLike, bath: Bath) -> Floats:
    """Free energy of a bath state above its Gibbs state at T0: F = k_B T0 D(ρ ‖ thermal).

    It equals Tr[H ρ] - k_B T0 S(ρ) + k_B T0 ln Z, and is the most work that a reservoir at T0
    lets one extract from the state.

    Args:
        state: bath state (array of shape (..., d, d)).
        bath: the bath; T0 is its temperature.

    Returns:
        Array of shape (...), J, 0 or more.

    Raises:
        ValueError: the state has not the bath's dimension, or is no density matrix.

    Source: Esposito and Van den Broeck, EPL 95, 40004 (2011).

    Example:
        >>> bath = Bath.qubit()
        >>> [f"{F:.3e}" for F in free_energy([[[0.5, 0.5], [0.5, 0.5]], bath.gibbs()], bath)]
        ['1.659e-24', '0.000e+00']
    """
    return free_energy_from(bath, von_neumann_entropy(state), bath.energy(state))


def free_energy_from(bath: Bath, entropy: ArrayLike, energy: ArrayLike) -> Floats:
    """Free energy above the Gibbs state, from a state's entropy and energy; see `free_energy`.

    Args:
        bath: the bath.
        entropy: S(ρ) (array of shape (...)), nats.
        energy: Tr[H ρ] (array of shape (...)), J.

    Returns:
        Array of shape (...), J, 0 or more: rounding below 0 is taken off.

    Example:
        >>> f"{free_energy_from(Bath.qubit(), entropy=0, energy=0):.3e} J"
        '2.234e-27 J'
    """
    heat = np.subtract(energy, bath.mean_energy(), dtype=np.float64)
    entropy_above = np.subtract(entropy, bath.entropy(), dtype=np.float64)
    return as_scalar(np.asarray(np.maximum(heat - k * bath.temperature * entropy_above, 0)))
