"""Whether a run may begin: within the budget of QPU time, and within that of the plate.

A decision follows from the spec and the records of earlier runs alone, so that it is the same
whenever it is taken again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from recycling.campaign.admission import admit
from recycling.campaign.plate import Plate
from recycling.campaign.spec import CampaignSpec, Thermal

#: A sum of charges above the budget by no more than rounding is within it.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Admission:
    """Decision on a run: "admit", "defer" or "reject", why, and when it begins, s.

    ``plate`` holds modelled temperatures in K where a plate was declared: at the ``begin`` and the
    ``end`` of the run, and the ``time`` of its end in s.
    """

    action: Literal["admit", "defer", "reject"]
    reason: str
    time: float
    plate: Mapping[str, float] = field(default_factory=dict)


def used_of(records: Sequence[Mapping[str, Any]]) -> float:
    """Sum the QPU time that runs were charged, s.

    Example:
        >>> used_of([{"qpu_seconds": 2.5}, {"qpu_seconds": 4}])
        6.5
    """
    return float(sum(record["qpu_seconds"] for record in records))


def decide(
    spec: CampaignSpec, records: Sequence[Mapping[str, Any]], time: float, seconds: float | None
) -> Admission:
    r"""Decide on a run.

    Args:
        spec: the campaign.
        records: records of all earlier runs.
        time: when the run is due, s.
        seconds: QPU time that it is estimated to need, s; None for infinitely many shots.

    Example:
        >>> from recycling.campaign.spec import read_campaign
        >>> spec = read_campaign(
        ...     'interval = 60\nbudget.qpu_seconds = 9\nruns = [{ spec = "theory" }]'
        ... )
        >>> decide(spec, [], time=0.0, seconds=5.0).action
        'admit'
        >>> decide(spec, [{"qpu_seconds": 5.0}], time=60.0, seconds=5.0).reason
        'budget.qpu_seconds = 9: 5.0 s are used, and the run needs about 5.0 s'
    """
    used, budget, needed = used_of(records), spec.budget.qpu_seconds, seconds or 0.0
    if used + needed > budget * (1 + _ROUNDING):
        reason = (
            f"budget.qpu_seconds = {budget:g}: {used:.1f} s are used, and the run needs about "
            f"{needed:.1f} s"
        )
        return Admission("reject", reason, time, _idle(spec.thermal, records, time))
    left = f"{budget - used - needed:.1f} s of the budget are left after it"
    if spec.thermal is None:
        return Admission("admit", left, time)
    return _on_plate(spec, spec.thermal, records, time, seconds)


def _on_plate(
    spec: CampaignSpec,
    thermal: Thermal,
    records: Sequence[Mapping[str, Any]],
    time: float,
    seconds: float | None,
) -> Admission:
    """Decide by the declared plate."""
    usual = spec.interval if seconds is None else seconds
    duration = usual if thermal.duration is None else thermal.duration
    plate, idle = _plate(thermal), _idle(thermal, records, time)
    decision = admit(
        plate,
        temperature=idle["begin"],
        idle_power=thermal.idle_power,
        job_power=thermal.job_power,
        duration=duration,
        limit=thermal.limit,
        utilisation=thermal.utilisation,
    )
    reason = f"{decision.reason} (declared plate)"
    if decision.action == "reject":
        return Admission("reject", reason, time, idle)
    begin = float(plate.after(idle["begin"], thermal.idle_power, decision.wait))
    end = float(plate.after(begin, thermal.idle_power + thermal.job_power, duration))
    # Where the run before still goes on, the plate is heated after it, and cools from then on.
    cooled = idle["time"] + decision.wait
    plate_after = {"begin": begin, "end": end, "time": cooled + duration}
    return Admission(decision.action, reason, cooled if decision.wait else time, plate_after)


def _idle(
    thermal: Thermal | None, records: Sequence[Mapping[str, Any]], time: float
) -> dict[str, float]:
    """Temperatures of the plate where nothing begins; empty where none was declared."""
    if thermal is None:
        return {}
    plate = _plate(thermal)
    known = next((record["plate"] for record in reversed(records) if record.get("plate")), None)
    if known is None:
        begin = thermal.temperature or float(plate.steady(thermal.idle_power))
    else:
        passed = max(0.0, time - known["time"])
        begin = float(plate.after(known["end"], thermal.idle_power, passed))
        time = max(time, known["time"])
    return {"begin": begin, "end": begin, "time": time}


def _plate(thermal: Thermal) -> Plate:
    return Plate(
        thermal.capacity_coefficient, thermal.cooling_coefficient, thermal.base_temperature
    )
