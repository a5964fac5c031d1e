"""An estimate with the ends of its interval: the type of everything that has an interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]
#: A number, or an array of them.
Value = TypeVar("Value", float, Real)


@dataclass(frozen=True)
class Interval(Generic[Value]):
    """Estimates with their limits at some quantile; numbers, or arrays of the same shape.

    Attributes:
        value: the estimates.
        low: their lower limits.
        high: their upper limits.
        cut_low: the certain part of the deviation from ``value`` to ``low``: the way to the end of
            a range, which has cut a limit short (array of the same shape, or a number).
        cut_high: the same of the deviation to ``high``.

    Example:
        >>> share = Interval(np.array([0.1, 0.4]), np.array([-0.1, 0.3]), np.array([0.3, 0.6]))
        >>> share.within(0, 1).low.tolist()
        [0.0, 0.3]
        >>> share.map(np.exp).high.round(3).tolist()
        [1.35, 1.822]
    """

    value: Value
    low: Value
    high: Value
    cut_low: Value | float = 0.0
    cut_high: Value | float = 0.0

    @property
    def ends(self) -> dict[str, Value]:
        """Value and ends by name, as they are written into files.

        Example:
            >>> Interval(2.0, low=1.0, high=4.0).ends
            {'value': 2.0, 'low': 1.0, 'high': 4.0}
        """
        return {"value": self.value, "low": self.low, "high": self.high}

    def __truediv__(self: Interval[float], divisor: float) -> Interval[float]:
        """Divide by a positive number."""
        low, high = self.cut_low / divisor, self.cut_high / divisor
        return Interval(self.value / divisor, self.low / divisor, self.high / divisor, low, high)

    def __neg__(self) -> Interval[Value]:
        return Interval(-self.value, -self.high, -self.low, self.cut_high, self.cut_low)

    def __getitem__(self: Interval[Real], index: Any) -> Interval[Real]:
        """Some of the estimates."""
        arrays = self.value, self.low, self.high, self.cut_low, self.cut_high
        return Interval(*(np.broadcast_to(x, self.value.shape)[index] for x in arrays))

    def within(self: Interval[Real], least: float, most: float) -> Interval[Real]:
        """The estimates cut to the range of their quantity."""
        cut = self.map(lambda x: np.clip(x, least, most))
        at_least, at_most = self.low <= least, self.high >= most
        return replace(
            cut,
            cut_low=np.where(at_least, cut.value - cut.low, cut.cut_low),
            cut_high=np.where(at_most, cut.high - cut.value, cut.cut_high),
        )

    def map(self: Interval[Real], increasing: Callable[[Real], Real]) -> Interval[Real]:
        """Increasing function of the estimates."""
        value, low, high, nearest_low, nearest_high = (
            np.asarray(increasing(x))
            for x in (
                self.value, self.low, self.high,
                self.value - self.cut_low, self.value + self.cut_high,
            )
        )  # fmt: skip
        return Interval(value, low, high, value - nearest_low, nearest_high - value)

    def centred(self: Interval[Real]) -> Interval[Real]:
        """The errors alone: the same deviations from zero."""
        low, high = self.low - self.value, self.high - self.value
        return Interval(np.zeros_like(self.value), low, high, self.cut_low, self.cut_high)

    def times(self: Interval[Real], factor: Real | float) -> Interval[Real]:
        """The estimates times a factor of any sign, whose limits then change places."""
        ends = self.low * factor, self.high * factor
        turned, size = np.less(factor, 0), np.abs(factor)
        return Interval(
            self.value * factor,
            np.minimum(*ends),
            np.maximum(*ends),
            np.where(turned, self.cut_high, self.cut_low) * size,
            np.where(turned, self.cut_low, self.cut_high) * size,
        )


#: Intervals side by side: an ``Interval`` of arrays.
Intervals = Interval[Real]
