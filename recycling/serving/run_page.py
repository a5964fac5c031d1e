"""What the page of a run shows: verdict, controls, jobs, budget, files, as sections of a report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recycling.reporting.parts import Controls, Listing, Paragraph, Part, Rows, Section
from recycling.reporting.status import status_summary, status_table
from recycling.reporting.tables import Table
from recycling.reporting.verdict_table import verdict_table
from recycling.results.controls import controls, warning
from recycling.results.summary import summary
from recycling.serving.rows import UNREADABLE, fault_text
from recycling.serving.verdicts import RESULTS, read_results
from recycling.spec.strict_json import strict
from recycling.store.directory import Run
from recycling.store.files import Damaged
from recycling.store.opening import open_unwritten
from recycling.store.targets import resume_command
from recycling.studies import study_of


def opened(path: Path) -> Run:
    """Open a run and write nothing.

    Raises:
        BadInput: as for ``open_unwritten``.

    Example:
        >>> opened(Path("no such run"))
        Traceback (most recent call last):
        recycling.errors.BadInput: run = 'no such run' is not a run directory: give one that ...
    """
    return open_unwritten(path, study_of)


def run_sections(run: Run) -> list[Section]:
    """Sections of the page of a run, which may be damaged in part.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run(rc.preset("theory"), out=f"{folder}/run")
        ...     [section.title for section in run_sections(run)]
        ['Jobs', 'Spec and software']
    """
    found = [*_results(run), *_status(run), _spec(run)]
    return [Section(title, parts) for title, parts in found if parts]


def run_record(run: Run) -> dict[str, Any]:
    """Jobs, budget and, where there are results, verdicts and controls of a run, for scripts.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run(rc.preset("theory"), out=f"{folder}/run")
        ...     sorted(run_record(run))
        ['status']
    """
    found: dict[str, Any] = {"status": strict(status_summary(run, resume_command))}
    if (run.path / RESULTS).is_file():
        dataset = read_results(run.path, run.record["spec_hash"])
        found["results"] = strict(summary(dataset, controls(dataset), {}))
    return found


def _results(run: Run) -> list[tuple[str, list[Part]]]:
    if not (run.path / RESULTS).is_file():
        return []
    try:
        dataset = read_results(run.path, run.record["spec_hash"])
        checks = controls(dataset)
        table = verdict_table(dataset)
    except (Damaged, LookupError, ValueError, TypeError, AttributeError) as error:
        return [("Verdicts", [Paragraph(str(error), mark="Damaged")])]
    warned = warning(checks)
    parts: list[Part] = [*([Paragraph(warned, mark="Warning")] if warned else []), Rows(table)]
    return [("Verdicts", parts), ("Controls", [Controls(checks)])]


def _status(run: Run) -> list[tuple[str, list[Part]]]:
    try:
        status = status_summary(run, resume_command)
    except UNREADABLE as error:
        return [("Jobs", [Paragraph(fault_text(error), mark="Damaged")])]
    parts: list[Part] = [Paragraph(status["headline"])]
    if "rounds" in status:
        parts.append(Paragraph(status["rounds"]["text"]))
    parts += [Paragraph(note) for note in status["notes"]]
    parts.append(Rows(status_table(status), numbers=False))
    return [("Jobs", parts), ("Budget", _budget(run, status))]


def _budget(run: Run, status: Mapping[str, Any]) -> list[Part]:
    """QPU time: what was planned, what was billed, and what may be; nothing of a simulator here."""
    planned = [j["planned_qpu_seconds"] for j in status["jobs"] if "planned_qpu_seconds" in j]
    billed = [j["qpu_seconds"] for j in status["jobs"] if j.get("qpu_seconds") is not None]
    most = run.record.get("max_qpu_seconds")
    rows = [
        *([("planned", f"{sum(planned):.1f} s", f"{len(planned)} jobs")] if planned else []),
        *([("billed so far", f"{sum(billed):g} s", f"{len(billed)} jobs")] if billed else []),
        *([("limit", f"{most:g} s", "of the whole run")] if most is not None else []),
    ]
    return [Rows(Table(("QPU time", "amount", "of"), rows))] if rows else []


def _spec(run: Run) -> tuple[str, list[Part]]:
    software = "\n".join(f"{name} {version}" for name, version in run.record["software"].items())
    return "Spec and software", [
        Listing(run.record["spec"], "The spec as it was given"),
        Listing(software, "Versions of the software"),
    ]
