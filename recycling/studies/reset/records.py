"""What a study of resets found as plain records: JSON, rows of CSV, and a table to export."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from recycling.results.formats import Table
from recycling.studies.reset.spec import BATHS, QUBIT
from recycling.studies.reset.tables import data_kind, length_text

if TYPE_CHECKING:
    from recycling.store.directory import Run
    from recycling.studies.reset.results import ResetResults, ResetRow

#: Quantities with their units and meanings, in the order of the files.
QUANTITIES: Mapping[str, tuple[str, str]] = {
    "population": ("", "residual excited population, readout corrected"),
    "temperature": ("K", "effective temperature of the population"),
    "fidelity": ("", "fidelity with the ground state"),
    "heat": ("J", "energy that the qubit gave"),
    "entropy_decrease": ("nats", "entropy that left the qubit"),
    "landauer": ("J", "Landauer bound for that entropy at T0"),
    "tight": ("J", "tight bound of a thermal bath qubit, or of all that took heat"),
    "excess_landauer": ("J", "heat of the baths, or else of the qubit, less the Landauer bound"),
    "excess_tight": ("J", "heat of the baths, or else of the qubit, less the tight bound"),
    "bath_heat": ("J", "energy that the bath qubits took"),
    "athermal": ("J", "bound for the measured populations of the baths before"),
    "excess_athermal": ("J", "heat of the baths less that bound"),
}
#: The same of what has no interval.
_PLAIN: Mapping[str, tuple[str, str]] = {
    "method": ("", "how the qubit was reset"),
    "length": ("s or 1", "time of a wait, or number of rounds"),
    "p_x": ("", "weight of the preparation 1"),
    "duration_s": ("s", "duration in the compiled circuit"),
    "raw": ("", "fraction of records 1 as they were read out"),
    "modelled": ("", "residual population by the exact engine, without readout errors"),
    "control_modelled_J": ("J", "heat of the control at the mixing chamber by a model"),
    "entropy_rate_nats_per_s": ("nats/s", "entropy decrease per duration"),
}


def headline(results: ResetResults) -> str:
    """Say in a sentence what the longest of each reset leaves of |1⟩.

    The best would be chosen by chance.

    Example:
        >>> from recycling.studies.reset.results import ResetResults
        >>> headline(ResetResults((), {}, {}, 3e-24))
        ''
    """
    longest: dict[str, ResetRow] = {}
    for row in results.rows:
        if row.weight == 1:
            known = longest.get(row.method, row)
            longest[row.method] = max(known, row, key=lambda each: each.length)
    parts = []
    for row in longest.values():
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
                for name in (
                    "false_excited",
                    "false_ground",
                    "start_population",
                    "thermal_population",
                    "thermal_stderr",
                )
            }
            for method, assignment in results.assignments.items()
        },
        "prepared": [
            {"method": method, "p_x": weight, "population": interval.ends}
            for (method, weight), interval in results.prepared.items()
        ],
        "resets": [_row_record(row) for row in results.rows],
    }


def flat_rows(results: ResetResults) -> list[dict[str, Any]]:
    """List each reset of a preparation with all its numbers by the names of columns.

    Example:
        >>> from recycling.studies.reset.results import ResetResults
        >>> flat_rows(ResetResults((), {}, {}, 3e-24))
        []
    """
    found = []
    for row in results.rows:
        flat = {**_plain_numbers(row), "entropy_rate_nats_per_s": row.entropy_rate.value}
        for name in QUANTITIES:
            ends = row.estimates[name].ends if name in row.estimates else {}
            for end in ("value", "low", "high"):
                flat[_column(name, end)] = ends.get(end)
        found.append(flat)
    return found


def results_csv(results: ResetResults) -> str:
    """Write a row for each reset and preparation.

    Example:
        >>> from recycling.studies.reset.results import ResetResults
        >>> results_csv(ResetResults((), {}, {}, 3e-24)).split(",")[:4]
        ['method', 'length', 'p_x', 'duration_s']
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(_meanings()), lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat_rows(results))  # what is not there is an empty cell
    return stream.getvalue()


def results_frame(results: ResetResults) -> Table:
    """Make the table that ``recycling export`` writes.

    Example:
        >>> from recycling.studies.reset.results import ResetResults
        >>> results_frame(ResetResults((), {}, {}, 3e-24)).name
        'resets'
    """
    import pandas as pd

    meanings = _meanings()
    columns = {
        name: {"units": unit, "long_name": meaning, "comment": ""}
        for name, (unit, meaning) in meanings.items()
    }
    return Table("resets", pd.DataFrame(flat_rows(results), columns=list(meanings)), columns)


def _meanings() -> dict[str, tuple[str, str]]:
    ends = {"value": "", "low": ", lower end", "high": ", upper end"}
    return {
        **_PLAIN,
        **{
            _column(name, end): (unit, meaning + word)
            for name, (unit, meaning) in QUANTITIES.items()
            for end, word in ends.items()
        },
    }


def _column(name: str, end: str = "value") -> str:
    unit = QUANTITIES[name][0]
    return f"{name}{f'_{unit}' if unit else ''}{'' if end == 'value' else f'_{end}'}"


def _plain_numbers(row: ResetRow) -> dict[str, Any]:
    return {
        "method": row.method,
        "length": row.length,
        "p_x": row.weight,
        "duration_s": row.duration,
        "raw": row.raw,
        "modelled": row.modelled,
        "control_modelled_J": row.control,
    }


def _row_record(row: ResetRow) -> dict[str, Any]:
    known = {name: row.estimates[name].ends for name in QUANTITIES if name in row.estimates}
    return {
        **_plain_numbers(row),
        "entropy_rate_nats_per_s": row.entropy_rate.ends,
        **{_column(name): ends for name, ends in known.items()},
    }
