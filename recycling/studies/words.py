"""Numbers of a plan in words."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from circuits.design import symbol


def fits_or_not(fits: bool) -> str:
    """Say whether a number fits its limit.

    Example:
        >>> fits_or_not(True), fits_or_not(False)
        ('fits', 'too much')
    """
    return "fits" if fits else "too much"


def counted(number: int, noun: str) -> str:
    """Write a number with its noun.

    Example:
        >>> counted(1, "job"), counted(1200, "job")
        ('1 job', '1,200 jobs')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def in_time(seconds: float) -> str:
    """Write a time in s, or in min where it is long.

    Example:
        >>> in_time(42), in_time(600)
        ('42 s', '10 min')
    """
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:,.3g} min"


def formatted(value: float, form: str) -> str:
    """Write a number in a form; a dash where it is not finite.

    Example:
        >>> formatted(0.5, "+.2f"), formatted(float("inf"), "+.2f")
        ('+0.50', '–')
    """
    return format(value, form) if np.isfinite(value) else "–"


def finite_or_none(value: float) -> float | None:
    """Replace infinity and NaN, which JSON lacks, by None.

    Example:
        >>> finite_or_none(0.5), finite_or_none(float("inf")) is None
        (0.5, True)
    """
    return float(value) if np.isfinite(value) else None


def symbols(names: Iterable[str]) -> str:
    """Write the names of swept parameters as a physicist does.

    Example:
        >>> symbols(["phi", "theta"])
        'φ, θ'
    """
    return ", ".join(map(symbol, names))


def in_time_of_a_shot(seconds: float) -> str:
    """Write a time within a shot, in the unit that suits it.

    Example:
        >>> in_time_of_a_shot(3.3e-6), in_time_of_a_shot(1.6e-3), in_time_of_a_shot(0)
        ('3.3 µs', '1.6 ms', '0 ns')
    """
    for unit, scale in (("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.9995 * scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
