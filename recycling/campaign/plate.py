"""A cold plate as a lumped model: what a job's heat does to its temperature.

Interface: ``Plate(capacity_coefficient, cooling_coefficient, base_temperature)`` with
``steady(power)``, ``after(temperature, power, duration)``, ``cooldown(temperature, limit, power)``.
Whether a job may start is in ``admission``.

The heat capacity is C1 T and the cooling power A (T² − T_b²), as of a dilution refrigerator:

    C1 T dT/dt = P − A (T² − T_b²)

With u = T², du/dt = (y − u)/τ, y = T_b² + P/A, τ = C1/(2 A): a closed form. The coefficients are
*declared*; nothing here is measured, and no plate of a service can be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recycling.errors import BadInput, require
from recycling.thermodynamics import Floats, as_scalar


@dataclass(frozen=True)
class Plate:
    """Plate with a declared heat capacity, cooling power and base temperature.

    Args:
        capacity_coefficient: C1, J/K²: the heat capacity is C1 T.
        cooling_coefficient: A, W/K²: the cooling power is A (T² − T_b²).
        base_temperature: T_b without any power, K.

    Raises:
        BadInput: a coefficient is not positive and finite, or the base temperature is negative.

    Example:
        >>> plate = Plate(capacity_coefficient=1.0, cooling_coefficient=0.05, base_temperature=0.01)
        >>> f"{plate.steady(15e-6):.4f} K"
        '0.0200 K'
    """

    capacity_coefficient: float
    cooling_coefficient: float
    base_temperature: float

    def __post_init__(self) -> None:
        for name in ("capacity_coefficient", "cooling_coefficient"):
            if not (getattr(self, name) > 0 and isfinite(getattr(self, name))):
                raise BadInput(f"{name} = {getattr(self, name):g}: give a positive, finite value")
        if not (self.base_temperature >= 0 and isfinite(self.base_temperature)):
            raise BadInput(f"base_temperature = {self.base_temperature:g} K: give 0 K or more")

    @property
    def relaxation_time(self) -> float:
        """Time constant τ = C1/(2 A) of T², s.

        Example:
            >>> Plate(1.0, 0.05, 0.01).relaxation_time
            10.0
        """
        return self.capacity_coefficient / (2 * self.cooling_coefficient)

    def steady(self, power: ArrayLike) -> Floats:
        """Temperature at a constant power after a long time; power (...) in W -> (...) in K.

        Raises:
            BadInput: a power is negative or not finite.

        Example:
            >>> [float(round(T, 3)) for T in Plate(1.0, 0.05, 0.01).steady([0, 15e-6])]
            [0.01, 0.02]
        """
        return np.sqrt(self._steady_square(power))

    def after(self, temperature: ArrayLike, power: ArrayLike, duration: ArrayLike) -> Floats:
        """Temperature after a time at constant power.

        It moves in one direction: the larger of ``temperature`` and this is the peak.

        Args:
            temperature: at the beginning (...), K.
            power: constant power (...), W.
            duration: time (...), s; infinity gives the steady temperature.

        Returns:
            Temperature (...), K.

        Raises:
            BadInput: an argument is negative or not a number, or one but the duration is infinite.

        Example:
            >>> f"{Plate(1.0, 0.05, 0.01).after(0.01, power=15e-6, duration=10.0):.4f} K"
            '0.0170 K'
        """
        square = _finite("temperature", temperature, "K") ** 2
        elapsed = -np.expm1(-_not_negative("duration", duration, "s") / self.relaxation_time)
        return np.sqrt(square + (self._steady_square(power) - square) * elapsed)

    def cooldown(self, temperature: ArrayLike, limit: ArrayLike, power: ArrayLike = 0.0) -> Floats:
        """Time until the temperature is down to a limit, at constant power.

        Args:
            temperature: at the beginning (...), K.
            limit: temperature to reach (...), K.
            power: constant power (...), W.

        Returns:
            Time (...), s: 0 where it is not above the limit, infinity where it never comes down.

        Raises:
            BadInput: an argument is negative or not a number, or the temperature is infinite.

        Example:
            >>> plate = Plate(1.0, 0.05, 0.01)
            >>> f"{plate.cooldown(0.03, limit=0.02):.2f} s", float(plate.cooldown(0.03, 0.01))
            ('9.81 s', inf)
        """
        square = _finite("temperature", temperature, "K") ** 2
        wanted = _not_negative("limit", limit, "K") ** 2
        steady = self._steady_square(power)
        square, wanted, steady = np.broadcast_arrays(square, wanted, steady)
        above = np.maximum(wanted - steady, 0)
        with np.errstate(divide="ignore", over="ignore"):
            ratio = np.divide(square - wanted, above, out=np.full(square.shape, np.inf),
                              where=above > 0)  # fmt: skip
            time = self.relaxation_time * np.log1p(np.maximum(ratio, 0))
        time = np.where(square <= wanted, 0.0, time)
        return as_scalar(time)

    def _steady_square(self, power: ArrayLike) -> NDArray[np.float64]:
        heat = _finite("power", power, "W")
        return np.asarray(self.base_temperature**2 + heat / self.cooling_coefficient)


def _not_negative(name: str, values: ArrayLike, unit: str) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    require(name, array, array >= 0, f"give 0 {unit} or more", unit=unit)
    return array


def _finite(name: str, values: ArrayLike, unit: str) -> NDArray[np.float64]:
    array = _not_negative(name, values, unit)
    require(name, array, np.isfinite(array), f"give a finite {name}", unit=unit)
    return array
