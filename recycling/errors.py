"""The errors that a user can do something about; the command line exits with their code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class BadInput(ValueError):  # reads as what it is: bad input
    """One line that names the field, the value and the mend; the command line exits with 2."""


class Incomplete(RuntimeError):
    """The run is not done, nothing is lost, and it can be resumed; exit code 3."""


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
