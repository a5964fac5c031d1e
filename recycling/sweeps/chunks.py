"""The chunks of a sweep: one task, one file of each variable, one line of the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, prod

import numpy as np

from recycling.sweeps.points import Region

#: Least and most points of a chunk; a power of two.
LEAST, MOST = 64, 4096
#: Chunks that a small sweep is cut into, so that workers share it and little is lost.
_PIECES = 16
#: Most bytes of the results of a chunk.
_BYTES = 32e6


@dataclass(frozen=True)
class Chunks:
    """A grid of chunks over the dims of a sweep.

    Attributes:
        sizes: length of each dim.
        shape: length of a chunk along each; those at the end may be shorter.

    Example:
        >>> chunks = Chunks({"cz_error": 3, "sample": 100}, (1, 64))
        >>> chunks.count, chunks.region(1)
        (6, (slice(0, 1, None), slice(64, 100, None)))
        >>> chunks.file(5)
        '2/1'
    """

    sizes: Mapping[str, int]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, sizes: Mapping[str, int], bytes_per_point: float) -> Chunks:
        """Choose chunks for a sweep: it depends on nothing but the sweep itself.

        Example:
            >>> Chunks.of({"profile": 2, "sample": 60000}, 400.0).shape
            (1, 4096)
        """
        wanted = min(prod(sizes.values()) / _PIECES, MOST, _BYTES / bytes_per_point)
        room = max(_power_of_two(wanted), min(LEAST, _power_of_two(_BYTES / bytes_per_point)))
        shape = []
        for size in reversed(list(sizes.values())):
            shape.append(min(size, room))
            room = max(1, room // shape[-1])
        return cls(sizes, tuple(reversed(shape)))

    @property
    def grid(self) -> tuple[int, ...]:
        """Number of chunks along each dim."""
        return tuple(
            ceil(size / own) for size, own in zip(self.sizes.values(), self.shape, strict=True)
        )

    @property
    def count(self) -> int:
        """Number of chunks."""
        return prod(self.grid)

    def region(self, number: int) -> Region:
        """Part of the sweep that a chunk holds: a slice of each dim."""
        return tuple(
            slice(int(place) * own, min((int(place) + 1) * own, size))
            for place, own, size in zip(
                np.unravel_index(number, self.grid), self.shape, self.sizes.values(), strict=True
            )
        )

    def file(self, number: int) -> str:
        """Name of a chunk in the store."""
        return "/".join(map(str, np.unravel_index(number, self.grid)))

    def points(self, number: int) -> int:
        """Number of points of a chunk."""
        return prod(part.stop - part.start for part in self.region(number))

    def __iter__(self) -> Iterator[int]:
        """Iterate over the numbers of all chunks."""
        return iter(range(self.count))


def _power_of_two(number: float) -> int:
    """Largest power of two up to a number, at least 1."""
    return int(2 ** max(0, int(np.floor(np.log2(max(number, 1))))))
