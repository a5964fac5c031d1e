"""Pauli transfer matrices by their entries: zeros are left out, others are numbers or arrays.

Most entries of the channels of a circuit are 0 or ±1 at every point of a sweep, so that evolution
by entries takes a fraction of the products of full matrices. Arrays are over the sweep alone and of
any namespace of the array API. A factor in front of an array is kept apart, since it is mostly -1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Scaled(NamedTuple):
    """A number times an array over the sweep."""

    scale: float
    array: Any


#: An entry: a number, or a number times an array over the sweep.
Entry = float | Scaled
#: Entries of a PTM by row and column.
Channel = Mapping[tuple[int, int], Entry]

#: Entries of a matrix that are this close to 0 or ±1 are rounded to it: some roundings.
_ROUNDING = 8 * np.finfo(float).eps
IDENTITY: Channel = {(row, row): 1.0 for row in range(4)}


def entry(value: Any) -> Entry:
    """Take a number or an array as an entry.

    Example:
        >>> entry(0.5), entry(np.array([0.5]))
        (0.5, Scaled(scale=1.0, array=array([0.5])))
    """
    return float(value) if isinstance(value, float | int) else Scaled(1.0, value)


def value_of(part: Entry) -> Any:
    """Value of an entry: a number or an array.

    Example:
        >>> value_of(Scaled(-2.0, np.array([0.5])))
        array([-1.])
    """
    if isinstance(part, float):
        return part
    scale, array = part
    return array if scale == 1 else -array if scale == -1 else scale * array


def times(left: Entry, right: Entry) -> Entry:
    """Product of two entries.

    Example:
        >>> times(2.0, Scaled(-1.0, np.array([0.3])))
        Scaled(scale=-2.0, array=array([0.3]))
    """
    if isinstance(left, float):
        return left * right if isinstance(right, float) else Scaled(left * right[0], right[1])
    if isinstance(right, float):
        return Scaled(left[0] * right, left[1])
    return Scaled(left[0] * right[0], left[1] * right[1])


def plus(left: Entry, right: Entry) -> Entry:
    """Sum of two entries.

    Example:
        >>> plus(0.5, Scaled(-1.0, np.array([0.3])))
        Scaled(scale=1.0, array=array([0.2]))
    """
    if isinstance(left, float) and isinstance(right, float):
        return left + right
    if isinstance(right, Scaled) and right.scale == -1:
        return Scaled(1.0, value_of(left) - right.array)
    return Scaled(1.0, value_of(left) + value_of(right))


def of_matrix(matrix: NDArray[np.float64]) -> Channel:
    """Entries of a constant matrix, as numbers.

    Example:
        >>> of_matrix(np.diag([1.0, 0.5, 0.0, -1.0]))
        {(0, 0): 1.0, (1, 1): 0.5, (3, 3): -1.0}
    """
    nearest = np.rint(matrix)
    rounded = np.where(np.abs(matrix - nearest) <= _ROUNDING, nearest, matrix)
    places = np.argwhere(rounded).tolist()
    return {(row, column): float(rounded[row, column]) for row, column in places}


def product(after: Channel, before: Channel) -> Channel:
    """Entries of a product of two matrices.

    Example:
        >>> product({(0, 1): 2.0}, {(1, 0): 3.0, (1, 1): 1.0})
        {(0, 0): 6.0, (0, 1): 2.0}
    """
    rows: dict[int, list[tuple[int, Entry]]] = {}
    for (row, column), part in before.items():
        rows.setdefault(row, []).append((column, part))
    found: dict[tuple[int, int], Entry] = {}
    for (row, middle), left in after.items():
        for column, right in rows.get(middle, ()):
            term, place = times(left, right), (row, column)
            found[place] = plus(found[place], term) if place in found else term
    return found


def chain(channels: Iterable[Channel]) -> Channel:
    """Entries of channels that follow each other, the first one first.

    Example:
        >>> chain([{(0, 1): 2.0}, {(1, 0): 3.0}])
        {(1, 1): 6.0}
    """
    return reduce(lambda before, after: product(after, before), channels)


@dataclass(frozen=True, eq=False)
class Rows:
    """A channel by its rows, ready to be applied: arrays have the factor 1 or -1.

    ``entries`` has the columns and entries of each row that has any, ``sweep`` is the shape that
    its arrays broadcast to. ``points`` are those that count along its last axis, None: all.

    Example:
        >>> rows = Rows.of({(0, 0): 1.0, (3, 0): Scaled(-0.5, np.array([0.2, 0.4]))})
        >>> rows.sweep, rows.entries[3]
        ((2,), [(0, Scaled(scale=1.0, array=array([-0.1, -0.2])))])
    """

    entries: Mapping[int, Sequence[tuple[int, Entry]]]
    sweep: tuple[int, ...]
    points: slice | None = None

    @classmethod
    def of(cls, channel: Channel) -> Rows:
        """Order a channel by rows."""
        rows: dict[int, list[tuple[int, Entry]]] = {}
        shapes = set()
        for (row, column), part in channel.items():
            if isinstance(part, Scaled):
                shapes.add(part.array.shape)
                if abs(part.scale) != 1:
                    part = Scaled(1.0, part.scale * part.array)
            rows.setdefault(row, []).append((column, part))
        return cls(rows, broadcast(shapes))

    def cut(self, points: slice) -> Rows:
        """Rows at some of the points along the last axis of the sweep."""
        if not self.sweep or self.sweep[-1] == 1:
            return self
        return Rows(self.entries, (*self.sweep[:-1], points.stop - points.start), points)

    @cached_property
    def is_constant(self) -> bool:
        """Whether all entries are numbers."""
        rows = self.entries.values()
        return all(isinstance(part, float) for row in rows for _, part in row)

    def matrix(self, rows: int, columns: int) -> NDArray[np.float64]:
        """Matrix of a constant channel."""
        matrix = np.zeros((rows, columns))
        for row, terms in self.entries.items():
            for column, part in terms:
                matrix[row, column] = part
        return matrix


def broadcast(shapes: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """Shape that some shapes broadcast to; quicker than NumPy's for a few.

    Example:
        >>> broadcast([(3, 1), (5,)])
        (3, 5)
    """
    found: tuple[int, ...] = ()
    for shape in shapes:
        if shape == found:
            continue
        missing = len(shape) - len(found)
        longer = (1,) * missing + found if missing > 0 else found
        other = (1,) * -missing + shape if missing < 0 else shape
        found = tuple(a if b == 1 else b for a, b in zip(longer, other, strict=True))
    return found
