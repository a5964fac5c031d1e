"""How a run went: its jobs, its calibrations, and the true schedule beside the planned one."""

from __future__ import annotations

from typing import Any

from circuits.design import Setting
from recycling.compilation.schedules import Schedule, attributed
from recycling.compilation.timeline import timeline
from recycling.reporting.status import status_summary, status_table
from recycling.reporting.tables import Table
from recycling.results.calibrations import Calibrations
from recycling.store.directory import SENT_PREFIX, Run


def conduct_tables(run: Run, known: Calibrations) -> dict[str, Table]:
    """Tables by their captions; those without content are left out."""
    tables = {"Jobs": status_table(status_summary(run))}
    caption = {
        "The bath qubit since its calibration": known.since,
        "The bath qubit during the run": known.during,
        "Readout during the run": known.readout,
    }
    for title, changes in caption.items():
        if changes:
            tables[title] = Table(
                ("", "drift"),
                [(change.text, "drifted" if change.flagged else "") for change in changes],
                "Drifted: by more than 3 joint standard errors. A calibrated P(1|0) contains what "
                "excitation a reset leaves; that of a bracket does not.",
            )
    schedule = schedule_table(run)
    if schedule is not None:
        tables["Schedule"] = schedule
    return tables


def schedule_table(run: Run) -> Table | None:
    """Length of each circuit as the service scheduled it, beside the plan's."""
    if run.circuits_fault:
        return None
    first = next((job for job in run.jobs if job.trial is not None), None)
    record = run.journal(first).current.record if first is not None else {}
    schedules: list[dict[str, Any] | None] = record.get("schedules") or []
    if not any(schedules):
        return None
    settings = run.experiment.design.settings
    sent = [run.all_circuits[SENT_PREFIX + " ".join(setting)] for setting in settings]
    return Table(
        ("circuit", "planned (µs)", "scheduled (µs)", "difference (ns)"),
        [
            _schedule_row(run, setting, schedule)
            for setting, schedule in zip(settings, attributed(schedules, sent), strict=True)
        ],
        "The plan waits for the assumed feedforward latency; the service's schedule holds its own. "
        "Schedules are matched with circuits by their content: a service may report them in any "
        "order.",
    )


def _schedule_row(run: Run, setting: Setting, schedule: Schedule | None) -> tuple[str, ...]:
    planned = max(o.end for o in timeline(run.circuits[setting], run.device))
    start = (" ".join(setting), f"{planned * 1e6:.2f}")
    if schedule is None:
        return (*start, "not attributable", "–")
    true = float(schedule["circuit_duration"]) * run.device.dt
    return (*start, f"{true * 1e6:.2f}", f"{round((true - planned) * 1e9) + 0:+d}")
