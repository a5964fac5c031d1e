"""Pages of the reference: variables of the Dataset, and files of a run directory."""

from __future__ import annotations

from collections.abc import Iterator

from docs._ext.text import escaped, table
from recycling.results.schema import (
    OF_LINK,
    RESULTS_SCHEMA_VERSION,
    VARIABLES,
    Quantity,
)
from recycling.store.readme import MEANINGS

_DATASET = """\
# Variables of the Dataset

`run.dataset`, like `rc.analyse(run)`, is an `xarray.Dataset`, and `results.nc` in the run
directory holds the same as netCDF-4, which `xarray.open_dataset` opens without this package.
Energies are in J, entropies in nats, angles in rad. This is schema {version}; a reader refuses
what is newer. `dataset.recycling` selects the nearest point and gives energies in hf or in
k_B T0 ln 2.

Every variable has, beside its value for each trial, further ones under its name and a suffix:

{suffixes}

`point` stands for the swept parameters of the algorithm: for HHL the dim `theta_b`. A bound is
+inf where no process exists, and an excess over it is then +inf: it is never counted as below the
bound.

{variables}

## Of an experiment with a link alone

{of_link}

## Dims

{dims}

## Attributes

The attributes say what was analysed: `data_kind` (simulated, measured or declared), `spec_hash`,
`device`, `temperature_K` with `temperature_source`, `frequency_Hz`, `seed`, `shots`, `estimator`,
`interval`, `feedforward_latency_s` with `feedforward_latency_source`, `warnings`, and a
`version_` of each package that took part.
"""
#: Suffixes, and of which variables they are.
_SUFFIXES = (
    ("`_low`, `_high`", "all", "ends of the 95 % interval of each trial"),
    ("`_combined`", "all", "value, low and high of all trials together, along the dim `limit`"),
    (
        "`_band`",
        "those with bands",
        "the same, but the limits hold for all points of the sweep at once",
    ),
    ("`_scatter`", "scattered", "scatter of the trials over that of their shots"),
    ("`_stderr`, `_combined_stderr`", "tested", "standard error, from the width of the limits"),
    ("`_z`, `_combined_z`", "tested", "signed normal quantile of the one-sided p-value"),
)
_DIMS = (
    ("arm", "`equilibrium` (a thermal bath, success branch) or `recycling` (failure branch)"),
    ("theta_b, …", "values of each swept parameter of the algorithm"),
    ("p_x", "excited weight of S before the erasure"),
    ("trial", "number of the trial"),
    ("stage", "`before` or `after` the erasure"),
    ("qubit", "S, B or the recycled register C_I"),
    ("limit", "`value`, `low`, `high`"),
)
_FILES = """\
# Files of a run directory

Everything about a run is in one folder. Apart from the shots, the circuits and the netCDF files
it is text. No file holds a token.

{files}

`run.json` and its copy hold the SHA-256 of what the run depends on; each job has a journal of
what was sent, when, and what came back. [What a run survives](../durability.md) says how they are
written, [archives](../archive.md) how they are kept for years.
"""


def dataset_page() -> str:
    """The page on the Dataset in Markdown."""
    columns = ["variable", "unit", "dims", "meaning", "also"]
    return _DATASET.format(
        version=RESULTS_SCHEMA_VERSION,
        suffixes=table(["suffix", "of", "what it holds"], _SUFFIXES),
        variables=table(columns, _rows(VARIABLES)),
        of_link=table(columns, _rows(OF_LINK)),
        dims=table(["dim", "labels"], [(f"`{name}`", text) for name, text in _DIMS]),
    )


def _rows(quantities: dict[str, Quantity]) -> Iterator[tuple[str, ...]]:
    for name, quantity in quantities.items():
        also = [text for text in ("scattered", "tested") if getattr(quantity, text)]
        yield (
            f"`{name}`",
            quantity.units,
            ", ".join(f"`{dim}`" for dim in quantity.dims),
            escaped(quantity.long_name),
            ", ".join(also),
        )


def files_page() -> str:
    """The page on the files of a run in Markdown."""
    files = [(f"`{name}`", escaped(meaning)) for name, meaning in MEANINGS.items()]
    return _FILES.format(files=table(["file", "what it is"], files))
