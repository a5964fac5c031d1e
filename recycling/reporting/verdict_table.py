"""The table of verdicts: heat against both thermal bounds at every point of the sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.constants import h as planck
from scipy.constants import k as boltzmann

from circuits.design import RECYCLING
from recycling.reporting.tables import Table, number, with_interval
from recycling.results.dataset import shown_p_x
from recycling.results.stopping import UNTIL
from recycling.results.sweep import over_points, recycling_arm, sweep_axes
from recycling.results.verdicts import verdicts

if TYPE_CHECKING:
    import xarray as xr

#: Columns besides those of the sweep, and their headings.
_HEADINGS = {
    "probability": "P(branch)",
    "erased": "ΔS (nat)",
    "heat in J": "ΔQ_B (J)",
    "heat": "ΔQ_B (hf)",
    "heat in k_B T0 ln 2": "ΔQ_B (k_B T0 ln 2)",
    "Q_tight": "Q_tight (hf)",
    "excess": "ΔQ_B − Q_tight (hf)",
    "z of tight": "z",
    "tight": "vs tight",
    "z of Landauer": "z",
    "Landauer": "vs Landauer",
}


def verdict_table(dataset: xr.Dataset, corrected: xr.Dataset | None = None) -> Table:
    """Write the heat against both bounds at every point, in J, hf and k_B T0 ln 2.

    Args:
        dataset: the analysis to show.
        corrected: the same with readout errors corrected, to show what they do to the excess.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> len(verdict_table(recycling.analyse(run)).rows)
        2
        >>> folder.cleanup()
    """
    columns = tuple(_headings(dataset).values())
    rows = [tuple(cells.values()) for cells in _cells(dataset)]
    note = _note(dataset)
    if corrected is not None:
        quantum = planck * dataset.attrs["frequency_Hz"]
        biases = _readout_bias(dataset, corrected)
        rows = [(*row, number(bias / quantum)) for row, bias in zip(rows, biases, strict=True)]
        columns = (*columns, "bias by readout (hf)")
        note += (
            " Bias by readout: ΔQ_B − Q_tight as recorded less the corrected one. It is known, and "
            "not in the interval."
        )
    return Table(columns, rows, note)


def brief_verdict_table(dataset: xr.Dataset, columns: Sequence[Sequence[str]]) -> Table:
    """Write a shorter table: columns of the sweep, then the given columns, several joined.

    Args:
        dataset: the analysis to show.
        columns: names of the columns that each column of the table joins.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> brief_verdict_table(recycling.analyse(run), [["excess"], ["tight"]]).columns
        ('θ (rad)', 'ΔQ_B − Q_tight (hf)', 'vs tight')
        >>> folder.cleanup()
    """
    joined = [*((axis.name,) for axis in sweep_axes(dataset)), *columns]
    headings = _headings(dataset)
    return Table(
        tuple(", ".join(headings[name] for name in names) for names in joined),
        [
            tuple(" ".join(cells[name] for name in names) for names in joined)
            for cells in _cells(dataset)
        ],
        _note(dataset),
    )


def _headings(dataset: xr.Dataset) -> dict[str, str]:
    """Headings of all columns by their names."""
    return {axis.name: axis.column for axis in sweep_axes(dataset)} | _HEADINGS


def _cells(dataset: xr.Dataset) -> list[dict[str, str]]:
    """Cells of each row by the names of their columns."""
    quantum = planck * dataset.attrs["frequency_Hz"]
    landauer_unit = boltzmann * dataset.attrs["temperature_K"] * np.log(2)
    combined = recycling_arm(dataset).sel(limit="value")
    bounds = combined["bound_tight_combined"].sel(p_x=shown_p_x(dataset))
    return [
        {
            **{name: f"{value:.4f}" for name, value in tight.point.items()},
            "probability": number(probability, ".4f"),
            "erased": number(tight.entropy_decrease, ".4f"),
            "heat in J": number(tight.heat, ".3e"),
            "heat": number(tight.heat / quantum, "+.4f"),
            "heat in k_B T0 ln 2": number(tight.heat / landauer_unit, "+.3f"),
            "Q_tight": "–" if np.isnan(bound) else f"{bound / quantum:.4f}",
            "excess": with_interval(tight.interval, quantum),
            "z of tight": number(tight.z, "+.1f"),
            "tight": tight.text,
            "z of Landauer": number(landauer.z, "+.1f"),
            "Landauer": landauer.text,
        }
        for tight, landauer, probability, bound in zip(
            verdicts(dataset, bound="tight"),
            verdicts(dataset, bound="landauer"),
            over_points(dataset, combined["branch_probability_combined"]),
            over_points(dataset, bounds),
            strict=True,
        )
    ]


def _note(dataset: xr.Dataset) -> str:
    return (
        f"Recycling arm at p_x = {shown_p_x(dataset):g}, all trials together, 95 % intervals. z is "
        f"the normal quantile of the excess's p-value{_limits_of_z(dataset)}. Below takes an "
        f"excess below 0 and ΔS above 0, both with p ≤ 0.00135 (3σ) for all "
        f"{sweep_axes(dataset)[0].noun}s and both bounds together (Holm){_looks(dataset)}; above "
        "takes z ≥ 3. "
        f"{_sources_of_error(dataset)}"
    )


def _looks(dataset: xr.Dataset) -> str:
    """Say that a run in rounds spends its level over the looks at them."""
    if UNTIL not in dataset.attrs:
        return ""
    return f", and for looks at up to {dataset.attrs[f'{UNTIL}_rounds']} rounds (alpha spending)"


def _limits_of_z(dataset: xr.Dataset) -> str:
    """Which limits z comes from. Results of older versions do not say."""
    quantile = dataset["excess_tight_combined_z"].attrs.get(f"quantile_{RECYCLING}")
    if quantile is None or dataset.attrs.get("shots") == "exact":
        return ""
    return f", from its limits at the normal quantile {quantile:.2f}"


def _sources_of_error(dataset: xr.Dataset) -> str:
    """What the intervals allow for."""
    trials = dataset.sizes["trial"]
    if dataset.attrs.get("shots") == "exact":
        return "Infinitely many shots: no error."
    if trials == 1:
        return "Shots alone: one trial shows no drift, and the verdict holds if nothing drifted."
    return (
        f"Errors are those of the shots and of the drift between trials, of which {trials} trials "
        f"tell with {trials - 1} degree{'s' if trials > 2 else ''} of freedom."
    )


def _readout_bias(dataset: xr.Dataset, corrected: xr.Dataset) -> NDArray[np.float64]:
    """Excess over Q_tight as analysed less the one with readout corrected (J, over the points)."""
    excess, better = (
        over_points(
            one,
            recycling_arm(one)["excess_tight_combined"].sel(limit="value", p_x=shown_p_x(one)),
        )
        for one in (dataset, corrected)
    )
    bias = np.full_like(excess, np.nan)
    np.subtract(excess, better, out=bias, where=np.isfinite(excess) & np.isfinite(better))
    return bias
