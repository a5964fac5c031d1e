"""A machine as data: what a plan asks of any machine, whoever built it.

A vendor's module makes a ``Connection``; it reads the ``Machine`` from it once. Planning, the run
directory and the analysis know the machine alone, and execution the connection.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from recycling.compilation.place import place_on_chip
from recycling.errors import BadInput

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.transpiler import Target

    from recycling.devices.device import Device
    from recycling.execution.backend import Backend
    from recycling.spec.experiment import HardwareSpec


@dataclass(frozen=True)
class Account:
    """Whose account pays: the instance (name or CRN), the plan, and the name of a saved account.

    None leaves the choice to the account. Tokens stay where the vendor's client keeps them.
    """

    instance: str | None = None
    plan: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Limits:
    """What a machine takes.

    Attributes:
        executions_per_job: most circuit executions of one job.
        longest_job: QPU time after which a job is cancelled, s.
        jobs_per_minute: jobs that are accepted in a minute.
        shortest_rep_delay: shortest wait between shots, s.
        longest_rep_delay: longest wait between shots, s.
        default_rep_delay: wait between shots where none is asked for, s.
    """

    executions_per_job: int
    longest_job: float
    jobs_per_minute: int
    shortest_rep_delay: float
    longest_rep_delay: float
    default_rep_delay: float


@dataclass(frozen=True)
class Price:
    """What a job takes of QPU time, and how much of it an account gets.

    Attributes:
        job_overhead: QPU time of a job besides its executions, s.
        shot_overhead: QPU time of an execution besides the wait and the circuit, s.
        formula: the same in words, e.g. "IBM's formula: 2 s a job + …".
        allowance: name of a free allowance and its QPU time in s, where the vendor has one.
        allowance_days: days after which the allowance is given again.
    """

    job_overhead: float
    formula: str
    shot_overhead: float = 0.0
    allowance: tuple[str, float] | None = None
    allowance_days: int = 0

    def seconds(self, executions: int, circuit_seconds: float, rep_delay: float) -> float:
        """QPU time of a job, s.

        Args:
            executions: circuit executions of the job.
            circuit_seconds: time of the circuits of all executions, s.
            rep_delay: wait between shots, s.

        Example:
            >>> Price(2.0, "2 s a job and the time of its shots").seconds(1000, 0.5, 1e-3)
            3.5
        """
        waits = (rep_delay + self.shot_overhead) * executions
        return self.job_overhead + waits + circuit_seconds


@dataclass(frozen=True)
class Machine:
    """What a plan asks of a machine.

    Attributes:
        name: as the vendor calls it.
        target: Qiskit target of the chip: its native gates with their errors and durations.
        limits: what it takes.
        price: what it costs.
        simulated: whether outcomes are simulated, e.g. by a service that imitates the machine.
        account: whose account pays.
        calibration: calibration of the chip as it was reported, which a run keeps as JSON.
        readout: calibration in the form of Qiskit's ``properties()``, which tells both errors of
            the readout; None where there is none such.
        remaining_seconds: QPU time that the account still has, s; None where it was not asked.
    """

    name: str
    target: Target = field(compare=False)
    limits: Limits
    price: Price
    simulated: bool
    account: Account = Account()
    calibration: Mapping[str, Any] = field(default_factory=dict, compare=False)
    readout: Any = field(default=None, compare=False, repr=False)
    remaining_seconds: float | None = None

    @property
    def native_gates(self) -> frozenset[str]:
        """Names of the chip's instructions."""
        return frozenset(self.target.operation_names)

    @property
    def num_qubits(self) -> int:
        """Number of qubits of the chip."""
        return int(self.target.num_qubits)

    def properties(self) -> Any:
        """Calibration as a Qiskit backend has it: a machine stands for one where data are read."""
        return self.readout


class Connection(Protocol):
    """The way to a machine. It connects when it is first asked for something.

    Raises:
        BadInput: from every use: no account, or a machine that the account does not have.
        BackendFailure: from every use: the service failed, refused, or did not answer.
    """

    @property
    def machine(self) -> Machine:
        """The machine as it is now; read once."""

    def remaining_seconds(self) -> float | None:
        """QPU time that the account still has, s; None where it is not told."""

    def executor(self, device: Device, options: HardwareSpec, earlier: Collection[str]) -> Backend:
        """What takes the jobs of a run.

        Args:
            device: qubits of the machine that the circuits were compiled for.
            options: how jobs are executed, by the spec.
            earlier: ids of batches or sessions that earlier processes opened for the same run.
        """


def placed_circuit(circuit: QuantumCircuit, device: Device, num_qubits: int) -> QuantumCircuit:
    """Circuit as it is sent: on the chip's qubits, idle time left to the service's scheduler.

    A circuit of a calibration keeps its delays: they are what it measures.
    """
    assert device.layout is not None
    return place_on_chip(circuit, device.layout, num_qubits, keep_delays=not circuit.parameters)


def check_number(max_qpu_seconds: float) -> None:
    """Check that a budget is a positive, finite number.

    Raises:
        BadInput: it is not.

    Example:
        >>> check_number(0)
        Traceback (most recent call last):
        recycling.errors.BadInput: max_qpu_seconds = 0: give a number of seconds above 0
    """
    if not 0 < max_qpu_seconds < math.inf:
        raise BadInput(f"max_qpu_seconds = {max_qpu_seconds}: give a number of seconds above 0")
