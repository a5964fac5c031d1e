"""What solves the problem: how it is prepared, executed, and over a batch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Contestant:
    """A way to the distribution of the records (array of shape (2, 2, 2, 2)).

    Attributes:
        mode: what is its fast mode, for the table.
        prepare: from numbers to what ``execute`` takes.
        execute: from there to the distribution.
        at_once: from numbers to the distribution, where that is quicker than one after the other.
        batch: from numbers with an axis of points in front to the distributions of all.
        shots: the answer is a sample of so many shots; 0 where it is exact.
    """

    mode: str
    prepare: Callable[[Any], Any]
    execute: Callable[[Any], Any]
    at_once: Callable[[Any], Any] | None = None
    batch: Callable[[Any], Any] | None = None
    shots: int = 0

    def solve(self, numbers: Any) -> Any:
        """From numbers to the distribution."""
        if self.at_once is not None:
            return self.at_once(numbers)
        return self.execute(self.prepare(numbers))
