"""An error budget: what each number of the noise of a device adds to the excess of the heat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Contribution:
    """What a number of the noise adds to the excess, to first order.

    Attributes:
        name: the number in words.
        roles: the qubits that it belongs to; empty for times, which belong to all.
        value: its value, in ``unit``.
        unit: its SI unit.
        slope: derivative of the excess by it (array of shape (point,)), J per unit.
        share: change of the excess from an ideal number to this one (array of shape (point,)), J,
            if it were linear: in an error, a probability or a time; in the rate of a lifetime; in
            the excited population of a temperature.

    Example:
        >>> slope, share = np.array([1e-25]), np.array([5e-27])
        >>> one = Contribution("temperature", ("B",), 0.05, "K", slope, share)
        >>> float(one.share[0])
        5e-27
    """

    name: str
    roles: tuple[str, ...]
    value: float
    unit: str
    slope: Real
    share: Real


@dataclass(frozen=True)
class Budget:
    """What limits a device: the modelled excess and what each number of the noise adds to it.

    Attributes:
        points: values of the swept parameters (arrays of shape (point,)).
        p_x: excited weight of the target.
        excess: ΔQ_B - Q_tight of the recycling arm (array of shape (point,)), J.
        contributions: of each number that is not ideal already.

    Example:
        >>> zero, shares = np.zeros(2), (np.array([1e-27, 2e-27]), np.array([9e-27, -3e-27]))
        >>> parts = tuple(Contribution(f"{i}", (), 1.0, "K", zero, shares[i]) for i in (0, 1))
        >>> budget = Budget({}, 0.4, np.array([0.0, -1e-25]), parts)
        >>> budget.best, [each.name for each in budget.ranked(budget.best)]
        (1, ['1', '0'])
    """

    points: Mapping[str, Real]
    p_x: float
    excess: Real
    contributions: tuple[Contribution, ...]

    @property
    def best(self) -> int:
        """Point of the lowest excess."""
        return int(np.argmin(np.where(np.isnan(self.excess), np.inf, self.excess)))

    def ranked(self, point: int) -> list[Contribution]:
        """Contributions at a point, the largest first."""
        return sorted(self.contributions, key=lambda each: -abs(each.share[point]))
