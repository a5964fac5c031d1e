"""A Dataset as tables for spreadsheets, pandas and R: one row a setting, one column a quantity.

Each table holds the variables over the same dims; column names are those of the Dataset::

    results    arm, theta_b, p_x, trial                  heat, bounds, gain, excess
    states     arm, theta_b, p_x, trial, stage, qubit    entropy, excited population
    branches   arm, theta_b, trial                       branch probability
    fidelity   theta_b, trial                            success fidelity
    combined-… the same without the trial, by limit      all trials together, and bands
    significance  arm, theta_b, p_x                      z of all trials, scatter of the trials
    counts     setting and record of each shot           on request
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from recycling.errors import BadInput
from recycling.results.schema import VARIABLES
from recycling.spec.foreign_text import csv_text
from recycling.store.files import write_whole
from recycling.store.targets import check_new_folder

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from recycling.store.directory import Run

Format = Literal["csv", "parquet", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)
#: Name of a table by its dims; dims without a name are joined to one.
_TABLES = {
    ("arm", "theta_b", "p_x", "trial"): "results",
    ("arm", "theta_b", "p_x", "trial", "stage", "qubit"): "states",
    ("arm", "theta_b", "trial"): "branches",
    ("theta_b", "trial"): "fidelity",
    ("arm", "theta_b", "p_x", "limit"): "combined-results",
    ("arm", "theta_b", "p_x", "stage", "qubit", "limit"): "combined-states",
    ("arm", "theta_b", "limit"): "combined-branches",
    ("theta_b", "limit"): "combined-fidelity",
    ("arm", "theta_b", "p_x"): "significance",
}
#: Units and meaning of columns that the Dataset does not describe itself; labels have no units.
_COLUMNS = {
    "arm": ("", "arm: equilibrium (no reset) or recycling"),
    "theta_b": ("rad", "angle of b"),
    "p_x": ("1", "excited weight of the target"),
    "trial": ("1", "number of the trial"),
    "stage": ("", "before or after the erasure"),
    "qubit": ("", "target S, bath B, or input and output C_I"),
    "preparation": ("", "gate that prepares the target: I or X"),
    "basis": ("", "Pauli basis of the tomography"),
    "limit": ("", "value, or low or high end of the interval or band"),
    "flag": ("1", "outcome of C_A: 1 success, 0 failure"),
    "S": ("1", "outcome of S"),
    "B": ("1", "outcome of B"),
    "C_I": ("1", "outcome of C_I"),
}


@dataclass(frozen=True)
class Table:
    """A table with what its columns mean: units, long_name and comment of each."""

    name: str
    frame: pd.DataFrame
    columns: Mapping[str, Mapping[str, str]]


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
        folder: folder to create, or an empty one.
        format: "csv", "parquet" or "json".
        raw: write the counts too (probabilities where shots = "exact").

    Returns:
        Paths of the files written, the tables first.

    Raises:
        BadInput: the format is unknown, or the folder is not empty or cannot be written.
    """
    folder = check_export(folder, format)
    found = tables(dataset) + ([counts_table(run.counts)] if raw else [])
    attributes = _attributes(run, dataset)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [
            _written(folder / name, content)
            for name, content in _WRITERS[format](found, attributes).items()
        ]
    except OSError as error:
        raise BadInput(f"out = {str(folder)!r}: {error.strerror}; give another folder") from error


def check_export(folder: str | Path, format: str) -> Path:
    """Check, before the work, that an export can be written; returns its folder.

    Raises:
        BadInput: the format is unknown, or the folder is not empty or cannot be written.
    """
    if format not in FORMATS:
        raise BadInput(f"format = {format!r}: give one of {', '.join(FORMATS)}")
    return check_new_folder(Path(folder))


