"""The plain estimator: linear inversion, projection, and the formulas. No limits, and a bias.

It is what the paper did, and exact for infinitely many shots. Entropies of samples are biased:
noise lengthens a Bloch vector, and the projection cuts vectors longer than 1.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from recycling.inference.bath.link import LinkChannel
from recycling.inference.bath.quantities import fidelity, thermodynamic_quantities
from recycling.inference.states.frames import beside, height, in_frame, taking_part
from recycling.inference.states.records import Layout, RecordMap
from recycling.inference.states.samples import linear_inversion
from recycling.thermodynamics import ThermalBath, as_floats, namespace_of

Real = NDArray[np.float64]


def plain_estimates(
    counts: NDArray[Any],
    records: RecordMap,
    p_x: Real,
    bath: ThermalBath,
    reference: Real | None,
    link: LinkChannel | None = None,
    axes: Real | None = None,
) -> dict[str, Real]:
    """Estimate everything by linear inversion and projection.

    Args:
        counts: counts or probabilities (array of shape (point, ..., stage, preparation, basis,
            record)).
        records: weight and values of each record.
        p_x: excited weights (array of shape (p_x,)).
        bath: bath at the temperature of the bounds; ``QubitBaths`` broadcast against (point, p_x,
            ...).
        reference: Bloch vectors of the pure states that the output is compared with (array of
            shape (point, 3)); NaN or None where none is known.
        link: the link that the bath's state has crossed; None for an experiment without links.
        axes: axes of tomography, unit vectors in the laboratory (array of shape (point, stage,
            qubit, basis, 3)); None for x, y and z.

    Returns:
        Quantities by name: those of ``thermodynamic_quantities`` with leading axes (point, p_x,
        ...), and ``branch_probability`` and ``fidelity`` of shape (point, ...). NaN where they need
        an axis without shots.

    Example:
        >>> from circuits import HHL
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> counts = np.full((4, 2, 2, 3, 16), 100)  # point, stage, preparation, basis, record
        >>> from recycling.thermodynamics import Bath
        >>> plain = plain_estimates(counts, records, np.array([0.1, 0.4]), Bath.qubit(), None)
        >>> plain["heat"].shape, plain["entropy"].shape
        ((4, 2), (4, 2, 2, 3))
    """
    between = np.ndim(counts) - 5
    weights = p_x.reshape(-1, *(1,) * between)
    even, frames = mixed(counts, records, 0.5), beside(axes, between)
    return {
        **table_estimates(counts[:, None], records, weights, bath, link, beside(axes, between + 1)),
        "fidelity": plain_fidelity(even, records.layout, reference, frames),
        "branch_probability": branch_probability(counts, records),
    }


def table_estimates(
    tables: NDArray[Any],
    records: RecordMap,
    p_x: Real | float,
    bath: ThermalBath,
    link: LinkChannel | None = None,
    axes: Real | None = None,
) -> dict[str, Real]:
    """Estimate heat, entropies and bounds of many tables, each at its p_x and with its bath.

    Arrays may be of any array namespace, all of one, and be traced by JAX. Arguments with the axes
    (...) broadcast against each other: for a grid of p_x give the tables an axis of length 1.

    Args:
        tables: counts or probabilities (array of shape (..., stage, preparation, basis, record)).
        records: weight and values of each record, the same for all tables.
        p_x: excited weights (number, or array of shape (...)).
        bath: bath at the temperature of the bounds; ``QubitBaths`` of shape (...) for one each.
        link: the link that the bath's state has crossed; None for an experiment without links.
        axes: axes of tomography, unit vectors in the laboratory (array of shape (..., stage, qubit,
            basis, 3)); None for x, y and z.

    Returns:
        Quantities by name: those of ``thermodynamic_quantities``, arrays of shape (...), or
        (..., stage, qubit) for ``entropy`` and ``excited_population``. NaN where they need a
        setting that has no record in the branch.

    Example:
        >>> from circuits import HHL
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> tables = np.full((4, 2, 2, 3, 16), 1 / 16)  # sample, stage, preparation, basis, record
        >>> from recycling.thermodynamics import QubitBaths
        >>> baths = QubitBaths(5e9, temperature=np.array([0.02, 0.03, 0.04, 0.05]))
        >>> found = table_estimates(tables, records, p_x=np.array([0.1, 0.2, 0.3, 0.4]), bath=baths)
        >>> found["heat"].shape, found["entropy"].shape
        ((4,), (4, 2, 3))
    """
    return plain_quantities(mixed(tables, records, p_x), bath, records.layout, link, axes)


def mixed(tables: NDArray[Any], records: RecordMap, p_x: Real | float) -> Real:
    """Bloch vectors by linear inversion, both preparations mixed: (basis, ..., stage, qubit).

    Their components are those along the axes of tomography, whatever these are.

    Args:
        tables: see ``table_estimates``.
        records: weight and values of each record.
        p_x: excited weights (number, or array of shape (...)).

    Example:
        >>> from circuits import HHL
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> mixed(np.full((4, 2, 2, 3, 16), 100), records, p_x=0.4).shape
        (3, 4, 2, 3)
    """
    xp, counted = as_floats(tables)
    weight = xp.asarray(p_x)[..., None, None]
    ground, excited = (
        linear_inversion(xp.moveaxis(counted[..., k, :, :], -2, 0), records)[0] for k in (0, 1)
    )
    return cast(Real, (1 - weight) * ground + weight * excited)


def branch_probability(tables: NDArray[Any], records: RecordMap) -> Real:
    """Probability of the branch from all settings together: (..., stage, …, record) → (...).

    Each setting counts by its shots; NaN where none has any.

    Example:
        >>> from circuits import HHL
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> branch_probability(np.full((4, 2, 2, 3, 16), 100), records).tolist()
        [0.5, 0.5, 0.5, 0.5]
    """
    xp, counted = as_floats(tables)
    pooled = xp.sum(counted, axis=(-4, -3, -2))
    total = xp.sum(pooled, axis=-1)
    share = pooled @ xp.asarray(records.weights) / xp.where(total > 0, total, 1)
    return cast(Real, xp.where(total > 0, share, np.nan))


def plain_quantities(
    vector: Real,
    bath: ThermalBath,
    layout: Layout,
    link: LinkChannel | None = None,
    axes: Real | None = None,
) -> dict[str, Real]:
    """Thermodynamic quantities of Bloch vectors (basis, ..., stage, qubit) along some axes.

    Example:
        >>> from circuits import HHL
        >>> from recycling.thermodynamics import Bath
        >>> layout = Layout.of(HHL([[2, -1], [-1, 2]]).design)
        >>> vector = np.full((3, 2, 3), 0.5)  # basis, stage, qubit
        >>> float(plain_quantities(vector, Bath.qubit(), layout)["heat"])
        0.0
    """
    return thermodynamic_quantities(*projected(vector, axes), bath, layout, link)


def projected(vector: Real, axes: Real | None = None) -> tuple[Real, Real]:
    """Length and z component of Bloch vectors (basis, ...) after projection; see ``project``.

    The length is NaN where an axis is not measured. Then z, if it needs none of these axes, is cut
    to what the others leave of it.

    Args:
        vector: components along each axis (array of shape (basis, ...)).
        axes: unit vectors, broadcast against it (array of shape (..., basis, 3)); None for x, y
            and z.

    Example:
        >>> length, z = projected(np.array([[0.0], [0.75], [1.0]]))
        >>> length.tolist(), z.tolist()
        ([1.0], [0.8])
    """
    xp = namespace_of(vector)
    return xp.minimum(_lengths(vector), 1), height(_cut(vector), axes)


def plain_fidelity(
    even: Real, layout: Layout, reference: Real | None, axes: Real | None = None
) -> Real:
    """Fidelity of the output before the erasure with a reference (array of shape (point, ...)).

    NaN where there is no reference, or the output has more than one qubit.

    Args:
        even: Bloch vectors of the even mixture of both preparations (array of shape (basis, point,
            ..., stage, qubit)).
        layout: places of the stages and the qubits.
        reference: Bloch vectors of pure states (array of shape (point, 3)).
        axes: axes of tomography (array of shape (point, ..., stage, qubit, basis, 3)); None for x,
            y and z.

    Example:
        >>> from circuits import HHL
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> even = mixed(np.full((1, 2, 2, 3, 16), 100), records, p_x=0.5)
        >>> plain_fidelity(even, records.layout, reference=np.array([[0.0, 0.0, 1.0]])).tolist()
        [0.5]
    """
    xp = namespace_of(even)
    if reference is None or layout.output is None:
        return cast(Real, xp.full_like(even[0, ..., 0, 0], np.nan))
    place = (..., layout.before, layout.output)
    vector = _cut(even[place])
    between = (1,) * (vector.ndim - 2)
    of_output = None if axes is None else axes[(*place, slice(None), slice(None))]
    wanted = xp.reshape(xp.asarray(reference), (len(reference), *between, 3))
    targets = in_frame(wanted, of_output)
    bloch = taking_part(xp.moveaxis(targets, -1, 0), vector)
    return fidelity(xp.moveaxis(bloch, 0, -1), targets)


def _cut(vector: Real) -> Real:
    """Bloch vectors (basis, ...) cut to length 1, with no regard to unknown components."""
    xp = namespace_of(vector)
    known = _lengths(xp.where(xp.isnan(vector), 0, vector))
    return cast(Real, vector / xp.maximum(known, 1))


def _lengths(vector: Real) -> Real:
    """Length of Bloch vectors (basis, ...), whose derivative at 0 is 0."""
    xp = namespace_of(vector)
    square = xp.sum(vector**2, axis=0)
    return cast(Real, xp.where(square == 0, 0, xp.sqrt(xp.where(square == 0, 1, square))))
