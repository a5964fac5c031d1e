"""The clock of a campaign: the schedule itself on simulators, the wall's on machines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import sleep
from time import time as now
from typing import Protocol

#: Longest sleep at once, s; what is left of the wait is shown between two.
_NAP = 60.0


class Clock(Protocol):
    """Time of a campaign, s."""

    @property
    def beginning(self) -> float:
        """Time at which a campaign begins that begins now."""

    def wait_until(self, time: float, progress: Callable[[str], None]) -> float:
        """Wait, and return the time that it is then: ``time``, or later."""


@dataclass(frozen=True)
class ScheduledClock:
    """Nobody waits for simulated runs: each begins at its time after 0.

    Example:
        >>> ScheduledClock().wait_until(3600.0, print)
        3600.0
    """

    beginning: float = 0.0

    def wait_until(self, time: float, progress: Callable[[str], None]) -> float:
        """It is that time at once."""
        del progress
        return time


@dataclass(frozen=True)
class WallClock:
    """Time since 1970, UTC.

    Example:
        >>> WallClock().wait_until(0.0, print) > 1.7e9
        True
    """

    @property
    def beginning(self) -> float:
        """Now."""
        return now()

    def wait_until(self, time: float, progress: Callable[[str], None]) -> float:
        """Sleep, and say for how long."""
        while (left := time - now()) > 0:
            progress(f"waiting {left:.0f} s for the next run")
            sleep(min(left, _NAP))
        return now()
