"""Results of a run without writing: those that are stored, where they are current."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.results.analysis import analysed, results_name
from recycling.results.attributes import run_attributes
from recycling.results.netcdf import read_netcdf
from recycling.results.schema import VARIABLES

if TYPE_CHECKING:
    import xarray as xr

    from recycling.store.directory import Run

_PACKAGE = "thermodynamic-recycling"
#: Folders and files of a run that its results follow from.
_BEHIND = ("run.json", "jobs/*.json", "shots/*.npz", "theory.nc")


def dataset_of(run: Run) -> xr.Dataset:
    """Give the results of a run: the stored ones where they are current, else analysed now.

    Stored results are current if this version would give them the same attributes, and nothing
    that they follow from was written after them. They are computed or read once for a run that is
    open, and nothing is written.

    Raises:
        BadInput: as for ``recycling.analyse``.
        Incomplete: there is no whole trial yet.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run("theory", out=f"{folder}/run")
        ...     dataset_of(run).equals(rc.analyse(run)), dataset_of(run) is dataset_of(run)
        (True, True)
    """
    key = "dataset", results_name()
    if key not in run.derived:
        stored = stored_results(run)
        run.derived[key] = analysed(run) if stored is None else stored
    found: xr.Dataset = run.derived[key]
    return found


def stored_results(run: Run) -> xr.Dataset | None:
    """Read the results of a run that are stored with it; None where they are not current.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run("theory", out=f"{folder}/run")
        ...     before = stored_results(run)
        ...     _ = rc.analyse(run)
        ...     before is None, stored_results(run)["heat"].sizes["trial"]
        (True, 1)
    """
    made_by = run.record["software"].get(_PACKAGE)
    path = run.path / results_name()
    if not run.complete or made_by != metadata.version(_PACKAGE) or not _newest(path):
        return None
    from recycling.results.accessor import with_accessor

    try:
        found = read_netcdf(path)
    except (OSError, ValueError, KeyError, RuntimeError):
        return None  # a derived file that is damaged is made again
    expected = run_attributes(run) | {
        "trials": f"{run.experiment.measurement.trials} of {run.experiment.measurement.trials}",
        "readout": run.experiment.inference.readout,
    }
    same = set(VARIABLES) <= set(found.data_vars) and all(
        name in found.attrs and _same(found.attrs[name], value) for name, value in expected.items()
    )
    return with_accessor(found) if same else None


def _newest(path: Path) -> bool:
    """Whether a file is there, and not older than what it follows from."""
    try:
        written = path.stat().st_mtime_ns
        behind = [file for pattern in _BEHIND for file in path.parent.glob(pattern)]
        return all(file.stat().st_mtime_ns <= written for file in behind)
    except OSError:
        return False


def _same(found: Any, expected: Any) -> bool:
    """Whether an attribute of a file is a value: netCDF has its types of numbers."""
    if isinstance(expected, str):
        return bool(found == expected)
    return bool(np.array_equal(np.asarray(found), np.asarray(expected)))
