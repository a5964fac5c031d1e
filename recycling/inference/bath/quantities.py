"""From Bloch vectors to heat, entropies and bounds, on whole arrays."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from circuits.protocol import MEASURED_QUBITS, STAGES
from recycling.thermodynamics import (
    Bath,
    athermal_bound_from,
    binary_entropy,
    landauer_bound,
    tight_bound,
)

Real = NDArray[np.float64]

BEFORE, AFTER = (STAGES.index(stage) for stage in ("before", "after"))
S, B, C_I = (MEASURED_QUBITS.index(qubit) for qubit in ("S", "B", "C_I"))


def thermodynamic_quantities(length: Real, z: Real, bath: Bath) -> dict[str, Real]:
    """Everything that the states of S and B before and after the erasure say.

    Args:
        length: length of each Bloch vector, at most 1 (array of shape (..., stage, qubit)).
        z: its z component (likewise).
        bath: qubit bath at the temperature T0 of the bounds.

    Returns:
        ``entropy`` (nats) and ``excited_population`` of shape (..., stage, qubit); of shape (...):
        ``entropy_decrease`` (nats), ``heat``, the three bounds, ``gain`` and the excess of the heat
        over each bound (J), and ``dissipation_ratio``.

    An excess over a bound that is +inf is +inf: no process exists, so it is never "below the
    bound". The gain is -inf where the athermal bound is +inf.
    """
    found = erasure_quantities(length, z, bath)
    entropy, decrease, heat = (found[name] for name in ("entropy", "entropy_decrease", "heat"))
    initial = bath_energy(found["excited_population"][..., BEFORE, B], bath)
    tight = np.asarray(tight_bound(decrease, bath))
    landauer = np.asarray(landauer_bound(decrease, bath))
    athermal = np.asarray(athermal_bound_from(decrease, bath, entropy[..., BEFORE, B], initial))
    reachable = np.isfinite(athermal)
    gain = np.subtract(tight, athermal, out=np.full_like(tight, -np.inf), where=reachable)
    excess_tight = excess(heat, tight)
    return {
        **found,
        "bound_landauer": landauer,
        "bound_tight": tight,
        "bound_athermal": athermal,
        "gain": np.where(np.isnan(athermal), np.nan, gain),
        "excess_tight": excess_tight,
        "excess_landauer": excess(heat, landauer),
        "excess_athermal": excess(heat, athermal),
        "dissipation_ratio": dissipation_ratio(excess_tight, tight),
    }


def erasure_quantities(length: Real, z: Real, bath: Bath) -> dict[str, Real]:
    """The part of ``thermodynamic_quantities`` that needs no bound: entropies and heat."""
    entropy = np.asarray(binary_entropy((1 - length) / 2))
    excited = (1 - z) / 2
    energy = bath_energy(excited[..., B], bath)
    return {
        "entropy": entropy,
        "excited_population": excited,
        "entropy_decrease": entropy[..., BEFORE, S] - entropy[..., AFTER, S],
        "heat": energy[..., AFTER] - energy[..., BEFORE],
    }


def bath_energy(excited_population: Real, bath: Bath) -> Real:
    """Mean energy hf·P₁ of the bath qubit above its ground state, J."""
    gap = float(bath.energies[-1] - bath.energies[0])
    return gap * excited_population


def excess(heat: Real, bound: Real) -> Real:
    """Heat above a bound, J; +inf where the bound is +inf."""
    return cast(Real, np.where(np.isposinf(bound), np.inf, heat - bound))


def dissipation_ratio(excess: Real, bound: Real) -> Real:
    """Excess of the heat over a bound, in units of that bound, as in Fig. 5(b).

    +inf where no process exists; NaN where nothing is erased, so that there is nothing to compare.
    """
    erased = (bound > 0) & np.isfinite(bound)
    ratio = np.divide(excess, bound, out=np.full_like(bound, np.nan), where=erased)
    return np.where(np.isposinf(bound), np.inf, ratio)


def fidelity(bloch: Real, solution: NDArray[np.complex128]) -> Real:
    """Fidelity ⟨x|ρ|x⟩ of states with pure states: (..., 3) and (..., 2) → (...)."""
    x, y = solution[..., 0], solution[..., 1]
    coherence = 2 * x.conj() * y
    target = np.stack([coherence.real, coherence.imag, np.abs(x) ** 2 - np.abs(y) ** 2], axis=-1)
    return cast(Real, (1 + (bloch * target).sum(-1)) / 2)
