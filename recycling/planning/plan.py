"""From an experiment to what will be executed: device, layout, compiled circuits and jobs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from scipy.constants import h as planck

from circuits.design import Setting
from recycling.compilation.calibrations import compile_assignment, compile_brackets
from recycling.errors import BadInput
from recycling.execution.machine import Account
from recycling.execution.registry import BackendName, backend_kind, connect, parse_backend
from recycling.extras import need
from recycling.jobs.cut import ASSIGNMENTS, all_jobs, protocol_pubs
from recycling.jobs.interleaved import assignment_repeats, interleaved_pubs
from recycling.jobs.job import Job, Pub, calibration_pubs
from recycling.jobs.sizes import check_engine, check_size
from recycling.planning.chips import build_device
from recycling.planning.circuits import compile_all
from recycling.planning.cost import (
    USUAL_LIMITS,
    Cost,
    check_budget,
    estimate_cost,
    wait_between_shots,
)
from recycling.planning.prediction import Prediction, predict
from recycling.spec.named import Source, load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2

    from recycling.devices.device import Device
    from recycling.execution.machine import Connection, HasMachine, Machine
    from recycling.inference.bath.budget import Budget
    from recycling.spec.experiment import Experiment


@dataclass(frozen=True, repr=False)
class Plan:
    """What will be executed: a compiled circuit for each arm, stage and preparation.

    Each circuit serves every point and every basis by its parameters. ``brackets`` measure the bath
    qubit before and after, ``assignment`` the readout of the recorded qubits, in the jobs named by
    ``assignments``. All circuits are on the device's qubits; ``hardware`` is the machine that they
    go to, None for a simulator. ``page`` writes the plan as HTML for a notebook.

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> planned = recycling.plan(experiment)
        >>> len(planned.circuits), [job.name for job in planned.jobs][:2]
        (8, ['trial-0', 'trial-1'])
        >>> f"{planned.cost.qpu_seconds:.0f} s of QPU time"
        '490 s of QPU time'
    """

    experiment: Experiment
    backend: BackendName
    device: Device
    circuits: Mapping[Setting, QuantumCircuit]
    brackets: tuple[QuantumCircuit, ...] = ()
    hardware: Machine | None = field(default=None, compare=False)
    assignment: tuple[QuantumCircuit, ...] = field(default=(), kw_only=True)
    assignments: tuple[str, ...] = field(default=ASSIGNMENTS, kw_only=True)
    page: Callable[[Plan], str] | None = field(default=None, kw_only=True, compare=False)

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs, in the order in which they are submitted."""
        return all_jobs(
            self.experiment,
            brackets=bool(self.brackets),
            assignments=self._assignment_jobs,
            executions_per_job=unusual_limit(self.hardware),
        )

    @property
    def _assignment_jobs(self) -> tuple[str, ...]:
        """Names of the jobs that measure nothing but the assignment."""
        interleaved = assignment_repeats(self.experiment)
        return self.assignments if self.assignment and not interleaved else ()

    @property
    def rep_delay(self) -> float:
        """Wait between shots, s: that of the spec, or of the device."""
        return wait_between_shots(self.experiment.hardware.rep_delay, self.hardware)

    @cached_property
    def cost(self) -> Cost | None:
        """QPU time of the plan on hardware; None with shots = "exact"."""
        jobs = ((job, self.pubs(job)) for job in self.jobs)
        return estimate_cost(jobs, self.device, self.rep_delay, self.hardware)

    @property
    def identity(self) -> dict[str, Any]:
        """Entries of run.json, besides those of every run, that the jobs follow from."""
        return {
            "brackets": bool(self.brackets),
            "assignments": self._assignment_jobs,
            "executions_per_job": unusual_limit(self.hardware),
        }

    def named_circuits(self) -> dict[str, QuantumCircuit]:
        """All circuits by the names that a run keeps them by."""
        protocol = {" ".join(setting): circuit for setting, circuit in self.circuits.items()}
        calibrations = (*self.brackets, *self.assignment)
        return protocol | {circuit.name: circuit for circuit in calibrations}

    def on(self, machine: Machine) -> Plan:
        """The same plan for a machine."""
        return replace(self, hardware=machine)

    @cached_property
    def prediction(self) -> Prediction:
        """Prediction of the exact engine for this device, with the errors of the spec's shots.

        Raises:
            BadInput: the exact engine takes more memory than this machine has.
        """
        check_engine(self.experiment)
        return predict(
            self.experiment,
            self.device,
            protocol_pubs(self.experiment, self.circuits),
        )

    @cached_property
    def error_budget(self) -> Budget:
        """What limits the device: derivatives of the excess by its noise.

        Raises:
            BadInput: JAX is not installed.
        """
        from recycling.planning.budget import error_budget

        return error_budget(self.experiment, self.device)

    @property
    def quantum(self) -> float:
        """The bath quantum hf, J."""
        return float(planck * self.experiment.bath.frequency)

    def check_budget(self, max_qpu_seconds: float) -> None:
        """Check the cost against a budget.

        Raises:
            BadInput: it is estimated to cost more.
        """
        limits = USUAL_LIMITS if self.hardware is None else self.hardware.limits
        check_budget(self.cost, self.experiment, max_qpu_seconds, limits.shortest_rep_delay)

    def __repr__(self) -> str:
        jobs = f"{len(self.jobs)} job{'s' if len(self.jobs) != 1 else ''}"
        return f"<Plan of {self.experiment.name} on {self.backend}: {self.device.name}, {jobs}>"

    def _repr_html_(self) -> str | None:
        return None if self.page is None else self.page(self)

    def check_limits(self) -> None:
        """Check each job against the limits of a service.

        Raises:
            BadInput: the service would cancel a job.
        """
        beyond = () if self.cost is None else self.cost.beyond_limits()
        if beyond:
            raise BadInput(
                f"{beyond[0].job.name} takes {beyond[0].qpu_seconds:.0f} s of QPU time, more than "
                "the service allows a job: give fewer measurement.shots or a shorter "
                "hardware.rep_delay"
            )

    def pubs(self, job: Job) -> list[Pub]:
        """PUBs of a job."""
        if job.trial is None:
            return calibration_pubs(self.brackets if job.is_bracket else self.assignment)
        protocol = protocol_pubs(self.experiment, self.circuits, job)
        return [*protocol, *interleaved_pubs(self.experiment, self.assignment)]


