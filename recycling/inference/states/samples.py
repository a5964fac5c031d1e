"""Counts as samples of Bloch vectors: means, effective shots and covariances of every setting.

Every treatment of records before the inversion (none, a correction of readout errors, the unmixing
of misread flags) is linear in the counts. So a ``RecordMap`` gives each record a weight
and a value for each qubit, and a Bloch component is a ratio of two sums over records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recycling.inference.states.frames import beside
from recycling.inference.states.records import Layout, RecordMap
from recycling.inference.statistics.lengths import Mixed, Part
from recycling.thermodynamics import namespace_of

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """Sampled Bloch components of a preparation in every setting, the basis outermost.

    Attributes:
        mean: sample means (array of shape (basis, ..., stage, qubit)); NaN where there are no
            shots.
        shots: effective number of shots behind each (likewise).
        top: largest value of a single outcome (array of shape (qubit,)).
        bottom: smallest value of a single outcome.
        shared: covariance of the means of target and bath, which share their shots (array of shape
            (basis, ..., stage)).
        slopes: change of each mean with each independent standard normal error of the calibration
            (array of shape (error, basis, ..., stage, qubit)); no errors where nothing is
            corrected.

    Example:
        >>> from circuits import HHL
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> counts = np.full((4, 2, 3, 16), 100)  # point, stage, basis, record
        >>> samples = sample(counts, records)
        >>> samples.mean.shape, samples.shared.shape
        ((3, 4, 2, 3), (3, 4, 2))
    """

    mean: Real
    shots: Real
    top: Real
    bottom: Real
    shared: Real
    slopes: Real


def sample(counts: NDArray[Any], records: RecordMap, moved: Sequence[RecordMap] = ()) -> Samples:
    """Sample the Bloch components of a preparation.

    Args:
        counts: counts of the records (array of shape (..., stage, basis, record)), or
            probabilities.
        records: weight and values of each record.
        moved: a map of the records for each independent error of the calibration, displaced by
            one standard error.

    Example:
        >>> from circuits import HHL
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> counts = np.full((4, 2, 3, 16), 100)  # point, stage, basis, record
        >>> sample(counts, records).shots[0, 0].tolist()  # stage, qubit
        [[800.0, 800.0, 800.0], [800.0, 800.0, 800.0]]
    """
    tables = np.moveaxis(np.asarray(counts, dtype=float), -2, 0)
    mean, weight = linear_inversion(tables, records)
    # Kish's effective size of a weighted sample.
    squares = tables @ records.weights**2
    shots = np.divide(weight**2, squares, out=np.zeros_like(weight), where=squares > 0)
    slopes = [linear_inversion(tables, other)[0] - mean for other in moved]
    return Samples(
        mean=mean,
        shots=np.broadcast_to(shots[..., None], mean.shape),
        top=records.top,
        bottom=records.bottom,
        shared=_shared(tables, records, mean, weight),
        slopes=np.stack(slopes) if slopes else np.zeros((0, *mean.shape)),
    )


def linear_inversion(tables: Real, records: RecordMap) -> tuple[Real, Real]:
    """Mean of each Bloch component in one basis, and the weight behind it.

    Args:
        tables: counts or probabilities (array of shape (..., stage, record), of any namespace).
        records: weight and values of each record.

    Returns:
        Means (array of shape (..., stage, qubit)), NaN where nothing was counted; weights (array of
        shape (..., stage)).

    Example:
        >>> from circuits import HHL
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> linear_inversion(np.full((2, 16), 100.0), records)[1].tolist()  # stage
        [800.0, 800.0]
    """
    xp = namespace_of(tables)
    weight = tables @ xp.asarray(records.weights)
    values = xp.asarray(records.values)
    sums = xp.einsum("...sr,srq->...sq", tables, values, optimize=True)
    total = weight[..., None]
    mean = xp.where(total > 0, sums / xp.where(total > 0, total, 1), np.nan)
    return mean, weight


def _shared(tables: Real, records: RecordMap, mean: Real, weight: Real) -> Real:
    """Covariance of the means of target and bath: that of two ratios with the same denominator."""
    target, bath = records.layout.target, records.layout.bath
    weights = records.weights[:, None]
    first, second = records.values[..., target], records.values[..., bath]
    products = np.stack([first * second, first * weights.T, second * weights.T], axis=-1)
    both, of_first, of_second = np.moveaxis(
        np.einsum("...sr,srk->...sk", tables, products, optimize=True), -1, 0
    )
    squares = tables @ records.weights**2
    centred = (
        both - mean[..., bath] * of_first - mean[..., target] * of_second
        + mean[..., target] * mean[..., bath] * squares
    )  # fmt: skip
    shared = np.zeros_like(weight)
    np.divide(centred, weight**2, out=shared, where=weight > 0)
    return shared


@dataclass(frozen=True)
class Mixture:
    """The states of the target (1 - p_x)|0⟩⟨0| + p_x|1⟩⟨1|, mixed from two preparations.

    Attributes:
        ground: samples without an X gate, each array with an axis of length 1 for p_x.
        excited: samples with it, likewise.
        p_x: excited weights, broadcast against all axes after the basis.
        layout: which stage and which qubit is which.
        axes: axes of tomography, which "basis" counts: unit vectors in the laboratory, broadcast
            against all axes after the basis (array of shape (..., stage, qubit, basis, 3)); None
            for x, y and z.

    Example:
        >>> from circuits import HHL
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> counts = np.full((4, 2, 2, 3, 16), 100)  # point, stage, preparation, basis, record
        >>> states = mixture(counts, records, p_x=np.array([0.1, 0.4]))
        >>> states.vector().shape  # basis, point, p_x, stage, qubit
        (3, 4, 2, 2, 3)
    """

    ground: Samples
    excited: Samples
    p_x: Real
    layout: Layout
    axes: Real | None = None

    def vector(self) -> Real:
        """Bloch vectors by linear inversion (basis, ..., p_x, ..., stage, qubit)."""
        return self._mixed(self.ground.mean, self.excited.mean)

    def slopes(self) -> Real:
        """Their change with each error of the calibration (error, basis, ...)."""
        return self._mixed(self.ground.slopes, self.excited.slopes)

    def shared(self) -> Real:
        """Covariance of target and bath (basis, ..., stage)."""
        weight = self.p_x[..., 0]
        return (1 - weight) ** 2 * self.ground.shared + weight**2 * self.excited.shared

    def flat(self) -> Mixed:
        """All states as points of a single axis."""
        shape = self.vector().shape[1:]
        # What has no shots is unknown, and stays so in whatever is computed from it.
        shots = [np.where(own.shots > 0, own.shots, np.nan) for own in (self.ground, self.excited)]
        parts = [
            Part(
                weight=np.broadcast_to(weight, shape).ravel(),
                mean=np.broadcast_to(own.mean, (3, *shape)).reshape(3, -1),
                shots=np.broadcast_to(counted, (3, *shape)).reshape(3, -1),
                top=np.broadcast_to(own.top, shape).ravel(),
                bottom=np.broadcast_to(own.bottom, shape).ravel(),
            )
            for weight, own, counted in (
                (1 - self.p_x, self.ground, shots[0]),
                (self.p_x, self.excited, shots[1]),
            )
        ]
        slopes = self.slopes()
        return Mixed((parts[0], parts[1]), slopes.reshape(len(slopes), 3, int(np.prod(shape))))

    def without_output(self) -> Mixture:
        """The states of target and bath alone, without those of the output."""
        places = self.layout.thermal
        parts = [
            replace(
                own,
                mean=own.mean[..., places],
                shots=own.shots[..., places],
                top=own.top[places],
                bottom=own.bottom[places],
                slopes=own.slopes[..., places],
            )
            for own in (self.ground, self.excited)
        ]
        axes = None if self.axes is None else self.axes[..., places, :, :]
        return Mixture(parts[0], parts[1], self.p_x, self.layout, axes)

    def _mixed(self, ground: Real, excited: Real) -> Real:
        return np.asarray((1 - self.p_x) * ground + self.p_x * excited)


def mixture(
    counts: NDArray[Any],
    records: RecordMap,
    p_x: Real,
    moved: Sequence[RecordMap] = (),
    axes: Real | None = None,
) -> Mixture:
    """Mix both preparations at every excited weight.

    Args:
        counts: counts of the records (array of shape (point, ..., stage, preparation, basis,
            record)), or probabilities.
        records: weight and values of each record.
        p_x: excited weights (array of shape (p_x,)).
        moved: see ``sample``.
        axes: axes of tomography, unit vectors in the laboratory (array of shape (point, stage,
            qubit, basis, 3)); None for x, y and z.

    Returns:
        Mixture with arrays of shape (basis, point, p_x, ..., stage, qubit).

    Example:
        >>> from circuits import HHL
        >>> records = RecordMap.raw(Layout.of(HHL([[2, -1], [-1, 2]]).design), branch=[0])
        >>> counts = np.full((4, 2, 2, 3, 16), 100)  # point, stage, preparation, basis, record
        >>> mixture(counts, records, p_x=np.array([0.1, 0.4])).vector().shape
        (3, 4, 2, 2, 3)
    """
    ground, excited = (sample(counts[..., k, :, :], records, moved) for k in (0, 1))
    beside_p_x = ground.mean.ndim - 2
    weights = p_x.reshape(-1, *(1,) * beside_p_x)
    frames = beside(axes, beside_p_x - 1)
    return Mixture(_widened(ground), _widened(excited), weights, records.layout, frames)


def _widened(samples: Samples) -> Samples:
    """The same with an axis for p_x behind that for the points."""
    return replace(
        samples,
        mean=samples.mean[:, :, None],
        shots=samples.shots[:, :, None],
        shared=samples.shared[:, :, None],
        slopes=samples.slopes[:, :, :, None],
    )
