"""Thermal admission: may a job start now, after a wait, or not at all?

Interface: ``admit(plate, temperature=…, idle_power=…, job_power=…, duration=…, limit=…,
utilisation=…)`` → ``Decision(action, reason, wait, peak_temperature, utilisation)``.

A job is rejected if idling and the job take more than the allowed fraction of the cooling power at
the limit, or if no wait helps; it is deferred until the plate has cooled if the peak would be above
the limit; else it is admitted. Every number is declared or follows from declared ones (``plate``).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, inf, isfinite, sqrt
from typing import Literal

from recycling.campaign.plate import Plate
from recycling.devices.stage import in_kelvin
from recycling.errors import BadInput

#: A peak above the limit by no more than rounding is at the limit.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Decision:
    """Decision on a job.

    ``wait`` is the time before it starts, s, 0 unless it is deferred. ``peak_temperature`` (K) is
    that of the job as decided, or started now where it is rejected. ``utilisation`` is the
    fraction of the cooling power at the limit that idling and the job would take.
    """

    action: Literal["admit", "defer", "reject"]
    reason: str
    wait: float
    peak_temperature: float
    utilisation: float


def admit(
    plate: Plate,
    *,
    temperature: float,
    idle_power: float,
    job_power: float,
    duration: float,
    limit: float,
    utilisation: float,
) -> Decision:
    """Decide whether a job may start on a plate: now, after it has cooled, or never.

    Args:
        plate: the plate.
        temperature: of the plate now, K.
        idle_power: power without the job, W.
        job_power: power that the job adds, W.
        duration: of the job, s.
        limit: temperature not to exceed, K, above the base temperature.
        utilisation: allowed fraction of the cooling power at the limit, such as 0.8.

    Raises:
        BadInput: an argument is outside of its range.

    Example:
        >>> plate = Plate(capacity_coefficient=1.0, cooling_coefficient=0.05, base_temperature=0.01)
        >>> job = {"idle_power": 1e-6, "job_power": 1e-5, "duration": 60.0, "limit": 0.02}
        >>> admit(plate, temperature=0.012, **job, utilisation=0.8).action
        'admit'
        >>> admit(plate, temperature=0.025, **job, utilisation=0.8).reason
        'the peak of 25 mK is above the limit of 20 mK: start after 5.9 s'
    """
    _check(plate, idle_power, job_power, limit, utilisation)
    power = idle_power + job_power
    steady, idle = (float(plate.steady(watts)) for watts in (power, idle_power))
    peak = max(temperature, float(plate.after(temperature, power, duration)))
    cooling = plate.cooling_coefficient * (limit**2 - plate.base_temperature**2)
    used = power / cooling
    if used > utilisation * (1 + _ROUNDING):
        reason = (
            f"utilisation {used:.3g} of the cooling power at the limit is above the allowed "
            f"{utilisation:g}"
        )
        return Decision("reject", reason, 0.0, peak, used)
    if peak <= limit * (1 + _ROUNDING):
        reason = f"the peak of {in_kelvin(peak, 4)} is within the limit of {in_kelvin(limit, 4)}"
        return Decision("admit", reason, 0.0, peak, used)
    start = _warmest_start(plate, steady, duration, limit)
    wait = float(plate.cooldown(temperature, start, idle_power)) if start > idle else inf
    above = f"the peak of {in_kelvin(peak, 4)} is above the limit of {in_kelvin(limit, 4)}"
    if wait == inf:
        reason = f"{above} even from the idle plate's {in_kelvin(idle, 4)}"
        return Decision("reject", reason, 0.0, peak, used)
    begun = float(plate.after(temperature, idle_power, wait))
    later = max(begun, float(plate.after(begun, power, duration)))
    return Decision("defer", f"{above}: start after {wait:.3g} s", wait, later, used)


def _check(
    plate: Plate, idle_power: float, job_power: float, limit: float, utilisation: float
) -> None:
    if not (plate.base_temperature < limit and isfinite(limit)):
        raise BadInput(
            f"limit = {limit:g} K: give a finite temperature above the base temperature, "
            f"{plate.base_temperature:g} K"
        )
    if not (utilisation > 0 and isfinite(utilisation)):
        raise BadInput(f"utilisation = {utilisation:g}: give a positive, finite fraction")
    for name, watts in (("idle_power", idle_power), ("job_power", job_power)):
        if not (watts >= 0 and isfinite(watts)):
            raise BadInput(f"{name} = {watts:g} W: give 0 W or more, finite")


def _warmest_start(plate: Plate, steady: float, duration: float, limit: float) -> float:
    """Temperature from which a job of a given steady temperature just reaches the limit, K."""
    if steady <= limit:
        return limit
    elapsed = duration / plate.relaxation_time
    square = limit**2 - (steady**2 - limit**2) * (expm1(elapsed) if elapsed < 700 else inf)
    return sqrt(max(square, 0.0))
