"""Quantities of a spec: numbers in SI units, or text with a unit, in a plausible range.

A bare number is a number of SI units. Its commonest fault is to be in other units: 43 for 43 mK,
5 for 5 GHz. Ranges are wide, so that they hold every plausible value, and yet no such fault.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from math import pi
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    import pint

#: Key of the validation context that lets implausible numbers pass: stored runs keep theirs.
ANY_SIZE = "any_size"
#: A number and a unit, nothing to evaluate: pint reads expressions, such as 9**9**9.
_TEXT = re.compile(r"\s*([+-]?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30})(?:[eE][+-]?\d{1,2})?)\s*"
                   r"([A-Za-zµμ°]{1,20})\s*")  # fmt: skip
#: SI units in which people think, by the unit of the quantity; the likeliest first.
_FORGOTTEN = {
    "K": {"mK": 1e-3, "uK": 1e-6},
    "Hz": {"GHz": 1e9, "MHz": 1e6, "kHz": 1e3},
    "s": {"us": 1e-6, "ns": 1e-9, "ms": 1e-3},
    "rad": {"deg": pi / 180},
    "W": {"uW": 1e-6, "mW": 1e-3, "nW": 1e-9},
}


@dataclass(frozen=True)
class Quantity:
    """What a number means: its name, SI unit, and plausible range, as text in ``shown``.

    Example:
        >>> time = Quantity("a time", "s", 1e-9, 10, "1 ns to 10 s", "250 us")
        >>> time.convert("4 ms")
        0.004
    """

    name: str
    unit: str
    low: float
    high: float
    shown: str
    example: str

    def convert(self, value: Any) -> Any:
        """Convert text with a unit to SI; anything else stays.

        Raises:
            PydanticCustomError: the text is no number with a unit, or the unit is of another
                quantity.

        Example:
            >>> ANGLE.convert("45 deg") == pi / 4
            True
        """
        if not isinstance(value, str):
            return value
        parts = _TEXT.fullmatch(value)
        number = None if parts is None else self._si(Decimal(parts[1]), parts[2])
        if number is None:
            raise _give(f"a number in {self.unit}, or {self.name} as text such as {self.example!r}")
        return number

    def check(self, value: float, info: ValidationInfo) -> float:
        """Check that an SI value is plausible.

        Raises:
            PydanticCustomError: it is outside of the range.
        """
        if self.low <= value <= self.high or (info.context or {}).get(ANY_SIZE):
            return value
        near = [
            f"{value:.6g} {unit}"
            for unit, size in _FORGOTTEN[self.unit].items()
            if self.low <= value * size <= self.high and value != 0
        ]
        raise _give(self.shown + (f" (did you mean {near[0]!r}?)" if near else ""))

    def _si(self, number: Decimal, unit: str) -> float | None:
        import pint

        units = unit_registry()
        try:
            # Exact in decimal: "43 mK" is 0.043 K to the last digit, and the hash the same.
            magnitude = units.Quantity(number, unit).to(self.unit).magnitude
            # An angle has no dimension, but percent has none either.
            angle = self.unit != "rad" or units.get_name(unit).endswith(("radian", "degree"))
        except (pint.PintError, ArithmeticError, AttributeError, TypeError, ValueError):
            return None
        return float(magnitude) if angle else None


def _give(mend: str) -> PydanticCustomError:
    return PydanticCustomError("quantity", "give {mend}", {"mend": mend})


@cache
def unit_registry() -> pint.UnitRegistry[Any]:
    """Units by name, exact in decimal; loaded when the first quantity is given as text.

    Example:
        >>> unit_registry().Quantity(Decimal("43"), "mK").to("K").magnitude
        Decimal('0.043')
    """
    import pint

    return pint.UnitRegistry(non_int_type=Decimal)


def _annotations(quantity: Quantity) -> tuple[BeforeValidator, AfterValidator]:
    return BeforeValidator(quantity.convert), AfterValidator(quantity.check)


_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]

#: From below any dilution refrigerator's qubit to above helium's 4.2 K, at which no qubit is cold.
Temperature = Annotated[_Positive, *_annotations(
    Quantity("a temperature", "K", 1e-3, 10, "1 mK to 10 K", "43 mK"))]  # fmt: skip
#: Of a line between cryostats: from cold to a warm room.
LineTemperature = Annotated[_NotNegative, *_annotations(
    Quantity("a temperature", "K", 0, 400, "0 to 400 K", "20 mK"))]  # fmt: skip
#: Spread of a phase; beyond some turns there is no phase.
PhaseAngle = Annotated[_NotNegative, *_annotations(
    Quantity("an angle", "rad", 0, 10, "0 to 10 rad", "5 deg"))]  # fmt: skip
#: From heavy fluxonium to above the gap of superconductors.
Frequency = Annotated[_Positive, *_annotations(
    Quantity("a frequency", "Hz", 1e6, 1e12, "1 MHz to 1 THz", "5 GHz"))]  # fmt: skip
#: Coherence times: from a gate to a thousand times the longest of any transmon.
Lifetime = Annotated[_Positive, *_annotations(
    Quantity("a time", "s", 1e-9, 10, "1 ns to 10 s", "250 us"))]  # fmt: skip
#: Waits within a shot; a hundred times what services take or circuits need, and IBM's reset waits.
ShotTime = Annotated[_Positive, *_annotations(
    Quantity("a time", "s", 1e-9, 0.1, "1 ns to 100 ms", "250 us"))]  # fmt: skip
#: The same or zero.
ShotDelay = Annotated[_NotNegative, *_annotations(
    Quantity("a time", "s", 0, 0.1, "0 to 100 ms", "1 us"))]  # fmt: skip
#: Classical latency of a feedforward round: a thousand times that of any controller.
Latency = Annotated[_NotNegative, *_annotations(
    Quantity("a time", "s", 0, 0.01, "0 to 10 ms", "1 us"))]  # fmt: skip
#: Times of jobs: a queue of a week.
JobDelay = Annotated[_NotNegative, *_annotations(
    Quantity("a time", "s", 0, 604_800, "0 to 604800 s", "30 s"))]  # fmt: skip
#: The same, but not zero.
JobTime = Annotated[_Positive, *_annotations(
    Quantity("a time", "s", 1e-12, 604_800, "1 ps to 604800 s", "1 s"))]  # fmt: skip
#: Times of a campaign: up to a year.
CampaignTime = Annotated[_Positive, *_annotations(
    Quantity("a time", "s", 1e-3, 31_536_000, "1 ms to 365 days", "1 h"))]  # fmt: skip
#: What one clock is ahead of another: a day either way, a time zone being its likeliest error.
ClockOffset = Annotated[float, Field(allow_inf_nan=False), *_annotations(
    Quantity("a time", "s", -86_400, 86_400, "-86400 to 86400 s", "30 s"))]  # fmt: skip
#: Powers into a cold plate: up to what cools no cryostat's first stage.
Power = Annotated[_NotNegative, *_annotations(
    Quantity("a power", "W", 0, 100, "0 to 100 W", "20 uW"))]  # fmt: skip

ANGLE = Quantity("an angle", "rad", 0, pi / 4 * (1 + 1e-9), "0 to π/4 rad", "22.5 deg")
