"""Erasure by a bath that crossed a link: what it costs, and how much loss it stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from recycling.devices.constants import planck as h
from recycling.devices.link import Link, States
from recycling.devices.photons import Number, Real
from recycling.errors import BadInput, require
from recycling.thermodynamics import (
    Bath,
    athermal_bound,
    binary_entropy,
    gain,
    landauer_bound,
    tight_bound,
    von_neumann_entropy,
)


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
    weights = weights_of(p_x)
    quantum = quantum_of(bath)
    on_bath = link.on(quantum / h)
    sent = np.asarray(state, dtype=np.complex128)
    arrived = on_bath.transmit(sent)
    decrease = np.asarray(binary_entropy(weights) - von_neumann_entropy(arrived))
    heat = quantum * (weights - _excited(arrived))
    # A lossless link keeps the energy to the last digit.
    link_heat = quantum * (_excited(sent) - _excited(arrived))
    results = {
        "entropy_decrease": decrease,
        "heat": heat,
        "bound_landauer": landauer_bound(decrease, bath),
        "bound_tight": tight_bound(decrease, bath),
        "bound_athermal": athermal_bound(decrease, bath, arrived),
        "gain": gain(decrease, bath, arrived),
        "link_heat": link_heat,
        "strict_heat": heat + link_heat,
        "link_gain": gain(decrease, bath, on_bath.transmit(bath.gibbs())),
    }
    arrays = np.broadcast_arrays(*results.values())
    return RemoteErasure(
        **{name: each.copy()[()] for name, each in zip(results, arrays, strict=True)}
    )


def weights_of(p_x: ArrayLike) -> Real:
    """Read excited weights as an array.

    Raises:
        BadInput: one is no probability.

    Example:
        >>> weights_of([0.1, 0.4])
        array([0.1, 0.4])
    """
    weights = np.asarray(p_x, dtype=float)
    require("p_x", weights, (weights >= 0) & (weights <= 1), "give 0 to 1")
    return weights


def _excited(state: States) -> Real:
    return np.asarray(state[..., 1, 1].real)


def quantum_of(bath: Bath) -> float:
    """Energy hf of a qubit bath, J.

    Raises:
        BadInput: the bath is no qubit with |0⟩ below |1⟩.

    Example:
        >>> f"{quantum_of(Bath.qubit()):.3e} J"
        '3.313e-24 J'
    """
    levels = np.diag(bath.hamiltonian).real
    diagonal = np.array_equal(bath.hamiltonian, np.diag(np.diag(bath.hamiltonian)))
    if bath.dimension != 2 or not diagonal or levels[1] <= levels[0]:
        raise BadInput("bath: a link carries a qubit; give Bath.qubit(frequency, temperature)")
    return float(levels[1] - levels[0])
