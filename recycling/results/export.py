"""A Dataset as tables for spreadsheets, pandas and R: a row a setting, a column a quantity.

Each table holds the variables over the same dims; column names are those of the Dataset::

    results    arm, sweep, p_x, trial                  heat, bounds, gain, excess
    states     arm, sweep, p_x, trial, stage, qubit    entropy, excited population
    branches   arm, sweep, trial                       branch probability
    fidelity   sweep, trial                            success fidelity
    combined-… the same without the trial, by limit    all trials together, and bands
    significance  arm, sweep, p_x                      z of all trials, scatter of the trials
    counts     setting and record of each shot         on request

The sweep is a column for each swept parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from circuits.design import EQUILIBRIUM, FLAG, RECYCLING, Design
from recycling.errors import BadInput
from recycling.extras import is_missing
from recycling.results.dataset import POINT, qubit_of, swept
from recycling.results.formats import FORMATS, WRITERS, Format, Table
from recycling.results.schema import OF_LINK, VARIABLES
from recycling.spec.allocation import tomography_axes
from recycling.store.files import write_whole
from recycling.store.targets import check_new_folder

if TYPE_CHECKING:
    import xarray as xr

    from recycling.store.directory import Run

#: Name of a table by its dims, the sweep as a single dim; dims without a name are joined.
_TABLES = {
    ("arm", POINT, "p_x", "trial"): "results",
    ("arm", POINT, "p_x", "trial", "stage", "qubit"): "states",
    ("arm", POINT, "trial"): "branches",
    (POINT, "trial"): "fidelity",
    ("arm", POINT, "p_x", "limit"): "combined-results",
    ("arm", POINT, "p_x", "stage", "qubit", "limit"): "combined-states",
    ("arm", POINT, "limit"): "combined-branches",
    (POINT, "limit"): "combined-fidelity",
    ("arm", POINT, "p_x"): "significance",
}
#: Units and meaning of columns that the Dataset does not describe itself; labels have no units.
_COLUMNS = {
    "arm": ("", f"arm: {EQUILIBRIUM} (no reset) or {RECYCLING}"),
    "trial": ("1", "number of the trial"),
    "stage": ("", "before or after the erasure"),
    "preparation": ("", "gate that prepares the target: I or X"),
    "basis": ("", "Pauli basis of the tomography"),
    "limit": ("", "value, or low or high end of the interval or band"),
}
#: Meaning of a basis where the spec has measurement.allocation.poles.
_FRAMES = "axis of the tomography: X, Y, Z are the first, second, third of each qubit's frame"


def export(
    run: Run,
    dataset: xr.Dataset,
    folder: str | Path,
    format: Format = "csv",
    *,
    raw: bool = False,
) -> list[Path]:
    """Write the analysis of a run as tables.

    Floats keep all their digits. Units, meanings and the attributes of the Dataset travel along:
    in ``columns.csv`` and ``attributes.csv``; in the schema of each Parquet file, which pandas
    reads into ``DataFrame.attrs``; in "schema" and "attributes" of each JSON file, which
    ``pandas.read_json(orient="table")`` reads too. Infinity is "inf" in CSV and JSON; NaN is an
    empty cell in CSV and null in Parquet and JSON.

    Args:
        run: the run that was analysed.
        dataset: its analysis.
        folder: folder to create, or an empty folder.
        format: "csv", "parquet" or "json".
        raw: write the counts too (probabilities where shots = "exact").

    Returns:
        Paths of the files written, the tables first.

    Raises:
        BadInput: the format is unknown, or the folder is not empty or cannot be written.

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
        >>> files = export(run, recycling.analyse(run), f"{folder.name}/tables")
        >>> [file.name for file in files][:3]
        ['branches.csv', 'combined-branches.csv', 'states.csv']
        >>> folder.cleanup()
    """
    folder = check_export(folder, format)
    found = tables(dataset)
    if raw:
        turned = tomography_axes(run.experiment) is not None
        found.append(counts_table(run.counts, run.experiment.design, turned=turned))
    return write_tables(found, _attributes(run, dataset), folder, format)


def write_tables(
    found: list[Table], attributes: Mapping[str, Any], folder: Path, format: Format
) -> list[Path]:
    """Write tables and what is known of all of them into a folder; returns the paths.

    Raises:
        BadInput: the folder cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import pandas as pd
        >>> table = Table("coins", pd.DataFrame({"heads": [3]}), {"heads": {"units": "1"}})
        >>> with TemporaryDirectory() as folder:
        ...     [path.name for path in write_tables([table], {"seed": 1}, Path(folder), "csv")]
        ['coins.csv', 'columns.csv', 'attributes.csv']
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [
            _written(folder / name, content)
            for name, content in WRITERS[format](found, attributes).items()
        ]
    except OSError as error:
        raise BadInput(f"out = {str(folder)!r}: {error.strerror}; give another folder") from error


