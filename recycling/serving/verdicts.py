"""The verdict of a run in brief, from its results.nc, which is read as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from recycling.inference.statistics.significance import CLAIMED
from recycling.store.files import Damaged

if TYPE_CHECKING:
    import xarray as xr

RESULTS = "results.nc"
#: What a file that is not what was written may raise where it is read and where it is used.
_DAMAGED = (
    OSError,
    ValueError,
    LookupError,
    RuntimeError,
    TypeError,
    AttributeError,
    ArithmeticError,
)
#: The netCDF and HDF5 libraries, and Matplotlib's settings, are for one thread at a time.
WORK = Lock()


@dataclass(frozen=True)
class Brief:
    """What a list shows of results: at how many points the heat is below each bound.

    ``below`` holds, by bound, the points below and all points; ``failed`` names failed controls;
    ``fault`` says why nothing else is known, and ``analysed`` whether there are results at all.

    Example:
        >>> Brief(fault="not analysed", analysed=False).below is None
        True
    """

    headline: str = ""
    below: Mapping[str, tuple[int, int]] | None = None
    failed: tuple[str, ...] = ()
    fault: str = ""
    analysed: bool = True

    def words(self, bound: str) -> str:
        """Number of points below a bound.

        Example:
            >>> Brief(below={"tight": (3, 11)}).words("tight")
            '3 of 11'
        """
        return "–" if self.below is None else "{} of {}".format(*self.below[bound])

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of verdict that a filter may ask for.

        Example:
            >>> Brief(below={"tight": (3, 11), "landauer": (0, 11)}).kinds
            ('below_tight',)
        """
        if self.below is None:
            return ("none",)
        found = [f"below_{bound}" for bound in CLAIMED if self.below[bound][0]] or ["below_neither"]
        return (*found, *(["control_failed"] if self.failed else []))


def read_results(path: Path, spec_hash: str) -> xr.Dataset:
    """Read the results of a run into memory.

    Raises:
        Damaged: they cannot be read, or are of another spec.

    Example:
        >>> read_results(Path("no such run"), "")
        Traceback (most recent call last):
        recycling.store.files.Damaged: results.nc cannot be read: ...
    """
    from recycling.results.netcdf import read_netcdf

    try:
        dataset = read_netcdf(path / RESULTS)
    except _DAMAGED as error:
        raise Damaged(f"{RESULTS} cannot be read: {_line(error)}") from None
    if dataset.attrs.get("spec_hash") != spec_hash:
        raise Damaged(f"{RESULTS} is of another spec")
    return dataset


def brief_of(path: Path, spec_hash: str) -> Brief:
    """Read the verdict of a run in brief; what is wrong with its results becomes part of it.

    Example:
        >>> brief_of(Path("no such run"), "").fault[:25]
        'results.nc cannot be read'
    """
    from recycling.results.controls import controls, failed_controls
    from recycling.results.summary import headline
    from recycling.results.verdicts import verdicts

    try:
        dataset = read_results(path, spec_hash)
        below: dict[str, tuple[int, int]] = {}
        for bound in CLAIMED:
            found = verdicts(dataset, bound=bound)
            below[bound] = sum(verdict.below for verdict in found), len(found)
        failed = tuple(failed_controls(controls(dataset)))
        return Brief(headline(dataset), below, failed)
    except Damaged as error:
        return Brief(fault=str(error))
    except _DAMAGED as error:
        return Brief(fault=f"{RESULTS} cannot be used: {_line(error)}")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
