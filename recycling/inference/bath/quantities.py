"""From Bloch vectors to heat, entropies and bounds, on arrays.

Arrays may be of any array namespace, all of one: NumPy, JAX under jit and grad, or CuPy. Where no
process exists a derivative is zero; where a derivative exists it is finite.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from recycling.errors import BadInput
from recycling.inference.bath.link import LinkChannel
from recycling.inference.states.records import Layout
from recycling.thermodynamics import (
    ThermalBath,
    athermal_bound_from,
    binary_entropy,
    gain_between,
    landauer_bound,
    namespace_of,
    tight_bound,
)

Real = NDArray[np.float64]

LN2 = math.log(2)
#: Bounds that the heat is compared with.
BOUNDS = ("landauer", "tight", "athermal")


def thermodynamic_quantities(
    length: Real, z: Real, bath: ThermalBath, layout: Layout, link: LinkChannel | None = None
) -> dict[str, Real]:
    """Compute heat, entropies and bounds from the states before and after the erasure.

    Args:
        length: length of each Bloch vector, at most 1 (array of shape (..., stage, qubit)).
        z: its z component (likewise).
        bath: bath at the temperature T0 of the bounds, or ``QubitBaths`` whose temperatures and
            frequencies broadcast against (...).
        layout: places of the stages and the qubits.
        link: the link that the bath's state has crossed; None for an experiment without links.

    Returns:
        ``entropy`` (nats) and ``excited_population`` of shape (..., stage, qubit); of shape (...):
        ``entropy_decrease`` (nats), ``heat``, the three bounds, ``gain`` and the excess of the heat
        over each bound (J), and ``dissipation_ratio``. With a link ``link_heat`` and the
        ``excess_strict_tight`` of both heats together over the tight bound (J).

    An excess over a bound that is +inf is +inf: no process exists, so it is never "below the
    bound". The gain is -inf where the athermal bound is +inf.

    Example:
        >>> from circuits import HHL
        >>> from recycling.thermodynamics import Bath, QubitBaths
        >>> layout = Layout.of(HHL([[2, -1], [-1, 2]]).design)
        >>> length = np.array([[0.5, 0.99, 1.0], [0.9, 0.6, 1.0]])  # stage, qubit
        >>> quantities = thermodynamic_quantities(length, length, Bath.qubit(), layout)
        >>> f"{quantities['entropy_decrease']:.4f} nats, {quantities['heat']:.3e} J"
        '0.3638 nats, 6.460e-25 J'
        >>> baths = QubitBaths(frequency=5e9, temperature=np.array([0.02, 0.043, 0.3]))
        >>> quantities = thermodynamic_quantities(length, length, baths, layout)
        >>> [f"{bound:.3e} J" for bound in quantities["bound_tight"]]
        ['3.925e-25 J', '4.220e-25 J', 'inf J']
    """
    found = erasure_quantities(length, z, bath, layout)
    xp, there = namespace_of(length), (..., layout.before, layout.bath)
    entropy, decrease, heat = (found[name] for name in ("entropy", "entropy_decrease", "heat"))
    initial = bath_energy([found["excited_population"][there]], bath)
    tight = xp.asarray(tight_bound(decrease, bath))
    landauer = xp.asarray(landauer_bound(decrease, bath))
    athermal = xp.asarray(athermal_bound_from(decrease, bath, entropy[there], initial))
    excess_tight = excess(heat, tight)
    with_link = {}
    if link is not None:
        (quantum,) = bath.excitations
        left = link.heat(found["excited_population"][there], quantum)
        with_link = {"link_heat": left, "excess_strict_tight": excess(heat + left, tight)}
    return {
        **found,
        "bound_landauer": landauer,
        "bound_tight": tight,
        "bound_athermal": athermal,
        "gain": xp.asarray(gain_between(tight, athermal)),
        "excess_tight": excess_tight,
        "excess_landauer": excess(heat, landauer),
        "excess_athermal": excess(heat, athermal),
        "dissipation_ratio": dissipation_ratio(excess_tight, tight),
        **with_link,
    }


def verdict_margins(quantities: Mapping[str, Real], bath: ThermalBath) -> dict[str, Real]:
    """Express the excess of the heat over each bound in units of hf and of k_B T0 ln 2.

    Args:
        quantities: those of ``thermodynamic_quantities``, of a qubit bath.
        bath: the bath of these quantities.

    Returns:
        ``excess_tight_hf``, ``excess_tight_kt_ln2``, and likewise for ``landauer`` and
        ``athermal`` (arrays of shape (...)): below 0 the heat is below the bound.

    Example:
        >>> from recycling.thermodynamics import Bath
        >>> excesses = {f"excess_{bound}": np.array(-1e-25) for bound in BOUNDS}
        >>> margins = verdict_margins(excesses, Bath.qubit())
        >>> f"{margins['excess_tight_hf']:.4f}, {margins['excess_landauer_kt_ln2']:.4f}"
        '-0.0302, -0.2430'
    """
    (quantum,) = bath.excitations
    units = {"hf": quantum, "kt_ln2": landauer_bound(LN2, bath)}
    return {
        f"excess_{bound}_{unit}": quantities[f"excess_{bound}"] / energy
        for bound in BOUNDS
        for unit, energy in units.items()
    }


def erasure_quantities(length: Real, z: Real, bath: ThermalBath, layout: Layout) -> dict[str, Real]:
    """Compute the part of ``thermodynamic_quantities`` that needs no bound: entropies and heat.

    Example:
        >>> from circuits import HHL
        >>> from recycling.thermodynamics import Bath
        >>> layout = Layout.of(HHL([[2, -1], [-1, 2]]).design)
        >>> length = np.array([[0.5, 0.99, 1.0], [0.9, 0.6, 1.0]])  # stage, qubit
        >>> f"{erasure_quantities(length, length, Bath.qubit(), layout)['heat']:.3e} J"
        '6.460e-25 J'
    """
    entropy = namespace_of(length).asarray(binary_entropy((1 - length) / 2))
    excited = (1 - z) / 2
    before, after = (
        bath_energy([excited[..., stage, layout.bath]], bath)
        for stage in (layout.before, layout.after)
    )
    of_target = entropy[..., layout.target]
    return {
        "entropy": entropy,
        "excited_population": excited,
        "entropy_decrease": of_target[..., layout.before] - of_target[..., layout.after],
        "heat": after - before,
    }


def bath_energy(populations: Sequence[Real], bath: ThermalBath) -> Real:
    """Mean energy of a bath above its ground state, J.

    Args:
        populations: of each level above the lowest, in the order of ``bath.energies`` (arrays of
            shape (...)); of a qubit, that of its excited level.
        bath: the bath, whatever its Hamiltonian, or ``QubitBaths`` that broadcast against (...).

    Raises:
        BadInput: there are not as many as the bath has such levels.

    Example:
        >>> from recycling.thermodynamics import Bath
        >>> f"{bath_energy([np.array(0.1)], Bath.qubit()):.3e} J"
        '3.313e-25 J'
    """
    energies = bath.excitations
    if len(populations) != len(energies):
        raise BadInput(
            f"bath: {len(populations)} excited populations for {len(energies)} levels above the "
            "lowest: give one for each; tomography shows that of single qubits so far"
        )
    first, *rest = (energy * share for energy, share in zip(energies, populations, strict=True))
    return cast(Real, namespace_of(first).asarray(sum(rest, start=first)))


def excess(heat: Real, bound: Real) -> Real:
    """Heat above a bound, J; +inf where the bound is +inf.

    Example:
        >>> excess(np.array([2e-25, 2e-25]), np.array([1e-25, np.inf])).tolist()
        [1e-25, inf]
    """
    return cast(Real, namespace_of(bound).where(bound == np.inf, np.inf, heat - bound))


def dissipation_ratio(excess: Real, bound: Real) -> Real:
    """Excess of the heat over a bound, in units of that bound, as in Fig. 5(b).

    +inf where no process exists; NaN where nothing is erased, so that there is nothing to compare.

    Example:
        >>> dissipation_ratio(np.array([1e-25, 1e-25]), np.array([2e-25, -1e-25])).round(4).tolist()
        [0.5, nan]
    """
    xp = namespace_of(bound)
    erased = (bound > 0) & xp.isfinite(bound)
    ratio = xp.where(erased, excess / xp.where(erased, bound, 1), np.nan)
    return cast(Real, xp.where(bound == np.inf, np.inf, ratio))


def bloch_of(states: NDArray[np.complex128]) -> Real:
    """Bloch vectors of pure states: (..., 2) → (..., 3).

    Example:
        >>> bloch_of(np.array([1, 1j]) / np.sqrt(2)).round(4).tolist()
        [0.0, 1.0, 0.0]
    """
    x, y = states[..., 0], states[..., 1]
    coherence = 2 * x.conj() * y
    parts = [coherence.real, coherence.imag, np.abs(x) ** 2 - np.abs(y) ** 2]
    return np.stack(parts, axis=-1)


def fidelity(bloch: Real, reference: Real) -> Real:
    """Fidelity of states with pure states, by their Bloch vectors: (..., 3) twice → (...).

    Example:
        >>> fidelity(np.array([[0.0, 0.0, 0.8]]), np.array([0.0, 0.0, 1.0])).tolist()
        [0.9]
    """
    overlap = namespace_of(bloch).sum(bloch * reference, axis=-1)
    return cast(Real, (1 + overlap) / 2)
