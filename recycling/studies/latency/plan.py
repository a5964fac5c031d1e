"""From a latency spec to what will be executed: the device, the ladders' circuits, the jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from recycling.execution.ibm.service import Account, Hardware
from recycling.jobs.job import Job, Pub
from recycling.planning.chips import build_device
from recycling.planning.circuits import compile_as_executed
from recycling.planning.cost import LONGEST_JOB, check_number
from recycling.planning.plan import Plan, check_for_hardware, chip_behind, parse_backend
from recycling.studies.latency.spec import LatencySpec

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device

#: Ladder and length: what a circuit of a latency run is called.
LadderKey = tuple[LadderName, str]


@dataclass(frozen=True)
class LatencyPlan(Plan):
    """Plan of a latency run: one job for each ladder and length."""

    # Any, since the keys of the protocol's circuits are settings.
    circuits: Mapping[Any, QuantumCircuit]
    spec: LatencySpec = field(default_factory=LatencySpec)

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs, in the order in which they are submitted."""
        return ladder_jobs(self.spec, simulated=self.hardware is None)

    def pubs(self, job: Job) -> list[Pub]:
        """The circuit of a job, as often as it is repeated."""
        ladder, length = ladder_of(job)
        circuit = self.circuits[ladder, str(length)]
        return [Pub(circuit, {REPETITION: np.zeros(self.spec.repetitions)})]

    def check_cost(self, max_qpu_seconds: float | None) -> None:
        """Check the cost against a budget in s, and each job against the limit of a service.

        Raises:
            BadInput: too long.
        """
        if max_qpu_seconds is not None:
            check_number(max_qpu_seconds)
        if self.cost is None:
            return
        total = self.cost.qpu_seconds
        if max_qpu_seconds is not None and total > max_qpu_seconds:
            raise BadInput(
                f"max_qpu_seconds = {max_qpu_seconds:g}: the ladders take about {total:.0f} s of "
                "QPU time; give fewer shots, shorter ladders, a shorter hardware.rep_delay or a "
                "larger budget"
            )
        longest = max(self.cost.jobs, key=lambda cost: cost.qpu_seconds)
        if longest.qpu_seconds > LONGEST_JOB:
            raise BadInput(
                f"{longest.job.name} takes {longest.qpu_seconds:.0f} s of QPU time, more than the "
                "service allows a job: give fewer shots"
            )


def ladder_jobs(spec: LatencySpec, *, simulated: bool) -> tuple[Job, ...]:
    """One job for each ladder and length, in an order by chance, so that drift is no slope.

    The clock model draws no shots.
    """
    jobs = [
        Job(f"{ladder}-{length}", None, shots=None if simulated else spec.shots, kind="ladder")
        for ladder in LADDERS
        for length in spec.lengths(ladder)
    ]
    order = np.random.default_rng(spec.seed).permutation(len(jobs))
    return tuple(jobs[place] for place in order)


def ladder_of(job: Job) -> tuple[LadderName, int]:
    """Ladder and length of a job."""
    ladder, _, length = job.name.rpartition("-")
    return ladder, int(length)  # type: ignore[return-value]


def plan_latency(
    spec: LatencySpec, backend: str = "exact", account: Account | None = None
) -> LatencyPlan:
    """Choose the qubits, build the device and make all ladders.

    Args:
        spec: validated spec.
        backend: "exact" (the clock model on the spec's device), "fake:NAME" (on that chip's) or
            "ibm:NAME".
        account: whose IBM Quantum account to use; None takes the default one.

    Raises:
        BadInput: unknown backend or device, no layout, or no account.
        BackendFailure: the service does not answer.
    """
    name = parse_backend(backend)
    if name.kind == "aer":
        raise BadInput("backend = 'aer' has no clock: give 'exact', 'fake:NAME' or 'ibm:NAME'")
    hardware = Hardware(name.chip, account or Account()) if name.kind == "ibm" else None
    experiment = spec.experiment
    if hardware is not None:
        check_for_hardware(experiment, hardware)
    device = build_device(experiment, chip_behind(name, hardware))
    circuits = compile_ladders(spec, device)
    return LatencyPlan(experiment, name, device, circuits, hardware=hardware, spec=spec)


def compile_ladders(spec: LatencySpec, device: Device) -> dict[LadderKey, QuantumCircuit]:
    """Compile the circuits of all ladders."""
    level = spec.device.optimization_level
    return {
        (ladder, str(length)): circuit
        for ladder in LADDERS
        for length, circuit in compile_ladder(ladder, spec.lengths(ladder), device, level).items()
    }


def compile_ladder(
    ladder: LadderName, lengths: Sequence[int], device: Device, optimization_level: int
) -> dict[int, QuantumCircuit]:
    """Compile one ladder at some lengths, on the qubits that the protocol uses."""
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
    """Time of one operation in the compiled schedule, s."""
    pair = compile_ladder(ladder, (1, 2), device, spec.device.optimization_level)
    one, two = (duration_of_circuit(circuit, device) for circuit in pair.values())
    return two - one


def repeat_rung(ladder: QuantumCircuit, length: int) -> QuantumCircuit:
    """Ladder of N compiled rungs from the ladder of one.

    A hundred rounds take seconds to compile, and each is like the first: barriers bring its qubits
    to the same time before and after it.
    """
    repeated = ladder.copy_empty_like(ladder.name.replace(" 1", f" {length}"))
    names = [instruction.operation.name for instruction in ladder.data]
    begin = names.index("barrier") + 1
    for instruction in [*ladder.data[:begin], *(length * list(ladder.data[begin:]))]:
        repeated.append(instruction)
    return repeated
