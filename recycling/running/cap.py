"""A hard cap on the QPU time of a run in rounds: what is used, reserved, and still fits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from recycling.errors import BadInput
from recycling.execution.machine import check_number
from recycling.inference.statistics.sequential import FIRST_LOOK
from recycling.jobs.status import charged_seconds
from recycling.running.budget import used_seconds
from recycling.running.stages import Stages

if TYPE_CHECKING:
    from recycling.jobs.job import Job
    from recycling.running.work import Work
    from recycling.store.directory import Run


@dataclass(frozen=True)
class Cap:
    """Most QPU time of a run. A simulated run counts what the same jobs are estimated to cost.

    Attributes:
        run: the run, whose journals say what was billed.
        work: its plan.
        budget: most QPU time, s; None is no limit.
    """

    run: Run
    work: Work
    budget: float | None

    @cached_property
    def _estimates(self) -> dict[str, float]:
        cost = self.work.cost
        return {} if cost is None else {each.job.name: each.qpu_seconds for each in cost.jobs}

    @property
    def used(self) -> float | None:
        """QPU time of all jobs so far, s: as billed, else as estimated, lost ones too."""
        if not self._estimates:
            return None
        records = [self.run.journal(job) for job in self.run.jobs]
        # A lost job was accepted: it may have been executed, and nobody tells its bill any more.
        lost = [
            self._estimates[record.name]
            for record in records
            for attempt in record.attempts
            if attempt.state == "lost" and charged_seconds(attempt.record.get("metrics")) is None
        ]
        return sum(used_seconds(record, self._estimates) for record in records) + sum(lost)

    @property
    def _factor(self) -> float:
        """Largest bill over its estimate, 1 at least: the next bills may be as large."""
        ratios = [1.0]
        for job in self.run.jobs:
            for attempt in self.run.journal(job).attempts:
                billed = charged_seconds(attempt.record.get("metrics"))
                if billed is not None and self._estimates.get(job.name, 0) > 0:
                    ratios.append(billed / self._estimates[job.name])
        return max(ratios)

    def _needed(self, jobs: Sequence[Job]) -> float:
        return self._factor * sum(self._estimates[job.name] for job in jobs)

    def allows(self, pending: Sequence[Job], reserved: Sequence[Job]) -> bool:
        """Whether jobs may be submitted such that others can be submitted later."""
        if not pending or self.budget is None or self.used is None:
            return True
        return self.used + self._needed([*pending, *reserved]) <= self.budget

    def refusal(self, pending: Sequence[Job], reserved: Sequence[Job]) -> str:
        """Say that jobs do not fit, and what would be enough."""
        assert self.budget is not None  # else they fit
        assert self.used is not None
        needed = self._needed([*pending, *reserved])
        return (
            f"max_qpu_seconds = {self.budget:g}: {self.used:.1f} s of QPU time are used, and what "
            f"must follow takes about {needed:.1f} s; give --max-qpu-seconds "
            f"{math.ceil(self.used + needed)} or more"
        )

    @property
    def text(self) -> str:
        """What is used of the budget, in words."""
        if self.budget is None or self.used is None:
            return "no further round was submitted"
        return (
            f"{self.used:.1f} s of {self.budget:g} s of QPU time are used: another round and what "
            "closes the run would not fit"
        )


def check_start(work: Work, budget: float | None) -> None:
    """Check that the first look can be reached within a budget, and the run be closed.

    Raises:
        BadInput: it is no number, or that takes more.
    """
    if budget is None:
        return
    check_number(budget)
    if work.cost is None:
        return
    stages = Stages.of(work.jobs)
    first = [job.name for round_ in stages.rounds[:FIRST_LOOK] for job in round_]
    names = {*first, *(job.name for job in stages.closing)}
    needed = sum(each.qpu_seconds for each in work.cost.jobs if each.job.name in names)
    if needed > budget:
        raise BadInput(
            f"max_qpu_seconds = {budget:g}: {FIRST_LOOK} rounds and all calibrations take about "
            f"{needed:.0f} s of QPU time; give fewer measurement.shots, or a larger budget"
        )
