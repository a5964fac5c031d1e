"""How much loss of a link an erasure below a bound can stand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import bisect

from recycling.devices.link import Link, States
from recycling.devices.photons import Number, Real
from recycling.devices.remote import quantum_of, remote_erasure, weights_of
from recycling.errors import BadInput
from recycling.thermodynamics import Bath

#: Values of η at which a sign change is looked for before it is located: close to 0, where a bound
#: can be broken within less than an even step, they are as many in each decade.
_GRID = np.union1d(np.linspace(0, 1, 401), np.geomspace(1e-12, 1 / 400, 200))
#: Parts into which the surroundings of a highest value on the grid are cut.
_PARTS = 41
#: Rounding of heats in units of hf, where heat and bound are equal.
_ROUNDING = 1e-12


def minimum_transmissivity(
    state: ArrayLike,
    link: Link,
    bath: Bath,
    p_x: ArrayLike,
    *,
    bound: Literal["tight", "landauer"] = "tight",
    strict: bool = False,
) -> Number:
    """Least transmissivity with which a remote erasure stays at or below a bound.

    It is the lower end of the interval of η that reaches 1 and holds the bound; ``transmissivity``
    of the link alone varies.

    Args:
        state: state of the qubit bath before the link (array of shape (..., 2, 2)).
        link: the link at any transmissivity.
        bath: the qubit bath with its temperature T0.
        p_x: excited weight of the target (array of shape (...)), which broadcasts.
        bound: "tight" or "landauer".
        strict: count the heat that the link takes too.

    Returns:
        Array of shape (...): NaN where η = 1 breaks the bound or the state is NaN, 0 where every η
        holds it. A bound of +inf, where no thermal process exists, is held.

    Raises:
        BadInput: another bound, a link that is an array, or as for ``remote_erasure``.

    Example:
        >>> plus = [[0.5, 0.5], [0.5, 0.5]]
        >>> round(float(minimum_transmissivity(plus, Link(), Bath.qubit(), 0.4)), 4)
        0.4717
    """
    if bound not in ("tight", "landauer"):
        raise BadInput(f"bound = {bound!r}: give 'tight' or 'landauer'")
    if np.ndim(link.coherence_factor):
        raise BadInput("link runs over an array: give one link")
    states, weights = np.asarray(state, dtype=np.complex128), weights_of(p_x)
    shape = np.broadcast_shapes(states.shape[:-2], weights.shape)
    states = np.broadcast_to(states, (*shape, *states.shape[-2:]))
    weights = np.broadcast_to(weights, shape)
    least = np.empty(shape)
    for index in np.ndindex(*shape):
        case = _Case(states[index], link, bath, float(weights[index]), bound, strict)
        least[index] = case.least()
    return least[()]


@dataclass(frozen=True)
class _Case:
    """One state and weight of which the least transmissivity is wanted."""

    state: States
    link: Link
    bath: Bath
    p_x: float
    bound: str
    strict: bool

    def above(self, transmissivity: ArrayLike) -> Real:
        """Heat above the bound in units of hf, -inf where the bound is infinite."""
        link = replace(self.link, transmissivity=np.asarray(transmissivity, dtype=float))
        erasure = remote_erasure(self.state, link, self.bath, self.p_x)
        heat = erasure.strict_heat if self.strict else erasure.heat
        bound = erasure.bound_tight if self.bound == "tight" else erasure.bound_landauer
        return np.asarray((heat - bound) / quantum_of(self.bath)) - _ROUNDING

    def _grid(self) -> Real:
        """Values of η, closer where the heat is highest against the bound without breaking it.

        A bound that is broken between two of them only has its highest value there.
        """
        above = self.above(_GRID)
        inner = above[1:-1]
        highest = (inner <= 0) & (inner >= above[:-2]) & (inner >= above[2:])
        places = np.flatnonzero(highest & np.isfinite(inner)) + 1
        closer = np.linspace(_GRID[places - 1], _GRID[places + 1], _PARTS)
        return np.union1d(_GRID, closer)

    def least(self) -> float:
        """Lower end of the interval that reaches 1; NaN if there is none."""
        grid = self._grid()
        broken = np.flatnonzero(~(self.above(grid) <= 0))  # NaN holds nothing
        if not broken.size:
            return 0.0
        last = int(broken[-1])
        if last == grid.size - 1:
            return float("nan")
        low, high = grid[last], grid[last + 1]
        # By signs alone: where no thermal process exists, the heat is below by infinity.
        return float(bisect(lambda eta: float(self.above(eta)), low, high, xtol=1e-13))
