"""Where a campaign stands, by its log and its telemetry: nothing is run, and no key is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recycling.campaign.alerts import alerts
from recycling.campaign.burn import burn_over, burn_rate
from recycling.campaign.clocks import clock_segments
from recycling.campaign.database import NAME
from recycling.campaign.decisions import used_of
from recycling.campaign.due import is_simulator
from recycling.campaign.folder import Folder, read_folder
from recycling.campaign.gaps import completeness
from recycling.campaign.heads import head_text
from recycling.campaign.log import stored_head
from recycling.campaign.records import read_records
from recycling.campaign.spec import Slo
from recycling.campaign.telemetry import Sample, latest, read
from recycling.errors import BadInput
from recycling.execution.registry import parse_backend

Record = Mapping[str, Any]
#: Sources of the metrics of runs.
_OF_RUNS = ("measured", "simulated")


def status_of(path: str | Path) -> dict[str, Any]:
    """Collect where a campaign stands, as plain data.

    Args:
        path: directory of the campaign.

    Returns:
        ``campaign``, ``source``, ``runs`` (done, failed, rejected, deferred, planned),
        ``decisions`` (run, action, reason), ``qpu_seconds`` and the ``budget``, ``head``, ``slo``,
        ``drift``, ``telemetry`` (completeness, gaps, silent runs, imported), ``clock``,
        ``failures`` and what was ``rehearsed``. Times are those of the campaign, s.

    Raises:
        BadInput: it is no campaign, or its log cannot be read.

    Example:
        >>> status_of("no such campaign")
        Traceback (most recent call last):
        recycling.errors.BadInput: campaign = 'no such campaign' is not the directory of a ...
    """
    folder = read_folder(path)
    begun = (folder.path / NAME).is_file()
    records = records_of(folder) if begun else []
    samples = read(folder.path) if begun else []
    states = [record["state"] for record in records]
    return {
        "campaign": str(folder.path),
        "source": _source(folder, records),
        "runs": {state: states.count(state) for state in ("done", "failed", "rejected")}
        | {
            "deferred": sum(record["action"] == "defer" for record in records),
            "planned": folder.spec.count,
        },
        "decisions": [{key: r[key] for key in ("run", "action", "reason")} for r in records],
        "qpu_seconds": used_of(records),
        "budget": folder.spec.budget.qpu_seconds,
        "head": head_text(stored_head(folder.path)),
        "slo": [slo_status(slo, records) for slo in folder.spec.slo],
        "drift": drift_of(records),
        "telemetry": telemetry_status(folder, records, samples),
        "clock": clock_status(records),
        "failures": [
            {"run": record["run"], "reason": record["failure"]}
            for record in records
            if record["state"] == "failed"
        ],
        "rehearsed": [
            {"run": record["run"], **record["rehearsed"]}
            for record in records
            if record["rehearsed"]
        ],
    }


def exposed(path: str | Path) -> tuple[dict[str, Any], list[Sample]]:
    """Collect what a metrics server shows: the status, and the latest sample of each metric.

    Raises:
        BadInput: as for ``status_of``.

    Example:
        >>> exposed("no such campaign")
        Traceback (most recent call last):
        recycling.errors.BadInput: campaign = 'no such campaign' is not the directory of a ...
    """
    status = status_of(path)
    return status, latest(path) if (Path(path) / NAME).is_file() else []


def records_of(folder: Folder) -> list[dict[str, Any]]:
    """Read the records of a campaign's runs, unverified but complete.

    Raises:
        BadInput: a record is none of a run.

    Example:
        >>> records_of(Folder(Path("no such campaign"), "", ()))
        Traceback (most recent call last):
        recycling.errors.BadInput: no such campaign: there is no such database; ...
    """
    records = read_records(folder.path)
    needed = {"run", "state", "action", "reason", "time", "due", "source", "metrics", "qpu_seconds"}
    for place, record in enumerate(records, start=1):
        if not needed | {"rehearsed"} <= set(record):
            raise BadInput(f"record {place} of the log is none of a run: verify the log")
    return records


def slo_status(slo: Slo, records: Sequence[Record]) -> dict[str, Any]:
    """Evaluate an objective on the runs that began.

    A run that failed, or does not have the metric, is bad; one that was rejected does not count.

    Example:
        >>> slo = Slo(name="fidelity", metric="success_fidelity", at_least=0.9, objective=0.5)
        >>> records = [
        ...     {"run": 1, "time": 0.0, "state": "done", "metrics": {"success_fidelity": 0.95}},
        ...     {"run": 2, "time": 60.0, "state": "failed", "metrics": {}},
        ... ]
        >>> found = slo_status(slo, records)
        >>> found["bad"], found["total"], found["burn_rate"]
        (1, 2, 1.0)
    """
    begun, times, bad = _judged(slo, records)
    found = alerts(times, bad, slo.objective, slo.build().windows)
    recoveries = [e.recovery for e in found.episodes if e.recovery is not None]
    return {
        "name": slo.name,
        "metric": slo.metric,
        "at_least": slo.at_least,
        "objective": slo.objective,
        "bad": sum(bad),
        "total": len(bad),
        "burn_rate": float(burn_rate(sum(bad), len(bad), slo.objective)),
        "first_alert": found.first_alert,
        "alerts": [
            {"action": e.action, "opened": e.opened, "closed": e.closed} for e in found.episodes
        ],
        "open": sorted({e.action for e in found.episodes if e.closed is None}),
        "time_to_recovery": max(recoveries, default=None),
        "bad_runs": [record["run"] for record, missed in zip(begun, bad, strict=True) if missed],
        "silent": _silent(slo),
    }


def is_bad(slo: Slo, record: Record) -> bool:
    """Whether a run misses an objective: its metric is too low, or unknown.

    Example:
        >>> slo = Slo(name="fidelity", metric="success_fidelity", at_least=0.9, objective=0.5)
        >>> is_bad(slo, {"metrics": {}})
        True
    """
    value = record["metrics"].get(slo.metric)
    return value is None or not value >= slo.at_least


def burn_over_time(slo: Slo, records: Sequence[Record], window: float) -> list[float]:
    """Burn rate of an objective at the time of each run that began.

    Example:
        >>> slo = Slo(name="fidelity", metric="success_fidelity", at_least=0.9, objective=0.5)
        >>> burn_over_time(slo, [{"run": 1, "time": 0.0, "state": "failed", "metrics": {}}], 60.0)
        [2.0]
    """
    _, times, bad = _judged(slo, records)
    rates = burn_over(times, bad, window=window, objective=slo.objective)
    return [float(rate) for rate in rates]


def drift_of(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Collect what was flagged as drift: run, the run since which, quantity, z, and in words.

    Example:
        >>> drift_of([{"drift": [{"run": 2, "since": 1, "quantity": "t1", "flagged": False}]}])
        []
    """
    return [change for r in records for change in r.get("drift", ()) if change["flagged"]]


