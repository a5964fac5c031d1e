"""The price of jobs as past jobs were billed: those of runs on the disk, and of the account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recycling.errors import BadInput
from recycling.execution.machine import Account
from recycling.execution.registry import connect
from recycling.inference.statistics.price import PriceFit, fit_price
from recycling.store.estimates import billed, estimates_of
from recycling.store.identity import read_identity
from recycling.studies.stored import open_unchecked

if TYPE_CHECKING:
    from recycling.planning.plan import Plan
    from recycling.store.directory import Run

#: Folder of runs that are given none.
RUNS = Path("runs")


@dataclass(frozen=True)
class Refit:
    """A price fitted to past jobs, and what a plan costs by it.

    Attributes:
        fit: the price.
        seconds: QPU time of the plan by it, s.
        error: its standard error from those of the fit, s.
        documented: QPU time of the plan by the formula of the vendor, s.

    Example:
        >>> fit = PriceFit(2.4, 0.1, 0.0, 0.0, 0.3, 9, poor=True)
        >>> Refit(fit, 94.0, 0.4, 92.4).words()[:18]
        'the formula stands'
    """

    fit: PriceFit
    seconds: float
    error: float
    documented: float

    def words(self) -> str:
        """The price, its errors and the number of jobs, in a line.

        Example:
            >>> fit = PriceFit(2.4, 0.1, 0.0, 0.0, 0.3, 9, poor=False)
            >>> Refit(fit, 94.0, 0.4, 92.4).words()
            '94.0 ± 0.4 s as 9 past jobs were billed: 2.40 ± 0.10 s a job; 92.4 s by the formula'
        """
        fit = self.fit
        extra = (
            ""
            if not fit.per_execution_error
            else f", {fit.per_execution * 1e6:+.2f} ± {fit.per_execution_error * 1e6:.2f} µs an "
            "execution"
        )
        price = f"{fit.overhead:.2f} ± {fit.overhead_error:.2f} s a job{extra}"
        if fit.poor:
            return (
                f"the formula stands: a fit to {fit.count} past jobs is poor, their bills scatter "
                f"by {fit.scatter:.1f} s about {price}"
            )
        return (
            f"{self.seconds:.1f} ± {self.error:.1f} s as {fit.count} past jobs were billed: "
            f"{price}; {self.documented:.1f} s by the formula"
        )

    def record(self) -> dict[str, Any]:
        """The same for scripts, in s.

        Example:
            >>> fit = PriceFit(2.4, 0.1, 0.0, 0.0, 0.3, 9, poor=False)
            >>> Refit(fit, 94.0, 0.4, 92.4).record()["jobs"]
            9
        """
        fit = self.fit
        return {
            "jobs": fit.count,
            "poor": fit.poor,
            "job_overhead_s": fit.overhead,
            "job_overhead_stderr_s": fit.overhead_error,
            "execution_overhead_s": fit.per_execution,
            "execution_overhead_stderr_s": fit.per_execution_error,
            "scatter_s": fit.scatter,
            "qpu_seconds": self.seconds,
            "qpu_seconds_stderr": self.error,
            "documented_qpu_seconds": self.documented,
        }


def refit(plan: Plan, account: Account, *, of_account: int = 0, runs: Path = RUNS) -> Refit | None:
    """Fit the price to the bills of past jobs on the machine of a plan, and price the plan by it.

    The formula of the vendor stays what budgets are checked by. Bills of a service that imitates
    the machine count for plans on such a service alone.

    Args:
        plan: the plan.
        account: whose account to ask.
        of_account: how many of the account's last jobs on the machine to ask for.
        runs: folder with the directories of past runs.

    Returns:
        The price and the cost; None on a simulator, or where too few past jobs were billed.

    Raises:
        BackendFailure: the service does not answer.

    Example:
        >>> import recycling
        >>> planned = recycling.plan(recycling.preset("theory"))
        >>> refit(planned, Account()) is None
        True
    """
    cost, machine = plan.cost, plan.hardware
    if cost is None or machine is None:
        return None
    known: dict[str, tuple[float, float, float]] = {}
    for run in _runs_on(str(plan.backend), runs, simulated=machine.simulated):
        for job_id, estimate, seconds in billed(run):
            known[job_id] = (seconds, estimate.explained, estimate.executions)
    for job_id, seconds, circuits in _asked(plan, account, of_account):
        # The circuits' time is measured here: nothing of it is left to explain by executions.
        known.setdefault(job_id, (seconds, circuits, 0))
    fit = fit_price(*zip(*known.values(), strict=True)) if known else None
    if fit is None:
        return None
    rest = sum(each.qpu_seconds - cost.price.job_overhead for each in cost.jobs)
    seconds = len(cost.jobs) * fit.overhead + rest + fit.per_execution * cost.executions
    errors = (len(cost.jobs) * fit.overhead_error, fit.per_execution_error * cost.executions)
    return Refit(fit, seconds, sum(e**2 for e in errors) ** 0.5, cost.qpu_seconds)


def _asked(plan: Plan, account: Account, count: int) -> Sequence[tuple[str, float, float]]:
    """Bills of the account, from services that tell them."""
    connection = connect(plan.backend, account) if count else None
    ask = getattr(connection, "past_bills", None)
    return () if ask is None else ask(count)


def _runs_on(backend: str, folder: Path, *, simulated: bool) -> Iterator[Run]:
    """Runs of a folder that went to a machine and can be read, the oldest first."""
    for path in sorted(each.parent for each in folder.glob("*/run.json")):
        try:
            record = read_identity(path)
            if record["backend"] != backend or record["simulated"] != simulated:
                continue
            run = open_unchecked(path)
            if estimates_of(run.telemetry):
                yield run
        except (BadInput, OSError):
            continue  # a damaged run costs its bills alone
