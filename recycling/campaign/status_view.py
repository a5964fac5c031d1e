"""The status of a campaign for people: tables and lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recycling.reporting.tables import Table

Status = Mapping[str, Any]
#: Most lines of a kind that are shown; the JSON has all.
MOST_LINES = 5


def objective_table(status: Status) -> Table:
    """Tabulate the objectives: how many runs miss them, and what that sets off.

    Example:
        >>> found = {"name": "fidelity", "metric": "success_fidelity", "at_least": 0.9,
        ...     "objective": 0.99, "bad": 1, "total": 50, "burn_rate": 2.0, "open": [],
        ...     "first_alert": {"time": 7200.0, "action": "page"}, "time_to_recovery": 3600.0}
        >>> objective_table({"slo": [found]}).rows[0][2:]
        ('1 of 50', '2.00', 'page at 2 h', '1 h')
    """
    columns = ("objective", "promise", "bad", "burn rate", "first alert", "recovery")
    return Table(columns, [_objective_row(each) for each in status["slo"]])


def decision_table(status: Status) -> Table:
    """Tabulate the runs that were deferred, rejected, or failed.

    Example:
        >>> decision = {"run": 3, "action": "reject", "reason": "the budget is used up"}
        >>> decision_table({"decisions": [decision], "failures": []}).rows
        [('3', 'reject', 'the budget is used up')]
    """
    others = [each for each in status["decisions"] if each["action"] != "admit"]
    failed = [{**each, "action": "failed"} for each in status["failures"]]
    rows = sorted(
        (int(each["run"]), str(each["action"]), str(each["reason"])) for each in others + failed
    )
    shown = [(str(run), action, reason) for run, action, reason in _grouped(rows)]
    return Table(("run", "decision", "reason"), shown)


def status_lines(status: Status) -> list[str]:
    """Write where a campaign stands: a headline, then what drifted, what is missing, and the head.

    Example:
        >>> empty = {"runs": {"done": 2, "failed": 0, "rejected": 0, "deferred": 0, "planned": 3},
        ...     "source": "simulated", "qpu_seconds": 5.0, "budget": 60.0, "drift": [], "slo": [],
        ...     "telemetry": {"completeness": 1.0, "gaps": [], "silent_runs": [], "imported": {}},
        ...     "clock": [], "head": "2:ab", "rehearsed": []}
        >>> status_lines(empty)[0]
        '2 of 3 runs done (simulated); 5.0 of 60 s of QPU time used'
    """
    runs = status["runs"]
    others = [f"{runs[key]} {key}" for key in ("failed", "rejected", "deferred") if runs[key]]
    headline = "; ".join(
        [
            f"{runs['done']} of {runs['planned']} runs done ({status['source']})",
            *others,
            f"{status['qpu_seconds']:.1f} of {status['budget']:g} s of QPU time used",
        ]
    )
    return [
        headline,
        *_first_lines(_drift_lines(status["drift"]), "changes"),
        *_telemetry_lines(status["telemetry"]),
        *[_clock_line(each) for each in status["clock"]],
        *[
            f"objective {each['name']} can never set off: {', '.join(each['silent'])}"
            for each in status["slo"]
            if each.get("silent")
        ],
        *([f"rehearsed: what runs suffer from run {_first(status)} on is simulated"]
          if status["rehearsed"] else []),
        f"head, to be kept elsewhere: {status['head']}",
    ]  # fmt: skip


def shown_time(seconds: float) -> str:
    """Write a time of a campaign, or a date where it is one.

    Example:
        >>> shown_time(9000.0), shown_time(90.0), shown_time(1.8e9)
        ('2.5 h', '90 s', '2027-01-15 08:00:00 UTC')
    """
    if seconds > 1e9:
        from datetime import UTC, datetime

        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size or seconds == size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _objective_row(each: Status) -> tuple[str, ...]:
    alert, recovery = each["first_alert"], each["time_to_recovery"]
    opened = "none" if alert is None else f"{alert['action']} at {shown_time(alert['time'])}"
    return (
        str(each["name"]),
        f"{each['metric']} ≥ {each['at_least']:g} in {100 * each['objective']:g} %",
        f"{each['bad']} of {each['total']}",
        f"{each['burn_rate']:.2f}",
        f"{opened}{', still open' if each['open'] else ''}",
        "–" if recovery is None else shown_time(recovery),
    )


def _drift_lines(changes: Sequence[Status]) -> list[str]:
    """Changes since the first run, a line for each quantity, and jumps since the run before."""
    jumps, drifted = [], dict[str, list[Status]]()
    first = {
        each["quantity"]: min(c["since"] for c in changes if c["quantity"] == each["quantity"])
        for each in changes
    }
    for each in changes:
        if each["since"] == first[each["quantity"]]:
            drifted.setdefault(each["quantity"], []).append(each)
        else:
            jumps.append(f"jump: {each['text']}")
    lines = []
    for same in drifted.values():
        runs = [each["run"] for each in same]
        within = f"; beyond chance in {len(runs)} runs up to run {runs[-1]}" if runs[1:] else ""
        lines.append(f"drift: {same[0]['text']}{within}")
    return lines + jumps


def _telemetry_lines(telemetry: Status) -> list[str]:
    fraction = telemetry["completeness"]
    if fraction is None:
        return []
    lines = [f"telemetry: from {fraction:.1%} of runs"]
    lines += _first_lines(
        [
            f"gap: no telemetry from {shown_time(a)} to {shown_time(b)}"
            for a, b in telemetry["gaps"]
        ],
        "gaps",
    )
    for metric, log in telemetry["imported"].items():
        last = shown_time(log["last"])
        lines.append(f"imported: {metric}, {log['samples']} samples up to {last}")
    return lines


def _clock_line(clock: Status) -> str:
    low, high = clock["offset"]
    offset = f"the service's clock ({clock['backend']}, {clock['source']}) is {low:+.3f} to "
    line = f"clock: {offset}{high:+.3f} s ahead of ours since run {clock['since_run']}"
    jumps = ", ".join(map(str, clock["jumps"]))
    return f"{line}; it jumped at run {jumps}" if jumps else line


def _first_lines(lines: Sequence[str], what: str) -> list[str]:
    """The first few lines, and how many more there are."""
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], *([f"… and {more} more {what}: see --json"] if more > 0 else [])]


def _first(status: Status) -> int:
    return int(min(each["run"] for each in status["rehearsed"]))


def _grouped(rows: Sequence[tuple[int, str, str]]) -> list[tuple[str, str, str]]:
    """Rows with runs in a row that have the same decision and reason as one."""
    found: list[tuple[list[int], str, str]] = []
    for run, action, reason in rows:
        if found and found[-1][1:] == (action, reason) and found[-1][0][-1] == run - 1:
            found[-1][0].append(run)
        else:
            found.append(([run], action, reason))
    return [
        (str(runs[0]) if len(runs) == 1 else f"{runs[0]}–{runs[-1]}", action, reason)
        for runs, action, reason in found
    ]
