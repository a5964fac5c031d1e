"""How long a step still takes, beside its bar."""

from __future__ import annotations

from rich.progress import ProgressColumn, Task
from rich.text import Text


class RemainingColumn(ProgressColumn):
    """The time that is left, in words; nothing where it is unknown, or the step does not count."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """Say how long it still takes."""
        left = task.time_remaining
        if task.total is None or left is None or task.finished:
            return Text("")
        return Text(f"about {in_words(left)} left")


def in_words(seconds: float) -> str:
    """A time in the unit that suits it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
