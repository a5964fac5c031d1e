"""Sections of the report of a campaign: what happened, objectives, drift, decisions, telemetry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recycling.campaign.report_figures import (
    clock_figure,
    drift_figure,
    objective_figure,
    plate_figure,
    timeline_figure,
)
from recycling.campaign.spec import CampaignSpec
from recycling.campaign.status_view import (
    decision_table,
    objective_table,
    shown_time,
    status_lines,
)
from recycling.reporting.parts import Gallery, Listing, Paragraph, Part, Rows, Section
from recycling.reporting.tables import Table

Record = Mapping[str, Any]
#: What nobody knows of a service's cryostat from outside.
UNKNOWN = (
    "Not known, and not modelled, without a cryostat: temperatures of its plates, the state of "
    "the cryocooler, vibration, and what other users run at the same time. The log of a cryostat "
    "can be imported, and stands under Telemetry as measured."
)


@dataclass(frozen=True)
class Evidence:
    """Spec of a campaign with its text, status, and the records of its runs so far."""

    spec: CampaignSpec
    text: str
    status: Mapping[str, Any]
    records: Sequence[Record]


def facts(evidence: Evidence) -> list[str]:
    r"""List what the page says of the campaign in one line.

    Example:
        >>> from recycling.campaign.spec import read_campaign
        >>> text = 'interval = 60\nbudget.qpu_seconds = 9\nruns = [{ spec = "theory" }]'
        >>> evidence = Evidence(read_campaign(text), text, {}, [])
        >>> facts(evidence)
        ['1 run on exact', 'every 1 min']
    """
    spec = evidence.spec
    backends = sorted({entry.backend for entry in spec.runs})
    runs = "1 run" if spec.count == 1 else f"{spec.count} runs"
    found = [f"{runs} on {', '.join(backends)}", f"every {shown_time(spec.interval)}"]
    if evidence.records:
        found.append(f"the last at {shown_time(evidence.records[-1]['time'])}")
    return found


def sections(evidence: Evidence) -> list[Section]:
    r"""Make the sections in the order of the page; those without content are left out.

    Example:
        >>> from recycling.campaign.spec import read_campaign
        >>> text = 'interval = 60\nbudget.qpu_seconds = 9\nruns = [{ spec = "theory" }]'
        >>> status = {
        ...     "runs": {"done": 0, "failed": 0, "rejected": 0, "deferred": 0, "planned": 1},
        ...     "source": "simulated", "qpu_seconds": 0.0, "budget": 9.0, "drift": [], "slo": [],
        ...     "telemetry": {"completeness": None, "gaps": [], "silent_runs": [], "imported": {}},
        ...     "clock": [], "head": "0:00", "rehearsed": [], "decisions": [], "failures": [],
        ... }
        >>> [each.title for each in sections(Evidence(read_campaign(text), text, status, []))]
        ['Telemetry', 'Log and spec']
    """
    made = (
        _summary(evidence),
        _objectives(evidence),
        _drift(evidence),
        _decisions(evidence),
        _telemetry(evidence),
        _clock(evidence),
        _log(evidence),
    )
    return [Section(title, parts) for title, parts in made if parts]


def _summary(evidence: Evidence) -> tuple[str, list[Part]]:
    _, *lines, _head = status_lines(evidence.status)
    parts: list[Part] = [Paragraph(line) for line in lines]
    if evidence.records:
        caption = "Runs at the time of their decision. Below: runs that left no telemetry."
        silent = set(evidence.status["telemetry"]["silent_runs"])
        drawn = timeline_figure(evidence.records, silent)
        parts.append(Gallery({"timeline": (drawn, caption)}, wide=True))
    return "What happened", parts


def _objectives(evidence: Evidence) -> tuple[str, list[Part]]:
    found = evidence.status["slo"]
    if not found:
        return "Objectives", []
    alerts = [
        (each["name"], alert["action"], *_times(alert["opened"], alert["closed"]))
        for each in found
        for alert in each["alerts"]
    ]
    parts: list[Part] = [Rows(objective_table(evidence.status), numbers=False)]
    if alerts:
        table = Table(("objective", "alert", "opened", "closed"), alerts)
        parts.append(Rows(table, heading="Alerts"))
    compared = enumerate(zip(evidence.spec.slo, found, strict=True), 1)
    drawn = {
        f"objective-{number}": (
            objective_figure(slo, each, evidence.records),
            f"{slo.name}: {slo.metric} of each run, and how fast the error budget burns over the "
            "windows of its alerts. Red: bad runs; shaded: an alert is open.",
        )
        for number, (slo, each) in compared
        if evidence.records
    }
    parts.append(Gallery(drawn, wide=True))
    return "Objectives", parts


def _drift(evidence: Evidence) -> tuple[str, list[Part]]:
    changes = [change for record in evidence.records for change in record.get("drift", ())]
    if not changes:
        return "Drift of the bath qubit", []
    caption = (
        "Change since the first run in standard errors, by the brackets around each run. Dashed: "
        "the limit beyond which one of all comparisons of the campaign is named."
    )
    drawn = drift_figure(evidence.records, evidence.spec.count)
    parts: list[Part] = [Gallery({"drift": (drawn, caption)}, wide=True)]
    rows = [(str(each["run"]), str(each["text"])) for each in evidence.status["drift"]]
    if rows:
        summary = f"{len(rows)} changes beyond chance"
        parts.append(Rows(Table(("run", "change"), rows), numbers=False, summary=summary))
    return "Drift of the bath qubit", parts


def _decisions(evidence: Evidence) -> tuple[str, list[Part]]:
    table = decision_table(evidence.status)
    parts: list[Part] = [Rows(table, numbers=False)] if table.rows else []
    thermal = evidence.spec.thermal
    if thermal is not None and any(record.get("plate") for record in evidence.records):
        caption = "Temperature of the plate by the declared model: nothing of it is measured."
        drawn = plate_figure(evidence.records, thermal)
        parts.append(Gallery({"plate": (drawn, caption)}, wide=True))
    return "Decisions", parts


def _telemetry(evidence: Evidence) -> tuple[str, list[Part]]:
    telemetry = evidence.status["telemetry"]
    parts: list[Part] = []
    if telemetry["gaps"]:
        rows = [(*_times(*gap), shown_time(gap[1] - gap[0])) for gap in telemetry["gaps"]]
        parts.append(Rows(Table(("gap from", "to", "length"), rows)))
    imported = [
        (metric, str(each["samples"]), *_times(each["first"], each["last"]), "measured")
        for metric, each in telemetry["imported"].items()
    ]
    if imported:
        columns = ("metric", "samples", "first", "last", "source")
        parts.append(Rows(Table(columns, imported), heading="Imported from logs"))
    return "Telemetry", [*parts, Paragraph(UNKNOWN, style="note")]


def _clock(evidence: Evidence) -> tuple[str, list[Part]]:
    if not evidence.status["clock"]:
        return "Clock of the service", []
    caption = (
        "Bounds on what the service's clock is ahead of ours, from the times of each job: it was "
        "sent before, and answered after, the service created it."
    )
    drawn = clock_figure(evidence.records)
    return "Clock of the service", [Gallery({"clock": (drawn, caption)}, wide=True)]


def _log(evidence: Evidence) -> tuple[str, list[Part]]:
    head = evidence.status["head"]
    text = (
        f"Head of the signed log: {head}. Whoever has the key can verify that no record was "
        "changed, and beside a head that was kept elsewhere that none was cut."
    )
    return "Log and spec", [
        Paragraph(text, style="note"),
        Listing(evidence.text, "Spec of the campaign"),
    ]


def _times(first: float, last: float | None) -> tuple[str, str]:
    return shown_time(first), "open" if last is None else shown_time(last)
