"""What running needs of a study: its plans, and what is peculiar to their execution."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from recycling.execution import simulator
from recycling.execution.local import LocalBackend
from recycling.execution.machine import placed_circuit
from recycling.store.kinds import Kind
from recycling.store.run_circuits import SENT_PREFIX

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device
    from recycling.execution.backend import Backend, JobProgress
    from recycling.execution.machine import Connection, Machine
    from recycling.execution.registry import BackendName, Simulate
    from recycling.jobs.job import Job, Pub
    from recycling.planning.cost import Cost
    from recycling.spec.experiment import Experiment
    from recycling.store.directory import Run
    from recycling.store.rounds import Look

#: Called with the name of a job, its state, and the fraction of all jobs that is done.
Watch = Callable[[str, str, float], None]
#: Called with the name of each step as it begins.
Progress = Callable[[str], None]


class Planned(Protocol):
    """What will be executed, whatever the study."""

    @property
    def experiment(self) -> Experiment:
        """The experiment whose device, and qubits on it, are used."""

    @property
    def backend(self) -> BackendName:
        """Where it is executed."""

    @property
    def device(self) -> Device:
        """The device that the circuits were compiled for."""

    @property
    def hardware(self) -> Machine | None:
        """The machine that jobs go to; None for a simulator, and where it was not asked yet."""

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs, in the order in which they are submitted."""

    @property
    def cost(self) -> Cost | None:
        """QPU time that this costs; None for infinitely many shots."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """Entries of run.json, besides those of every run, that the jobs follow from."""

    def pubs(self, job: Job) -> list[Pub]:
        """PUBs of a job."""

    def named_circuits(self) -> dict[str, QuantumCircuit]:
        """All circuits by the names that a run keeps them by."""

    def on(self, machine: Machine) -> Self:
        """The same plan for a machine."""


class Study(Kind, Protocol):
    """A kind of run that can be executed."""

    @property
    def timed(self) -> bool:
        """Whether the telemetry tells how long planning and collecting took."""

    def fingerprint(self, spec: Any, /) -> Any:
        """What is equal for equal specs."""

    def to_toml(self, spec: Any, /) -> str:
        """Spec as TOML."""

    def check_size(self, spec: Any, name: BackendName, path: Path, /) -> None:
        """Check that a run fits this machine, and the folder that it will be in.

        Raises:
            BadInput: it does not.
        """

    def plan(self, spec: Any, name: BackendName, connection: Connection | None, /) -> Planned:
        """Plan a spec for a backend.

        Raises:
            BadInput: it cannot be executed there.
            BackendFailure: the machine does not answer.
        """

    def check(self, planned: Planned, max_qpu_seconds: float | None, /) -> None:
        """Check a plan against the limits of its machine, and against a budget in s.

        Raises:
            BadInput: it is above them.
        """

    def stored_plan(self, run: Run, name: BackendName, compiled: bool, /) -> Planned:
        """Plan of a stored run, with the device that it began with; no machine is asked.

        ``compiled``: its circuits are those that were stored; otherwise they are compiled again.
        """

    def predict(self, planned: Planned, /) -> bytes | str | None:
        """Content of prediction.nc, or why there is none; None where nothing is predicted."""

    def simulate(self, planned: Planned, /) -> Simulate | None:
        """What executes a job here; None takes the simulator of the backend."""

    def notes(self, run: Run, /) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """Events for the telemetry of a run that has come to its end."""

    def look(self, run: Run, rounds: int, qpu_seconds: float | None, /) -> Look:
        """Look at the first rounds of a run that stops when it is settled."""

    def keep(self, run: Run, /) -> None:
        """Keep what else belongs to a run that has come to its end."""


@dataclass(frozen=True)
class Conduct:
    """How jobs are brought to their outcomes.

    Attributes:
        wait: wait for jobs under way.
        retry_failed: submit jobs that failed, were cancelled or got lost again.
        max_qpu_seconds: budget of QPU time of the whole run, s; None keeps the one that it has.
        progress: called with the name of each step as it begins.
        watch: called with the name of a job, its state, and the fraction of jobs done.
    """

    wait: bool = True
    retry_failed: bool = False
    max_qpu_seconds: float | None = None
    progress: Progress = lambda _step: None
    watch: Watch = lambda _job, _state, _done: None


@dataclass(frozen=True)
class Work:
    """A plan, and the way to the machine that executes it; without one it is simulated here.

    ``jobs`` are all jobs, in the order in which they are submitted.
    """

    planned: Planned
    jobs: tuple[Job, ...]
    connection: Connection | None = None

    @property
    def remote(self) -> bool:
        """Whether the jobs go to a machine."""
        return self.connection is not None

    @cached_property
    def cost(self) -> Cost | None:
        """QPU time that the plan costs on its machine, or would cost on hardware.

        Raises:
            BadInput: the account does not have the machine.
            BackendFailure: the machine does not answer.
        """
        if self.connection is None or self.planned.hardware is not None:
            return self.planned.cost
        return self.planned.on(self.connection.machine).cost

    def circuits(self) -> dict[str, QuantumCircuit]:
        """All circuits by name: as planned, and for a machine as sent to its chip.

        Raises:
            BadInput: as for ``cost``.
            BackendFailure: as for ``cost``.
        """
        planned = self.planned.named_circuits()
        if self.connection is None:
            return planned
        count, device = self.connection.machine.num_qubits, self.planned.device
        sent = {
            SENT_PREFIX + name: placed_circuit(circuit, device, count)
            for name, circuit in planned.items()
        }
        return planned | sent


def prepare(
    study: Study,
    work: Work,
    progress: JobProgress = lambda _job, _fraction: None,
    *,
    earlier: Collection[str] = (),
) -> Backend:
    """Make the backend of a plan ready to take its jobs.

    Args:
        study: what the plan is of.
        work: what will be executed, and where.
        progress: called with a job that is executed here and the fraction of it that is done.
        earlier: ids of batches or sessions that earlier processes opened for the same run.
    """
    planned = work.planned
    if work.connection is not None:
        return work.connection.executor(planned.device, planned.experiment.hardware, earlier)
    simulate, seed = study.simulate(planned), planned.experiment.seed
    if simulate is not None:
        return LocalBackend(simulate, planned.device, seed, progress)
    return simulator(planned.backend, planned.device, seed, progress)
