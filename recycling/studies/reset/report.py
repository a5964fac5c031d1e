"""What a study of resets found: a record, a table of the data, a headline and a report."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from recycling.reporting.parts import Gallery, Listing, Paragraph, Part, Rows, Section
from recycling.reporting.rendering import render, write_figures
from recycling.reporting.tables import Table
from recycling.store.files import write_whole
from recycling.studies.reset.figures import reset_figures
from recycling.studies.reset.spec import BATHS, QUBIT
from recycling.studies.reset.tables import (
    bath_table,
    control_table,
    data_kind,
    full_table,
    length_text,
    residual_table,
)

if TYPE_CHECKING:
    from pathlib import Path

    from recycling.store.directory import Run
    from recycling.studies.reset.results import ResetResults, ResetRow

#: Keys of the quantities with their units, in the order of the files.
UNITS: Mapping[str, str] = {
    "population": "", "temperature": "K", "fidelity": "", "heat": "J", "entropy_decrease": "nats",
    "landauer": "J", "tight": "J", "excess_landauer": "J", "excess_tight": "J", "bath_heat": "J",
    "athermal": "J", "excess_athermal": "J",
}  # fmt: skip


def headline(results: ResetResults) -> str:
    """Say in a sentence what the best length of each method leaves of |1⟩.

    Example:
        >>> from recycling.studies.reset.results import ResetResults
        >>> headline(ResetResults((), {}, {}, 3e-24))
        ''
    """
    best: dict[str, ResetRow] = {}
    for row in results.rows:
        if row.weight == 1:
            known = best.get(row.method)
            value = row.estimates["population"].value
            if known is None or value < known.estimates["population"].value:
                best[row.method] = row
    parts = []
    for row in best.values():
        value, low, high = row.estimates["population"].ends.values()
        left = f"{value:.4f}" + ("" if low == high else f", 95 % [{low:.4f}, {high:.4f}]")
        parts.append(f"{row.method} leaves {left} after {length_text(row.method, row.length)}")
    return "; ".join(parts)


def record_of(run: Run, results: ResetResults) -> dict[str, Any]:
    """Collect all results as plain numbers in SI units, entropies in nats.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from recycling.studies.reset.results import analyse_resets
        >>> from recycling.studies.reset.run import run_resets
        >>> from recycling.studies.reset.spec import ResetSpec
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = ResetSpec(methods=("swap",), rounds=(1,), shots=100, device={"layout": layout})
        >>> with TemporaryDirectory() as folder:
        ...     run = run_resets(spec, out=f"{folder}/run")
        ...     record = record_of(run, analyse_resets(run))
        >>> record["data_kind"], len(record["resets"])
        ('simulated by exact', 3)
    """
    device = run.device
    places = [device.roles.index(role) for role in (QUBIT, *BATHS)]
    return {
        "data_kind": data_kind(run),
        "simulated": run.simulated,
        "headline": headline(results),
        "backend": run.record["backend"],
        "device": device.name,
        "qubit": QUBIT,
        "baths": list(BATHS),
        "layout": None if device.layout is None else [device.layout[place] for place in places],
        "temperature_K": run.spec.bath.temperature,
        "frequency_Hz": float(device.frequency[places[0]]),
        "shots": run.spec.shots,
        "seed": run.spec.seed,
        "reset_source": device.sources["reset"],
        "measure_reset": device.sources["measure_reset"],
        "feedforward_latency_s": device.feedforward_latency,
        "feedforward_latency_source": device.sources["feedforward_latency"],
        "readout": {
            method: {
                name: getattr(assignment, name).tolist()
                for name in ("false_excited", "false_ground", "start_population")
            }
            for method, assignment in results.assignments.items()
        },
        "prepared": [
            {"method": method, "p_x": weight, "population": interval.ends}
            for (method, weight), interval in results.prepared.items()
        ],
        "resets": [_row_record(row) for row in results.rows],
    }


def results_csv(results: ResetResults) -> str:
    """Write a row for each reset and preparation.

    Example:
        >>> from recycling.studies.reset.results import ResetResults
        >>> results_csv(ResetResults((), {}, {}, 3e-24)).split(",")[:4]
        ['method', 'length', 'p_x', 'duration_s']
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    named = {name: f"{name}_{unit}" if unit else name for name, unit in UNITS.items()}
    ends = ("", "_low", "_high")
    writer.writerow(
        ("method", "length", "p_x", "duration_s", "raw", "modelled", "control_modelled_J",
         "entropy_rate_nats_per_s", *(f"{name}{end}" for name in named.values() for end in ends))
    )  # fmt: skip
    for row in results.rows:
        known = [row.estimates.get(name) for name in UNITS]
        numbers = [
            end for each in known for end in (each.ends.values() if each else ("",) * len(ends))
        ]
        control = "" if row.control is None else row.control
        writer.writerow(
            (row.method, row.length, row.weight, row.duration, row.raw, row.modelled, control,
             row.entropy_rate.value, *numbers)
        )  # fmt: skip
    return stream.getvalue()


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
    sections = _sections(run, results)
    page = render(
        "recycling.studies.reset/reset.html.j2",
        sections,
        write_figures(sections, folder / "figures"),
        title=f"Resets of a qubit: {run.spec.name}",
        record=record_of(run, results),
        created=run.record["created"],
    )
    result = json.dumps(_plain(record_of(run, results)), indent=1, ensure_ascii=False)
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
        Rows(_readout_table(results)),
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


def _readout_table(results: ResetResults) -> Table:
    rows = []
    for method, assignment in results.assignments.items():
        for place, role in enumerate((QUBIT, *BATHS)):
            e0, e1 = (
                f"{rate[place]:.4f} ± {error[place]:.4f}" if assignment.shots > 1
                else f"{rate[place]:.4f}"
                for rate, error in zip((assignment.false_excited, assignment.false_ground),
                                       assignment.stderr, strict=True)
            )  # fmt: skip
            rows.append((method, role, e0, e1))
    return Table(
        ("job", "qubit", "P(1|0)", "P(0|1)"), rows, "Measured in the job that it corrects."
    )


def _row_record(row: ResetRow) -> dict[str, Any]:
    quantities = {
        f"{name}_{UNITS[name]}" if UNITS[name] else name: row.estimates[name].ends
        for name in UNITS
        if name in row.estimates
    }
    return {
        "method": row.method,
        "length": row.length,
        "p_x": row.weight,
        "duration_s": row.duration,
        "raw": row.raw,
        "modelled": row.modelled,
        "control_modelled_J": row.control,
        "entropy_rate_nats_per_s": row.entropy_rate.ends,
        **quantities,
    }


def _plain(value: Any) -> Any:
    """Strict JSON has neither NaN nor infinity: null, and text."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, float) and value != value:
        return None
    return str(value) if value in (float("inf"), float("-inf")) else value
