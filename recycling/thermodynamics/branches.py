"""How the structure of the branches changes the gain: Eqs. (5), (6) and (14) to (22)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from recycling.thermodynamics._arrays import Floats, as_scalar
from recycling.thermodynamics.bath import Bath
from recycling.thermodynamics.bounds import gain, tight_bound
from recycling.thermodynamics.entropy import von_neumann_entropy
from recycling.thermodynamics.records import require_distribution


class BranchGains(NamedTuple):
    """Gain with the branch known (mean) and discarded (mixed), J, and the Holevo quantity, nats."""

    mean: Floats
    mixed: Floats
    holevo: Floats


def branch_gains(
    entropy_decrease: ArrayLike, bath: Bath, states: ArrayLike, probabilities: ArrayLike
) -> BranchGains:
    """Gain of several failure branches, with the branch index kept or discarded.

    Args:
        entropy_decrease: ΔS (array of shape (...)), nats.
        bath: the bath.
        states: bath state of each branch (array of shape (..., M, d, d)).
        probabilities: probability of each branch (array of shape (..., M)).

    Returns:
        ``mean`` = Σ p_m G(ρ_m) and ``mixed`` = G(Σ p_m ρ_m), J, and ``holevo`` = χ, nats (arrays of
        shape (...)). A gain is -inf where no process exists.

    Raises:
        ValueError: probabilities are negative or do not sum to 1; a matrix is not a state.

    Source: arXiv:2601.07522, Eqs. (5), (14), (17) and (18).

    Example:
        Two pure branches lose all of their gain when the branch is discarded.

        >>> plus, minus = [[0.5, 0.5], [0.5, 0.5]], [[0.5, -0.5], [-0.5, 0.5]]
        >>> gains = branch_gains(0.1, Bath.qubit(), [plus, minus], [0.5, 0.5])
        >>> f"{gains.mean:.3e} J, {gains.mixed} J, {gains.holevo:.4f} nats"
        '1.666e-24 J, -inf J, 0.6931 nats'
    """
    weights = require_distribution(probabilities)
    matrices = np.asarray(states, dtype=np.complex128)
    decrease = np.asarray(entropy_decrease, dtype=np.float64)
    mixture = (weights[..., np.newaxis, np.newaxis] * matrices).sum(axis=-3)
    gains = np.asarray(gain(decrease[..., np.newaxis], bath, matrices))
    # A branch that never happens has no share, whatever its gain.
    shares = np.where(weights > 0, weights * np.where(weights > 0, gains, 0), 0)
    entropies = np.asarray(von_neumann_entropy(matrices))
    holevo = von_neumann_entropy(mixture) - (weights * entropies).sum(axis=-1)
    return BranchGains(
        mean=as_scalar(shares.sum(axis=-1)),
        mixed=gain(decrease, bath, mixture),
        # χ ≥ 0; equal branches leave it to rounding.
        holevo=as_scalar(np.maximum(holevo, 0)),
    )


def max_bath_entropy(entropy_decrease: ArrayLike, bath: Bath, energy: ArrayLike) -> Floats:
    """Bath entropy S_max at which a bath of given energy neither gains nor loses: G = 0.

    E(S_max + ΔS) = E_ath - E_th + E(S_th + ΔS): below S_max there is a gain, above it a loss.

    Args:
        entropy_decrease: ΔS (array of shape (...)), nats.
        bath: the bath.
        energy: energy E_ath = Tr[H ρ] of the bath before the erasure (array of shape (...)), J.

    Returns:
        Array of shape (...), nats. At most ln d - ΔS, above which no process exists; -inf where the
        energy is so low that every state loses.

    Source: arXiv:2601.07522, Eqs. (6), (20) and (21).

    Example:
        At the energy of the Gibbs state it is the entropy of the Gibbs state.

        >>> bath = Bath.qubit()
        >>> f"{max_bath_entropy(0.1, bath, bath.mean_energy()):.4f} nats"
        '0.0247 nats'
    """
    decrease = np.asarray(entropy_decrease, dtype=np.float64)
    surplus = np.asarray(energy, dtype=np.float64) + tight_bound(decrease, bath)
    return as_scalar(np.asarray(bath.entropy_at_energy(surplus)) - decrease)
