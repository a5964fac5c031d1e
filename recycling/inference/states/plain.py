"""The plain estimator: linear inversion, projection, and the formulas. No limits, and a bias.

It is what the paper did, and exact for infinitely many shots. Entropies of samples are biased:
noise lengthens a Bloch vector, and the projection cuts vectors longer than 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recycling.inference.bath.link import LinkChannel
from recycling.inference.bath.quantities import fidelity, thermodynamic_quantities
from recycling.inference.states.records import Layout, RecordMap
from recycling.inference.states.samples import Mixture, mixture
from recycling.thermodynamics import Bath

Real = NDArray[np.float64]


def plain_estimates(
    counts: NDArray[Any],
    records: RecordMap,
    p_x: Real,
    bath: Bath,
    reference: Real | None,
    link: LinkChannel | None = None,
) -> dict[str, Real]:
    """Estimate everything by linear inversion and projection.

    Args:
        counts: counts or probabilities (array of shape (point, ..., stage, preparation, basis,
            record)).
        records: weight and values of each record.
        p_x: excited weights (array of shape (p_x,)).
        bath: bath at the temperature of the bounds.
        reference: Bloch vectors of the pure states that the output is compared with (array of
            shape (point, 3)); NaN or None where none is known.
        link: the link that the bath's state has crossed; None for an experiment without links.

    Returns:
        Quantities by name: those of ``thermodynamic_quantities`` with leading axes (point, p_x,
        ...), and ``branch_probability`` and ``fidelity`` of shape (point, ...).

    Example:
        >>> from circuits import HHL
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> counts = np.full((4, 2, 2, 3, 16), 100)  # point, stage, preparation, basis, record
        >>> plain = plain_estimates(counts, records, np.array([0.1, 0.4]), Bath.qubit(), None)
        >>> plain["heat"].shape, plain["entropy"].shape
        ((4, 2), (4, 2, 2, 3))
    """
    pooled = np.asarray(counts, dtype=float).sum(axis=(-4, -3, -2))
    even = mixture(counts, records, np.array([0.5]))
    return {
        **plain_quantities(mixture(counts, records, p_x).vector(), bath, records.layout, link),
        "fidelity": plain_fidelity(even, reference),
        "branch_probability": pooled @ records.weights / pooled.sum(axis=-1),
    }


def plain_quantities(
    vector: Real, bath: Bath, layout: Layout, link: LinkChannel | None = None
) -> dict[str, Real]:
    """Thermodynamic quantities of Bloch vectors (basis, ..., stage, qubit).

    Example:
        >>> from circuits import HHL
        >>> layout = Layout.of(HHL([[2, -1], [-1, 2]]).design)
        >>> vector = np.full((3, 2, 3), 0.5)  # basis, stage, qubit
        >>> float(plain_quantities(vector, Bath.qubit(), layout)["heat"])
        0.0
    """
    return thermodynamic_quantities(*projected(vector), bath, layout, link)


def projected(vector: Real) -> tuple[Real, Real]:
    """Length and z component of Bloch vectors (basis, ...) after projection; see ``project``.

    Example:
        >>> length, z = projected(np.array([[0.0], [0.75], [1.0]]))
        >>> length.tolist(), z.tolist()
        ([1.0], [0.8])
    """
    length = np.sqrt((vector**2).sum(axis=0))
    return np.minimum(length, 1), vector[-1] / np.maximum(length, 1)


def plain_fidelity(even: Mixture, reference: Real | None) -> Real:
    """Fidelity of the output before the erasure with a reference (array of shape (point, ...)).

    NaN where there is no reference, or the output has more than one qubit.

    Example:
        >>> from circuits import HHL
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> even = mixture(np.full((1, 2, 2, 3, 16), 100), records, p_x=np.array([0.5]))
        >>> plain_fidelity(even, reference=np.array([[0.0, 0.0, 1.0]])).tolist()
        [0.5]
    """
    layout = even.layout
    if reference is None or layout.output is None:
        return np.full(even.vector()[0, :, 0, ..., 0, 0].shape, np.nan)
    bloch = np.moveaxis(even.vector()[:, :, 0, ..., layout.before, layout.output], 0, -1)
    length = np.linalg.norm(bloch, axis=-1, keepdims=True)
    targets = reference.reshape(len(reference), *(1,) * (bloch.ndim - 2), 3)
    return fidelity(bloch / np.maximum(length, 1), targets)
