"""Lower bounds on the heat of an erasure, and the gain of an athermal bath.

Equation numbers are those of Ishida and Hasegawa, arXiv:2601.07522. E(S) is
`Bath.energy_at_entropy`, the mean energy of the bath's Gibbs state of entropy S; the closed forms
below are the integrals of Eqs. (4), (8), (9) and (13), carried out with dE = T dS.

All functions are vectorised: their arguments broadcast against each other over leading axes.
A bound of +inf says that no process exists: the bath cannot take up that much entropy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.constants import k

from recycling.thermodynamics._arrays import Floats, as_scalar
from recycling.thermodynamics.bath import Bath
from recycling.thermodynamics.entropy import von_neumann_entropy


def landauer_bound(entropy_decrease: ArrayLike, bath: Bath) -> Floats:
    """Landauer bound Q_Landauer = k_B T_0 ΔS, for a thermal bath of any size.

    Args:
        entropy_decrease: S(before) - S(after) of the target system (array of shape (...)), nats.
        bath: the bath.

    Returns:
        Array of shape (...), J.
    """
    return as_scalar(k * bath.temperature * np.asarray(entropy_decrease, dtype=np.float64))


def tight_bound(entropy_decrease: ArrayLike, bath: Bath) -> Floats:
    """Bound for the finite bath in its Gibbs state: Q_tight = E(S_th + ΔS) - E_th.

    Args:
        entropy_decrease: S(before) - S(after) of the target system (array of shape (...)), nats.
        bath: the bath.

    Returns:
        Array of shape (...), J.

    Source: arXiv:2601.07522, Eqs. (8) and (9). Eq. (8) prints the argument as -ΔS; Eqs. (9) and
        (13) fix the sign used here.
    """
    return athermal_bound_from(entropy_decrease, bath, bath.entropy(), bath.mean_energy())


def athermal_bound(entropy_decrease: ArrayLike, bath: Bath, state: ArrayLike) -> Floats:
    """Bound for the bath in an athermal state: Q_ath = E(S(ρ) + ΔS) - Tr[H ρ].

    Args:
        entropy_decrease: S(before) - S(after) of the target system (array of shape (...)), nats.
        bath: the bath.
        state: bath state before the erasure (array of shape (..., d, d)).

    Returns:
        Array of shape (...), J.

    Raises:
        ValueError: the state has not the bath's dimension, or is no density matrix.

    Source: arXiv:2601.07522, Eqs. (3) and (13).
    """
    energy = bath.energy(state)
    return athermal_bound_from(entropy_decrease, bath, von_neumann_entropy(state), energy)


def athermal_bound_from(
    entropy_decrease: ArrayLike, bath: Bath, entropy: ArrayLike, energy: ArrayLike
) -> Floats:
    """Bound for the bath in an athermal state, from the state's entropy and energy.

    Args:
        entropy_decrease: S(before) - S(after) of the target system (array of shape (...)), nats.
        bath: the bath.
        entropy: S(ρ) of the bath state before the erasure (array of shape (...)), nats.
        energy: Tr[H ρ] of the bath state before the erasure (array of shape (...)), J.

    Returns:
        Array of shape (...), J.

    Source: arXiv:2601.07522, Eq. (13).
    """
    final_entropy = np.add(entropy, entropy_decrease, dtype=np.float64)
    return as_scalar(np.subtract(bath.energy_at_entropy(final_entropy), energy, dtype=np.float64))


def gain(entropy_decrease: ArrayLike, bath: Bath, state: ArrayLike) -> Floats:
    """Gain of the athermal state over the thermal one: G = Q_tight - Q_ath.

    Args:
        entropy_decrease: S(before) - S(after) of the target system (array of shape (...)), nats.
        bath: the bath.
        state: bath state before the erasure (array of shape (..., d, d)).

    Returns:
        Array of shape (...), J: -inf where no process exists for the state (so nothing is gained),
        +inf where none exists for the thermal bath alone.

    Raises:
        ValueError: the state has not the bath's dimension, or is no density matrix.

    Source: arXiv:2601.07522, Eqs. (3) and (4).
    """
    energy = bath.energy(state)
    return gain_from(entropy_decrease, bath, von_neumann_entropy(state), energy)


def gain_from(
    entropy_decrease: ArrayLike, bath: Bath, entropy: ArrayLike, energy: ArrayLike
) -> Floats:
    """Gain, Eqs. (3) and (4), from the state's entropy (nats) and energy (J); see `gain`."""
    athermal = np.asarray(athermal_bound_from(entropy_decrease, bath, entropy, energy))
    impossible = athermal == np.inf
    possible = np.where(impossible, 0, athermal)
    return as_scalar(np.where(impossible, -np.inf, tight_bound(entropy_decrease, bath) - possible))
