"""What a notebook gives for a run, its dataset or a path, checked before it is used."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from recycling.errors import BadInput
from recycling.spec.messages import shown_value
from recycling.store.directory import Run

if TYPE_CHECKING:
    import xarray as xr


def shown_given(given: object) -> str:
    """Write what somebody gave as one short line.

    Example:
        >>> shown_given(Path("runs/mine"))
        "'runs/mine'"
    """
    text = shown_value(str(given) if isinstance(given, PathLike) else given)
    return " ".join(text.split())


def path_given(given: str | PathLike[str], field: str) -> Path:
    """Give the path that somebody means, where "~" is the home folder.

    Raises:
        BadInput: it is no path, or of nobody's home folder.

    Example:
        >>> path_given(None, "run")
        Traceback (most recent call last):
        recycling.errors.BadInput: run = None: give a path
    """
    if not isinstance(given, str | PathLike):
        raise BadInput(f"{field} = {shown_given(given)}: give a path")
    try:
        return Path(given).expanduser()
    except TypeError:  # the path of an object may be bytes
        raise BadInput(f"{field} = {shown_given(given)}: give a path") from None
    except RuntimeError:
        raise BadInput(f"{field} = {str(given)!r}: nobody has this name; give a path") from None


def run_given(given: Run) -> Run:
    """Check that it is an opened run, and return it.

    Raises:
        BadInput: it is not.

    Example:
        >>> run_given("runs/mine")
        Traceback (most recent call last):
        recycling.errors.BadInput: run = 'runs/mine' is not opened: give what open_run returns
    """
    if not isinstance(given, Run):
        raise BadInput(f"run = {shown_given(given)} is not opened: give what open_run returns")
    return given


def dataset_given(given: Run | xr.Dataset) -> xr.Dataset:
    """Give the dataset of a run; a dataset is returned as it is.

    Raises:
        BadInput: it is neither, or as for ``Run.dataset``.

    Example:
        >>> import xarray as xr
        >>> dataset_given(xr.Dataset()).sizes
        Frozen({})
    """
    import xarray as xr

    if isinstance(given, Run):
        return given.dataset
    if not isinstance(given, xr.Dataset):
        raise BadInput(f"dataset = {shown_given(given)}: give an opened run or its dataset")
    return given