def telemetry_status(
    folder: Folder, records: Sequence[Record], samples: Sequence[Sample]
) -> dict[str, Any]:
    r"""Say which fraction of runs left telemetry, and where several in a row did not.

    A run that was rejected leaves none, and nothing is missing of it. Times are those at which
    runs were due. Beside it what was imported: each metric with its samples.

    Example:
        >>> campaign = "interval = 60\nbudget.qpu_seconds = 9\nruns = [{ spec = 'theory' }]"
        >>> folder = Folder(Path("campaign"), campaign, ('name = "theory"',))
        >>> record = {"run": 1, "due": 0.0, "state": "done"}
        >>> telemetry_status(folder, [record], [])["completeness"]
        0.0
    """
    recorded = {sample.run for sample in samples if sample.source in _OF_RUNS}
    imported: dict[str, list[float]] = {}
    for sample in samples:
        if sample.run is None:
            imported.setdefault(sample.metric, []).append(sample.time)
    fraction: float | None = None
    gaps: list[tuple[float, float]] = []
    if records:
        interval = folder.spec.interval
        known = [
            float(r["due"]) for r in records if r["run"] in recorded or r["state"] == "rejected"
        ]
        start, end = float(records[0]["due"]), float(records[-1]["due"]) + interval
        fraction, gaps = completeness(known, start, end, interval)
    return {
        "completeness": fraction,
        "gaps": [list(gap) for gap in gaps],
        "silent_runs": [
            r["run"] for r in records if r["run"] not in recorded and r["state"] != "rejected"
        ],
        "imported": {
            metric: {"samples": len(times), "first": min(times), "last": max(times)}
            for metric, times in sorted(imported.items())
        },
    }


def clock_status(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Bound the clock of each backend's service, and name the runs at which it jumped.

    Example:
        >>> def record(run, server):
        ...     time = 60.0 * run
        ...     return {"run": run, "backend": "exact", "source": "simulated",
        ...         "clock": [[time, time + server, time + 1]]}
        >>> [found] = clock_status([record(1, 0.5), record(2, 30.5)])
        >>> found["jumps"], found["offset"]
        ([2], [29.5, 30.5])
    """
    series: dict[tuple[str, str], list[tuple[int, Sequence[float]]]] = {}
    for record in records:
        for times in record.get("clock", ()):
            # An answer before the question: our clock was set back in between.
            if times[2] >= times[0]:
                of = str(record["backend"]), str(record["source"])
                series.setdefault(of, []).append((record["run"], times))
    found = []
    for (backend, source), jobs in series.items():
        segments = clock_segments(*zip(*(times for _, times in jobs), strict=True))
        last = segments[-1]
        found.append(
            {
                "backend": backend,
                "source": source,
                "jobs": len(jobs),
                "offset": [last.low, last.high],
                "since_run": jobs[last.first][0],
                "jumps": [jobs[segment.first][0] for segment in segments[1:]],
            }
        )
    return found


def _judged(slo: Slo, records: Sequence[Record]) -> tuple[list[Record], list[float], list[bool]]:
    """Records of the runs that began, their times, and whether each misses an objective."""
    begun = [record for record in records if record["state"] != "rejected"]
    times = [float(record["time"]) for record in begun]
    return begun, times, [is_bad(slo, record) for record in begun]


def _silent(slo: Slo) -> list[str]:
    """Alerts that cannot open: they need a burn rate that not even bad runs alone reach."""
    most = float(burn_rate(1, 1, slo.objective))
    return [f"{each.action} at {each.burn:g}" for each in slo.windows if not most > each.burn]


def _source(folder: Folder, records: Sequence[Record]) -> str:
    """Say "simulated" where any run is, else "measured"."""
    known = {str(record["source"]) for record in records}
    if not known:
        backends = (parse_backend(entry.backend) for entry in folder.spec.runs)
        known = {"simulated" if is_simulator(name) else "measured" for name in backends}
    return "simulated" if "simulated" in known else "measured"
