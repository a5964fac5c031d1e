"""What readout and temperature do to the verdicts: tables of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.constants import h as planck

from circuits.design import RECYCLING, Design
from recycling.errors import BadInput
from recycling.inference.bath.sensitivity import thresholds
from recycling.inference.readout.correction import READOUTS, Readout
from recycling.reporting.tables import Table, number, with_interval
from recycling.results.analysis import analyse_counts
from recycling.results.calibrations import trial_assignments
from recycling.results.sensitivity import erasure_of
from recycling.results.stopping import until_attributes
from recycling.results.sweep import (
    curve_note,
    design_axes,
    first_curve,
    over_points,
    recycling_arm,
    sweep_axes,
)
from recycling.results.verdicts import verdicts
from recycling.spec.experiment import shown_p_x

if TYPE_CHECKING:
    import xarray as xr

    from recycling.inference.bath.thermometry import Thermometry
    from recycling.inference.readout.assignment import Assignment
    from recycling.inference.statistics.interval import Interval
    from recycling.spec.experiment import Experiment
    from recycling.store.directory import Run

#: Enough to compare verdicts at one p_x.
_RESAMPLES = 100
#: Most points, all p_x counted, at which every readout is analysed; more would take many seconds.
_MOST_POINTS = 2000
#: Attributes that say of any analysis what was run.
_OF_THE_RUN = ("data_kind", "frequency_Hz", "shots")
_COUNTS = {3: "three", 4: "four", 5: "five", 6: "six"}


def readout_datasets(
    run: Run, assignment: Assignment | None, temperature: float, known: xr.Dataset | None = None
) -> dict[Readout, xr.Dataset | BadInput]:
    """Analyses of recycling: as recorded, corrected, and with the flag unmixed.

    They hold every p_x, or in a large sweep the shown one alone.

    Args:
        run: opened run.
        assignment: what corrects its readout; None where nothing does.
        temperature: T0 of the bounds, K.
        known: an analysis of the run with these bounds, which stands for that of its readout.

    Returns:
        By readout the Dataset, or why there is none.
    """
    experiment = run.experiment
    p_x = experiment.sweep.p_x
    if len(next(iter(experiment.points.values()))) * len(experiment.p_x) > _MOST_POINTS:
        p_x = (shown_p_x(experiment.p_x),)
    brief = experiment.model_copy(
        update={
            "sweep": experiment.sweep.model_copy(update={"p_x": p_x}),
            "inference": experiment.inference.model_copy(update={"resamples": _RESAMPLES}),
        }
    )
    how = {} if run.until is None else until_attributes(run.until)
    if known is not None:
        how |= {name: known.attrs[name] for name in _OF_THE_RUN}
    found: dict[Readout, xr.Dataset | BadInput] = {}
    for readout in READOUTS:
        if known is not None and known.attrs["readout"] == readout:
            found[readout] = known
            continue
        try:
            found[readout] = analyse_counts(
                brief,
                run.counts,
                {"temperature_K": temperature} | how,
                readout=readout,
                assignment=assignment,
                of_trials=() if readout == "raw" else trial_assignments(run),
                arms=(RECYCLING,),
            )
        except BadInput as error:
            found[readout] = error
    return found


def readout_table(
    experiment: Experiment,
    assignment: Assignment | None,
    datasets: Mapping[Readout, xr.Dataset | BadInput],
) -> Table:
    """Heat above Q_tight at the shown p_x by readout.

    Args:
        experiment: its spec.
        assignment: what corrected its readout; None where nothing did.
        datasets: ``readout_datasets`` of the run.
    """
    p_x = shown_p_x(experiment.p_x)
    (bath,) = experiment.design.bath
    quantum = planck * experiment.bath.frequency
    analysed = {name: each for name, each in datasets.items() if not isinstance(each, BadInput)}
    source = "not given" if assignment is None else assignment.source
    note = f"Recycling arm at p_x = {p_x:g}, all trials together. Errors: {source}."
    for readout, error in datasets.items():
        note += f" Not {readout}: {error}." if isinstance(error, BadInput) else ""
    columns: list[str] = []
    cells: list[list[str]] = []
    for readout, dataset in analysed.items():
        found = verdicts(dataset)
        entropy = recycling_arm(dataset)["entropy_combined"].sel(
            qubit=bath, stage="before", limit="value", p_x=p_x
        )
        columns += [f"S(ρ_B), {readout}", f"ΔQ_B − Q_tight (hf), {readout}", "verdict"]
        cells += [
            [f"{value:.4f}" for value in over_points(dataset, entropy)],
            [with_interval(v.interval, quantum) for v in found],
            [v.text for v in found],
        ]
    swept = zip(*experiment.points.values(), strict=True)
    rows = [
        (*(f"{value:.4f}" for value in point), *row)
        for point, *row in zip(swept, *cells, strict=True)
    ]
    note += (
        f" Corrected: the assignment errors of {_listed(experiment.design.measured)} are undone "
        "before the inversion, with the calibration's own error in the intervals. Unmixed: those "
        "of the flag too, with the reset modelled as an ideal swap."
    )
    if assignment is not None and assignment.correlated:
        note += " The qubits' readout is correlated: their joint matrix is undone."
    swept_columns = (axis.column for axis in design_axes(experiment))
    return Table((*swept_columns, *columns), rows, note)


def _listed(roles: Sequence[str]) -> str:
    """Names in words: S, B and C_I."""
    return " and ".join(filter(None, (", ".join(roles[:-1]), *roles[-1:])))


def assignment_table(assignment: Assignment, design: Design) -> Table:
    """Readout errors and populations of the recorded qubits."""
    roles = design.recorded_roles
    errors = assignment.stderr
    rows = []
    for index, role in enumerate(roles):
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
    if assignment.shots and assignment.degrees_of_freedom:
        verdict = "differs from" if assignment.correlated else "agrees with"
        count = _COUNTS.get(len(roles), len(roles))
        note += (
            f" The joint matrix {verdict} the product of the {count}: χ² = "
            f"{assignment.statistic:.0f} at {assignment.degrees_of_freedom:.0f} degrees of "
            f"freedom, p = {assignment.p_value:.2g}."
        )
    columns = ("qubit", "P(1|0)", "P(0|1)", "P₁ at the start", "P₁ after a long wait")
    return Table(columns, rows, note)


def temperature_table(experiment: Experiment, temperatures: Mapping[str, Thermometry]) -> Table:
    """Temperature of the bath by each source that there is; see ``calibrations``."""
    wanted = experiment.inference.temperature
    rows = [
        (
            name + (" (the bounds)" if name == wanted else ""),
            _kelvin(found.temperature.value),
            _ends(found.temperature),
            f"{found.population.value:.5f}",
            found.source,
            found.note,
        )
        for name, found in temperatures.items()
    ]
    return Table(
        ("T0", "mK", "95 %", "P₁(B)", "source", "note"), rows,
        "Measured: B before the erasure in the equilibrium arm, readout and the errors of its "
        "basis rotation taken out.",
    )  # fmt: skip


def threshold_table(dataset: xr.Dataset) -> Table:
    """Temperatures of the bath above which each verdict holds."""
    cut = curve_note(dataset)
    dataset = first_curve(dataset)
    (axis,) = sweep_axes(dataset)
    found = thresholds(erasure_of(dataset), float(dataset.attrs["frequency_Hz"]))
    rows = [
        (f"{value:.4f}", _kelvin(tight), _kelvin(landauer), _kelvin(none))
        for value, tight, landauer, none in zip(
            axis.values, found.tight, found.landauer, found.no_process, strict=True
        )
    ]
    return Table(
        (axis.column, "below Q_tight above (mK)", "below Q_Landauer above (mK)",
         "no process above (mK)"), rows, cut.strip(),
    )  # fmt: skip


def _ends(temperature: Interval[float]) -> str:
    low, high = temperature.low, temperature.high
    return f"{_kelvin(low)} to {_kelvin(high)}" if high > low else "–"


def _kelvin(temperature: float) -> str:
    return number(temperature * 1e3, ".1f")


def _with_error(value: float, error: float) -> str:
    return f"{value:.5f}" + (f" ± {1.96 * error:.5f}" if np.isfinite(error) and error > 0 else "")
