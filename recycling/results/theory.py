"""The noiseless theory of a stored run: kept with it as a derived file, and read back.

It is the result of the run on ideal gates with infinitely many shots, Fig. 4(c). Only
``recycling.running.theory`` computes it; reading needs no simulator. Beside the results of a
thermal start the file holds the pure states of the recycled register in each branch, from a start
in |0…0⟩: the reference where no formula is known.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from recycling.results.netcdf import netcdf_bytes, read_netcdf, with_checksum
from recycling.results.schema import RESULTS_SCHEMA_VERSION, VARIABLES
from recycling.spec.experiment import DeviceSpec, Experiment, InferenceSpec, MeasurementSpec

if TYPE_CHECKING:
    import xarray as xr

    from recycling.store.directory import Run

#: Name of the file in a run directory.
THEORY = "theory.nc"
#: Bloch vector of each recycled qubit in the branch that an arm analyses, and its probability.
BLOCH, PROBABILITY = "ideal_bloch_vector", "ideal_branch_probability"
#: Attribute that holds the checksum of all numbers.
_CHECKSUM = "checksum"


def ideal_experiment(experiment: Experiment) -> Experiment:
    """Make the noiseless counterpart of an experiment, with infinitely many shots.

    An ideal bath does not relax: the channel of an idle link's losses stands for its wait.

    Example:
        >>> from recycling.spec.experiment import preset
        >>> ideal_experiment(preset("paper")).device.profile
        'ideal'
    """
    return experiment.without_waiting.model_copy(
        update={
            "device": DeviceSpec(profile="ideal"),
            "measurement": MeasurementSpec(shots="exact", trials=1),
            "inference": InferenceSpec(),
            "stage": None,
        }
    )


def theory_bytes(theory: xr.Dataset) -> bytes:
    """Write a theory as a file that ``stored_theory`` reads.

    Example:
        >>> import xarray as xr
        >>> theory_bytes(xr.Dataset({"heat": ("p_x", [0.0])}))[1:4]
        b'HDF'
    """
    signed = theory.assign_attrs({_CHECKSUM: _checksum(theory)})
    return with_checksum(netcdf_bytes(signed))


def stored_theory(run: Run, folder: Path | None = None) -> xr.Dataset | None:
    """Read the theory that was kept with a run.

    Args:
        run: opened run.
        folder: another folder that may hold it, e.g. since the run cannot be written.

    Returns:
        The Dataset of ``analyse`` for the ideal experiment, with ``BLOCH`` (arm, swept parameters,
        role, axis) and ``PROBABILITY`` (arm, swept parameters); None where there is none, or none
        of this experiment, or where it is damaged.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> stored_theory(run).sizes["p_x"]
        2
        >>> folder.cleanup()
    """
    folders = [run.path] if folder is None else [run.path, folder]
    found = (_read(place / THEORY, run.experiment) for place in folders)
    return next((theory for theory in found if theory is not None), None)


def _read(path: Path, experiment: Experiment) -> xr.Dataset | None:
    """Theory in a file, if it is that of an experiment."""
    try:
        theory = _intact(path.read_bytes()) if path.is_file() else None
    except OSError:
        return None
    if theory is None:
        return None
    attributes = theory.attrs
    known = (
        attributes.get("schema_version") == RESULTS_SCHEMA_VERSION
        and attributes.get("spec_hash") == ideal_experiment(experiment).hash
        and {*VARIABLES, BLOCH, PROBABILITY} <= set(theory.data_vars)
    )
    return theory.copy() if known else None


@lru_cache(maxsize=2)  # a command reads the same file several times
def _intact(content: bytes) -> xr.Dataset | None:
    """Theory in the content of a file, without its checksum; None where it is damaged."""
    try:
        theory = read_netcdf(content)
    except (OSError, ValueError, KeyError, RuntimeError):
        return None  # a derived file that is damaged is made again
    return theory if theory.attrs.pop(_CHECKSUM, None) == _checksum(theory) else None


def _checksum(theory: xr.Dataset) -> str:
    """SHA-256 of the names, dims and numbers of all variables."""
    digest = hashlib.sha256()
    for name in sorted(map(str, theory.variables)):
        variable = theory[name]
        digest.update(f"{name} {variable.dims} {variable.shape}".encode())
        values = variable.values
        text = values.dtype.kind not in "biuf"
        digest.update(repr(values.tolist()).encode() if text else values.tobytes())
    return digest.hexdigest()
