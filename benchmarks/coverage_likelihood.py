"""What the profile likelihood of a length would do: coverage and widths beside those of |r̂|².

The deviance of a length ℓ is the smallest Σ (r̂ - r)²/σ² of all |r| = ℓ, less that of all |r| ≤ 1,
with the sampled noise σ². An interval holds each ℓ whose deviance is below the quantile of χ² with
one degree of freedom. Both methods see the same draws.
"""

import argparse
from dataclasses import dataclass
from math import pi

import numpy as np
from coverage_points import record_probabilities
from coverage_truth import true_values
from numpy.typing import NDArray
from of_hhl import AFTER, BEFORE, DESIGN, S, raw

from recycling.inference.states.estimates import QUANTILE
from recycling.inference.states.samples import mixture
from recycling.inference.statistics.lengths import length_limits
from recycling.thermodynamics import Bath, binary_entropy

Real = NDArray[np.float64]

SEED = 22
#: Shortest component, as a share of its noise: the path to a length needs a direction.
LEAST = 1e-6
HALVINGS = 50


@dataclass(frozen=True)
class Place:
    """State of S, and what makes it: T0 in K, θ_b in rad, shots of each basis."""

    name: str
    stage: int
    profile: str
    temperature: float
    arm: str
    theta_b: float
    p_x: float
    shots: int


PLACES = (
    Place("maximally mixed", BEFORE, "ideal", 0.020, "equilibrium", 0.371, 0.5, 1000),
    Place("S before, 3 σ", BEFORE, "paper", 0.043, "recycling", pi / 4, 0.2, 500),
    Place("S before, 4 σ", BEFORE, "paper", 0.043, "recycling", pi / 4, 0.2, 1100),
    Place("pure, off the axes", AFTER, "ideal", 0.020, "recycling", 0.371, 0.31, 20_000),
    Place("inside", AFTER, "paper", 0.080, "equilibrium", 0.371, 0.2, 4000),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=2000, help="simulated at each place")
    experiments = parser.parse_args().experiments
    print(f"95 % intervals of the entropy of S, {experiments:,} experiments at each place:")
    for place in PLACES:
        _report(place, experiments)


@np.errstate(divide="ignore")  # the slope of the entropy is 0 at the maximally mixed state
def _report(place: Place, experiments: int) -> None:
    tables = record_probabilities(place.profile, place.temperature, np.array([place.theta_b]))
    own = tables[DESIGN.arm_names.index(place.arm), :, :, 0]
    records, p_x = raw(place.arm), np.array([place.p_x])
    truth = true_values(
        mixture(own[None] * place.shots, records, p_x).without_output(),
        Bath.qubit(temperature=place.temperature),
    )
    name = "S before" if place.stage == BEFORE else "S after"
    size = (1, experiments, *own.shape[:-1])
    counts = np.random.default_rng(SEED).multinomial(place.shots, own, size=size)
    flat = mixture(counts, records, p_x).without_output().flat()
    of_s = np.arange(flat.slopes.shape[-1]).reshape(experiments, 2, -1)[:, place.stage, S]
    mixed = flat.at(of_s)
    shown = []
    for method, lengths in (
        ("likelihood", likelihood_limits(mixed.vector(), mixed.noise())),
        ("ours", length_limits(mixed, (QUANTILE, -QUANTILE))),
    ):
        high, low = (np.asarray(binary_entropy((1 - x) / 2)) for x in lengths)
        true, deviation = truth.values[name][0], truth.deviations[name][0]
        covered = np.mean((low <= true + 1e-12) & (true - 1e-12 <= high))
        width = np.median(high - low) / (2 * QUANTILE * deviation)
        shown.append(f"{method} {100 * covered:5.1f} %, width/CR {width:7.3f}")
    print(f"  {place.name:20}{truth.distances[name][0]:5.1f} σ: {'; '.join(shown)}", flush=True)


def likelihood_limits(vector: Real, noise: Real) -> tuple[Real, Real]:
    """Ends of the intervals of lengths; vectors and their variances are of shape (basis, point)."""
    away = np.maximum(np.abs(vector), LEAST * np.sqrt(noise))
    best = np.minimum(np.sqrt((away**2).sum(axis=0)), 1)
    least = _distance(best, away, noise)

    def end(inside: Real, outside: Real) -> Real:
        accepted = _distance(outside, away, noise) - least <= QUANTILE**2
        for _ in range(HALVINGS):
            middle = (inside + outside) / 2
            within = _distance(middle, away, noise) - least <= QUANTILE**2
            inside, outside = (
                np.where(accepted | within, middle, inside),
                np.where(accepted | within, outside, middle),
            )
        return inside

    return end(best, np.zeros_like(best)), end(best, np.ones_like(best))


def _distance(length: Real, vector: Real, noise: Real) -> Real:
    """Smallest Σ (r̂ - r)²/σ² of all |r| = ℓ: r = r̂/(1 - κ σ²), with Lagrange's multiplier κ."""
    # κ = (1 - 1/t)/σ_max² with t from 0 (length 0) to +inf, where it reaches any length.
    low, high = np.full_like(length, -40.0), np.full_like(length, 40.0)
    relative = noise / noise.max(axis=0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        longer = (_closest(middle, vector, relative) ** 2).sum(axis=0) > length**2
        low, high = np.where(longer, low, middle), np.where(longer, middle, high)
    return ((_closest((low + high) / 2, vector, relative) - vector) ** 2 / noise).sum(axis=0)


def _closest(log_t: Real, vector: Real, relative: Real) -> Real:
    return vector / (1 - relative * (1 - np.exp(-log_t)))


if __name__ == "__main__":
    main()
