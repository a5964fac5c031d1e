"""What readout and temperature do to the verdicts: tables of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from scipy.constants import h as planck

from circuits.calibration.assignment import RECORDED_QUBITS
from recycling.errors import BadInput
from recycling.inference.bath.sensitivity import erasure_of, thresholds
from recycling.inference.readout.assignment import Assignment
from recycling.inference.readout.correction import READOUTS, Readout
from recycling.reporting.tables import Table, number, with_interval
from recycling.results.analysis import analyse_counts
from recycling.results.assignment import stored_assignment
from recycling.results.temperature import bath_temperatures
from recycling.results.verdicts import verdicts
from recycling.spec.experiment import SweepSpec, shown_p_x
from recycling.store.directory import Run

if TYPE_CHECKING:
    import xarray as xr

#: Enough to compare verdicts at one p_x.
_RESAMPLES = 100


def readout_datasets(run: Run, temperature: float) -> dict[Readout, xr.Dataset | BadInput]:
    """Analyses at the shown p_x: as recorded, corrected, and with the flag unmixed.

    Args:
        run: opened run.
        temperature: T0 of the bounds, K.

    Returns:
        By readout the Dataset, or why there is none.
    """
    assignment = stored_assignment(run)
    experiment = run.experiment
    p_x = shown_p_x(experiment.p_x)
    brief = experiment.model_copy(
        update={
            "sweep": SweepSpec(theta_b=experiment.sweep.theta_b, p_x=(p_x,)),
            "inference": experiment.inference.model_copy(update={"resamples": _RESAMPLES}),
        }
    )
    found: dict[Readout, xr.Dataset | BadInput] = {}
    for readout in READOUTS:
        try:
            found[readout] = analyse_counts(
                brief,
                run.counts,
                {"temperature_K": temperature},
                readout=readout,
                assignment=assignment,
            )
        except BadInput as error:
            found[readout] = error
    return found


def readout_table(run: Run, datasets: Mapping[Readout, xr.Dataset | BadInput]) -> Table:
    """Heat above Q_tight at the shown p_x by readout; see ``readout_datasets``."""
    assignment, experiment = stored_assignment(run), run.experiment
    p_x = shown_p_x(experiment.p_x)
    quantum = planck * experiment.bath.frequency
    columns: list[str] = []
    cells: list[list[str]] = []
    note = f"Recycling arm at p_x = {p_x:g}, all trials together. Errors: {assignment.source}."
    for readout, dataset in datasets.items():
        if isinstance(dataset, BadInput):
            note += f" Not {readout}: {dataset}."
            continue
        found = verdicts(dataset)
        entropy = dataset["entropy_combined"].sel(
            arm="recycling", qubit="B", stage="before", limit="value", p_x=p_x
        )
        columns += [f"S(ρ_B), {readout}", f"ΔQ_B − Q_tight (hf), {readout}", "verdict"]
        cells += [
            [f"{value:.4f}" for value in entropy.values],
            [with_interval(v.excess, v.low, v.high, quantum) for v in found],
            [v.text for v in found],
        ]
    angles = [f"{angle:.4f}" for angle in experiment.theta_b]
    note += (
        " Corrected: the assignment errors of S, B and C_I are undone before the inversion, with "
        "the calibration's own error in the intervals. Unmixed: those of the flag too, with the "
        "reset modelled as an ideal swap."
    )
    if assignment.correlated:
        note += " The qubits' readout is correlated: their joint matrix is undone."
    return Table(("θ_b (rad)", *columns), list(zip(angles, *cells, strict=True)), note)


def assignment_table(assignment: Assignment) -> Table:
    """Readout errors and populations of the four recorded qubits."""
    errors = assignment.stderr
    rows = []
    for index, role in enumerate(RECORDED_QUBITS):
        rows.append(
            (
                role,
                _with_error(assignment.false_excited[index], errors[0, index]),
                _with_error(assignment.false_ground[index], errors[1, index]),
                _with_error(assignment.start_population[index], assignment.start_stderr[index]),
                _with_error(assignment.thermal_population[index], assignment.thermal_stderr[index]),
            )
        )
    note = f"Source: {assignment.source}."
    if assignment.shots:
        verdict = "differs from" if assignment.correlated else "agrees with"
        note += (
            f" The joint matrix {verdict} the product of the four: χ² = {assignment.statistic:.0f} "
            f"at {assignment.degrees_of_freedom:.0f} degrees of freedom, p = "
            f"{assignment.p_value:.2g}."
        )
    columns = ("qubit", "P(1|0)", "P(0|1)", "P₁ at the start", "P₁ after a long wait")
    return Table(columns, rows, note)


def temperature_table(run: Run) -> Table:
    """Temperature of the bath by each source that there is."""
    wanted = run.experiment.inference.temperature
    rows = [
        (
            name + (" (the bounds)" if name == wanted else ""),
            _kelvin(found.temperature),
            f"{_kelvin(found.low)} to {_kelvin(found.high)}" if found.high > found.low else "–",
            f"{found.population:.5f}",
            found.source,
            found.note,
        )
        for name, found in bath_temperatures(run).items()
    ]
    return Table(
        ("T0", "mK", "95 %", "P₁(B)", "source", "note"), rows,
        "Measured: B before the erasure in the equilibrium arm, readout and the errors of its "
        "basis rotation taken out.",
    )  # fmt: skip


def threshold_table(dataset: xr.Dataset) -> Table:
    """Temperatures of the bath above which each verdict holds."""
    found = thresholds(erasure_of(dataset), float(dataset.attrs["frequency_Hz"]))
    rows = [
        (f"{angle:.4f}", _kelvin(tight), _kelvin(landauer), _kelvin(none))
        for angle, tight, landauer, none in zip(
            found.theta_b, found.tight, found.landauer, found.no_process, strict=True
        )
    ]
    return Table(
        ("θ_b (rad)", "below Q_tight above (mK)", "below Q_Landauer above (mK)",
         "no process above (mK)"), rows,
    )  # fmt: skip


def _kelvin(temperature: float) -> str:
    return number(temperature * 1e3, ".1f")


def _with_error(value: float, error: float) -> str:
    return f"{value:.5f}" + (f" ± {1.96 * error:.5f}" if np.isfinite(error) and error > 0 else "")
