"""A machine as data: what a plan needs of any machine of any vendor.

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
    """The account that pays: its instance (name or CRN), its plan, and the name of a saved account.

    None leaves the choice to the account. Tokens stay where the vendor's client keeps them.
    """

    instance: str | None = None
    plan: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Limits:
    """Limits of a machine.

    Attributes:
        executions_per_job: most circuit executions of a job.
        longest_job: QPU time after which a job is cancelled, s.
        jobs_per_minute: jobs that are accepted in a minute.
        shortest_rep_delay: shortest wait between shots, s.
        longest_rep_delay: longest wait between shots, s.
        default_rep_delay: wait between shots where the spec has none, s.
    """

    executions_per_job: int
    longest_job: float
    jobs_per_minute: int
    shortest_rep_delay: float
    longest_rep_delay: float
    default_rep_delay: float


@dataclass(frozen=True)
class Price:
    """QPU time of a job, and the allowance of an account.

    Attributes:
        job_overhead: QPU time of a job besides its executions, s.
        shot_overhead: QPU time of an execution besides the wait and the circuit, s.
        formula: the same in words, e.g. "IBM's formula: 2 s a job + …".
        allowance: name of a free allowance and its QPU time in s, where the vendor has one.
        allowance_days: days after which the allowance is given again.

    Example:
        >>> price = Price(2.0, "2 s a job and its shots", allowance=("open plan", 600.0))
        >>> price.seconds(executions=1000, circuit_seconds=0.5, rep_delay=1e-3)
        3.5
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
    """What a plan needs of a machine.

    Attributes:
        name: name by the vendor.
        target: Qiskit target of the chip: its native gates with their errors and durations.
        limits: its limits.
        price: its price.
        simulated: whether outcomes are simulated, e.g. by a service that imitates the machine.
        account: the account that pays.
        calibration: calibration of the chip as it was reported, which a run keeps as JSON.
        readout: calibration in the form of Qiskit's ``properties()``, which has both errors of the
            readout; None where there is none such.
        remaining_seconds: QPU time that the account still has, s; None where it is unknown.

    Example:
        >>> from qiskit_ibm_runtime.fake_provider import FakeTorino
        >>> limits = Limits(10_000, 60.0, 5, 1e-4, 1.0, 1e-3)
        >>> price = Price(2.0, "2 s a job and the time of its shots")
        >>> machine = Machine("another chip", FakeTorino().target, limits, price, simulated=True)
        >>> machine.num_qubits, "cz" in machine.native_gates
        (133, True)
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


class HasMachine(Protocol):
    """What a check of a spec against a machine needs: a connection, or a machine at hand."""

    @property
    def machine(self) -> Machine:
        """The machine as it is now."""


class Connection(HasMachine, Protocol):
    """The way to a machine. It connects when it is first asked for something.

    Raises:
        BadInput: from every use: no account, or a machine that the account does not have.
        BackendFailure: from every use: the service failed, refused, or did not answer.
    """

    @property
    def machine(self) -> Machine:
        """The machine as it is now; read once."""

    def remaining_seconds(self) -> float | None:
        """QPU time that the account still has, s; None where it is unknown."""

    def executor(self, device: Device, options: HardwareSpec, earlier: Collection[str]) -> Backend:
        """Backend that takes the jobs of a run.

        Args:
            device: qubits of the machine that the circuits were compiled for.
            options: how jobs are executed, by the spec.
            earlier: ids of batches or sessions that earlier processes opened for the same run.
        """


def placed_circuit(circuit: QuantumCircuit, device: Device, num_qubits: int) -> QuantumCircuit:
    """Place a circuit as it is sent: on the chip's qubits, idle time left to the service.

    A circuit of a calibration keeps its delays, since it measures by them.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from types import SimpleNamespace
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.cz(0, 1)
        >>> placed_circuit(circuit, SimpleNamespace(layout=(7, 3)), num_qubits=10).num_qubits
        10
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
