"""What a reader asks a report for: verdicts and heat at every p_x, by every readout.

The page holds the numbers as JSON and draws them itself, see ``explorer.js``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.constants import h as planck

from recycling.errors import BadInput
from recycling.reporting import paper
from recycling.reporting.evidence import Evidence
from recycling.reporting.figures import STYLES
from recycling.reporting.parts import Explorer, Paragraph, Section
from recycling.reporting.typeset import typeset
from recycling.reporting.verdict_table import verdict_table
from recycling.results.dataset import shown_p_x
from recycling.results.sweep import curve_note, first_curve, recycling_arm, sweep_axes

if TYPE_CHECKING:
    import xarray as xr

#: Quantities that are drawn, by their names in the Dataset, as text names them.
SERIES: Mapping[str, str] = {name: style["label"] for name, style in STYLES.items()}
TITLE = "Every p_x"
#: Most bytes of numbers in a page, and bytes of a cell and of a number in them.
_MOST, _CELL, _NUMBER = 1_000_000, 12, 11
#: Beginnings of the names of the variables that the table reads, of the hundred of a Dataset.
_READ = (
    "bound_", "branch_probability_combined", "entropy_decrease_combined", "excess_", "heat",
    "link_heat_combined",
)  # fmt: skip


def explorer_section(evidence: Evidence) -> Section:
    """The slider over p_x with its figure and table, or why there is none."""
    columns = verdict_table(evidence.dataset, evidence.corrected).columns
    size = estimated_bytes(evidence, len(columns))
    if size > _MOST:
        text = (
            f"is the slider over p_x: its numbers would take about {size / 1e6:.1f} MB of this "
            f"page, more than {_MOST / 1e6:g} MB. The export writes them at every p_x."
        )
        return Section(TITLE, [Paragraph(text, "note", "Left out")])
    return Section(TITLE, [Explorer(explorer_data(evidence, len(columns)), columns)])


def estimated_bytes(evidence: Evidence, columns: int) -> int:
    """Estimate the size of the numbers from that of the sweep, before they are collected."""
    dataset = evidence.dataset
    points = int(np.prod([len(axis.values) for axis in sweep_axes(dataset)]))
    (axis,) = sweep_axes(first_curve(dataset))
    cells = points * columns * _CELL
    numbers = len(axis.values) * (3 * len(SERIES) + 2) * _NUMBER
    return len(dataset["p_x"]) * len(evidence.readouts) * (cells + numbers)


def explorer_data(evidence: Evidence, columns: int) -> dict[str, Any]:
    """Collect the numbers of the page; energies in hf, six digits, null where there is none.

    Args:
        evidence: of the run.
        columns: of the table of verdicts; its rows are that wide for each readout.
    """
    dataset = evidence.dataset
    (axis,) = sweep_axes(first_curve(dataset))
    sources = {
        readout: _source(found, evidence.corrected if found is dataset else None, columns)
        for readout, found in evidence.readouts.items()
        if not isinstance(found, BadInput)
    }
    note = curve_note(dataset).strip()
    data = {
        "series": [[name, str(typeset(text)), text] for name, text in SERIES.items()],
        "axis": {"label": str(typeset(axis.column)), "text": axis.column, "name": axis.symbol,
                 "symbol": str(typeset(axis.symbol)), "values": axis.values.tolist(), "note": note},
        "shown": {"symbol": str(typeset("p_x")), "p_x": shown_p_x(dataset),
                  "readout": dataset.attrs["readout"]},
        "kind": dataset.attrs["data_kind"],
        "sources": sources,
    }  # fmt: skip
    if evidence.theory is not None:
        theory = first_curve(evidence.theory)
        data["theory"] = {"p_x": theory["p_x"].values.tolist(), "values": _values(theory)}
    if paper.prints_crossing(paper.replay_of(evidence.run, dataset, evidence.theory)):
        data["printed"] = {
            "p_x": paper.PRINTED_CROSSING,
            "text": str(typeset(
                f"Paper, Fig. 5(a): at θ_b = 0, ΔQ_B crosses Q_tight around p_x = "
                f"{paper.PRINTED_CROSSING:g}. It prints no value of the heat: none is drawn."
            )),
        }  # fmt: skip
    return data


def _source(dataset: xr.Dataset, corrected: xr.Dataset | None, width: int) -> dict[str, Any]:
    """Numbers and tables of an analysis at each of its p_x; rows are as wide as the widest."""
    both = [_read(each) for each in (dataset, corrected) if each is not None]
    tables = [
        verdict_table(*(each.isel(p_x=[place]) for each in both))
        for place in range(min(each.sizes["p_x"] for each in both))
    ]
    curve = first_curve(dataset)
    return {
        "p_x": dataset["p_x"].values[: len(tables)].tolist(),
        "values": _values(curve),
        "z": {bound: _numbers(_over_p_x(curve, f"excess_{bound}_combined_z", ()))
              for bound in ("tight", "landauer")},
        "rows": [[[*row, *["–"] * (width - len(row))] for row in table.rows] for table in tables],
        "notes": [str(typeset(table.note)) for table in tables],
    }  # fmt: skip


def _read(dataset: xr.Dataset) -> xr.Dataset:
    return dataset[[name for name in dataset.data_vars if str(name).startswith(_READ)]]


def _values(curve: xr.Dataset) -> dict[str, Any]:
    """Value, low and high end of each quantity (lists over p_x, point and limit), in hf."""
    quantum = planck * curve.attrs["frequency_Hz"]
    return {
        name: _numbers(_over_p_x(curve, f"{name}_combined", ("limit",)) / quantum)
        for name in SERIES
    }


def _over_p_x(curve: xr.Dataset, name: str, last: Sequence[str]) -> xr.DataArray:
    (axis,) = sweep_axes(curve)
    return recycling_arm(curve)[name].transpose("p_x", axis.name, *last)


def _numbers(array: xr.DataArray) -> Any:
    """Nested lists of numbers with six digits; None for what JSON has no number for."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(each) for each in value]
        return float(f"{value:.6g}") if np.isfinite(value) else None

    return plain(array.values.tolist())
