"""The plain estimator: linear inversion, projection, and the formulas. No limits, and a bias.

It is what the paper did, and exact for infinitely many shots. Entropies of samples are biased:
noise lengthens a Bloch vector, and the projection cuts those that come out longer than 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recycling.inference.bath.quantities import BEFORE, C_I, fidelity, thermodynamic_quantities
from recycling.inference.states.samples import Mixture, RecordMap, mixture
from recycling.thermodynamics import Bath

Real = NDArray[np.float64]


def plain_estimates(
    counts: NDArray[Any],
    records: RecordMap,
    p_x: Real,
    bath: Bath,
    solution: NDArray[np.complex128],
) -> dict[str, Real]:
    """Estimate everything by linear inversion and projection.

    Args:
        counts: counts or probabilities (array of shape (theta_b, ..., stage, preparation, basis,
            16)).
        records: what each record counts for.
        p_x: excited weights (array of shape (p_x,)).
        bath: bath at the temperature of the bounds.
        solution: ideal output of the algorithm (array of shape (theta_b, 2)).

    Returns:
        Quantities by name: those of ``thermodynamic_quantities`` with leading axes (theta_b, p_x,
        ...), and ``branch_probability`` and ``fidelity`` of shape (theta_b, ...).
    """
    pooled = np.asarray(counts, dtype=float).sum(axis=(-4, -3, -2))
    even = mixture(counts, records, np.array([0.5]))
    return {
        **plain_quantities(mixture(counts, records, p_x).vector(), bath),
        "fidelity": plain_fidelity(even, solution),
        "branch_probability": pooled @ records.weights / pooled.sum(axis=-1),
    }


def plain_quantities(vector: Real, bath: Bath) -> dict[str, Real]:
    """Thermodynamic quantities of Bloch vectors (basis, ..., stage, qubit)."""
    return thermodynamic_quantities(*projected(vector), bath)


def projected(vector: Real) -> tuple[Real, Real]:
    """Length and z component of Bloch vectors (basis, ...) after projection; see ``project``."""
    length = np.sqrt((vector**2).sum(axis=0))
    return np.minimum(length, 1), vector[-1] / np.maximum(length, 1)


def plain_fidelity(even: Mixture, solution: NDArray[np.complex128]) -> Real:
    """Fidelity of C_I before the erasure with the solution (array of shape (theta_b, ...))."""
    bloch = np.moveaxis(even.vector()[:, :, 0, ..., BEFORE, C_I], 0, -1)
    length = np.linalg.norm(bloch, axis=-1, keepdims=True)
    targets = solution.reshape(len(solution), *(1,) * (bloch.ndim - 2), 2)
    return fidelity(bloch / np.maximum(length, 1), targets)
