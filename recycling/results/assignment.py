"""The assignment matrices of a stored run: measured with it, or those of its device."""

from __future__ import annotations

from recycling.inference.bath.drift import Drift, readout_drift
from recycling.inference.readout.assignment import Assignment, drifting
from recycling.inference.readout.calibration import estimate_assignment
from recycling.store.directory import Run


def stored_assignment(run: Run) -> Assignment:
    """Assignment matrices to correct a run with.

    Those that were measured with it, with the error of their drift where that was before and after
    the trials; where there are none, or not yet, what its device says.
    """
    measured = list(measured_assignments(run).values())
    if not measured:
        return Assignment.of_device(run.device)
    return drifting(*measured) if len(measured) == 2 else measured[0]


def measured_assignments(run: Run) -> dict[str, Assignment]:
    """Assignment matrices that were measured with a run, if their outcomes are here, by job."""
    return {
        job.name: estimate_assignment(run.outcomes(job).counts())
        for job in run.jobs
        if job.kind == "assignment" and run.journal(job).state == "done"
    }


def stored_readout_drift(run: Run) -> list[Drift]:
    """Changes of the readout during a run; empty where there are no two to compare."""
    measured = list(measured_assignments(run).values())
    return readout_drift(*measured) if len(measured) == 2 else []
