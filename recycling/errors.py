"""The errors that a user can do something about; the command line exits with their code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class BadInput(ValueError):  # reads as what it is: bad input
    """Wrong input; exit code 2.

    Each of ``faults`` is one line that names the field, the value and the mend. Most often there
    is one; a spec tells all of its faults at once.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__(*faults)
        self.faults = faults

    def __str__(self) -> str:
        """All faults, one line each."""
        return "\n".join(self.faults)

    @property
    def one_line(self) -> str:
        """The first fault, and how many there are besides."""
        more = f" (and {len(self.faults) - 1} more)" if self.faults[1:] else ""
        return f"{self.faults[0]}{more}"


class Incomplete(RuntimeError):
    """The run is not done, nothing is lost, and it can be resumed; exit code 3."""


class ControlFailed(RuntimeError):
    """A control of the analysis failed, and --strict was given; exit code 5."""


class BackendFailure(RuntimeError):
    """The backend failed or refused, in one line with its reason; exit code 4.

    ``transient`` says that another attempt may mend it.
    """

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.transient = transient


@contextmanager
def resumable(path: str | Path) -> Iterator[None]:
    """Make an interrupt the error that says how to go on with a run.

    Raises:
        Incomplete: interrupted.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise Incomplete(
            f"interrupted; nothing is lost; go on with: recycling resume {path}"
        ) from None
