"""The brackets of a stored run: the bath qubit before and after it."""

from __future__ import annotations

from recycling.inference.brackets import Bracket, analyse_bracket, calibrated
from recycling.inference.drift import Drift, drift
from recycling.store.directory import Run


def stored_brackets(run: Run) -> dict[str, Bracket]:
    """Brackets whose outcomes are here, by the name of their job; none where none was measured."""
    jobs = [job for job in run.jobs if job.is_bracket and run.journal(job).state == "done"]
    if not jobs:
        return {}  # most runs have none: their circuits need not be read
    metadata = {circuit.name: dict(circuit.metadata or {}) for circuit in run.brackets}
    return {
        job.name: analyse_bracket(
            dict(zip(metadata, run.outcomes(job).counts(), strict=True)), metadata
        )
        for job in jobs
    }


def stored_drift(run: Run) -> tuple[list[Drift], list[Drift]]:
    """Changes of the bath qubit: from the calibration to the first bracket, and during the run.

    Empty where there are no two to compare.
    """
    found = list(stored_brackets(run).values())
    since = drift(calibrated(run.device), found[0], names=("calibrated", "before")) if found else []
    during = drift(*found) if len(found) == 2 else []
    return since, during
