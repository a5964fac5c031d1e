"""From a latency spec to what will be executed: the device, the ladders' circuits, the jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from circuits.calibration.ladders import (
    LADDERS,
    REPETITION,
    LadderName,
    feedforward_ladder,
    x_ladder,
)
from recycling.compilation.structure import duration_of_circuit
from recycling.errors import BadInput
from recycling.execution.machine import Account
from recycling.execution.registry import BackendName, connect, parse_backend
from recycling.extras import need
from recycling.jobs.job import Job, Pub
from recycling.planning.chips import build_device
from recycling.planning.circuits import compile_as_executed
from recycling.planning.cost import check_total, estimate_cost, wait_between_shots
from recycling.planning.plan import check_for_machine, chip_behind
from recycling.studies.latency.spec import LatencySpec

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device
    from recycling.execution.machine import Connection, Machine
    from recycling.planning.cost import Cost
    from recycling.spec.experiment import Experiment

#: Ladder and length, which name a circuit of a latency run.
LadderKey = tuple[str, str]


@dataclass(frozen=True)
class LatencyPlan:
    """Plan of a latency run: a job for each ladder and length.

    ``hardware`` is the machine that the jobs go to; None for the clock model.

    Example:
        >>> from recycling.studies.latency.spec import LatencySpec
        >>> ladders = {"x": (110, 230, 470, 950, 1900), "feedforward": ()}
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = LatencySpec(ladders=ladders, device={"layout": layout})
        >>> plan = plan_latency(spec)
        >>> len(plan.jobs), plan.cost is None  # the clock model draws no shots
        (5, True)
    """

    spec: LatencySpec
    backend: BackendName
    device: Device
    circuits: Mapping[LadderKey, QuantumCircuit]
    jobs: tuple[Job, ...]
    hardware: Machine | None = field(default=None, compare=False)

    @property
    def experiment(self) -> Experiment:
        """The experiment whose device the ladders are run on."""
        return self.spec.experiment

    @cached_property
    def cost(self) -> Cost | None:
        """QPU time of the plan; None for the clock model, which draws no shots."""
        jobs = ((job, self.pubs(job)) for job in self.jobs)
        wait = wait_between_shots(self.spec.hardware.rep_delay, self.hardware)
        return estimate_cost(jobs, self.device, wait, self.hardware)

    @property
    def identity(self) -> dict[str, Any]:
        """Entries of run.json, besides those of every run, that the jobs follow from."""
        return {}

    def named_circuits(self) -> dict[str, QuantumCircuit]:
        """All circuits by the names that a run keeps them by."""
        return {name_of(key): circuit for key, circuit in self.circuits.items()}

    def on(self, machine: Machine) -> LatencyPlan:
        """The same plan for a machine."""
        return replace(self, hardware=machine)

    def pubs(self, job: Job) -> list[Pub]:
        """The circuit of a job, as often as it is repeated."""
        circuit = self.circuits[job.ladder, str(job.length)]
        return [Pub(circuit, {REPETITION: np.zeros(self.spec.repetitions)})]

    def check_cost(self, max_qpu_seconds: float | None) -> None:
        """Check the cost against a budget in s, and each job against the limit of a service.

        Raises:
            BadInput: the ladders take too long.
        """
        savings = "fewer shots, shorter ladders, a shorter hardware.rep_delay or a larger budget"
        check_total(self.cost, max_qpu_seconds, "the ladders", savings)
        if self.cost is None:
            return
        most = self.cost.limits.executions_per_job
        if self.spec.executions > most:
            raise BadInput(
                f"shots = {self.spec.shots} in {self.spec.repetitions} repetitions: the machine "
                f"takes no more than {most} executions a job; give fewer"
            )
        longest = max(self.cost.jobs, key=lambda cost: cost.qpu_seconds)
        if longest.qpu_seconds > self.cost.limits.longest_job:
            raise BadInput(
                f"{longest.job.name} takes {longest.qpu_seconds:.0f} s of QPU time, more than the "
                "service allows a job: give fewer shots"
            )


def ladder_jobs(spec: LatencySpec, *, simulated: bool) -> tuple[Job, ...]:
    """List a job for each ladder and length, in random order: so drift does not look like a slope.

    The clock model draws no shots.

    Example:
        >>> jobs = ladder_jobs(LatencySpec(), simulated=False)
        >>> len(jobs), jobs[0].shots
        (30, 10000)
    """
    jobs = [
        Job(
            f"{ladder}-{length}",
            None,
            shots=None if simulated else spec.shots,
            kind="ladder",
            ladder=ladder,
            length=length,
        )
        for ladder in LADDERS
        for length in spec.lengths(ladder)
    ]
    order = np.random.default_rng(spec.seed).permutation(len(jobs))
    return tuple(jobs[place] for place in order)


def name_of(key: LadderKey) -> str:
    """Name the circuit of a ladder and a length.

    Example:
        >>> name_of(("x", "110"))
        'x 110'
    """
    return " ".join(key)


def plan_latency(
    spec: LatencySpec, backend: str = "exact", account: Account | None = None
) -> LatencyPlan:
    """Choose the qubits, build the device and make all ladders.

    Args:
        spec: validated spec.
        backend: "exact" (the clock model on the spec's device), "fake:NAME" (on that chip's) or
            "ibm:NAME".
        account: whose account to use; None takes the default one.

    Raises:
        BadInput: unknown backend or device, no layout, or no account.
        BackendFailure: the service does not answer.

    Example:
        >>> from recycling.studies.latency.spec import LatencySpec
        >>> ladders = {"x": (110, 230, 470, 950, 1900), "feedforward": ()}
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = LatencySpec(ladders=ladders, device={"layout": layout})
        >>> sorted(plan_latency(spec).circuits)[0]
        ('x', '110')
    """
    need("qiskit")
    name = parse_backend(backend)
    return plan_on(spec, name, connect(name, account or Account()))


def plan_on(spec: LatencySpec, name: BackendName, connection: Connection | None) -> LatencyPlan:
    """Plan as ``plan_latency`` does, for a connected machine, or None for the clock model.

    Example:
        >>> plan_on(LatencySpec(), parse_backend("aer"), connection=None)
        Traceback (most recent call last):
        recycling.errors.BadInput: backend = 'aer' has no clock: give 'exact', ...
    """
    if name.kind in ("aer", "trajectories"):
        raise BadInput(
            f"backend = '{name.kind}' has no clock: give 'exact', 'fake:NAME' or 'ibm:NAME'"
        )
    experiment = spec.experiment
    if connection is not None:
        check_for_machine(experiment, connection)
    device = build_device(experiment, chip_behind(name, connection))
    circuits = compile_ladders(spec, device)
    jobs = ladder_jobs(spec, simulated=connection is None)
    machine = None if connection is None else connection.machine
    return LatencyPlan(spec, name, device, circuits, jobs, machine)


def compile_ladders(spec: LatencySpec, device: Device) -> dict[LadderKey, QuantumCircuit]:
    """Compile the circuits of all ladders.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9)
        >>> device = ideal.replace("example", measure_duration=(1e-6,) * 6)
        >>> len(compile_ladders(LatencySpec(), device))
        30
    """
    level = spec.device.optimization_level
    return {
        (ladder, str(length)): circuit
        for ladder in LADDERS
        for length, circuit in compile_ladder(ladder, spec.lengths(ladder), device, level).items()
    }


def compile_ladder(
    ladder: LadderName, lengths: Sequence[int], device: Device, optimization_level: int
) -> dict[int, QuantumCircuit]:
    """Compile a ladder at some lengths, on the qubits that the protocol uses.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9)
        >>> device = ideal.replace("example", measure_duration=(1e-6,) * 6)
        >>> circuits = compile_ladder("feedforward", [1, 4], device, optimization_level=1)
        >>> circuits[4].count_ops()["if_else"]
        4
    """
    ancilla, system, bath = (device.roles.index(role) for role in ("C_A", "C_I", "B"))
    count = device.num_qubits
    if ladder == "x":
        return {length: x_ladder(length, qubit=bath, num_qubits=count) for length in lengths}
    rung = feedforward_ladder(
        1,
        ancilla=ancilla,
        system=system,
        bath=bath,
        num_qubits=count,
        feedforward_latency=device.feedforward_latency,
    )
    (compiled,) = compile_as_executed([rung], device, optimization_level=optimization_level)
    return {length: repeat_rung(compiled, length) for length in lengths}


def compiled_slope(ladder: LadderName, spec: LatencySpec, device: Device) -> float:
    """Compute the time of an operation in the compiled schedule, s.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9)
        >>> device = ideal.replace("example", measure_duration=(1e-6,) * 6)
        >>> round(compiled_slope("feedforward", LatencySpec(), device), 9)  # the measurement
        1e-06
    """
    pair = compile_ladder(ladder, (1, 2), device, spec.device.optimization_level)
    one, two = (duration_of_circuit(circuit, device) for circuit in pair.values())
    return two - one


def repeat_rung(ladder: QuantumCircuit, length: int) -> QuantumCircuit:
    """Repeat the rung of a compiled ladder of a single rung N times.

    A hundred rounds take seconds to compile, and each is like the first: barriers bring its qubits
    to the same time before and after it.

    Example:
        >>> repeat_rung(feedforward_ladder(1), 3).count_ops()["if_else"]
        3
    """
    repeated = ladder.copy_empty_like(name_of(("feedforward", str(length))))
    names = [instruction.operation.name for instruction in ladder.data]
    begin = names.index("barrier") + 1
    for instruction in [*ladder.data[:begin], *(length * list(ladder.data[begin:]))]:
        repeated.append(instruction)
    return repeated
