"""How a run went: its jobs, its calibrations, and the true schedule beside the planned one."""

from __future__ import annotations

from circuits.design import Setting
from recycling.compilation.schedules import Schedule
from recycling.compilation.timeline import timeline
from recycling.reporting.status import status_summary, status_table
from recycling.reporting.tables import Table
from recycling.results.calibrations import Calibrations
from recycling.results.timing import Latency, comparisons, latency_of, schedules_of
from recycling.store.directory import Run


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
    for title, table in (("Schedule", schedule_table(run)), ("Timing", timing_table(run))):
        if table is not None:
            tables[title] = table
    return tables


def schedule_table(run: Run) -> Table | None:
    """Length of each circuit as the service scheduled it, beside the plan's."""
    schedules = schedules_of(run)
    if not schedules:
        return None
    return Table(
        ("circuit", "planned (µs)", "scheduled (µs)", "difference (ns)"),
        [_schedule_row(run, setting, schedule) for setting, schedule in schedules.items()],
        "The plan waits for the assumed feedforward latency; the service's schedule holds its own. "
        "Schedules are matched with circuits by their content: a service may report them in any "
        "order.",
    )


def timing_table(run: Run) -> Table | None:
    """Feedforward latency, idle time and order of each circuit, as the service scheduled it."""
    known = {setting: each for setting, each in comparisons(run).items() if each is not None}
    if not known:
        return None
    roles = run.device.roles
    latency = latency_of(run, dict(known))
    assumed = run.device.feedforward_latency
    return Table(
        ("circuit", "latency (ns)", *(f"idle {role} (ns)" for role in roles), "other order"),
        [
            (
                " ".join(setting),
                "–" if each.latency_difference is None else _ns(each.latency_difference),
                *(_ns(each.idle_difference(qubit)) for qubit in range(len(roles))),
                "–" if not each.other_order else f"{each.other_order} pairs",
            )
            for setting, each in known.items()
        ],
        "What the service's schedules have beyond the plan's: latency, from the end of a "
        "measurement to the operation that it decides; idle time of each qubit; pairs of "
        "operations that begin in another order. Feedforward latency "
        f"{latency.seconds * 1e6:.3f} µs ({latency.words}), planned with {assumed * 1e6:.3f} µs."
        + ("" if abs(latency.seconds - assumed) < run.device.dt else f" {_advice(latency)}"),
    )


def _advice(latency: Latency) -> str:
    return (
        "They differ: predictions for this machine take the measured one with "
        f"device.feedforward_latency = {latency.seconds:.4g}."
    )


def _ns(seconds: float) -> str:
    return f"{round(seconds * 1e9) + 0:+d}"


def _schedule_row(run: Run, setting: Setting, schedule: Schedule | None) -> tuple[str, ...]:
    planned = max(o.end for o in timeline(run.circuits[setting], run.device))
    start = (" ".join(setting), f"{planned * 1e6:.2f}")
    if schedule is None:
        return (*start, "not attributable", "–")
    true = float(schedule["circuit_duration"]) * run.device.dt
    return (*start, f"{true * 1e6:.2f}", f"{round((true - planned) * 1e9) + 0:+d}")
