"""Gauss and Hermite's quadrature over several normal variables, as fine as phases need it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from recycling.errors import BadInput

Real = NDArray[np.float64]

#: Error of the average over the detuning of a qubit, in a probability.
TOLERANCE = 1e-9
#: Most nodes of all qubits together: a quarter of a minute for the sweep of the paper.
MOST_NODES = 100_000

#: Most nodes of a qubit: NumPy's rules are tested up to a hundred.
MOST_COUNT = 100


def quadrature(phases: Sequence[float]) -> tuple[Real, Real]:
    """Nodes in standard deviations (array of shape (node, qubit)), and their weights (node,).

    The rule of K nodes for exp(iφx), x normal, has an error of φ²ᴷ K!/(2K)! at most; K is the least
    for which that is below ``TOLERANCE``.

    Source: Abramowitz and Stegun, 25.4.46.

    Args:
        phases: standard deviation of the largest phase of each qubit, rad.

    Raises:
        BadInput: there would be more than ``MOST_NODES`` nodes.

    Example:
        >>> nodes, weights = quadrature([0.0, 0.5])
        >>> nodes.shape, round(float(weights @ np.cos(0.5 * nodes[:, 1])), 8)
        ((6, 2), 0.8824969)
        >>> round(float(np.exp(-(0.5**2) / 2)), 8)
        0.8824969
    """
    counts = [_count(phase) for phase in phases]
    if prod(counts) > MOST_NODES:
        raise BadInput(
            "device.low_frequency_dephasing: phases up to "
            f"{max(phases):.2g} rad take {prod(counts):.2g} points of the exact engine for each "
            "point, more than it averages over; give a longer time"
        )
    rules = [np.polynomial.hermite_e.hermegauss(count) for count in counts]
    nodes = np.stack(np.meshgrid(*(x for x, _ in rules), indexing="ij"), axis=-1)
    weights = np.ones(1)
    for _, own in rules:
        weights = np.multiply.outer(weights, own / own.sum()).ravel()
    return nodes.reshape(-1, len(counts)), weights


def _count(phase: float) -> int:
    for count in range(1, MOST_COUNT + 1):
        # Products of small factors, since the powers alone overflow.
        ratio = prod(phase**2 / (count + step) for step in range(1, count + 1))
        if phase == 0 or ratio < TOLERANCE:
            return count
    return MOST_NODES + 1
