"""A plan on a simulator, here and now, without a run directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recycling.execution import simulator
from recycling.jobs.counts import counts_of, trial_counts
from recycling.jobs.interleaved import protocol_part
from recycling.jobs.job import Job
from recycling.planning.plan import Plan

if TYPE_CHECKING:
    import xarray as xr


def simulate_counts(plan: Plan) -> xr.DataArray:
    """Simulate the counts of a plan.

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ...     measurement={"shots": 100, "trials": 1},
        ... )
        >>> counts = simulate_counts(recycling.plan(experiment))
        >>> int(counts.isel(arm=0, stage=0, preparation=0, theta=0, basis=0, trial=0).sum())
        100
    """
    backend = simulator(plan.backend, plan.device, plan.experiment.seed)
    by_trial: dict[int, list[Job]] = {}
    for job in plan.jobs:
        if job.trial is not None:
            by_trial.setdefault(job.trial, []).append(job)
    # The shots of a job at a time: those of all jobs may not fit into memory.
    return counts_of(
        plan.experiment,
        {
            trial: trial_counts(
                plan.experiment.design,
                (
                    (
                        job,
                        protocol_part(
                            plan.experiment, backend.fetch(job, plan.pubs(job), job.name)
                        ),
                    )
                    for job in jobs
                ),
                plan.experiment.allocation,
            )
            for trial, jobs in by_trial.items()
        },
    )
