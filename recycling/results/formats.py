"""Tables as CSV, Parquet and JSON, with what their columns mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from recycling.spec.foreign_text import csv_text

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["csv", "parquet", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)


@dataclass(frozen=True)
class Table:
    """A table with what its columns mean: units, long_name and comment of each."""

    name: str
    frame: pd.DataFrame
    columns: Mapping[str, Mapping[str, str]]


def _csv(found: list[Table], attributes: Mapping[str, Any]) -> dict[str, bytes]:
    import pandas as pd

    meanings = [
        {"table": table.name, "column": column, **meaning}
        for table in found
        for column, meaning in table.columns.items()
    ]
    frames = {table.name: _without_formulas(table.frame) for table in found}
    frames["columns"] = _without_formulas(pd.DataFrame(meanings))
    # Text alone can be a formula: numbers stay as they are, also if negative.
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


#: Contents of the files of each format by name, from tables and attributes.
WRITERS: dict[Format, Callable[[list[Table], Mapping[str, Any]], dict[str, bytes]]] = {
    "csv": _csv,
    "parquet": _parquet,
    "json": _json,
}
