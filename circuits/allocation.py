"""How the shots of a trial are shared out, and along which axes they measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from circuits.design import Design

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Allocation:
    """How often each setting of a trial is measured along each axis, and where the axes point.

    Every measured qubit has a frame: the axes x, y, z turned by Rz(φ) Ry(θ), so that the third one
    points to the polar angle θ and the azimuth φ. The basis X, Y or Z means the first, second or
    third axis of the frame of each qubit. Both preparations of the target are measured in the same
    frame, so that they can be mixed axis by axis.

    Attributes:
        repeats: how often each entry is repeated in a job (whole numbers, array of shape (arm,
            stage, preparation, point, basis)). An entry has repeats × shots executions; 0 stands
            for an entry that is not measured.
        poles: θ and φ of the third axis in rad (array of shape (arm, stage, point, qubit, 2)); None
            where all axes are those of the laboratory.

    Example:
        >>> from circuits import HHL
        >>> equal = Allocation.equal(HHL([[2, -1], [-1, 2]]).design, points=2)
        >>> equal.repeats.shape, int(equal.repeats.sum())
        ((2, 2, 2, 2, 3), 48)
        >>> equal.axes(qubits=3).shape  # arm, stage, point, qubit, basis, component
        (2, 2, 2, 3, 3, 3)
    """

    repeats: NDArray[np.int64]
    poles: Real | None = None

    @classmethod
    def equal(cls, design: Design, points: int) -> Allocation:
        """Every entry once, along the axes of the laboratory."""
        sizes = (len(design.arm_names), len(design.stages), len(design.preparations))
        return cls(np.ones((*sizes, points, 3), dtype=np.int64))

    def axes(self, qubits: int) -> Real:
        """Unit vectors of all axes (array of shape (arm, stage, point, qubit, basis, 3))."""
        arms, stages, _, points, _ = self.repeats.shape
        if self.poles is None:
            return np.tile(np.eye(3), (arms, stages, points, qubits, 1, 1))
        return frame(self.poles)

    def points(self, first: int, end: int) -> Allocation:
        """The same at some points of the sweep."""
        poles = None if self.poles is None else self.poles[:, :, first:end]
        return Allocation(self.repeats[..., first:end, :], poles)

    def of_settings(self) -> NDArray[np.int64]:
        """Repeats in the order of the settings (array of shape (setting, point, basis))."""
        return self.repeats.reshape(-1, *self.repeats.shape[3:])

    def entries(self) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Point and basis of each entry in its order, for each setting.

        Example:
            >>> from circuits import HHL
            >>> equal = Allocation.equal(HHL([[2, -1], [-1, 2]]).design, points=2)
            >>> points, bases = equal.entries()[0]
            >>> points.tolist(), bases.tolist()
            ([0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2])
        """
        found = []
        for repeats in self.of_settings():
            places = np.repeat(np.arange(repeats.size), repeats.ravel())
            found.append((places // repeats.shape[1], places % repeats.shape[1]))
        return found

    def together(self, counts: NDArray[Any]) -> NDArray[Any]:
        """Add up the repeats of each entry.

        Args:
            counts: counts of the entries of all settings in order (array of shape (entry, ...)).

        Returns:
            Array of shape (setting, point, basis, ...); 0 where nothing was measured.

        Example:
            >>> from circuits import HHL
            >>> equal = Allocation.equal(HHL([[2, -1], [-1, 2]]).design, points=2)
            >>> equal.together(np.ones((48, 2))).shape
            (8, 2, 3, 2)
        """
        repeats = self.of_settings()
        total = np.zeros((repeats.size, *counts.shape[1:]), dtype=counts.dtype)
        np.add.at(total, np.repeat(np.arange(repeats.size), repeats.ravel()), counts)
        return total.reshape(*repeats.shape, *counts.shape[1:])


def frame(poles: Real) -> Real:
    """Axes of the frames whose third axes point to given angles.

    Args:
        poles: polar angle θ and azimuth φ, rad (array of shape (..., 2)).

    Returns:
        Unit vectors (array of shape (..., basis, 3)).

    Example:
        >>> frame(np.array([np.pi / 2, 0.0])).round(4).astype(int).tolist()
        [[0, 0, -1], [0, 1, 0], [1, 0, 0]]
    """
    theta, phi = np.moveaxis(np.asarray(poles, dtype=float), -1, 0)
    zero = np.zeros_like(theta)
    first = [np.cos(phi) * np.cos(theta), np.sin(phi) * np.cos(theta), -np.sin(theta)]
    second = [-np.sin(phi), np.cos(phi), zero]
    third = [np.cos(phi) * np.sin(theta), np.sin(phi) * np.sin(theta), np.cos(theta)]
    rows: Sequence[Real] = [np.stack(axis, axis=-1) for axis in (first, second, third)]
    return np.stack(rows, axis=-2)
