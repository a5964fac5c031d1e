"""Backends: each executes the same jobs and returns outcomes of the same form."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from recycling.execution.backend import Backend, JobProgress
    from recycling.planning.plan import Plan


def prepare(
    plan: Plan,
    progress: JobProgress = lambda _job, _fraction: None,
    *,
    earlier: Collection[str] = (),
) -> Backend:
    """Make the backend of a plan ready to take its jobs.

    Args:
        plan: what will be executed, and where.
        progress: called with a job that is executed here and the fraction of it that is done.
        earlier: ids of batches or sessions that earlier processes opened for the same run.
    """
    if plan.hardware is not None:
        from recycling.execution.ibm.backend import HardwareBackend

        return HardwareBackend(plan.hardware, plan.device, plan.experiment.hardware, earlier)
    from recycling.execution.local import LocalBackend

    if plan.backend.kind == "exact":
        from recycling.execution.exact import execute_exact as simulate
    elif plan.backend.kind == "aer":
        from recycling.execution.aer import execute_aer as simulate
    else:
        from recycling.execution.ibm.sampler import execute_sampler as simulate
    return LocalBackend(simulate, plan.device, plan.experiment.seed, progress)
