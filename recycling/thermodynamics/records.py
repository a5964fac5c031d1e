"""The record of which branch happened: its entropy, what erasing it costs, and when it pays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.constants import k

from recycling.thermodynamics._arrays import FloatArray, Floats, as_scalar
from recycling.thermodynamics.bath import Bath
from recycling.thermodynamics.entropy import entropy_from_minor, von_neumann_entropy

#: How far probabilities may sum from 1: the rounding of measured frequencies.
_NORMALISATION = 1e-9


def record_cost(probabilities: ArrayLike, temperature: ArrayLike) -> Floats:
    """Least heat of erasing a record of branches later: k_B T H(m).

    Args:
        probabilities: probability of each branch (array of shape (..., M)).
        temperature: where the record is erased (array of shape (...)), K.

    Returns:
        Array of shape (...), J.

    Raises:
        ValueError: probabilities are negative or do not sum to 1; a temperature is negative or
            infinite.

    Source: Landauer, IBM J. Res. Dev. 5, 183 (1961).

    Example:
        >>> [f"{Q:.3e}" for Q in record_cost([0.75, 0.25], [0.043, 4.2])]
        ['3.338e-25', '3.261e-23']
    """
    kelvins = np.asarray(temperature, dtype=np.float64)
    wrong = kelvins[(kelvins < 0) | np.isinf(kelvins)]
    if wrong.size:
        raise ValueError(f"temperature = {wrong.flat[0]:g} K: give finite values of 0 or more")
    return as_scalar(np.asarray(k * kelvins * shannon_entropy(probabilities)))


def record_break_even(
    entropy_decrease: ArrayLike, bath: Bath, states: ArrayLike, probabilities: ArrayLike
) -> Floats:
    """Temperature below which a record of the branches pays for itself: (Ḡ - G_mix)/(k_B H(m)).

    With the branch index m kept, the mean gain Ḡ is collected, without it the gain G_mix of the
    mixture. The record is erased later at T_rec, which costs k_B T_rec H(m). Branches of equal
    entropy gain k_B T_eff χ by it, so that the record pays below T_eff χ/H(m).

    Args:
        entropy_decrease: ΔS (array of shape (...)), nats.
        bath: the bath.
        states: bath state of each branch (array of shape (..., M, d, d)).
        probabilities: probability of each branch (array of shape (..., M)).

    Returns:
        Array of shape (...), K. +inf where only the record makes a process possible, 0 where it
        gains nothing, NaN where a single branch happens, whose index needs no record.

    Raises:
        ValueError: probabilities are negative or do not sum to 1; a matrix is not a state.

    Source: arXiv:2601.07522, Eq. (18), with the cost of the record that keeps m.

    Example:
        >>> ground, plus = [[1, 0], [0, 0]], [[0.5, 0.5], [0.5, 0.5]]
        >>> f"{record_break_even(0.1, Bath.qubit(), [ground, plus], [0.5, 0.5]):.3f} K"
        '0.066 K'
    """
    weights = require_distribution(probabilities)
    matrices = np.asarray(states, dtype=np.complex128)
    mixture = (weights[..., np.newaxis, np.newaxis] * matrices).sum(axis=-3)
    decrease = np.asarray(entropy_decrease, dtype=np.float64)
    bath.energy(matrices)  # refuses states of another dimension
    # Gains differ by E(S(ρ) + ΔS) alone: the mean of Tr[H ρ] is that of the mixture.
    mixed = np.asarray(bath.energy_at_entropy(von_neumann_entropy(mixture) + decrease))
    entropies = von_neumann_entropy(matrices) + decrease[..., np.newaxis]
    each = np.where(weights > 0, bath.energy_at_entropy(entropies), 0)
    kept = np.asarray((weights * each).sum(axis=-1))
    possible = np.isfinite(kept) | np.isnan(kept)
    advantage = np.maximum(np.where(possible, mixed - np.where(possible, kept, 0), 0), 0)
    cost = k * np.asarray(shannon_entropy(weights))
    break_even = np.full(np.broadcast_shapes(advantage.shape, cost.shape), np.nan)
    np.divide(advantage, cost, out=break_even, where=cost > 0)
    return as_scalar(break_even)


def shannon_entropy(probabilities: ArrayLike) -> Floats:
    """Entropy -Σ p_m ln p_m of a distribution, to relative precision near a certain outcome.

    Args:
        probabilities: of each outcome (array of shape (..., M)); NaN gives NaN.

    Returns:
        Array of shape (...), nats.

    Raises:
        ValueError: probabilities are negative or do not sum to 1.

    Example:
        >>> [round(float(H), 4) for H in shannon_entropy([[0.5, 0.5], [0, 1]])]
        [0.6931, 0.0]
    """
    weights = np.sort(require_distribution(probabilities), axis=-1)
    # NaN is sorted to the end, where the most probable outcome is left out.
    unknown = np.isnan(weights[..., -1])
    return as_scalar(np.where(unknown, np.nan, entropy_from_minor(weights[..., :-1])))


def require_distribution(probabilities: ArrayLike) -> FloatArray:
    """Return probabilities (..., M) as an array, once they are checked.

    Raises:
        ValueError: probabilities are negative or do not sum to 1.

    Example:
        >>> require_distribution([0.4, 0.5])
        Traceback (most recent call last):
        ValueError: probabilities sum to 0.9: give values that sum to 1
    """
    weights = np.asarray(probabilities, dtype=np.float64)
    if weights.ndim == 0:
        raise ValueError(f"probabilities = {weights:g}: give one for each branch, (..., M)")
    if (weights < 0).any():
        raise ValueError(f"probabilities = {np.nanmin(weights):g}: give values of 0 or more")
    total = weights.sum(axis=-1)
    if (np.abs(total - 1) > _NORMALISATION).any():
        worst = total.flat[np.nanargmax(np.abs(total - 1))]
        raise ValueError(f"probabilities sum to {worst:.12g}: give values that sum to 1")
    return weights