def plan(experiment: Source, backend: str = "exact", account: Account | None = None) -> Plan:
    """Choose the layout, build the device and compile all circuits.

    Args:
        experiment: an experiment, the path of a spec, or the name of a preset.
        backend: where it will run: "exact", "aer", "fake:NAME", "ibm:NAME", or a backend of an
            installed package.
        account: whose account to use; None takes the default one.

    Raises:
        BadInput: more than this machine can do, unknown backend or device profile, a layout that
            is not connected or uses a dead gate, or no account.
        BackendFailure: the service does not answer.

    Example:
        >>> import recycling as rc
        >>> planned = rc.plan("theory")
        >>> len(planned.circuits), planned.cost
        (8, None)
    """
    need("qiskit")
    experiment, name = load(experiment), parse_backend(backend)
    connection = connect(name, account or Account())
    planned = plan_on(experiment, name, connection)
    if connection is None or planned.hardware is None:
        return planned
    remaining = connection.remaining_seconds()
    return planned.on(replace(planned.hardware, remaining_seconds=remaining))


def plan_on(experiment: Experiment, name: BackendName, connection: Connection | None) -> Plan:
    """Plan as ``plan`` does, for a connected machine, or None for a simulator.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> planned = plan_on(experiment, BackendName("exact"), connection=None)
        >>> planned.device.roles
        ('data', 'ancilla', 'B', 'S')
    """
    need("qiskit")
    kind = backend_kind(name.kind)
    if experiment.sweep.over is not None:
        raise BadInput(
            "sweep.over: a run has a single device; give the spec to recycling sweep, or remove "
            "[sweep.over]"
        )
    check_size(experiment, name.kind)
    if connection is not None:
        check_for_machine(experiment, connection)
    chip = chip_behind(name, connection)
    if experiment.measurement.shots == "exact" and not (kind and kind.infinite_shots):
        raise BadInput("measurement.shots = 'exact': only the backend 'exact' has infinitely many")
    slow = experiment.device.low_frequency_dephasing
    if slow is not None and connection is None and not (kind and kind.detunings):
        raise BadInput(
            f"device.low_frequency_dephasing = {slow:g}: shots of {name} have no detunings; give "
            "the backend exact, or remove it"
        )
    device = build_device(experiment, chip)
    circuits = compile_all(experiment, device)
    spec, measured = experiment.hardware, connection is not None
    brackets = compile_brackets(device) if _wanted(spec.brackets, measured) else ()
    if experiment.inference.temperature == "calibration" and not brackets:
        raise BadInput(
            "inference.temperature = 'calibration': no bracket would be measured; give "
            "hardware.brackets = true, or another source of T0"
        )
    wanted = _wanted(spec.assignment, measured)
    assignment = compile_assignment(device, experiment.design) if wanted else ()
    machine = None if connection is None else connection.machine
    return Plan(
        experiment,
        name,
        device,
        circuits,
        brackets,
        machine,
        assignment=assignment,
    )


