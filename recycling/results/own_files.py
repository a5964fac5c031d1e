"""Tables from elsewhere, read in parts, so that a file of any size fits into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from recycling.errors import BadInput, reason_of
from recycling.extras import is_missing
from recycling.store.schema import shortened

if TYPE_CHECKING:
    import pandas as pd

#: Rows of a file that are read at a time, and the longest header of a CSV file in characters.
_TOGETHER, _HEADER = 200_000, 100_000
#: Beginning of the names of columns in which pandas keeps the numbers of its rows.
_INDEX = "__index_level_"


def columns_of(table: pd.DataFrame | Path) -> list[str]:
    """List the names of the columns of a table, or of a CSV or Parquet file.

    Raises:
        BadInput: the file cannot be read.

    Example:
        >>> import pandas as pd
        >>> columns_of(pd.DataFrame({"trial": [0], "count": [7]}))
        ['trial', 'count']
    """
    if not isinstance(table, Path):
        return list(map(str, table.columns))
    with _reading(table):
        if _is_parquet(table):
            from pyarrow.parquet import ParquetFile

            with ParquetFile(table) as file:
                names = file.schema_arrow.names
            return [name for name in names if not name.startswith(_INDEX)]
        import csv

        with table.open(encoding="utf-8-sig", newline="") as stream:
            return next(csv.reader([stream.readline(_HEADER)]), [])


def parts_of(table: pd.DataFrame | Path, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Read some columns of a table, part by part; cells of a CSV file stay text.

    Raises:
        BadInput: the file cannot be read.

    Example:
        >>> import pandas as pd
        >>> [len(part) for part in parts_of(pd.DataFrame({"trial": [0, 1]}), ["trial"])]
        [2]
    """
    if not isinstance(table, Path):
        yield table[list(columns)]
        return
    with _reading(table):
        if _is_parquet(table):
            from pyarrow.parquet import ParquetFile

            with ParquetFile(table) as file:
                for batch in file.iter_batches(batch_size=_TOGETHER, columns=list(columns)):
                    yield batch.to_pandas()
            return
        import pandas as pd

        with pd.read_csv(
            table,
            usecols=list(columns),
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            chunksize=_TOGETHER,
            on_bad_lines="error",
        ) as parts:
            yield from parts


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as stream:
        parquet = stream.read(4) == b"PAR1"
    if parquet and is_missing("pyarrow"):
        raise BadInput(
            f"counts = {str(path)!r} is Parquet: pyarrow is not installed; give CSV, or install "
            "thermodynamic-recycling[parquet]"
        )
    return parquet


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what the readers make of a file into one line."""
    name = f"counts = {str(path)!r}"
    try:
        yield
    except BadInput:
        raise
    except OSError as error:
        raise BadInput(f"{name}: {reason_of(error)}; give another file") from None
    except ValueError as error:  # also those of pandas and pyarrow
        raise BadInput(f"{name}: {shortened(str(error))}: give a CSV or Parquet file") from None
