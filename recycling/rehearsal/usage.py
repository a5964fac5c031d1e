"""What a job costs, by the formula that IBM documents, and times as the service writes them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from recycling.execution.ibm.wire import Task
from recycling.rehearsal.execution import Item

#: Seconds that the service charges for any job, before its first shot.
OVERHEAD = 2.0


@dataclass(frozen=True)
class Usage:
    """What a job costs: the time of its circuits, and of its repetition delays, in s."""

    circuits: float

    @property
    def charged(self) -> int:
        """Whole seconds charged."""
        return math.ceil(OVERHEAD + self.circuits)

    @classmethod
    def of(cls, task: Task, items: list[Item], default_rep_delay: float) -> Usage:
        """Usage of a job; ``default_rep_delay`` in s."""
        delay = default_rep_delay if task.rep_delay is None else task.rep_delay
        points = [math.prod(sweep) for sweep in task.sweeps]
        shots = [task.shots * number for number in points]
        return cls(sum(n * (delay + item.duration) for n, item in zip(shots, items, strict=True)))


def now() -> datetime:
    """Time of the service, UTC."""
    return datetime.now(UTC)


def later(start: datetime, usage: Usage) -> datetime:
    """End of a job that starts at a time."""
    return start + timedelta(seconds=OVERHEAD + usage.circuits)


def stamp(time: datetime) -> str:
    """A time as the service writes it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
