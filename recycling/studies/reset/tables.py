"""The results of a study of resets as tables, for the terminal and for the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.constants import k as boltzmann

from recycling.reporting.tables import Table, number
from recycling.studies.words import in_time_of_a_shot

if TYPE_CHECKING:
    from recycling.inference.statistics.interval import Interval
    from recycling.store.directory import Run
    from recycling.studies.reset.results import ResetResults, ResetRow

_WHAT_IS_NOT = (
    "Heat is what the qubit gave, and with swap what its baths took: measured populations times "
    "hf. Energy of drives and measurements is not measured, so that a reset by them may be below "
    "a bound, which holds for the heat of a bath. ∞: no bath at T0 takes so much entropy."
)


def residual_table(results: ResetResults, weight: float = 1.0, note: str = "") -> Table:
    """Write the residual excitation of each reset of a preparation.

    Args:
        results: the study.
        weight: weight of the preparation 1.
        note: what the note under the table ends with.

    Example:
        >>> from recycling.studies.reset.results import ResetResults
        >>> residual_table(ResetResults((), {}, {}, 3e-24)).columns[:3]
        ('reset', 'N', 'time')
    """
    rows = [
        (
            short_name(row.method),
            "–" if row.method == "wait" else f"{row.length:g}",
            in_time_of_a_shot(row.duration),
            f"{row.raw:.4f}",
            f"{row.estimates['population'].value:.4f}",
            _range(row.estimates["population"]),
            millikelvin(row.estimates["temperature"].value),
            f"{row.modelled:.4f}",
        )
        for row in _of(results, weight)
    ]
    return Table(
        ("reset", "N", "time", "raw", "P1", "95 %", "T", "model"),
        rows,
        "N: rounds. P1: residual excitation, readout corrected by the assignment of the same job; "
        "raw: as it was recorded. T in mK, effective; ∞ from P1 = 1/2 up. Model: exact engine, "
        f"without readout errors.{note}",
    )


def heat_table(results: ResetResults, weight: float) -> Table:
    """Write heat and entropy of the first and the last length of each reset of a mixture.

    Example:
        >>> from recycling.studies.reset.results import ResetResults
        >>> heat_table(ResetResults((), {}, {}, 3e-24), weight=0.4).columns[-1]
        'Q_tight'
    """
    quantum = results.quantum
    rows = [
        (
            *_named(row),
            number(row.estimates["heat"].value / quantum, ".4f"),
            number(row.estimates["bath_heat"].value / quantum, ".4f")
            if "bath_heat" in row.estimates
            else "–",
            number(row.estimates["entropy_decrease"].value, ".4f"),
            number(row.estimates["landauer"].value / quantum, ".4f"),
            number(row.estimates["tight"].value / quantum, ".4f"),
        )
        for row in _shortest_and_longest(results, weight)
    ]
    return Table(
        ("reset", "length", "heat", "bath", "ΔS", "Landauer", "Q_tight"),
        rows,
        f"Energies in hf, ΔS in nats. {_WHAT_IS_NOT}",
    )


def full_table(results: ResetResults, weight: float, temperature: float) -> Table:
    """Write all quantities of a preparation with their intervals, heats in three units.

    Example:
        >>> from recycling.studies.reset.results import ResetResults
        >>> full_table(ResetResults((), {}, {}, 3e-24), 0.4, 0.043).columns[2]
        'fidelity'
    """
    quantum, bit = results.quantum, boltzmann * temperature * np.log(2)
    rows = [
        (
            *_named(row),
            _text(row.estimates["fidelity"], 1, ".4f"),
            _text(row.estimates["temperature"], 1e-3, ".3g"),
            _text(row.estimates["heat"], quantum),
            f"{row.estimates['heat'].value:.3e}",
            number(row.estimates["heat"].value / bit, ".3f"),
            _text(row.estimates["entropy_decrease"]),
            number(row.entropy_rate.value, ".3g"),
            _text(row.estimates["landauer"], quantum),
            _text(row.estimates["tight"], quantum),
        )
        for row in _of(results, weight)
    ]
    columns = (
        "reset", "length", "fidelity", "T (mK)", "heat (hf)", "heat (J)", "k_B T0 ln 2",
        "ΔS (nats)", "nats/s", "Landauer (hf)", "Q_tight (hf)",
    )  # fmt: skip
    return Table(columns, rows, f"95 % intervals in brackets. {_WHAT_IS_NOT}")


def bath_table(results: ResetResults) -> Table | None:
    """Write the heat of the baths against the bounds; None where no bath takes any.

    Example:
        >>> from recycling.studies.reset.results import ResetResults
        >>> bath_table(ResetResults((), {}, {}, 3e-24)) is None
        True
    """
    names = ("bath_heat", "landauer", "tight", "athermal", "excess_tight", "excess_athermal")
    rows = [
        (
            f"{row.weight:g}",
            f"{row.length:g}",
            _text(row.estimates["heat"], results.quantum),
            *(_text(row.estimates[name], results.quantum) for name in names),
        )
        for row in sorted(results.rows, key=lambda row: (row.weight, row.length))
        if "bath_heat" in row.estimates
    ]
    columns = (
        "p_x", "rounds", "heat of the qubit", "heat of the baths", "Landauer", "Q_tight", "Q_ath",
        "baths − Q_tight", "baths − Q_ath",
    )  # fmt: skip
    note = (
        "Energies in hf with 95 %. Each round has a bath qubit of its own; Q_tight is that of all "
        "of them at T0, Q_ath that of their measured populations before."
    )
    return Table(columns, rows, note) if rows else None


def control_table(results: ResetResults) -> Table:
    """Write the modelled heat of the control beside the measured heat of a qubit prepared in 1.

    Example:
        >>> from recycling.studies.reset.results import ResetResults
        >>> control_table(ResetResults((), {}, {}, 3e-24)).columns[-1]
        'ratio'
    """
    rows = []
    for row in _of(results, 1.0):
        heat, control = row.estimates["heat"].value, row.control
        ratio = f"{control / heat:.0e}" if control and heat > 0 else "–"
        energy = "not known" if control is None else f"{control:.1e} J" if control else "none"
        rows.append((*_named(row), f"{heat:.2e} J", energy, ratio))
    return Table(
        ("reset", "length", "heat of the qubit", "control at the mixing chamber", "ratio"),
        rows,
        "The heat of the control is modelled from pulse counts, a decade either way. A machine "
        "does not say what drives its reset: that is not included.",
    )


def result_tables(run: Run, results: ResetResults) -> list[tuple[Table, str]]:
    """List what a terminal shows: what is left of |1⟩, and heat and entropy of each mixture.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from recycling.studies.reset.results import analyse_resets
        >>> from recycling.studies.reset.run import run_resets
        >>> from recycling.studies.reset.spec import ResetSpec
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = ResetSpec(methods=("swap",), rounds=(1,), shots=100, device={"layout": layout})
        >>> with TemporaryDirectory() as folder:
        ...     run = run_resets(spec, out=f"{folder}/run")
        ...     tables = result_tables(run, analyse_resets(run))
        >>> [title for _, title in tables]
        ['prepared in 1, simulated by exact', 'mixture of p_x = 0.4']
    """
    mixed = [weight for weight in run.spec.weights if 0 < weight < 1]
    sources = run.device.sources
    note = f" Reset: {sources['reset']}." if "reset" in run.spec.methods else ""
    note += f" MeasureReset: {sources['measure_reset']}."
    return [
        (residual_table(results, note=note), f"prepared in 1, {data_kind(run)}"),
        *((heat_table(results, weight), f"mixture of p_x = {weight:g}") for weight in mixed),
    ]


def data_kind(run: Run) -> str:
    """Where the data come from: simulated, by a service that imitates a machine, or measured.

    Example:
        >>> from types import SimpleNamespace
        >>> data_kind(SimpleNamespace(on_machine=True, simulated=False))
        'measured'
    """
    if not run.on_machine:
        return f"simulated by {run.record['backend']}"
    return "simulated by a service that imitates IBM Quantum" if run.simulated else "measured"


def millikelvin(temperature: float) -> str:
    """Write a temperature in mK.

    Example:
        >>> millikelvin(0.0431), millikelvin(float("inf"))
        ('43.1', '∞')
    """
    return number(temperature * 1e3, ".3g")


def length_text(method: str, length: float) -> str:
    """Write the length of a ladder: a time, or a number of rounds.

    Example:
        >>> length_text("wait", 2e-4), length_text("swap", 2)
        ('200 µs', '2 rounds')
    """
    if method == "wait":
        return in_time_of_a_shot(length)
    return f"{length:g} round{'' if length == 1 else 's'}"


def _named(row: ResetRow) -> tuple[str, str]:
    wait = row.method == "wait"
    return short_name(row.method), length_text("wait", row.length) if wait else f"{row.length:g} ×"


def short_name(method: str) -> str:
    """Name of a method where there is little room.

    Example:
        >>> short_name("measure-and-flip"), short_name("swap")
        ('flip', 'swap')
    """
    return method.replace("measure-and-flip", "flip")


def _range(interval: Interval[float]) -> str:
    """Both ends of a positive quantity, without a space at which a terminal would break it."""
    exact = interval.low == interval.high
    return "–" if exact else f"{interval.low:.4f}–{interval.high:.4f}"


def _of(results: ResetResults, weight: float) -> Iterator[ResetRow]:
    return (row for row in results.rows if row.weight == weight)


def _shortest_and_longest(results: ResetResults, weight: float) -> list[ResetRow]:
    by_method: dict[str, list[ResetRow]] = {}
    for row in _of(results, weight):
        by_method.setdefault(row.method, []).append(row)
    ends: list[ResetRow] = []
    for rows in by_method.values():
        ordered = sorted(rows, key=lambda row: row.length)
        ends += ordered[:: max(len(ordered) - 1, 1)]
    return ends


def _ends(interval: Interval[float], unit: float, form: str) -> Sequence[str]:
    value, low, high = (number(end / unit, form) for end in interval.ends.values())
    return value, "–" if interval.low == interval.high else f"[{low}, {high}]"


def _text(interval: Interval[float], unit: float = 1.0, form: str = ".3f") -> str:
    value, ends = _ends(interval, unit, form)
    return value if ends == "–" else f"{value} {ends}"
