"""The assignment matrices of a stored run: measured with it, or those of its device."""

from __future__ import annotations

from recycling.inference.assignment import Assignment
from recycling.inference.calibration import estimate_assignment
from recycling.jobs import ASSIGNMENT
from recycling.store.directory import Run


def stored_assignment(run: Run) -> Assignment:
    """Assignment matrices to correct a run with.

    Those that were measured with it; where there are none, or not yet, what its device says.
    """
    return measured_assignment(run) or Assignment.of_device(run.device)


def measured_assignment(run: Run) -> Assignment | None:
    """Assignment matrices that were measured with a run, if their outcomes are here."""
    job = next((job for job in run.jobs if job.name == ASSIGNMENT), None)
    if job is None or run.journal(job).state != "done":
        return None
    return estimate_assignment(run.outcomes(job).counts())
