"""The outcomes of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Most bits of a shot.
MOST_BITS = 16


def shot_dtype(bits: int) -> np.dtype[Any]:
    """Type of the number that holds the bits of a shot: a byte where they fit into one.

    Example:
        >>> shot_dtype(8), shot_dtype(10)
        (dtype('uint8'), dtype('uint16'))
    """
    return np.dtype(np.uint8 if bits <= 8 else np.uint16)


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of a job.

    Their first axes are those of ``axes_of``: (pub, *sweep), or (entry,) of PUBs whose sweeps
    differ. ``shots`` (array of shape (pub, *sweep, shots), of the ``shot_dtype``) holds the bits of
    each shot as a number, in the order of the shots, the first classical register its lowest bit.
    Where there are no single shots, ``table`` (array of shape (pub, *sweep, 2ⁿ)) has a probability
    for each such number (shots = "exact") or a count (runs of schema 1).
    ``record`` is the rest of the backend's report, e.g. times; it can be written as JSON.

    Example:
        >>> outcomes = Outcomes(bits=2, shots=np.array([[0, 1, 1, 3]], dtype=np.uint8))
        >>> outcomes.counts().tolist()  # PUB, first bit, second bit
        [[[1, 0], [2, 1]]]
    """

    bits: int
    shots: NDArray[Any] | None = None
    table: NDArray[np.float64] | NDArray[np.int64] | None = None
    record: Mapping[str, Any] = field(default_factory=dict)

    def counts(self) -> NDArray[np.int64] | NDArray[np.float64]:
        """Counts, or probabilities (array of shape (pub, *sweep, 2, …, 2), first bit first)."""
        if self.shots is None:
            assert self.table is not None
            table: NDArray[Any] = self.table
        else:
            # A single histogram for all: each row of shots has another range of bins.
            rows = self.shots.reshape(-1, self.shots.shape[-1])
            size = 2**self.bits
            bins = rows + size * np.arange(len(rows))[:, None]
            table = np.bincount(bins.ravel(), minlength=size * len(rows)).reshape(
                *self.shots.shape[:-1], size
            )
        sweep = table.shape[:-1]
        by_bit = table.reshape(*sweep, *(2,) * self.bits)
        axes = range(len(sweep), by_bit.ndim)
        return by_bit.transpose(*range(len(sweep)), *reversed(axes))

    def part(self, entries: slice, bits: int) -> Outcomes:
        """Some of the entries, whose shots have so many bits.

        Example:
            >>> outcomes = Outcomes(bits=2, shots=np.array([[0, 1], [3, 2]], dtype=np.uint8))
            >>> outcomes.part(slice(0, 1), bits=1).counts().tolist()
            [[1, 1]]
        """
        shots = None if self.shots is None else self.shots[entries]
        table = None if self.table is None else self.table[entries, ..., : 2**bits]
        return Outcomes(bits, shots, table, self.record)
