"""Erasure by a bath that crossed a link: what it costs, and how much loss it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import h
from scipy.optimize import bisect

from recycling.devices.link import Link, Number, States
from recycling.errors import BadInput
from recycling.thermodynamics import (
    Bath,
    athermal_bound,
    binary_entropy,
    gain,
    landauer_bound,
    tight_bound,
    von_neumann_entropy,
)

#: Values of η between 0 and 1 at which a sign change is looked for before it is located.
_GRID = 401
#: Rounding of heats in units of hf, where heat and bound are equal.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class RemoteErasure:
    """An erasure by SWAP with a bath that crossed a link (arrays of one shape).

    ``entropy_decrease`` ΔS in nats; the rest in J: ``heat`` ΔQ_B; the bounds at this ΔS, that of
    the transmitted state among them; ``gain`` of this state over the thermal one; ``link_heat``
    that the link takes from the state, ``strict_heat`` = heat + link_heat; ``link_gain``, what the
    link alone makes of the *thermal* bath: a cold link refrigerates.
    """

    entropy_decrease: Number
    heat: Number
    bound_landauer: Number
    bound_tight: Number
    bound_athermal: Number
    gain: Number
    link_heat: Number
    strict_heat: Number
    link_gain: Number


def remote_erasure(state: ArrayLike, link: Link, bath: Bath, p_x: ArrayLike) -> RemoteErasure:
    """Send a bath state over a link, then erase p_x|1⟩⟨1| + (1 - p_x)|0⟩⟨0| by SWAP with it.

    ``link_heat`` counts the bath's quanta: with photons of another frequency the difference is
    work of the drives that convert them. The link's delay needs a device, and is left out.

    Args:
        state: state of the qubit bath before the link (array of shape (..., 2, 2)).
        link: the link; photons without a frequency have that of the bath.
        bath: the qubit bath with its temperature T0.
        p_x: excited weight of the target (array of shape (...)), which broadcasts.

    Raises:
        BadInput: the bath is no qubit with |0⟩ below |1⟩, or p_x is no probability.
        ValueError: a matrix is not a state.

    Example:
        >>> done = remote_erasure([[0.5, 0.5], [0.5, 0.5]], Link(transmissivity=0.675, coherence=
        ...                       0.896439), Bath.qubit(), p_x=0.4)
        >>> f"{done.heat / Bath.qubit().energies[1]:.6f} hf"
        '0.062498 hf'
    """
    weights = np.asarray(p_x, dtype=float)
    if not ((weights >= 0) & (weights <= 1)).all():
        raise BadInput(f"p_x = {weights.flat[0]:g}: give 0 to 1")
    quantum = _quantum(bath)
    on_bath = link.on(quantum / h)
    sent = np.asarray(state, dtype=np.complex128)
    arrived = on_bath.transmit(sent)
    decrease = np.asarray(binary_entropy(weights) - von_neumann_entropy(arrived))
    heat = quantum * (weights - _excited(arrived))
    # A lossless link keeps the energy to the last digit.
    link_heat = quantum * (_excited(sent) - _excited(arrived))
    results = (
        decrease,
        heat,
        landauer_bound(decrease, bath),
        tight_bound(decrease, bath),
        athermal_bound(decrease, bath, arrived),
        gain(decrease, bath, arrived),
        link_heat,
        heat + link_heat,
        gain(decrease, bath, on_bath.transmit(bath.gibbs())),
    )
    return RemoteErasure(*(each.copy()[()] for each in np.broadcast_arrays(*results)))


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
        Array of shape (...): NaN where η = 1 breaks the bound, 0 where every η holds it. A bound
        of +inf, where no thermal process exists, is held.

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
    states, weights = np.asarray(state, dtype=np.complex128), np.asarray(p_x, dtype=float)
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

    def above(self, transmissivity: ArrayLike) -> NDArray[np.float64]:
        """Heat above the bound in units of hf, -inf where the bound is infinite."""
        link = replace(self.link, transmissivity=np.asarray(transmissivity, dtype=float))
        done = remote_erasure(self.state, link, self.bath, self.p_x)
        heat = done.strict_heat if self.strict else done.heat
        limit = done.bound_tight if self.bound == "tight" else done.bound_landauer
        return np.asarray((heat - limit) / _quantum(self.bath)) - _ROUNDING

    def least(self) -> float:
        """Lower end of the interval that reaches 1; NaN if there is none."""
        grid = np.linspace(0, 1, _GRID)
        broken = np.flatnonzero(self.above(grid) > 0)
        if not broken.size:
            return 0.0
        last = int(broken[-1])
        if last == _GRID - 1:
            return float("nan")
        low, high = grid[last], grid[last + 1]
        # By signs alone: where no thermal process exists, the heat is below by infinity.
        return float(bisect(lambda eta: float(self.above(eta)), low, high, xtol=1e-13))


def _excited(state: States) -> NDArray[np.float64]:
    return np.asarray(state[..., 1, 1].real)


def _quantum(bath: Bath) -> float:
    """Energy hf of a qubit bath whose ground state is |0⟩, J."""
    levels = np.diag(bath.hamiltonian).real
    diagonal = np.array_equal(bath.hamiltonian, np.diag(np.diag(bath.hamiltonian)))
    if bath.dimension != 2 or not diagonal or levels[1] <= levels[0]:
        raise BadInput("bath: a link carries a qubit; give Bath.qubit(frequency, temperature)")
    return float(levels[1] - levels[0])
