"""Units of logs: from a unit's name to SI.

Interface: ``si_unit(name)`` → ``SiUnit(scale, offset, dimension)`` with ``convert(text)`` → float.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from math import isfinite

from recycling.errors import BadInput
from recycling.spec.quantities import unit_registry

#: Products and quotients of named units: pint evaluates expressions, such as 9**9**9.
_NAMED = r"[A-Za-zµμΩΩ°%]{1,20}(?:(?:\^|\*\*)-?[1-9])?"
_UNIT = re.compile(rf"(?:1\s*/\s*)?{_NAMED}(?:\s*[*/]\s*{_NAMED}){{0,5}}")


@dataclass(frozen=True)
class SiUnit:
    """Conversion of a unit to SI base units, x·scale + offset, and the product of these units.

    Example:
        >>> SiUnit(Decimal("0.001"), Decimal(0), "K").convert("43")
        0.043
    """

    scale: Decimal
    offset: Decimal
    dimension: str

    def convert(self, text: str) -> float:
        """Convert a number in this unit, exact until it is rounded to a float.

        Raises:
            BadInput: the text is no finite number.

        Example:
            >>> si_unit("mK").convert("43"), si_unit("degC").convert("-269")
            (0.043, 4.15)
        """
        try:
            value = Decimal(text.strip())
            si = float(value * self.scale + self.offset) if isfinite(float(value)) else float("nan")
        except ArithmeticError:
            si = float("nan")
        if not isfinite(si):
            raise BadInput(f"value = {text[:40]}: give a finite number")
        return si


@cache
def si_unit(name: str) -> SiUnit:
    """Find the conversion of a unit; without a name, or with 1, it is a pure number.

    Raises:
        BadInput: the unit is not known, or is no multiple of SI units (such as dBm).

    Example:
        >>> si_unit("mbar").scale == 100, si_unit("mbar").dimension == si_unit("Pa").dimension
        (True, True)
    """
    import pint

    if name in ("", "1"):
        return SiUnit(Decimal(1), Decimal(0), "")
    refused = BadInput(f"unit = {name[:40]}: give an SI unit or a multiple, such as mK, mbar or uW")
    if not _UNIT.fullmatch(name):
        raise refused
    units = unit_registry()
    try:
        zero, one = (units.Quantity(Decimal(x), name).to_base_units() for x in (0, 1))
        offset, scale = zero.magnitude, one.magnitude - zero.magnitude
    except (pint.PintError, ArithmeticError, AttributeError, TypeError, ValueError):
        raise refused from None
    return SiUnit(scale, offset, f"{one.units:~}")
