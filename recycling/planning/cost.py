"""The cost of a plan: jobs, and QPU time before any is spent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recycling.compilation.structure import duration_of_circuit
from recycling.errors import BadInput
from recycling.execution.ibm.machine import HERON, PRICE
from recycling.execution.machine import check_number
from recycling.jobs.job import Job, Pub, executions

if TYPE_CHECKING:
    from recycling.devices.device import Device
    from recycling.execution.machine import Limits, Machine, Price
    from recycling.spec.experiment import Experiment

#: What a plan without a machine is priced by: as if it were for hardware.
USUAL_LIMITS, USUAL_PRICE = HERON, PRICE


@dataclass(frozen=True)
class JobCost:
    """Cost of a job.

    ``parameter_sets`` are circuits with all their parameters given; ``circuit_seconds`` is the
    time that the circuits themselves take, without the waits between shots.
    """

    job: Job
    pubs: int
    parameter_sets: int
    executions: int
    circuit_seconds: float
    qpu_seconds: float


@dataclass(frozen=True)
class Cost:
    """Cost of all jobs; ``rep_delay`` is the wait between shots, s.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> from qiskit import QuantumCircuit
        >>> job = Job("trial-0", trial=0, points=(0, 1), shots=1000)
        >>> pub = Pub(QuantumCircuit(1), {})
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> cost = estimate_cost([(job, [pub])], device, rep_delay=250e-6)
        >>> cost.executions, cost.beyond_limits()
        (1000, ())
    """

    jobs: tuple[JobCost, ...]
    rep_delay: float
    limits: Limits = USUAL_LIMITS
    price: Price = USUAL_PRICE

    @property
    def pubs(self) -> int:
        """PUBs of all jobs."""
        return sum(cost.pubs for cost in self.jobs)

    @property
    def parameter_sets(self) -> int:
        """Circuits with all their parameters given, of all jobs."""
        return sum(cost.parameter_sets for cost in self.jobs)

    @property
    def executions(self) -> int:
        """Circuit executions of all jobs."""
        return sum(cost.executions for cost in self.jobs)

    @property
    def circuit_seconds(self) -> float:
        """Time of the circuits themselves, s."""
        return sum(cost.circuit_seconds for cost in self.jobs)

    @property
    def qpu_seconds(self) -> float:
        """Estimated QPU time, s: what a pay-as-you-go plan bills outside of sessions."""
        return sum(cost.qpu_seconds for cost in self.jobs)

    @property
    def allowances(self) -> float | None:
        """QPU time in free allowances of the vendor, where there are any."""
        given = self.price.allowance
        return None if given is None else self.qpu_seconds / given[1]

    @property
    def posting_minutes(self) -> int:
        """Time from the first to the last post, where posts are as frequent as allowed, min."""
        return max(0, len(self.jobs) - 1) // self.limits.jobs_per_minute

    def beyond_limits(self, longest_job: float | None = None) -> tuple[JobCost, ...]:
        """Jobs that the service refuses, or cancels after ``longest_job`` seconds of QPU time.

        By default that is the longest that the machine takes.
        """
        longest = self.limits.longest_job if longest_job is None else longest_job
        return tuple(
            cost
            for cost in self.jobs
            if cost.executions > self.limits.executions_per_job or cost.qpu_seconds > longest
        )


def estimate_cost(
    jobs: Iterable[tuple[Job, Sequence[Pub]]],
    device: Device,
    rep_delay: float = USUAL_LIMITS.default_rep_delay,
    machine: Machine | None = None,
) -> Cost | None:
    """Estimate QPU time by the price of a machine.

    Args:
        jobs: jobs with their PUBs.
        device: the device that they were compiled for.
        rep_delay: wait between shots, s.
        machine: the machine that they go to; None prices them as if for a usual machine.

    Returns:
        Cost; None where a job has infinitely many shots, which no hardware has.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> from qiskit import QuantumCircuit
        >>> job = Job("trial-0", trial=0, points=(0, 1), shots=1000)
        >>> pub = Pub(QuantumCircuit(1), {})
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> cost = estimate_cost([(job, [pub])], device, rep_delay=250e-6)
        >>> f"{cost.qpu_seconds:.2f} s"
        '2.25 s'
    """
    jobs = list(jobs)
    if any(job.shots is None for job, _ in jobs):
        return None
    price = USUAL_PRICE if machine is None else machine.price
    limits = USUAL_LIMITS if machine is None else machine.limits
    # All trials share their circuits, which are compared by identity: they cannot be hashed.
    circuits = {id(pub.circuit): pub.circuit for _, pubs in jobs for pub in pubs}
    lengths = {key: duration_of_circuit(circuit, device) for key, circuit in circuits.items()}
    costs = (
        _job_cost(job, pubs, [lengths[id(pub.circuit)] for pub in pubs], rep_delay, price)
        for job, pubs in jobs
    )
    return Cost(tuple(costs), rep_delay, limits, price)


def wait_between_shots(asked: float | None, machine: Machine | None) -> float:
    """Choose the wait between shots, s: that of the spec, or the default of the machine.

    Example:
        >>> wait_between_shots(1e-3, machine=None), wait_between_shots(None, machine=None)
        (0.001, 0.00025)
    """
    limits = USUAL_LIMITS if machine is None else machine.limits
    return limits.default_rep_delay if asked is None else asked


def _job_cost(
    job: Job, pubs: Sequence[Pub], lengths: Sequence[float], rep_delay: float, price: Price
) -> JobCost:
    counts = [executions(job, [pub]) for pub in pubs]
    circuit_seconds = sum(count * length for count, length in zip(counts, lengths, strict=True))
    return JobCost(
        job=job,
        pubs=len(pubs),
        parameter_sets=sum(int(np.prod(pub.sweep)) for pub in pubs),
        executions=sum(counts),
        circuit_seconds=circuit_seconds,
        qpu_seconds=price.seconds(sum(counts), circuit_seconds, rep_delay),
    )


def check_total(cost: Cost | None, max_qpu_seconds: float | None, what: str, savings: str) -> None:
    """Check the cost of a study's jobs against a budget of QPU time; without one, all passes.

    Args:
        cost: cost of all jobs; None where nothing is executed.
        max_qpu_seconds: the budget, s.
        what: what takes the time, e.g. "the ladders".
        savings: what the user can give instead.

    Raises:
        BadInput: the budget is no number, or the cost is above it.

    Example:
        >>> cost = Cost((), rep_delay=250e-6)
        >>> check_total(cost, 60, "the ladders", "fewer shots")  # no jobs take no time
    """
    if max_qpu_seconds is None:
        return
    check_number(max_qpu_seconds)
    if cost is not None and cost.qpu_seconds > max_qpu_seconds:
        raise BadInput(
            f"max_qpu_seconds = {max_qpu_seconds:g}: {what} take about {cost.qpu_seconds:.0f} s "
            f"of QPU time; give {savings}"
        )


def check_budget(
    cost: Cost | None,
    experiment: Experiment,
    max_qpu_seconds: float,
    shortest_rep_delay: float = USUAL_LIMITS.shortest_rep_delay,
) -> None:
    """Check a cost against a budget of QPU time.

    Args:
        cost: cost of the plan; None passes, since nothing can be submitted.
        experiment: the experiment of the plan.
        max_qpu_seconds: the budget, s.
        shortest_rep_delay: shortest wait between shots that the device takes, s.

    Raises:
        BadInput: the budget is no number, or the cost is above it; the message names changes each
            of which would be enough.

    Example:
        >>> from recycling.spec.experiment import preset
        >>> check_budget(None, preset("theory"), max_qpu_seconds=60)  # exact shots cost nothing
    """
    check_number(max_qpu_seconds)
    if cost is None or cost.qpu_seconds <= max_qpu_seconds:
        return
    mends = _savings(cost, experiment, max_qpu_seconds, shortest_rep_delay)
    raise BadInput(
        f"max_qpu_seconds = {max_qpu_seconds:g}: the plan takes about {cost.qpu_seconds:.0f} s of "
        f"QPU time; give {' or '.join([*mends, 'a larger budget'])}"
    )


def _savings(
    cost: Cost, experiment: Experiment, budget: float, shortest_rep_delay: float
) -> list[str]:
    """Changes of a single number in the spec that bring the cost below a budget."""
    measurement = experiment.measurement
    trials = [each for each in cost.jobs if each.job.trial is not None]
    calibration = sum(each.qpu_seconds for each in cost.jobs if each.job.trial is None)
    overhead = cost.price.job_overhead * len(trials)
    in_trials = sum(each.qpu_seconds for each in trials)
    savings = []
    if measurement.shots != "exact":
        share = (budget - calibration - overhead) / (in_trials - overhead)
        if (shots := int(share * measurement.shots)) >= 1:
            savings.append(f"measurement.shots = {shots}")
    if (fewer := int((budget - calibration) / in_trials * measurement.trials)) >= 1:
        savings.append(f"measurement.trials = {fewer}")
    # Whole microseconds, rounded down.
    delay = (cost.rep_delay - (cost.qpu_seconds - budget) / cost.executions) // 1e-6 * 1e-6
    if delay >= shortest_rep_delay:
        savings.append(f"hardware.rep_delay = {delay:.3g}")
    return savings
