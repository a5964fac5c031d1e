"""What everybody shares who works on the jobs of a run: the journals, the backend, patience."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from time import sleep
from typing import TYPE_CHECKING, TypeVar

from recycling.errors import BackendFailure, BadInput
from recycling.execution.backend import Backend
from recycling.jobs.job import Job
from recycling.running.lookup import Lookup
from recycling.running.work import Watch, Work
from recycling.store.sealing import sealed_sha256
from recycling.store.writer import RunWriter

if TYPE_CHECKING:
    import tenacity

T = TypeVar("T")
#: Attempts at one request to a backend, the first and the longest wait between two of them, s.
#: Together they outlast the minute after which a service takes posts again.
ATTEMPTS, FIRST_WAIT, LONGEST_WAIT = 8, 1.0, 60.0


@dataclass(frozen=True)
class Desk:
    """The jobs of one run: their journals, the backend that has them, and who watches."""

    writer: RunWriter
    work: Work
    backend: Backend
    watch: Watch

    def in_state(self, *states: str) -> list[Job]:
        """Jobs that are in one of some states."""
        return [job for job in self.work.jobs if self.state(job) in states]

    def state(self, job: Job) -> str:
        """State of a job, by its journal."""
        return self.writer.run.journal(job).state

    def done(self) -> float:
        """Fraction of the jobs that is done."""
        return sum(self.state(job) == "done" for job in self.work.jobs) / len(self.work.jobs)

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return str(self.writer.run.record["run_id"])

    @property
    def prediction(self) -> str | None:
        """SHA-256 of the prediction that was sealed with the run, which its jobs attest."""
        return sealed_sha256(self.writer.run.record)

    @cached_property
    def lookup(self) -> Lookup:
        """What the backend has under the tags of the run."""
        return Lookup(
            self.writer, self.backend, lambda text: self.watch("service", text, self.done())
        )

    def check_service(self) -> None:
        """Check that the machine is what the run began with: a device, or a service in its place.

        Raises:
            BadInput: outcomes of the one would be taken for those of the other.
            BackendFailure: the service failed, or did not answer.
        """
        connection, run = self.work.connection, self.writer.run
        if connection is None:
            return
        simulated = self.patiently(lambda: connection.machine.simulated)
        if simulated != run.simulated:
            began, led, way = (
                ("on the device", "to a rehearsal", "do without the environment of the rehearsal")
                if simulated
                else ("in a rehearsal", "to the device", "source the environment of the rehearsal")
            )
            raise BadInput(
                f"run = {str(run.path)!r} began {began}, and this terminal leads {led}: {way}"
            )

    def book_surplus(self) -> None:
        """Look for surplus jobs; if nobody can be asked now, the next look finds them."""
        with suppress(BackendFailure):
            self.lookup.book_surplus(self.work.jobs)

    def patiently(
        self,
        request: Callable[[], T],
        attempts: int | None = None,
        *,
        repeat: Callable[[BackendFailure], bool] = lambda failure: failure.transient,
    ) -> T:
        """Repeat a request that fails for a reason that may pass, a few times, ever later."""
        import tenacity  # slow to import

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda e: isinstance(e, BackendFailure) and repeat(e)
            ),
            stop=tenacity.stop_after_attempt(ATTEMPTS if attempts is None else attempts),
            wait=tenacity.wait_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT),
            before_sleep=self._tell,
            reraise=True,
        )
        return retrying(request)

    def _tell(self, state: tenacity.RetryCallState) -> None:
        """Tell that a request is repeated, and why."""
        failure = state.outcome.exception() if state.outcome is not None else None
        self.watch("service", f"attempt {state.attempt_number + 1} after: {failure}", self.done())


def pause(seconds: float) -> None:
    """Wait."""
    sleep(seconds)
