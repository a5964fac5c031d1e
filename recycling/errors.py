"""Errors that a user can act on; the command line exits with their code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class BadInput(ValueError):  # without the suffix Error, it reads as bad input
    r"""Wrong input; exit code 2.

    Each of ``faults`` is a line that names the field, the value and the mend. Most errors have a
    single fault; that of a spec lists all of them.

    Example:
        >>> from recycling import Experiment
        >>> Experiment.parse('name = "a"\nbath.temperature = 43')
        Traceback (most recent call last):
        recycling.errors.BadInput: bath.temperature = 43: give 1 mK to 10 K (did you mean '43 mK'?)
    """

    def __init__(self, *faults: str) -> None:
        super().__init__(*faults)
        self.faults = faults

    def __str__(self) -> str:
        """All faults, one line each."""
        return "\n".join(self.faults)

    @property
    def one_line(self) -> str:
        """The first fault, and the number of others.

        Example:
            >>> BadInput("shots = 0: give 1 or more", "trials = 0: give 1 or more").one_line
            'shots = 0: give 1 or more (and 1 more)'
        """
        more = f" (and {len(self.faults) - 1} more)" if self.faults[1:] else ""
        return f"{self.faults[0]}{more}"


def require(name: str, values: ArrayLike, valid: ArrayLike, advice: str, *, unit: str = "") -> None:
    """Refuse the first of some numbers that is not valid.

    Args:
        name: what they are.
        values: the numbers (array of shape (...)).
        valid: whether each is valid (array of shape (...)).
        advice: what to do.
        unit: of the numbers.

    Raises:
        BadInput: one is not valid.

    Example:
        >>> require("temperature", [0.02, -1.0], [True, False], "give 0 K or more", unit="K")
        Traceback (most recent call last):
        recycling.errors.BadInput: temperature = -1 K: give 0 K or more
    """
    import numpy as np  # here, since every command loads this module

    numbers, good = np.broadcast_arrays(values, valid)
    if not good.all():
        first = f"{float(numbers[~good].flat[0]):g} {unit}".rstrip()
        raise BadInput(f"{name} = {first}: {advice}")


def reason_of(error: OSError) -> str:
    """Say why the system refused, in words that begin small.

    Example:
        >>> try:
        ...     open("no/such/file")
        ... except OSError as error:
        ...     reason_of(error)
        'no such file or directory'
    """
    return (error.strerror or str(error)).lower()


class Incomplete(RuntimeError):
    """The run is not done, nothing is lost, and it can be resumed; exit code 3.

    Example:
        >>> with resumable("runs/small"):
        ...     raise KeyboardInterrupt
        Traceback (most recent call last):
        recycling.errors.Incomplete: interrupted; nothing is lost; go on with: recycling resume ...
    """


class ControlFailed(RuntimeError):
    """A control of the analysis failed under ``--strict``; exit code 5."""


class BackendFailure(RuntimeError):
    """The backend failed or refused, in a line with its reason; exit code 4.

    ``transient`` says that another attempt may succeed.

    Example:
        >>> BackendFailure("service unavailable", transient=True).transient
        True
    """

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.transient = transient


@contextmanager
def resumable(path: str | Path) -> Iterator[None]:
    """Turn an interrupt into the error that says how to go on with a run.

    Raises:
        Incomplete: the block was interrupted.

    Example:
        >>> with resumable("runs/small"):
        ...     finished = True
        >>> finished
        True
    """
    try:
        yield
    except KeyboardInterrupt:
        raise Incomplete(
            f"interrupted; nothing is lost; go on with: recycling resume {quote(str(path))}"
        ) from None
