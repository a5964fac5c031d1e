"""Logical entropy of an OR-AND gate: what it loses of correlated inputs, and what it dissipates."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr

from recycling.errors import BadInput, require
from recycling.thermodynamics import Floats, as_scalar

#: How far probabilities may sum from 1: the rounding of measured frequencies.
_NORMALISATION = 1e-9


@dataclass(frozen=True)
class LogicalEntropy:
    """Entropy of the bits of an OR-AND gate, nats, and its heat.

    Attributes:
        initial: entropy of both inputs.
        final: entropy of both outputs.
        decrease: what is lost of it.
        dissipation: heat, kT.
    """

    initial: Floats
    final: Floats
    decrease: Floats
    dissipation: Floats


def logical_entropy(joint: ArrayLike) -> LogicalEntropy:
    """Entropy that an OR-AND gate loses, and the heat of the two splitters that lose it.

    The outputs (A and B, A or B) tell equal inputs apart, but not 01 from 10: the gate loses
    P_differ H(P01/P_differ) and dissipates kT ln 2 in each of two splitters where the inputs
    differ, so 2 P_differ ln 2. For P01 = P10 that is twice what is lost; otherwise more.

    Args:
        joint: probabilities of the inputs 00, 01, 10, 11 (array of shape (..., 2, 2), the first
            input first, or of shape (..., 4)).

    Raises:
        BadInput: another shape, a probability outside [0, 1], or a sum other than 1.

    Source: "Landauer-Limited Dissipation in Quantum-Flux-Parametron Logic" (aQFP). The flips that
        it names, 0 read as 1 on independent copies, give P11 ≠ P00; its table with the error p has
        P00 = P11 = (1 - p)/2 and P01 = P10 = p/2, and loses p ln 2.

    Example:
        >>> lost = logical_entropy([[0.45, 0.05], [0.05, 0.45]])  # p = 0.1
        >>> f"{lost.decrease:.4f} nats, {lost.dissipation:.4f} kT"
        '0.0693 nats, 0.1386 kT'
    """
    given = np.asarray(joint, dtype=np.float64)
    if given.shape[-2:] == (2, 2):
        given = given.reshape(*given.shape[:-2], 4)
    if given.ndim == 0 or given.shape[-1] != 4:
        raise BadInput(f"joint has the shape {given.shape}: give (..., 2, 2) or (..., 4)")
    require("joint", given, (given >= 0) & (given <= 1), "give probabilities from 0 to 1")
    total = given.sum(axis=-1)
    if (np.abs(total - 1) > _NORMALISATION).any():
        worst = total.flat[np.argmax(np.abs(total - 1))]
        raise BadInput(f"joint sums to {worst:.12g}: give probabilities that sum to 1")
    both_0, second, first, both_1 = np.moveaxis(given, -1, 0)
    differ = first + second
    initial = entr(given).sum(axis=-1)
    final = entr(both_0) + entr(differ) + entr(both_1)
    lost = entr(first) + entr(second) - entr(differ)
    found = (initial, final, lost, 2 * log(2) * differ)
    return LogicalEntropy(*(as_scalar(np.asarray(values)) for values in found))
