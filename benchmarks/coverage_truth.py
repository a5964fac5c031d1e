"""What is true of simulated experiments: values, attainable deviations, and boundaries."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from of_hhl import AFTER, BEFORE, LAYOUT, B, S

from recycling.inference.states.plain import plain_quantities
from recycling.inference.states.samples import Mixture
from recycling.thermodynamics import Bath, binary_entropy

Real = NDArray[np.float64]

#: Entropies by name, with their stage and qubit.
ENTROPIES = {"S before": (BEFORE, S), "S after": (AFTER, S), "B before": (BEFORE, B)}
#: Quantities without a unit, and those in quanta of the bath.
PLAIN = ("entropy_decrease", "dissipation_ratio")
ENERGIES = ("heat", "excess_tight", "excess_landauer", "excess_athermal", "gain")
DERIVED = (*PLAIN, *ENERGIES)
QUANTITIES = (*ENTROPIES, *DERIVED)
#: Step of numerical derivatives with respect to Bloch components.
STEP = 1e-6
#: A state that is closer to a pure one is pure, up to rounding.
PURE = 1e-12


@dataclass(frozen=True)
class Truth:
    """What is known of each quantity (arrays over p_x); see ``Row``.

    ``deviations`` are Cramér and Rao's, ``umvu`` those of the best unbiased estimate.
    """

    values: dict[str, Real]
    deviations: dict[str, Real]
    umvu: dict[str, Real]
    distances: dict[str, Real]
    naive: dict[str, Real]


@np.errstate(divide="ignore", invalid="ignore")  # where there is no process, or no noise
def true_values(states: Mixture, bath: Bath) -> Truth:
    """Truth behind experiments.

    Args:
        states: made of expected counts, from which follow values and their covariance (arrays of
            shape (basis, 1, p_x, stage, qubit)).
        bath: bath at the temperature of the bounds.
    """
    vector, noise = states.vector(), _noise(states)
    values = quantities(vector, bath)
    gradients = _gradients(vector, bath)
    deviations = {
        name: np.sqrt(_variance(own, noise, states.shared()))[0] for name, own in gradients.items()
    }
    pure, mixed = boundaries(vector, noise)
    shortest = np.minimum(pure, mixed)[0]
    entropy = {name: shortest[:, *place] for name, place in ENTROPIES.items()}
    bath_sides = (1 - np.abs(vector[-1, ..., B])) / np.sqrt(noise[-1, ..., B])
    heat = bath_sides[0].min(axis=-1)
    room = {
        name: np.abs(np.log(2) - reached[0]) / deviations[of]
        for name, reached, of in (
            ("tight", values["entropy_decrease"] + float(bath.entropy()), "entropy_decrease"),
            ("athermal", values["entropy_decrease"] + values["B before"], "reached"),
        )
    }
    decrease = np.minimum(entropy["S before"], entropy["S after"])
    landauer = np.minimum(decrease, heat)
    tight = np.minimum(landauer, room["tight"])
    resolved = (values["heat"] - values["excess_tight"])[0] / deviations["bound_tight"]
    athermal = np.min([landauer, entropy["B before"], room["athermal"]], axis=0)
    distances = {
        **entropy, "entropy_decrease": decrease, "heat": heat, "excess_landauer": landauer,
        "excess_tight": tight, "dissipation_ratio": np.minimum(tight, resolved),
        "excess_athermal": athermal,
        "gain": np.minimum(athermal, room["tight"]),
    }  # fmt: skip
    return Truth(
        {name: own[0] for name, own in values.items()}, deviations,
        _best_unbiased(vector, noise, deviations), distances, _naive(vector, noise),
    )  # fmt: skip


def boundaries(vector: Real, noise: Real) -> tuple[Real, Real]:
    """Distances from the pure and from the maximally mixed states, in standard deviations.

    From the pure ones that is (1 - ℓ)/σ with the standard deviation σ of the length ℓ. Noise
    across a vector lengthens it by tr Σ⊥ / 2ℓ, so that it is mistaken for a longer one; the
    distance from ℓ = 0 is σ over that length, 2 ℓ σ / tr Σ⊥. If noise is the same in all
    directions it is ℓ/σ.

    Args:
        vector: true Bloch vectors (array of shape (basis, ...)).
        noise: variances of their components (likewise).
    """
    length = np.sqrt((vector**2).sum(axis=0))
    along = np.divide(vector, length, out=np.zeros_like(vector), where=length > 0)
    variance = (along**2 * noise).sum(axis=0)
    deviation = np.sqrt(variance)
    room = np.maximum(1 - length, 0)
    pure = np.divide(room, deviation, out=np.zeros_like(room), where=room > PURE)
    # Without a direction all noise is across.
    return pure, 2 * length * deviation / (noise.sum(axis=0) - variance)


def _best_unbiased(vector: Real, noise: Real, deviations: dict[str, Real]) -> dict[str, Real]:
    """Deviation of entropies from the best unbiased estimate of ℓ², |r̂|² - tr Σ (over p_x)."""
    first = (4 * vector**2 * noise).sum(axis=0)
    ratio = np.sqrt(1 + np.divide(2 * (noise**2).sum(axis=0), first, where=first > 0,
                                  out=np.full_like(first, np.inf)))[0]  # fmt: skip
    none = np.full_like(ratio[:, 0, 0], np.nan)
    return {
        name: deviations[name] * ratio[:, *ENTROPIES[name]] if name in ENTROPIES else none
        for name in QUANTITIES
    }


def _naive(vector: Real, noise: Real) -> dict[str, Real]:
    """Distance min(ℓ, 1 - ℓ)/σ_max, the smallest of the states that a quantity depends on."""
    length = np.sqrt((vector**2).sum(axis=0))
    own = (np.minimum(length, 1 - length) / np.sqrt(noise.max(axis=0)))[0]
    entropy = {name: own[:, *place] for name, place in ENTROPIES.items()}
    heat = own[..., B].min(axis=-1)
    decrease = np.minimum(entropy["S before"], entropy["S after"])
    others = dict.fromkeys(DERIVED, np.minimum(decrease, heat))
    return {**others, **entropy, "entropy_decrease": decrease, "heat": heat}


def _noise(states: Mixture) -> Real:
    """Variances of the Bloch components of mixtures (basis, ..., stage, qubit)."""
    parts = ((1 - states.p_x, states.ground), (states.p_x, states.excited))
    return sum(weight**2 * (1 - own.mean**2) / own.shots for weight, own in parts)


def _gradients(vector: Real, bath: Bath) -> dict[str, Real]:
    """Derivatives with respect to Bloch components, arrays of the shape of ``vector``.

    ``reached`` is that of S(before) - S(after) + S_B, which the athermal bound depends on;
    ``bound_tight`` that of the bound in quanta.
    """
    found = {name: np.zeros_like(vector) for name in (*QUANTITIES, "reached")}
    for place in np.ndindex(3, *vector.shape[-2:]):
        where = (place[0], ..., *place[1:])
        moved = []
        for step in (STEP, -STEP):
            shifted = vector.copy()
            shifted[where] += step
            moved.append(quantities(shifted, bath))
        for name in QUANTITIES:
            found[name][where] = (moved[0][name] - moved[1][name]) / (2 * STEP)
    # Heat is linear in z; the projection of states that are pure would flatten it.
    flat = {name: found[name] - found["heat"] for name in found if name.startswith("excess")}
    found["heat"] = np.zeros_like(vector)
    found["heat"][-1, ..., BEFORE, B], found["heat"][-1, ..., AFTER, B] = 1 / 2, -1 / 2
    found |= {name: own + found["heat"] for name, own in flat.items()}
    found["bound_tight"] = found["heat"] - found["excess_tight"]
    heat, excess = (quantities(vector, bath)[name] for name in ("heat", "excess_tight"))
    bound = (heat - excess)[..., None, None]
    found["dissipation_ratio"] = (
        found["heat"] - heat[..., None, None] / bound * found["bound_tight"]
    ) / bound
    found["reached"] = found["entropy_decrease"] + found["B before"]
    return found


def _variance(gradient: Real, noise: Real, shared: Real) -> Real:
    """Variance to first order; S and B of one stage share their shots (..., p_x)."""
    own = (gradient**2 * noise).sum(axis=(0, -2, -1))
    return own + 2 * (gradient[..., S] * gradient[..., B] * shared).sum(axis=(0, -1))


def quantities(vector: Real, bath: Bath) -> dict[str, Real]:
    """Plain values of Bloch vectors (basis, ..., stage, qubit), in nats and quanta of the bath."""
    found = plain_quantities(vector, bath, LAYOUT)
    unit = quantum(bath)
    values = {name: found["entropy"][..., *place] for name, place in ENTROPIES.items()}
    for name in DERIVED:
        values[name] = found[name] / (1.0 if name in PLAIN else unit)
    return values


def quantum(bath: Bath) -> float:
    return float(bath.energies[-1] - bath.energies[0])


def plain_entropy(vector: Real) -> Real:
    """Plain entropy of Bloch vectors (basis, ...)."""
    length = np.minimum(np.sqrt((vector**2).sum(axis=0)), 1)
    return np.asarray(binary_entropy((1 - length) / 2))
