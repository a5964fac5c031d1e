"""The user's counts as a table with a row for each record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.errors import BadInput
from recycling.results.own_files import columns_of, parts_of
from recycling.results.own_labels import labels_of, listed, places
from recycling.spec.experiment import Experiment
from recycling.spec.measurement import MOST_TRIALS
from recycling.store.schema import shortened

if TYPE_CHECKING:
    import pandas as pd

#: Names of the column of the numbers.
VALUES = ("count", "probability")


def counts_from_table(table: pd.DataFrame | Path, experiment: Experiment) -> NDArray[Any]:
    """Put the rows of a table into an array over the dims of the design; missing rows are 0.

    Args:
        table: table, or path of a CSV or Parquet file, with a column for each dim of the design
            and ``count`` (or ``probability``, where the spec says shots = "exact").
        experiment: the spec.

    Returns:
        Numbers over ``design.dims``, with as many trials as there are.

    Raises:
        BadInput: the file cannot be read; a column is missing or unknown, a label is unknown, a row
            is there twice, or there are more rows than records.

    Example:
        >>> import pandas as pd
        >>> from recycling.spec.experiment import preset
        >>> labels = labels_of(preset("theory"))
        >>> row = {dim: known[0] for dim, known in labels.items()} | {"trial": 0, "count": 7}
        >>> int(counts_from_table(pd.DataFrame([row]), preset("theory")).sum())
        7
    """
    name = table.name if isinstance(table, Path) else "counts"
    columns = _checked(name, columns_of(table), experiment.design.dims)
    labels: dict[str, list[Any]] = labels_of(experiment)
    records = int(np.prod([len(known) for known in labels.values()]))
    labels["trial"] = list(range(_trials(table, name, experiment, records)))
    dims = experiment.design.dims
    shape = tuple(len(labels[dim]) for dim in dims)
    values, seen = np.zeros(shape).ravel(), np.zeros(shape, dtype=bool).ravel()
    first = 0
    for part in parts_of(table, columns):
        where = [_places(name, dim, part[dim], labels[dim], first) for dim in dims]
        at = np.ravel_multi_index(where, shape)
        repeated = seen[at]
        repeated[np.setdiff1d(np.arange(len(at)), np.unique(at, return_index=True)[1])] = True
        if repeated.any():
            row = first + int(np.argmax(repeated)) + 1
            raise BadInput(f"{name}, row {row} has the labels of an earlier row: give each once")
        seen[at], values[at] = True, _numbers(name, part, first)
        first += len(part)
    return values.reshape(shape)


def _trials(table: pd.DataFrame | Path, name: str, experiment: Experiment, records: int) -> int:
    """Number of trials, counted before any row is kept.

    Raises:
        BadInput: there are more rows than records of so many trials.
    """
    fixed = "trials" in experiment.measurement.model_fields_set
    most = experiment.measurement.trials if fixed else MOST_TRIALS
    rows, trials = 0, 0
    for part in parts_of(table, ["trial"]):
        found = _places(name, "trial", part["trial"], list(range(most)), rows)
        rows, trials = rows + len(part), max(trials, int(found.max(initial=-1)) + 1)
        if rows > most * records:
            raise BadInput(
                f"{name} has more than {most * records} rows: give at most {records} a trial"
            )
    if not rows:
        raise BadInput(f"{name} has no rows: give a row for each record that occurred")
    return trials


def _places(
    name: str, dim: str, column: pd.Series, known: list[Any], first: int
) -> NDArray[np.intp]:
    found = places(column, known)
    if (found < 0).any():
        row = int(np.argmax(found < 0))
        raise BadInput(
            f"{name}, row {first + row + 1}: {dim} = {shortened(column.iloc[row])}: give "
            f"{listed(known)}"
        )
    return found


def _numbers(name: str, part: pd.DataFrame, first: int) -> NDArray[np.float64]:
    import pandas as pd

    column = part[next(value for value in VALUES if value in part)]
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    if not np.isfinite(numbers).all():
        row = int(np.argmin(np.isfinite(numbers)))
        raise BadInput(
            f"{name}, row {first + row + 1}: {column.name} = {shortened(column.iloc[row])}: give "
            "a number"
        )
    return np.asarray(numbers)


def _checked(name: str, columns: list[str], dims: tuple[str, ...]) -> list[str]:
    """Columns of a table, if they are those of counts."""
    wanted = f"give {', '.join(dims)} and {VALUES[0]}"
    for column in dims:
        if column not in columns:
            raise BadInput(f"{name} lacks the column {column!r}: {wanted}")
    if len(numbers := [value for value in VALUES if value in columns]) != 1:
        raise BadInput(f"{name} has {len(numbers)} of the columns {' and '.join(VALUES)}: {wanted}")
    others = [column for column in columns if column not in (*dims, *numbers)]
    if others or len({*columns}) < len(columns):
        column = (others or [c for c in columns if columns.count(c) > 1])[0]
        raise BadInput(f"{name} has a column {shortened(column)} that nothing reads: {wanted}")
    return columns