def check_export(folder: str | Path, format: str) -> Path:
    """Check, before the work, that an export can be written; returns its folder.

    Raises:
        BadInput: the format is unknown, what writes it is not installed, or the folder is not empty
            or cannot be written.

    Example:
        >>> check_export("tables", "excel")
        Traceback (most recent call last):
        recycling.errors.BadInput: format = 'excel': give one of csv, parquet, json
    """
    if format not in FORMATS:
        raise BadInput(f"format = {format!r}: give one of {', '.join(FORMATS)}")
    if format == "parquet" and is_missing("pyarrow"):
        raise BadInput(
            "format = 'parquet': pyarrow is not installed; give csv or json, or install "
            "thermodynamic-recycling[parquet]"
        )
    return check_new_folder(Path(folder))


def tables(dataset: xr.Dataset) -> list[Table]:
    """Make the tables of a Dataset, a table for each set of dims of its variables.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> from recycling.jobs.counts import counts_of
        >>> counts = counts_of(experiment, {0: np.full((2, 2, 2, 2, 3, 2, 2, 2, 2), 1 / 16)})
        >>> from recycling.results.analysis import analyse_counts
        >>> dataset = analyse_counts(experiment, counts, {})
        >>> [table.name for table in tables(dataset)][:2]
        ['branches', 'combined-branches']
    """
    by_dims: dict[tuple[str, ...], list[str]] = {}
    # A stored Dataset may come back in another order.
    for name in sorted(map(str, dataset.data_vars), key=_place):
        by_dims.setdefault(tuple(map(str, dataset[name].dims)), []).append(name)
    qubits = {"qubit": ("", _qubits(dataset))}
    return [
        _table(_name(dims, swept(dataset)), dataset[names], dims, _COLUMNS | qubits)
        for dims, names in by_dims.items()
    ]


def _name(dims: tuple[str, ...], parameters: tuple[str, ...]) -> str:
    """Name of the table with the variables over some dims."""
    # All swept parameters, side by side, are the sweep.
    folded = dict.fromkeys(POINT if dim in parameters else dim for dim in dims)
    return _TABLES.get(tuple(folded), "-".join(dims))


def _qubits(dataset: xr.Dataset) -> str:
    """What the measured qubits are for."""
    target, bath = (qubit_of(dataset, purpose) for purpose in ("target", "bath"))
    rest = ", ".join(role for role in dataset["qubit"].values if role not in (target, bath))
    return f"target {target}, bath {bath}, or input and output {rest}"


def _place(name: str) -> tuple[int, str]:
    """Place of a variable: that of the estimate it belongs to, then by its name."""
    estimates = [*VARIABLES, *OF_LINK]
    own = [place for place, known in enumerate(estimates) if f"{name}_".startswith(f"{known}_")]
    return min(own, default=len(estimates)), name


def counts_table(counts: xr.DataArray, design: Design, *, turned: bool = False) -> Table:
    """Counts as a table: how many shots of each setting gave each record.

    ``turned`` says that qubits were measured in frames that are not the laboratory's.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> from recycling.jobs.counts import counts_of
        >>> counts = counts_of(experiment, {0: np.full((2, 2, 2, 2, 3, 2, 2, 2, 2), 1 / 16)})
        >>> len(counts_table(counts, experiment.design).frame)  # rows
        768
    """
    if np.issubdtype(counts.dtype, np.integer):
        name, long_name = "count", "shots with this record"
    else:
        name, long_name = "probability", "probability of this record"
    described = counts.assign_attrs(units="1", long_name=long_name)
    dims = tuple(map(str, counts.dims))
    columns = {
        **{own.name: (own.unit, own.description) for own in design.parameters},
        FLAG: ("1", _flags(design)),
        **{role: ("1", f"outcome of {role}") for role in design.measured},
        **({"basis": ("", _FRAMES)} if turned else {}),
    }
    return _table("counts", described.to_dataset(name=name), dims, _COLUMNS | columns)


def _flags(design: Design) -> str:
    """What a record of the flags means."""
    if len(design.flags) == 1 and design.failure == (0,):
        return f"outcome of {design.flags[0]}: 1 success, 0 failure"
    failure = ", ".join(map(str, design.failure))
    return f"outcomes of {', '.join(design.flags)}, the first the lowest bit; failure: {failure}"


def _table(
    name: str,
    dataset: xr.Dataset,
    dims: tuple[str, ...],
    meanings: Mapping[str, tuple[str, str]],
) -> Table:
    frame = dataset.to_dataframe(dim_order=list(dims)).reset_index()
    columns = {}
    for column in map(str, frame.columns):
        units, long_name = meanings.get(column, ("", ""))
        known = {"units": units, "long_name": long_name, "comment": ""}
        columns[column] = known | {key: str(text) for key, text in dataset[column].attrs.items()}
    return Table(name, frame, columns)


def _attributes(run: Run, dataset: xr.Dataset) -> dict[str, Any]:
    """Attributes of the Dataset and the identity of the run, as plain numbers and text."""
    identity = {key: run.record[key] for key in ("run_id", "created", "backend")}
    known = {str(key): value for key, value in dataset.attrs.items()} | identity
    # By name: a stored Dataset may come back with them in another order.
    return {k: v.item() if isinstance(v, np.generic) else v for k, v in sorted(known.items())}


def _written(path: Path, content: bytes) -> Path:
    write_whole(path, content)
    return path
