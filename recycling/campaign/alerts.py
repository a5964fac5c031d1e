"""Pages and tickets: when an error budget burns too fast, and when that has ended.

Interface: ``alerts(times, bad, objective, windows)`` → ``Alerts`` with ``first_alert`` and
``episodes``; ``Window(long, short, burn, action)``; ``WINDOWS_3X`` and ``WINDOWS_USUAL``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any

from numpy.typing import ArrayLike

from recycling.campaign.burn import burn_over
from recycling.errors import BadInput

#: What an alert asks for, the more urgent first: somebody now, or a look in working hours.
ACTIONS = ("page", "ticket")
#: A burn rate this close to the threshold is at it: 1 − 0.9 is rounded.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Window:
    """Pair of windows of an alert: it opens where the burn rate of both exceeds ``burn``.

    The long window says that it matters, the short one that it still goes on (both in s).

    Example:
        >>> Window(long=60, short=300, burn=3, action="page")
        Traceback (most recent call last):
        recycling.errors.BadInput: short = 300 s: give a positive time up to that of the long ...
    """

    long: float
    short: float
    burn: float
    action: str

    def __post_init__(self) -> None:
        if not (self.long > 0 and isfinite(self.long)):
            raise BadInput(f"long = {self.long:g} s: give a positive, finite time")
        if not 0 < self.short <= self.long:
            raise BadInput(
                f"short = {self.short:g} s: give a positive time up to that of the long window, "
                f"{self.long:g} s"
            )
        if not (self.burn > 0 and isfinite(self.burn)):
            raise BadInput(f"burn = {self.burn:g}: give a positive, finite burn rate")
        if self.action not in ACTIONS:
            raise BadInput(f"action = {self.action}: give {' or '.join(ACTIONS)}")


#: Source 001: a page where the budget burns three times too fast for an hour.
WINDOWS_3X = (Window(3600, 300, 3, "page"),)
#: The usual set for a budget of 30 days: 2 % in an hour, 5 % in 6 hours, 10 % in 3 days.
WINDOWS_USUAL = (
    Window(3600, 300, 14.4, "page"),
    Window(21_600, 1800, 6, "page"),
    Window(259_200, 21_600, 1, "ticket"),
)


@dataclass(frozen=True)
class Episode:
    """Alert from its opening to its closing (s; None while it is open)."""

    action: str
    opened: float
    closed: float | None

    @property
    def recovery(self) -> float | None:
        """Time to recovery, s; None while the alert is open.

        Example:
            >>> Episode("page", opened=60.0, closed=240.0).recovery
            180.0
        """
        return None if self.closed is None else self.closed - self.opened


@dataclass(frozen=True)
class Alerts:
    """Episodes of an objective in the order of their opening."""

    episodes: tuple[Episode, ...]

    @property
    def first_alert(self) -> dict[str, Any] | None:
        """Time (s) and action of the first alert; None where there was none.

        Example:
            >>> Alerts((Episode("page", opened=60.0, closed=None),)).first_alert
            {'time': 60.0, 'action': 'page'}
        """
        if not self.episodes:
            return None
        return {"time": self.episodes[0].opened, "action": self.episodes[0].action}


def alerts(
    times: ArrayLike,
    bad: ArrayLike,
    objective: float,
    windows: Iterable[Window],
) -> Alerts:
    """Find when alerts open and close. They are looked for at the time of each run.

    An alert opens where long and short window exceed ``burn``, and closes where both are below.

    Args:
        times: times of the runs in order (runs), s.
        bad: whether each run was bad (runs).
        objective: fraction of good runs that is asked for, below 1.
        windows: pairs of windows.

    Raises:
        BadInput: an argument is outside of its range.

    Example:
        >>> times = range(0, 600, 60)
        >>> bad = [False, False, True, True, False, False, False, False, False, False]
        >>> window = Window(long=240, short=60, burn=3, action="page")
        >>> alerts(times, bad, 0.9, [window]).episodes
        (Episode(action='page', opened=120.0, closed=360.0),)
    """
    episodes = [
        episode for window in windows for episode in _episodes(times, bad, objective, window)
    ]
    episodes.sort(key=lambda episode: (episode.opened, ACTIONS.index(episode.action)))
    return Alerts(tuple(episodes))


def _episodes(
    times: ArrayLike, bad: ArrayLike, objective: float, window: Window
) -> Iterable[Episode]:
    long, short = (
        burn_over(times, bad, window=length, objective=objective)
        for length in (window.long, window.short)
    )
    exceeded, kept = window.burn * (1 + _ROUNDING), window.burn * (1 - _ROUNDING)
    above = (long > exceeded) & (short > exceeded)
    below = (long < kept) & (short < kept)
    opened: float | None = None
    for time, opens, closes in zip(map(float, times), above, below, strict=True):  # type: ignore[arg-type]
        if opened is None and opens:
            opened = time
        elif opened is not None and closes:
            yield Episode(window.action, opened, time)
            opened = None
    if opened is not None:
        yield Episode(window.action, opened, None)
