"""Lower bounds on the heat of an erasure, and the gain of an athermal bath.

Equation numbers are those of Ishida and Hasegawa, arXiv:2601.07522. E(S) is
`Bath.energy_at_entropy`, the mean energy of the bath's Gibbs state of entropy S; the closed forms
below are the integrals of Eqs. (4), (8), (9) and (13), carried out with dE = T dS.

All functions are vectorised: their arguments broadcast against each other over leading axes. Those
of entropies and energies take arrays of any namespace and differentiate, JAX under jit included.
A bound of +inf says that no process exists: the bath cannot take up that much entropy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.constants import k

from recycling.thermodynamics._arrays import Floats, as_floats, as_scalar, namespace_of
from recycling.thermodynamics.bath import Bath
from recycling.thermodynamics.entropy import von_neumann_entropy
from recycling.thermodynamics.qubits import ThermalBath


def landauer_bound(entropy_decrease: ArrayLike, bath: ThermalBath) -> Floats:
    """Landauer bound Q_Landauer = k_B T_0 ΔS, for a thermal bath of any size.

    Args:
        entropy_decrease: S(before) - S(after) of the target system (array of shape (...)), nats.
        bath: the bath, or `QubitBaths` that broadcast against (...).

    Returns:
        Array of shape (...), J.

    Example:
        >>> f"{landauer_bound(0.1, Bath.qubit()):.3e} J"
        '5.937e-26 J'
    """
    _, decrease = as_floats(entropy_decrease)
    return as_scalar(k * bath.temperature * decrease)


def tight_bound(entropy_decrease: ArrayLike, bath: ThermalBath) -> Floats:
    """Bound for the finite bath in its Gibbs state: Q_tight = E(S_th + ΔS) - E_th.

    Args:
        entropy_decrease: S(before) - S(after) of the target system (array of shape (...)), nats.
        bath: the bath, or `QubitBaths` that broadcast against (...).

    Returns:
        Array of shape (...), J.

    Source: arXiv:2601.07522, Eqs. (8) and (9). Eq. (8) prints the argument as -ΔS; Eqs. (9) and
        (13) fix the sign used here.

    Example:
        >>> [f"{Q:.3e}" for Q in tight_bound([0.1, 0.7], Bath.qubit())]  # ln 2 = 0.693
        ['7.754e-26', 'inf']
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

    Example:
        >>> pure, mixed = [[0.9, 0.3], [0.3, 0.1]], [[0.9, 0], [0, 0.1]]
        >>> [f"{Q:.3e}" for Q in athermal_bound(0.1, Bath.qubit(), [pure, mixed])]
        ['-2.634e-25', '1.702e-25']
    """
    energy = bath.energy(state)
    return athermal_bound_from(entropy_decrease, bath, von_neumann_entropy(state), energy)


def athermal_bound_from(
    entropy_decrease: ArrayLike, bath: ThermalBath, entropy: ArrayLike, energy: ArrayLike
) -> Floats:
    """Bound for the bath in an athermal state, from the state's entropy and energy.

    Args:
        entropy_decrease: S(before) - S(after) of the target system (array of shape (...)), nats.
        bath: the bath, or `QubitBaths` that broadcast against (...).
        entropy: S(ρ) of the bath state before the erasure (array of shape (...)), nats.
        energy: Tr[H ρ] of the bath state before the erasure (array of shape (...)), J.

    Returns:
        Array of shape (...), J.

    Source: arXiv:2601.07522, Eq. (13).

    Example:
        >>> f"{athermal_bound_from(0.1, Bath.qubit(), entropy=0, energy=0):.3e} J"
        '6.794e-26 J'
    """
    _, initial = as_floats(entropy)
    _, decrease = as_floats(entropy_decrease)
    return as_scalar(bath.energy_at_entropy(initial + decrease) - as_floats(energy)[1])


def gain(entropy_decrease: ArrayLike, bath: Bath, state: ArrayLike) -> Floats:
    """Gain of the athermal state over the thermal one: G = Q_tight - Q_ath.

    Args:
        entropy_decrease: S(before) - S(after) of the target system (array of shape (...)), nats.
        bath: the bath.
        state: bath state before the erasure (array of shape (..., d, d)).

    Returns:
        Array of shape (...), J: -inf where no process exists for the state (so nothing is gained),
        +inf where only the thermal bath has none.

    Raises:
        ValueError: the state has not the bath's dimension, or is no density matrix.

    Source: arXiv:2601.07522, Eqs. (3) and (4).

    Example:
        >>> pure, mixed = [[0.9, 0.3], [0.3, 0.1]], [[0.9, 0], [0, 0.1]]
        >>> [f"{G:.3e}" for G in gain(0.1, Bath.qubit(), [pure, mixed])]
        ['3.409e-25', '-9.266e-26']
    """
    energy = bath.energy(state)
    return gain_from(entropy_decrease, bath, von_neumann_entropy(state), energy)


def gain_from(
    entropy_decrease: ArrayLike, bath: ThermalBath, entropy: ArrayLike, energy: ArrayLike
) -> Floats:
    """Gain, Eqs. (3) and (4), from the state's entropy (nats) and energy (J); see `gain`.

    Example:
        >>> f"{gain_from(0.1, Bath.qubit(), entropy=0, energy=0):.3e} J"
        '9.601e-27 J'
    """
    athermal = athermal_bound_from(entropy_decrease, bath, entropy, energy)
    return gain_between(tight_bound(entropy_decrease, bath), athermal)


def gain_between(tight: ArrayLike, athermal: ArrayLike) -> Floats:
    """Gain from both bounds (arrays of shape (...)), J; see `gain`.

    Example:
        >>> [f"{G:.1e}" for G in gain_between([3e-25, np.inf], [1e-25, np.inf])]
        ['2.0e-25', '-inf']
    """
    (_, tight), (_, athermal) = as_floats(tight), as_floats(athermal)
    xp, impossible = namespace_of(tight, athermal), athermal == np.inf
    possible = xp.where(impossible, 0, athermal)
    return as_scalar(xp.where(impossible, -np.inf, tight - possible))
