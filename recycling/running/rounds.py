"""Rounds of jobs, with a look after each, until the run is settled or there is no use in going on.

A look follows from stored outcomes alone, and is written down before anything is submitted that
follows from it. So a process that dies between any two steps goes on with the same decision, and
so does a copy of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from recycling.errors import BadInput, resumable
from recycling.inference.statistics.sequential import FIRST_LOOK
from recycling.running.collecting import Collector
from recycling.running.desk import Desk
from recycling.running.driver import Driver
from recycling.running.stages import Stages
from recycling.running.submitting import Submission
from recycling.store.rounds import Look, Rounds, Stopped, Until

if TYPE_CHECKING:
    from recycling.jobs.job import Job
    from recycling.running.cap import Cap
    from recycling.running.work import Conduct, Study

#: States of jobs that are to be submitted.
_PENDING = ("planned", "intended")


@dataclass(frozen=True)
class RoundsDriver:
    """Brings a run to its end, round after round.

    Attributes:
        driver: of all jobs of the run.
        study: what the run is of: it looks at the rounds.
        until: when the run stops.
        cap: most QPU time of the run.
    """

    driver: Driver
    study: Study
    until: Until
    cap: Cap

    @cached_property
    def stages(self) -> Stages:
        """Jobs by when they are submitted."""
        return Stages.of(self.driver.work.jobs)

    def complete(self, conduct: Conduct) -> None:
        """Measure rounds until the run stops, then what closes it.

        Raises:
            BackendFailure: as for ``Driver.complete``.
            Incomplete: as for ``Driver.complete``.
            BadInput: the first rounds or a job that failed do not fit what is left of the budget.
        """
        with resumable(self.driver.writer.run.path):
            Collector(self.driver.desk).ask_again(must=conduct.retry_failed)
            if conduct.retry_failed:
                Submission(self.driver.desk).settle(retry_failed=True)
            stopped = self._recorded().stopped or self._rounds(conduct)
            conduct.progress(f"stopped after {stopped.rounds} rounds: {stopped.reason}")
            self._leave_out(stopped)
            self._close(conduct)
            self.driver.writer.finish()

    def _rounds(self, conduct: Conduct) -> Stopped:
        """Measure round after round; returns why it stopped."""
        for number in range(FIRST_LOOK, self.until.rounds + 1):
            first = 0 if number == FIRST_LOOK else number - 1
            jobs = [job for round_ in self.stages.rounds[first:number] for job in round_]
            conduct.progress(f"round {number} of {self.until.rounds} at most")
            if not self._measure(jobs, conduct):
                return self._stop(Stopped(
                    reason="budget used up", rounds=self._rounds_done, text=self.cap.text,
                ))  # fmt: skip
            look = self._look(number, conduct)
            if look.decision != "go on":
                return self._stop(self._why(look))
        raise AssertionError("the last look decides")

    def _measure(self, jobs: Sequence[Job], conduct: Conduct) -> bool:
        """Submit jobs that were not, and wait for all; returns whether the budget allowed it."""
        desk = self._desk(jobs)
        left_out, pending = bool(desk.in_state("unneeded")), self._pending(desk)
        if left_out or not self.cap.allows(pending, self._closing_jobs):
            if not left_out and not self._recorded().looks:
                raise BadInput(self.cap.refusal(pending, self._closing_jobs))
            return False
        self._bring(desk, conduct)
        return True

    def _bring(self, desk: Desk, conduct: Conduct, *, last: bool = False) -> None:
        Submission(desk).submit_all()
        Collector(desk).collect_all(wait=conduct.wait, last=last)
        replace(self.driver, work=desk.work).check_done()

    def _look(self, number: int, conduct: Conduct) -> Look:
        """Look at the first rounds, and write down what follows, unless that was done before."""
        known = self._recorded()
        before = next((look for look in known.looks if look.round == number), None)
        if before is not None:
            return before
        conduct.progress(f"looking at {number} rounds")
        run = self.driver.writer.run.again()
        look = self.study.look(run, number, self.cap.used)
        self.driver.writer.keep_rounds(known.model_copy(update={"looks": (*known.looks, look)}))
        return look

    def _why(self, look: Look) -> Stopped:
        from recycling.results.looks import settled_text

        assert look.decision != "go on"
        text = settled_text(look, self.until)
        if look.decision == "futile":
            text = f"conditional power {look.power:.2g} is below {self.until.futility:g}"
        if look.controls_failed:
            text += f"; controls failed: {', '.join(look.controls_failed)}"
        return Stopped(reason=look.decision, rounds=look.round, text=text)

    def _stop(self, stopped: Stopped) -> Stopped:
        known = self._recorded()
        self.driver.writer.keep_rounds(known.model_copy(update={"stopped": stopped}))
        self.driver.writer.note("stopped", **stopped.model_dump(mode="json"))
        return stopped

    def _leave_out(self, stopped: Stopped) -> None:
        """Say in the journals of jobs that the run stopped without them."""
        later = [job for round_ in self.stages.rounds[stopped.rounds :] for job in round_]
        self._unneeded(self._desk(later).in_state(*_PENDING))

    def _unneeded(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            record = self.driver.writer.run.journal(job)
            self.driver.writer.save(record.model_copy(update={"unneeded": True}))

    def _close(self, conduct: Conduct) -> None:
        """Measure what closes the run, or leave it out where the budget was passed already."""
        closing = self._desk(self.stages.closing)
        pending = self._pending(closing)
        if pending and not self.cap.allows(pending, ()):
            self._unneeded(pending)
        # All jobs: whatever was accepted beside them is booked at the end.
        needed = [job for job in self.driver.work.jobs if self.driver.desk.state(job) != "unneeded"]
        self._bring(self._desk(needed), conduct, last=True)

    @cached_property
    def _settled(self) -> bool:
        """Look for jobs that the backend accepted without our knowing: once in this process."""
        Submission(self.driver.desk).settle()
        return True

    def _desk(self, jobs: Sequence[Job]) -> Desk:
        desk = self.driver.desk
        return replace(desk, work=replace(desk.work, jobs=tuple(jobs)))

    def _pending(self, desk: Desk) -> list[Job]:
        """Jobs that are to be submitted, once the backend was asked whether it has them."""
        if desk.in_state(*_PENDING):
            _ = self._settled
        return desk.in_state(*_PENDING)

    @property
    def _closing_jobs(self) -> list[Job]:
        return self._desk(self.stages.closing).in_state(*_PENDING)

    @property
    def _rounds_done(self) -> int:
        """Number of rounds all of whose jobs are done, from the first on."""
        done = [
            all(self.driver.desk.state(job) == "done" for job in jobs)
            for jobs in self.stages.rounds
        ]
        return next((n for n, complete in enumerate(done) if not complete), len(done))

    def _recorded(self) -> Rounds:
        return self.driver.writer.run.rounds