def tables(dataset: xr.Dataset) -> list[Table]:
    """Tables of a Dataset, one for each set of dims that its variables have."""
    by_dims: dict[tuple[str, ...], list[str]] = {}
    # A stored Dataset may come back in another order.
    for name in sorted(map(str, dataset.data_vars), key=_place):
        by_dims.setdefault(tuple(map(str, dataset[name].dims)), []).append(name)
    return [
        _table(_TABLES.get(dims, "-".join(dims)), dataset[names], dims)
        for dims, names in by_dims.items()
    ]


def _place(name: str) -> tuple[int, str]:
    """Place of a variable: that of the estimate it belongs to, then by its name."""
    estimates = list(VARIABLES)
    own = [place for place, known in enumerate(estimates) if f"{name}_".startswith(f"{known}_")]
    return min(own, default=len(estimates)), name


def counts_table(counts: xr.DataArray) -> Table:
    """Counts as a table: how many shots of each setting gave each record."""
    if np.issubdtype(counts.dtype, np.integer):
        name, long_name = "count", "shots with this record"
    else:
        name, long_name = "probability", "probability of this record"
    described = counts.assign_attrs(units="1", long_name=long_name)
    dims = tuple(map(str, counts.dims))
    return _table("counts", described.to_dataset(name=name), dims)


def _table(name: str, dataset: xr.Dataset, dims: tuple[str, ...]) -> Table:
    frame = dataset.to_dataframe(dim_order=list(dims)).reset_index()
    columns = {}
    for column in map(str, frame.columns):
        units, long_name = _COLUMNS.get(column, ("", ""))
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


def _csv(found: list[Table], attributes: Mapping[str, Any]) -> dict[str, bytes]:
    import pandas as pd

    meanings = [
        {"table": table.name, "column": column, **meaning}
        for table in found
        for column, meaning in table.columns.items()
    ]
    frames = {table.name: _without_formulas(table.frame) for table in found}
    frames["columns"] = _without_formulas(pd.DataFrame(meanings))
    # Text alone can be a formula: numbers stay as they are, negative ones too.
    values = [csv_text(v) if isinstance(v, str) else str(v) for v in attributes.values()]
    frames["attributes"] = pd.DataFrame({"name": list(attributes), "value": values})
    return {
        f"{name}.csv": frame.to_csv(index=False, lineterminator="\n").encode()
        for name, frame in frames.items()
    }


def _without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    text = [name for name, kind in frame.dtypes.items() if kind.kind not in "biuf"]
    return frame.assign(
        **{
            name: [csv_text(cell) if isinstance(cell, str) else cell for cell in frame[name]]
            for name in text
        }
    )


def _parquet(found: list[Table], attributes: Mapping[str, Any]) -> dict[str, bytes]:
    contents = {}
    for table in found:
        frame = table.frame.copy(deep=False)
        frame.attrs = {**attributes, "columns": table.columns}
        contents[f"{table.name}.parquet"] = frame.to_parquet(engine="pyarrow", index=False)
    return contents


def _json(found: list[Table], attributes: Mapping[str, Any]) -> dict[str, bytes]:
    contents = {}
    for table in found:
        fields = [
            {"name": name, "type": _json_type(table.frame[name]), **meaning}
            for name, meaning in table.columns.items()
        ]
        # Strict JSON has neither NaN nor infinity.
        plain = table.frame.astype(object).replace({np.inf: "inf", -np.inf: "-inf"})
        document = {
            "schema": {"fields": fields},
            "attributes": attributes,
            "data": plain.where(plain.notna(), None).to_dict("records"),
        }
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        contents[f"{table.name}.json"] = text.encode()
    return contents


def _json_type(column: pd.Series) -> str:
    """Type of a column in the words of Table Schema."""
    return {"i": "integer", "f": "number"}.get(column.dtype.kind, "string")


_WRITERS: dict[Format, Callable[[list[Table], Mapping[str, Any]], dict[str, bytes]]] = {
    "csv": _csv,
    "parquet": _parquet,
    "json": _json,
}
