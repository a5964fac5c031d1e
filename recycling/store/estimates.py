"""What a plan expected each job of a run to cost, beside what the service billed for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recycling.jobs.status import charged_seconds
from recycling.store.files import Damaged

if TYPE_CHECKING:
    from recycling.store.directory import Run

#: Event of the telemetry that holds the estimates.
EVENT = "estimated"
_Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Estimate(BaseModel):
    """Expected cost of a job.

    ``qpu_seconds`` is its QPU time by the formula of the vendor, ``overhead`` its part that is no
    execution, both in s; ``executions`` are its circuit executions.

    Example:
        >>> Estimate(qpu_seconds=22.5, overhead=2.0, executions=80_000).explained
        20.5
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    qpu_seconds: _Seconds
    overhead: _Seconds
    executions: Annotated[int, Field(ge=0)]

    @property
    def explained(self) -> float:
        """Waits and circuits of all executions, s."""
        return self.qpu_seconds - self.overhead


def estimates_of(events: Iterable[Mapping[str, Any]]) -> dict[str, Estimate]:
    """Read the estimates of the jobs of a run by their names; none of what cannot be read.

    Example:
        >>> job = {"qpu_seconds": 22.5, "overhead": 2.0, "executions": 80_000}
        >>> list(estimates_of([{"event": "estimated", "jobs": {"trial-0": job}}]))
        ['trial-0']
    """
    found: dict[str, Estimate] = {}
    for event in events:
        jobs = event.get("jobs") if event.get("event") == EVENT else None
        for name, job in (jobs if isinstance(jobs, dict) else {}).items():
            try:
                found[name] = Estimate.model_validate(job)
            except ValidationError:
                continue  # telemetry may be damaged: no result depends on it
    return found


def billed(run: Run) -> list[tuple[str, Estimate, float]]:
    """List id, expectation and bill in s of each job of a run that is done.

    Example:
        >>> from types import SimpleNamespace
        >>> billed(SimpleNamespace(telemetry=[], jobs=[]))
        []
    """
    estimates, found = estimates_of(run.telemetry), []
    for job in run.jobs:
        try:
            record = run.journal(job)
        except Damaged:
            continue
        if job.name in estimates and record.attempts and record.state == "done":
            seconds = charged_seconds(record.current.record.get("metrics"))
            if seconds is not None:
                found.append((str(record.current.id), estimates[job.name], seconds))
    return found
