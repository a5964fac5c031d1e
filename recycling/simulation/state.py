"""The state of a program: a tensor with named axes, and what acts on it.

Bits have axes of length 2, qubits Pauli axes of length 4; the axes of the sweep come last, so that
every operation runs along them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_numpy_array

from recycling.simulation.sparse import Rows, broadcast, value_of

#: Name of an axis of the state: ("bit", i) or ("qubit", i).
Axis = tuple[str, int]
LENGTHS = {"bit": 2, "qubit": 4}
#: Up to this many entries of a state, a constant channel of two qubits is applied as a matrix.
_SMALL = 4096


@dataclass(frozen=True)
class State:
    """Tensor (*axes, *sweep) with ``sweep_axes`` unnamed axes at its end.

    Example:
        >>> bits = State(np.array([[0.9, 0.1], [0.2, 0.8]]), (("bit", 0), ("bit", 1)), sweep_axes=0)
        >>> bits.order([("bit", 1), ("bit", 0)]).tensor.tolist()
        [[0.9, 0.2], [0.1, 0.8]]
    """

    tensor: Any
    axes: tuple[Axis, ...]
    sweep_axes: int

    @property
    def sweep(self) -> tuple[int, ...]:
        """Shape of the sweep so far, of length 1 along axes that nothing depends on yet."""
        shape: tuple[int, ...] = self.tensor.shape
        return shape[len(self.axes) :]

    def order(self, wanted: Sequence[Axis]) -> State:
        """Bring all axes into an order."""
        places = tuple(self.axes.index(axis) for axis in wanted)
        if places == tuple(range(len(places))):
            return self
        last = range(len(places), len(places) + self.sweep_axes)
        permutation = (*places, *last)
        if is_numpy_array(self.tensor):
            tensor = self.tensor.transpose(permutation)
        else:
            tensor = array_namespace(self.tensor).permute_dims(self.tensor, permutation)
        return State(tensor, tuple(wanted), self.sweep_axes)

    def apply(self, rows: Rows, old: Sequence[Axis], new: Sequence[Axis]) -> State:
        """Contract the axes ``old`` with a channel, whose rows become ``new`` in front."""
        kept = tuple(axis for axis in self.axes if axis not in old)
        ordered = self.order((*old, *kept)).tensor
        lengths = tuple(LENGTHS[kind] for kind, _ in new)
        small = len(old) == 1 or prod(ordered.shape) <= _SMALL
        if rows.is_constant and small and is_numpy_array(ordered):
            columns = prod(LENGTHS[kind] for kind, _ in old)
            shape = (*lengths, *ordered.shape[len(old) :])
            matrix = rows.matrix(prod(lengths), columns).astype(ordered.dtype)
            tensor = (matrix @ ordered.reshape(columns, -1)).reshape(shape)
        else:
            tensor = combined(rows, _parts(ordered, len(old)), prod(lengths), self.sweep)
            if len(lengths) > 1:
                shape = (*lengths, *tensor.shape[1:])
                tensor = array_namespace(tensor).reshape(tensor, shape)
        return State(tensor, (*new, *kept), self.sweep_axes)

    def read(self, qubit: Axis, bit: Axis, rows: Rows) -> State:
        """Replace a qubit by a bit: the row gives the probability of 0, and the trace that of 1."""
        kept = tuple(axis for axis in self.axes if axis != qubit)
        parts = _parts(self.order((qubit, *kept)).tensor, 1)
        zero = combined(rows, parts, 1, self.sweep)[0, ...]
        tensor = joined([zero, parts[0] - zero], self.sweep_axes)
        return State(tensor, (bit, *kept), self.sweep_axes)

    def allocate(self, axis: Axis, rows: Rows) -> State:
        """Add an axis in a product state: the image of 1."""
        tensor = combined(rows, [self.tensor], LENGTHS[axis[0]], self.sweep)
        return State(tensor, (axis, *self.axes), self.sweep_axes)

    def at(self, axis: Axis, place: int) -> State:
        """Take a place on a named axis, such as one value of a bit."""
        kept = tuple(each for each in self.axes if each != axis)
        return State(self.order((axis, *kept)).tensor[place, ...], kept, self.sweep_axes)

    def drop(self, axis: Axis, *, total: bool) -> State:
        """Remove a named axis: sum over it, or keep its first entry (the trace of a qubit)."""
        kept = tuple(each for each in self.axes if each != axis)
        if not total:
            return self.at(axis, 0)
        xp = array_namespace(self.tensor)
        return State(xp.sum(self.tensor, axis=self.axes.index(axis)), kept, self.sweep_axes)


def _parts(ordered: Any, axes: int) -> list[Any]:
    """Parts of a tensor at all places of its first one or two axes, the second one fastest."""
    if not is_numpy_array(ordered):
        xp = array_namespace(ordered)
        merged = xp.reshape(ordered, (-1, *ordered.shape[axes:])) if axes > 1 else ordered
        return list(xp.unstack(merged))
    if axes == 1:
        return [ordered[row, ...] for row in range(ordered.shape[0])]
    first, second = ordered.shape[:2]
    return [ordered[row, column, ...] for row in range(first) for column in range(second)]


def combined(rows: Rows, parts: Sequence[Any], count: int, sweep: tuple[int, ...]) -> Any:
    """Sums of products of entries with parts of a state, along a new first axis.

    Args:
        rows: rows of a channel; those without entries are zero.
        parts: parts of the state, by column.
        count: number of rows.
        sweep: shape of the sweep of the parts, their last axes.

    Example:
        >>> from recycling.simulation.sparse import Scaled
        >>> rows = Rows.of({(1, 0): 1.0, (1, 1): Scaled(1.0, np.array([0.5, 1.0]))})
        >>> combined(rows, [np.ones(1), np.ones(1)], 2, sweep=(1,)).tolist()
        [[0.0, 0.0], [1.5, 2.0]]
    """
    if is_numpy_array(parts[0]):
        return _combined_in_place(rows, parts, count, sweep)
    xp = array_namespace(parts[0])
    sums = []
    for row in range(count):
        total = None
        for column, entry in rows.entries.get(row, ()):
            factor = value_of(entry)
            if rows.points is not None and not isinstance(factor, float) and factor.shape[-1] > 1:
                factor = factor[..., rows.points]
            term = parts[column] if entry == 1.0 else factor * parts[column]
            total = term if total is None else total + term
        sums.append(xp.zeros_like(parts[0]) if total is None else total)
    return joined(sums, len(sweep))


def joined(parts: Sequence[Any], sweep_axes: int) -> Any:
    """Parts of a state along a new first axis; their sweeps broadcast.

    Example:
        >>> joined([np.ones((4, 1)), np.ones((4, 3))], sweep_axes=1).shape
        (2, 4, 3)
    """
    xp = array_namespace(*parts)
    if len({part.shape for part in parts}) > 1:
        kept = len(parts[0].shape) - sweep_axes
        sweep = broadcast(part.shape[kept:] for part in parts)
        parts = [xp.broadcast_to(part, (*part.shape[:kept], *sweep)) for part in parts]
    return xp.stack(list(parts), axis=0)


def _combined_in_place(rows: Rows, parts: Sequence[Any], count: int, sweep: tuple[int, ...]) -> Any:
    """As ``combined``, without copies: NumPy writes where it is told to."""
    shape = parts[0].shape
    if sweep:
        shape = (*shape[: -len(sweep)], *broadcast((sweep, rows.sweep)))
    out = np.empty((count, *shape), dtype=parts[0].dtype)
    multiply, add, subtract = np.multiply, np.add, np.subtract
    spare, points = None, rows.points
    for place in range(count):
        row = out[place, ...]
        filled = False
        for column, entry in rows.entries.get(place, ()):
            part = parts[column]
            scale, array = (entry, None) if isinstance(entry, float) else entry
            if points is not None and array is not None and array.shape[-1] > 1:
                array = array[..., points]
            if not filled:
                filled = True
                if array is not None:
                    multiply(part, array, row)
                    if scale != 1:
                        multiply(row, scale, row)
                elif scale == 1:
                    row[...] = part
                else:
                    multiply(part, scale, row)
                continue
            if spare is None:
                spare = np.empty(shape, dtype=out.dtype)
            if array is not None:
                part = multiply(part, array, spare)
            if abs(scale) != 1:
                part, scale = multiply(part, scale, spare), 1.0
            (add if scale > 0 else subtract)(row, part, row)
        if not filled:
            row[...] = 0
    return out
