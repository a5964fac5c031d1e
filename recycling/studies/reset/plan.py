"""From a spec to what is executed: a job for each way of resetting, with its readout beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from circuits.calibration.assignment import assignment_circuits
from circuits.calibration.resets import PHASE, ResetName, reset_circuit
from recycling.devices.resets import with_resets
from recycling.errors import BadInput
from recycling.execution.machine import Account
from recycling.execution.registry import BackendName, backend_kind, connect, parse_backend
from recycling.extras import need
from recycling.jobs.job import Job, Pub
from recycling.planning.chips import build_device
from recycling.planning.circuits import compile_as_executed
from recycling.planning.cost import check_total, estimate_cost, wait_between_shots
from recycling.planning.plan import check_for_machine, chip_behind
from recycling.studies.reset.keys import Key, all_keys, keys_of, method_jobs, name_of
from recycling.studies.reset.spec import BATHS, FLAG, QUBIT, ResetSpec

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device
    from recycling.execution.machine import Connection, Machine
    from recycling.planning.cost import Cost
    from recycling.spec.experiment import Experiment


@dataclass(frozen=True)
class ResetPlan:
    """Plan of a study of resets: a job for each method.

    ``hardware`` is the machine that the jobs go to; None for a simulator.

    Example:
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = ResetSpec(methods=("reset",), rounds=(1, 2), device={"layout": layout})
        >>> plan = plan_resets(spec)
        >>> [job.name for job in plan.jobs], len(plan.pubs(plan.jobs[0]))
        (['reset'], 15)
    """

    spec: ResetSpec
    backend: BackendName
    device: Device
    circuits: Mapping[Key, QuantumCircuit]
    jobs: tuple[Job, ...]
    hardware: Machine | None = field(default=None, compare=False)

    @property
    def experiment(self) -> Experiment:
        """The experiment whose device is used."""
        return self.spec.experiment

    @cached_property
    def cost(self) -> Cost | None:
        """QPU time of the plan; None for infinitely many shots."""
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

    def on(self, machine: Machine) -> ResetPlan:
        """The same plan for a machine."""
        return replace(self, hardware=machine)

    def pubs(self, job: Job) -> list[Pub]:
        """Circuits of a job: controls, readout, then every length of its method."""
        return reset_pubs(self.spec, self.circuits, job)

    def check_cost(self, max_qpu_seconds: float | None) -> None:
        """Check the cost against a budget in s, and each job against the limits of a service.

        Raises:
            BadInput: the resets take too long.
        """
        billed = None if self.hardware is None else self.cost
        savings = "fewer shots, methods or lengths, or a larger budget"
        check_total(billed, max_qpu_seconds, "the resets", savings)
        if billed is None:
            return
        for cost in billed.beyond_limits():
            raise BadInput(
                f"{cost.job.name}: {cost.executions} executions in {cost.qpu_seconds:.0f} s are "
                "more than the service allows a job: give fewer shots or lengths"
            )


def reset_pubs(spec: ResetSpec, circuits: Mapping[Key, QuantumCircuit], job: Job) -> list[Pub]:
    """Make the PUBs of a job; those of the readout keep their idle time wherever they are sent.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> spec = ResetSpec(methods=("reset",), rounds=(1,))
        >>> (job,) = method_jobs(spec)
        >>> circuits = {key: QuantumCircuit(1) for key in keys_of(spec, "reset")}
        >>> len(reset_pubs(spec, circuits, job))
        13
    """
    phase = {PHASE: np.zeros(())}
    return [
        Pub(circuits[key], {} if key.group == "readout" else phase)
        for key in keys_of(spec, job.ladder)
    ]


def plan_resets(
    spec: ResetSpec, backend: str = "exact", account: Account | None = None
) -> ResetPlan:
    """Choose the qubits, build the device with its resets, and compile all circuits.

    Args:
        spec: validated spec.
        backend: "exact", "aer", "trajectories", "fake:NAME" or "ibm:NAME".
        account: whose account to use; None takes the default one.

    Raises:
        BadInput: unknown backend or device, no layout, or no account.
        BackendFailure: the service does not answer.

    Example:
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> plan = plan_resets(ResetSpec(device={"layout": layout}))
        >>> plan.device.sources["reset"].split(":")[0]  # no snapshot states its error
        'assumed'
    """
    need("qiskit")
    name = parse_backend(backend)
    return plan_on(spec, name, connect(name, account or Account()))


def plan_on(spec: ResetSpec, name: BackendName, connection: Connection | None) -> ResetPlan:
    """Plan as ``plan_resets`` does, for a connected machine, or None for a simulator.

    Example:
        >>> plan_on(ResetSpec(shots="exact"), parse_backend("aer"), connection=None)
        Traceback (most recent call last):
        recycling.errors.BadInput: shots = 'exact': only the backend 'exact' has ...
    """
    kind, experiment = backend_kind(name.kind), spec.experiment
    if spec.shots == "exact" and not (kind and kind.infinite_shots):
        raise BadInput("shots = 'exact': only the backend 'exact' has infinitely many")
    if connection is not None:
        check_for_machine(experiment, connection)
    chip = chip_behind(name, connection)
    device = with_resets(build_device(experiment, chip), None if chip is None else chip.target)
    machine = None if connection is None else connection.machine
    return ResetPlan(spec, name, device, compile_resets(spec, device), method_jobs(spec), machine)


def compile_resets(spec: ResetSpec, device: Device) -> dict[Key, QuantumCircuit]:
    """Compile the circuits of all methods; those of the readout are native already.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9)
        >>> device = with_resets(ideal.replace("example", measure_duration=(1e-6,) * 6))
        >>> spec = ResetSpec(methods=("wait", "swap"), waits=("50 us",), rounds=(1,))
        >>> len(compile_resets(spec, device))
        15
    """
    place = {role: device.roles.index(role) for role in (QUBIT, *BATHS, FLAG)}
    measured = [place[role] for role in (QUBIT, *BATHS)]
    # Where nothing decays, there is nothing to wait for.
    times = [device.t1[qubit] for qubit in measured if np.isfinite(device.t1[qubit])]
    readout = iter(
        assignment_circuits(
            t1=max(times, default=device.dt),
            dt=device.dt,
            qubits=measured,
            num_qubits=device.num_qubits,
        )
    )
    keys = all_keys(spec)
    resets = [key for key in keys if key.group != "readout"]
    built = [
        reset_circuit(
            _method(key),
            key.length,
            excited=key.prepared == "1",
            qubit=place[QUBIT],
            baths=measured[1:],
            flag=place[FLAG],
            num_qubits=device.num_qubits,
            dt=device.dt,
            feedforward_latency=device.feedforward_latency,
        )
        for key in resets
    ]
    level = spec.device.optimization_level
    compiled = iter(compile_as_executed(built, device, optimization_level=level))
    circuits = {}
    for key in keys:
        circuits[key] = next(readout if key.group == "readout" else compiled)
        circuits[key].name = name_of(key)
    return circuits


def _method(key: Key) -> ResetName | None:
    return None if key.group == "control" else key.group  # type: ignore[return-value]