def unusual_limit(machine: Machine | None) -> int | None:
    """Executions that a machine takes in a job, where they are not the usual number.

    Example:
        >>> unusual_limit(None) is None
        True
    """
    limit = None if machine is None else machine.limits.executions_per_job
    return None if limit == USUAL_LIMITS.executions_per_job else limit


def connected_chip(backend: str, account: Account) -> BackendV2 | Machine | None:
    """Find the chip behind a backend, by its name; see ``chip_behind``.

    Example:
        >>> connected_chip("fake:FakeTorino", Account()).num_qubits
        133
    """
    name = parse_backend(backend)
    return chip_behind(name, connect(name, account))


def chip_behind(
    name: BackendName, connection: Connection | None = None
) -> BackendV2 | Machine | None:
    """Find the chip behind a backend; None where the spec's device profile decides.

    Raises:
        BadInput: the chip does not exist.

    Example:
        >>> chip_behind(BackendName("exact")) is None
        True
    """
    if connection is not None:
        return connection.machine
    kind = backend_kind(name.kind)
    return kind.snapshot(name.chip) if kind and kind.snapshot else None


def check_for_machine(experiment: Experiment, connection: HasMachine) -> None:
    """Check a spec against a real device.

    Raises:
        BadInput: the spec has numbers that only a simulation can change, or a repetition delay out
            of range.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> check_for_machine(Experiment(name="tiny", device={"t1": "250 us"}), connection=None)
        Traceback (most recent call last):
        recycling.errors.BadInput: device.t1 = 0.00025: hardware has its own; remove it
    """
    for name in ("t1", "t2", "single_qubit_error", "cz_error", "readout_error"):
        value = getattr(experiment.device, name)
        if value is not None:
            raise BadInput(f"device.{name} = {value:g}: hardware has its own; remove it")
    refuse_channel(experiment)
    if experiment.stage is not None:
        raise BadInput(
            f"stage.calibrated_at = {experiment.stage.calibrated_at:g}: hardware has its "
            "temperature; remove [stage]"
        )
    delay, machine = experiment.hardware.rep_delay, connection.machine
    shortest, longest = machine.limits.shortest_rep_delay, machine.limits.longest_rep_delay
    if delay is not None and not shortest <= delay <= longest:
        raise BadInput(
            f"hardware.rep_delay = {delay:g} s: {machine.name} takes {shortest:g} to {longest:g} s"
        )


def refuse_channel(experiment: Experiment) -> None:
    """Refuse a link that only a simulator can apply.

    Raises:
        BadInput: the link is a channel.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> refuse_channel(Experiment(name="linked", link={"preset": "eth-5m"}))
        Traceback (most recent call last):
        recycling.errors.BadInput: link.realisation = 'channel': hardware applies none; give 'idle'
    """
    if not experiment.link.build().kraus:
        return
    if experiment.physical_link is None:
        raise BadInput(f"link.name = {experiment.link.name!r}: hardware applies no channel")
    raise BadInput("link.realisation = 'channel': hardware applies none; give 'idle'")


def _wanted(wanted: Literal["auto", "interleaved"] | bool, measured: bool) -> bool:
    """Whether a calibration is to be measured: by itself on hardware only."""
    return measured if wanted == "auto" else bool(wanted)
