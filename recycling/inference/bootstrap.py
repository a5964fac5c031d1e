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
from recycling.inference.tomography import linear_inversion, mix, project, projected_mixtures
from recycling.thermodynamics import Bath

Real = NDArray[np.float64]

#: Two-sided confidence of every interval.
CONFIDENCE = 0.95
#: Sums of the records of (S, B, C_I), S outermost, and of the rest that give each qubit's outcomes
#: 0 and 1 (array of shape (9, 3 · 2)).
_MARGINALS = np.zeros((9, 3, 2))
for _record, _bits in enumerate(np.ndindex(2, 2, 2)):
    _MARGINALS[_record, range(3), _bits] = 1


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
    # One resample axis in front of everything; the first entry is the data itself.
    tables = np.concatenate([branch, other[..., None]], axis=-1)[None]
    if resamples:
        shots = tables.sum(axis=-1)
        probabilities = tables / shots[..., None]
        draws = generator.multinomial(shots, probabilities, size=(resamples, *shots.shape))
        tables = np.concatenate([tables, draws[:, 0]])
    ground, excited = _bloch_vectors(tables)
    # One p_x at a time: its arrays stay in the processor's cache.
    by_p_x = [
        _intervals(thermodynamic_quantities(states, bath))
        for states in projected_mixtures(ground, excited, p_x)
    ]
    evenly = project(mix(ground, excited, 0.5))
    pooled = tables.sum(axis=(1, 2, 4))
    by_angle = {
        "fidelity": fidelity(evenly[..., BEFORE, C_I, :], solution),
        "branch_probability": pooled[..., :8].sum(-1) / pooled.sum(-1),
    }
    return {name: _stack([own[name] for own in by_p_x]) for name in by_p_x[0]} | _intervals(
        by_angle
    )


def _bloch_vectors(tables: NDArray[np.int64] | Real) -> tuple[Real, Real]:
    """Bloch vectors (resample, theta_b, stage, qubit, 3) without and with an X gate.

    The tables are (resample, stage, preparation, theta_b, basis, 8 records + 1 for the rest).
    """
    outcomes = tables.astype(float) @ _MARGINALS.reshape(9, 6)
    # (resample, stage, preparation, theta_b, basis, qubit, outcome) → basis and outcome last
    by_basis = outcomes.reshape(*outcomes.shape[:-1], 3, 2).swapaxes(-3, -2)
    bloch = np.moveaxis(linear_inversion(by_basis), 1, 3)
    return bloch[:, 0], bloch[:, 1]


def _intervals(quantities: dict[str, Real]) -> dict[str, Estimate]:
    """Estimates from arrays whose first entry is the value and whose others are resamples."""
    shapes = {name: array.shape[1:] for name, array in quantities.items()}
    flat = np.concatenate([array.reshape(len(array), -1) for array in quantities.values()], axis=1)
    value, draws = flat[0], flat[1:]
    low, high, stderr = value, value, np.zeros_like(value)
    if len(draws):
        tail = (1 - CONFIDENCE) / 2 * (len(draws) - 1)
        # Whole draws, never between two of them: some may be +inf, where no process exists.
        lowest, highest = int(np.floor(tail)), int(np.ceil(len(draws) - 1 - tail))
        ordered = np.sort(draws, axis=0)
        low, high = ordered[lowest], ordered[highest]
        stderr = _standard_error(draws)
        stderr[np.isnan(value)] = np.nan
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes.values()])[:-1]
    parts = [np.split(array, ends) for array in (value, low, high, stderr)]
    return {
        name: Estimate(*(part[index].reshape(shape) for part in parts))
        for index, (name, shape) in enumerate(shapes.items())
    }


def _standard_error(draws: Real) -> Real:
    """Standard deviation over resamples (first axis); +inf where they do not say.

    They do not say where one of them is infinite, or where all are alike: too few shots to
    resample, with nothing but rounding between the draws.
    """
    spread = np.full(draws.shape[1:], np.inf)
    finite = np.isfinite(draws).all(axis=0)
    spread[finite] = draws[:, finite].std(axis=0, ddof=1)
    rounding = 64 * np.finfo(float).eps * np.abs(draws).max(axis=0, initial=0)
    return np.where(spread > rounding, spread, np.inf)


def _stack(estimates: list[Estimate]) -> Estimate:
    """Put estimates at successive p_x side by side: (theta_b, …) → (theta_b, p_x, …)."""
    return Estimate(
        *(
            np.stack([getattr(own, part) for own in estimates], axis=1)
            for part in ("value", "low", "high", "stderr")
        )
    )
