"""Intervals by resampling shots: a nonparametric bootstrap, vectorised and seeded.

The joint record of flag, S, B and C_I is resampled as a whole, setting by setting, so the
correlations between heat and bound, which share shots, are in the intervals. It treats sampling
noise only: it does not remove the bias of entropies near pure and maximally mixed states.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recycling.inference.quantities import BEFORE, C_I, fidelity, thermodynamic_quantities
from recycling.inference.tomography import linear_inversion, mix, project
from recycling.thermodynamics import Bath

Real = NDArray[np.float64]

#: Two-sided confidence of every interval.
CONFIDENCE = 0.95
#: Marginals of the joint outcome index (S, B, C_I), S outermost (array of shape (qubit, 2, 8)).
_MARGINALS = np.stack(
    [[((np.arange(8) >> shift) & 1) == outcome for outcome in (0, 1)] for shift in (2, 1, 0)]
).astype(float)


@dataclass(frozen=True)
class Estimate:
    """Estimate with the ends of its 95 % interval and its standard error."""

    value: Real
    low: Real
    high: Real
    stderr: Real


def estimate_trial(
    counts: NDArray[np.int64] | Real,
    flag: int,
    p_x: Real,
    bath: Bath,
    solution: NDArray[np.complex128],
    *,
    resamples: int,
    generator: np.random.Generator,
) -> dict[str, Estimate]:
    """Estimate everything from one trial of one arm.

    Args:
        counts: joint counts (array of shape (stage, preparation, theta_b, basis, flag, S, B,
            C_I)), or probabilities if resamples is 0.
        flag: value of the flag in the branch to analyse.
        p_x: excited weights (array of shape (p_x,)).
        bath: bath at the temperature of the bounds.
        solution: ideal output of the algorithm (array of shape (theta_b, 2)).
        resamples: bootstrap resamples; 0 for none, where there is no sampling noise.
        generator: source of randomness.

    Returns:
        Estimates by name: those of ``thermodynamic_quantities`` with leading axes (theta_b, p_x),
        and ``branch_probability`` and ``fidelity`` of shape (theta_b,).
    """
    branch = counts[..., flag, :, :, :].reshape(*counts.shape[:4], 8)
    other = counts.sum(axis=(-4, -3, -2, -1)) - branch.sum(axis=-1)
    table = np.concatenate([branch, other[..., None]], axis=-1)
    values = _quantities(table, p_x, bath, solution)
    if resamples == 0:
        zero = {name: np.zeros_like(value) for name, value in values.items()}
        return {name: Estimate(v, v, v, zero[name]) for name, v in values.items()}
    shots = table.sum(axis=-1)
    draws = generator.multinomial(shots, table / shots[..., None], size=(resamples, *shots.shape))
    resampled = _quantities(draws, p_x, bath, solution)
    return {name: _interval(value, resampled[name]) for name, value in values.items()}


def _quantities(
    table: NDArray[np.int64] | Real, p_x: Real, bath: Bath, solution: NDArray[np.complex128]
) -> dict[str, Real]:
    """Quantities from tables (..., stage, preparation, theta_b, basis, 8 records + 1 for the rest).

    The leading axes are those of the resamples.
    """
    # (..., stage, preparation, theta_b, qubit, basis, outcome)
    outcomes = np.einsum("...bo,qko->...qbk", table[..., :8].astype(float), _MARGINALS)
    # (..., preparation, theta_b, stage, qubit, xyz)
    bloch = np.moveaxis(linear_inversion(outcomes), -5, -3)
    ground, excited = bloch[..., 0, :, :, :, :], bloch[..., 1, :, :, :, :]
    mixed = mix(ground[..., None, :, :, :], excited[..., None, :, :, :], p_x[:, None, None])
    quantities = thermodynamic_quantities(project(mixed), bath)
    evenly = project(mix(ground, excited, 0.5))
    quantities["fidelity"] = fidelity(evenly[..., BEFORE, C_I, :], solution)
    pooled = table.sum(axis=(-5, -4, -2))
    quantities["branch_probability"] = pooled[..., :8].sum(-1) / pooled.sum(-1)
    return quantities


def _interval(value: Real, draws: Real) -> Estimate:
    tail = (1 - CONFIDENCE) / 2
    # Whole draws, never between two of them: some may be +inf, where no process exists.
    low = np.quantile(draws, tail, axis=0, method="lower")
    high = np.quantile(draws, 1 - tail, axis=0, method="higher")
    finite = np.isfinite(draws).all(axis=0)
    stderr = np.full_like(value, np.inf)
    stderr[finite] = draws[:, finite].std(axis=0, ddof=1)
    return Estimate(value, low, high, np.where(np.isnan(value), np.nan, stderr))
