"""A plan on a simulator, here and now, without a run directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recycling.execution import simulator
from recycling.jobs.counts import counts_of, trial_counts
from recycling.jobs.job import Job
from recycling.planning.plan import Plan

if TYPE_CHECKING:
    import xarray as xr


def simulate_counts(plan: Plan) -> xr.DataArray:
    """Counts of a plan on a simulator."""
    backend = simulator(plan.backend, plan.device, plan.experiment.seed)
    by_trial: dict[int, list[Job]] = {}
    for job in plan.jobs:
        if job.trial is not None:
            by_trial.setdefault(job.trial, []).append(job)
    # One job's shots at a time: those of all can be more than fits into memory.
    return counts_of(
        plan.experiment,
        {
            trial: trial_counts(
                plan.experiment.design,
                ((job, backend.fetch(job, plan.pubs(job), job.name)) for job in jobs),
            )
            for trial, jobs in by_trial.items()
        },
    )
