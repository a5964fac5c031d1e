"""The budget of a run: QPU time that is used, and QPU time that would still be submitted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from recycling.errors import BadInput
from recycling.execution.machine import check_number
from recycling.jobs.status import charged_seconds
from recycling.store.journal import UNSUCCESSFUL

if TYPE_CHECKING:
    from recycling.running.work import Work
    from recycling.store.journal import JobRecord
    from recycling.store.writer import RunWriter


def keep_budget(
    writer: RunWriter, work: Work, max_qpu_seconds: float | None, *, retry_failed: bool
) -> None:
    """Check what would be submitted against the budget of a run, and remember a new budget.

    Args:
        writer: the run, its journals undamaged.
        work: its plan.
        max_qpu_seconds: budget of the run, s; None keeps to that of the run.
        retry_failed: whether jobs that failed, were cancelled or got lost are submitted again.

    Raises:
        BadInput: what is used and what would be submitted are above the budget, or it is no number.
            Nothing is changed.
    """
    run = writer.run
    remembered = run.record.get("max_qpu_seconds")
    budget = remembered if max_qpu_seconds is None else max_qpu_seconds
    if budget is None or not (work.remote or run.until):
        return
    check_number(budget)
    if run.until is not None:  # each round is checked when it is due
        if max_qpu_seconds != remembered:
            writer.remember_budget(budget)
        return
    records = {job.name: run.journal(job) for job in run.jobs}
    pending = {name for name, record in records.items() if _is_pending(record, retry_failed)}
    if pending and work.cost is not None:
        estimates = {cost.job.name: cost.qpu_seconds for cost in work.cost.jobs}
        used = sum(used_seconds(record, estimates) for record in records.values())
        needed = sum(estimates[name] for name in pending)
        if used + needed > budget:
            raise BadInput(
                f"max_qpu_seconds = {budget:g}: {used:.1f} s of QPU time are used, and "
                f"{needed:.1f} s more would be submitted; give --max-qpu-seconds "
                f"{math.ceil(used + needed)} or more"
            )
    if max_qpu_seconds not in (None, remembered):
        writer.remember_budget(budget)


def used_seconds(record: JobRecord, estimates: Mapping[str, float]) -> float:
    """QPU time of all attempts at a job, and of the surplus jobs beside them, s.

    It is what the service reports. Where it reports nothing, a job that is under way or done counts
    as estimated, and one that failed, was cancelled or got lost does not count.

    Example:
        >>> from recycling.store.journal import JobRecord
        >>> record = JobRecord(name="trial-0").another_attempt("2f0c")
        >>> record = record.update("submitted", id="job-1")
        >>> used_seconds(record, estimates={"trial-0": 12.5})
        12.5
    """
    without = {"intended", *UNSUCCESSFUL}

    def seconds(state: str, charged: float | None) -> float:
        if charged is not None:
            return charged
        return 0.0 if state in without else estimates[record.name]

    attempts = (seconds(a.state, charged_seconds(a.record.get("metrics"))) for a in record.attempts)
    return sum(attempts) + sum(seconds(job.state, job.qpu_seconds) for job in record.surplus)


def _is_pending(record: JobRecord, retry_failed: bool) -> bool:
    """Whether a job would be submitted; one whose submission was not answered may have been."""
    if record.state in ("planned", "intended"):
        return True
    return retry_failed and record.state in UNSUCCESSFUL
