"""The report of a study of resets, and its files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from recycling.reporting.parts import Gallery, Listing, Paragraph, Part, Rows, Section
from recycling.reporting.rendering import render, write_figures
from recycling.reporting.tables import Table
from recycling.spec.strict_json import strict
from recycling.store.files import write_whole
from recycling.studies.reset.figures import reset_figures
from recycling.studies.reset.records import record_of, results_csv
from recycling.studies.reset.spec import BATHS, QUBIT
from recycling.studies.reset.tables import (
    bath_table,
    control_table,
    data_kind,
    full_table,
    residual_table,
)

if TYPE_CHECKING:
    from pathlib import Path

    from recycling.store.directory import Run
    from recycling.studies.reset.results import ResetResults


def write_resets(run: Run, results: ResetResults, folder: Path | None = None) -> dict[str, Path]:
    """Write reset.csv, reset.json, report.html and figures/; returns their paths.

    Args:
        run: the run.
        results: its results.
        folder: where to write, by default the run's directory.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from recycling.studies.reset.results import analyse_resets
        >>> from recycling.studies.reset.run import run_resets
        >>> from recycling.studies.reset.spec import ResetSpec
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = ResetSpec(methods=("swap",), rounds=(1,), shots=100, device={"layout": layout})
        >>> with TemporaryDirectory() as folder:
        ...     run = run_resets(spec, out=f"{folder}/run")
        ...     files = write_resets(run, analyse_resets(run))
        >>> [path.name for path in files.values()]
        ['reset.csv', 'reset.json', 'report.html']
    """
    folder = run.path if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)
    sections, record = _sections(run, results), record_of(run, results)
    page = render(
        "recycling.studies.reset/reset.html.j2",
        sections,
        write_figures(sections, folder / "figures"),
        title=f"Resets of a qubit: {run.spec.name}",
        record=record,
        created=run.record["created"],
    )
    result = json.dumps(strict(record), indent=1, ensure_ascii=False)
    contents = {
        "data": ("reset.csv", results_csv(results)),
        "result": ("reset.json", result),
        "report": ("report.html", page),
    }
    for name, content in contents.values():
        write_whole(folder / name, content.encode())
    return {key: folder / name for key, (name, _) in contents.items()}


def _sections(run: Run, results: ResetResults) -> list[Section]:
    """Make the sections of the report."""
    spec, device = run.spec, run.device
    mixed = [weight for weight in spec.weights if 0 < weight < 1] or [1.0]
    figures = reset_figures(results, device, mixed[0], data_kind(run))
    tables = [Rows(full_table(results, weight, spec.bath.temperature), heading=f"p_x = {weight:g}")
              for weight in mixed]  # fmt: skip
    pure = [Rows(full_table(results, weight, spec.bath.temperature),
                 summary=f"Prepared in {weight:g}") for weight in (1.0, 0.0)]  # fmt: skip
    left: list[Part] = [
        Gallery(figures),
        Rows(residual_table(results)),
        Rows(residual_table(results, 0.0), summary="Prepared in 0"),
    ]
    hidden: list[Part] = [
        Paragraph(
            "Measured are populations, and so the energy that the qubit gave and, with swap, that "
            "its baths took. The energy of drives, measurements and the feedforward is not "
            "measured; it is modelled below."
        ),
        Rows(control_table(results)),
    ]
    conditions: list[Part] = [
        Rows(_device_table(run), numbers=False),
        Rows(_readout_table(run, results)),
        Listing(run.record["spec"], "Spec"),
    ]
    taken = bath_table(results)
    baths = [] if taken is None else [Rows(taken, heading="Heat of the cold baths of swap")]
    return [
        Section("What is left", left),
        Section("Heat and entropy", [*tables, *baths, *pure]),
        Section("What is not measured", hidden),
        Section("Device and readout", conditions),
    ]


def _device_table(run: Run) -> Table:
    device, names = run.device, (QUBIT, *BATHS)
    t1 = ", ".join(f"{name} {device.t1[device.roles.index(name)] * 1e6:.0f} µs" for name in names)
    rows = [
        ("device", device.name, run.record["backend"]),
        ("T0", f"{run.spec.bath.temperature * 1e3:g} mK", "given in the spec"),
        ("T1", t1, device.sources["t1"]),
        ("feedforward latency", f"{device.feedforward_latency * 1e6:.3g} µs",
         device.sources["feedforward_latency"]),
        ("reset", f"{device.gate_table['reset', (device.roles.index(QUBIT),)].duration * 1e6:.3g}"
         " µs", device.sources["reset"]),
        ("MeasureReset", "–", device.sources["measure_reset"]),
    ]  # fmt: skip
    return Table(("", "value", "source"), rows)


def _readout_table(run: Run, results: ResetResults) -> Table:
    rows = []
    for method, assignment in results.assignments.items():
        thermal = assignment.thermal_population, assignment.thermal_stderr
        excited, ground = assignment.false_excited, assignment.false_ground
        known = (excited, assignment.stderr[0]), (ground, assignment.stderr[1]), thermal
        for place, role in enumerate((QUBIT, *BATHS)):
            exact = assignment.shots <= 1  # probabilities, which have no errors
            cells = (
                f"{rate[place]:.4f}" + ("" if exact else f" ± {error[place]:.4f}")
                for rate, error in known
            )
            rows.append((method, role, *cells))
    given = run.device.excited_population[run.device.roles.index(QUBIT)]
    return Table(
        ("job", "qubit", "P(1|0)", "P(0|1)", "P1 after 5 T1"),
        rows,
        "Measured in the job that it corrects, ± standard errors. The last column is a "
        f"thermometer: T0 of the spec means {given:.4f} for {QUBIT}.",
    )
