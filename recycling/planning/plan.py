"""From an experiment to what will be executed: device, layout, compiled circuits and jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from circuits.design import Setting
from recycling.compilation.calibrations import compile_assignment, compile_brackets
from recycling.errors import BadInput
from recycling.execution.ibm.service import Account, Hardware, snapshot_backend
from recycling.jobs.cut import ASSIGNMENTS, all_jobs, protocol_pubs
from recycling.jobs.job import Job, Pub, calibration_pubs
from recycling.jobs.sizes import check_size
from recycling.planning.chips import build_device
from recycling.planning.circuits import compile_all
from recycling.planning.cost import (
    DEFAULT_REP_DELAY,
    SHORTEST_REP_DELAY,
    Cost,
    check_budget,
    estimate_cost,
)
from recycling.planning.prediction import Prediction, predict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2

    from recycling.devices.device import Device
    from recycling.spec.experiment import Experiment

Kind = Literal["exact", "aer", "fake", "ibm"]


@dataclass(frozen=True)
class BackendName:
    """Name of a backend: its kind, and the chip where the kind needs one."""

    kind: Kind
    chip: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.chip}" if self.chip else self.kind


@dataclass(frozen=True)
class Plan:
    """What will be executed: one compiled circuit for each arm, stage and preparation.

    Each circuit serves every θ_b and every basis by its parameters. ``brackets`` measure the bath
    qubit before and after, ``assignment`` the readout of the recorded qubits, in the jobs named by
    ``assignments``. All circuits are on the device's own qubits; ``hardware`` is the chip behind
    them where they go to a service.
    """

    experiment: Experiment
    backend: BackendName
    device: Device
    circuits: Mapping[Setting, QuantumCircuit]
    brackets: tuple[QuantumCircuit, ...] = ()
    hardware: Hardware | None = field(default=None, compare=False)
    assignment: tuple[QuantumCircuit, ...] = field(default=(), kw_only=True)
    assignments: tuple[str, ...] = field(default=ASSIGNMENTS, kw_only=True)

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs, in the order in which they are submitted."""
        return all_jobs(
            self.experiment,
            brackets=bool(self.brackets),
            assignments=self.assignments if self.assignment else (),
        )

    @property
    def rep_delay(self) -> float:
        """Wait between shots, s: the spec's, or the device's own."""
        asked = self.experiment.hardware.rep_delay
        if asked is not None:
            return asked
        reported = None if self.hardware is None else self.hardware.default_rep_delay
        return DEFAULT_REP_DELAY if reported is None else reported

    @cached_property
    def cost(self) -> Cost | None:
        """QPU time that this costs, or would cost on hardware; None with shots = "exact"."""
        return estimate_cost(((job, self.pubs(job)) for job in self.jobs), self.device,
                             self.rep_delay)  # fmt: skip

    @cached_property
    def prediction(self) -> Prediction:
        """What the exact engine predicts for this device, with the errors of the spec's shots."""
        return predict(
            self.experiment,
            self.device,
            protocol_pubs(self.experiment, self.circuits),
        )

    def check_budget(self, max_qpu_seconds: float) -> None:
        """Check the cost against a budget.

        Raises:
            BadInput: it is estimated to cost more.
        """
        shortest = SHORTEST_REP_DELAY if self.hardware is None else self.hardware.rep_delay_range[0]
        check_budget(self.cost, self.experiment, max_qpu_seconds, shortest)

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
        return protocol_pubs(self.experiment, self.circuits, job)


def plan(experiment: Experiment, backend: str = "exact", account: Account | None = None) -> Plan:
    """Choose the layout, build the device and compile all circuits.

    Args:
        experiment: validated spec.
        backend: where it will run: "exact", "aer", "fake:NAME" or "ibm:NAME".
        account: whose IBM Quantum account to use; None takes the default one.

    Raises:
        BadInput: more than this machine can do, unknown backend or device profile, a layout that
            is not connected or uses a dead gate, or no account.
        BackendFailure: the service does not answer.
    """
    name = parse_backend(backend)
    check_size(experiment, name.kind)
    hardware = Hardware(name.chip, account or Account()) if name.kind == "ibm" else None
    if hardware is not None:
        check_for_hardware(experiment, hardware)
    chip = chip_behind(name, hardware)
    if name.kind != "exact" and experiment.measurement.shots == "exact":
        raise BadInput("measurement.shots = 'exact': only the backend 'exact' has infinitely many")
    device = build_device(experiment, chip)
    circuits = compile_all(experiment, device)
    spec = experiment.hardware
    brackets = compile_brackets(device) if _wanted(spec.brackets, name) else ()
    if experiment.inference.temperature == "calibration" and not brackets:
        raise BadInput(
            "inference.temperature = 'calibration': no bracket would be measured; give "
            "hardware.brackets = true, or another source of T0"
        )
    assignment = (
        compile_assignment(device, experiment.design) if _wanted(spec.assignment, name) else ()
    )
    return Plan(experiment, name, device, circuits, brackets, hardware, assignment=assignment)


def parse_backend(backend: str) -> BackendName:
    """Read the name of a backend.

    Raises:
        BadInput: it is none.
    """
    kind, colon, chip = backend.partition(":")
    if (kind in ("exact", "aer") and not colon) or (kind in ("fake", "ibm") and chip):
        return BackendName(kind, chip)  # type: ignore[arg-type]
    raise BadInput(
        f"backend = {backend!r}: give 'exact', 'aer', 'fake:NAME' (a snapshot, e.g. fake:FakeFez) "
        "or 'ibm:NAME' (e.g. ibm:ibm_fez)"
    )


def connected_chip(backend: str, account: Account) -> BackendV2 | None:
    """Chip that a backend stands for, by its name; see ``chip_behind``."""
    name = parse_backend(backend)
    return chip_behind(name, Hardware(name.chip, account) if name.kind == "ibm" else None)


def chip_behind(name: BackendName, hardware: Hardware | None = None) -> BackendV2 | None:
    """Chip that a backend stands for; None where the spec's device profile decides.

    Raises:
        BadInput: there is no such chip.
    """
    if hardware is not None:
        return hardware.backend
    return snapshot_backend(name.chip, "backend") if name.kind == "fake" else None


def check_for_hardware(experiment: Experiment, hardware: Hardware) -> None:
    """Check a spec against a real device.

    Raises:
        BadInput: numbers that only a simulation can change, or a repetition delay out of range.
    """
    for name in ("t1", "t2", "single_qubit_error", "cz_error", "readout_error"):
        value = getattr(experiment.device, name)
        if value is not None:
            raise BadInput(f"device.{name} = {value:g}: hardware has its own; remove it")
    delay = experiment.hardware.rep_delay
    shortest, longest = hardware.rep_delay_range
    if delay is not None and not shortest <= delay <= longest:
        raise BadInput(
            f"hardware.rep_delay = {delay:g} s: {hardware.name} takes {shortest:g} to {longest:g} s"
        )


def _wanted(wanted: Literal["auto"] | bool, name: BackendName) -> bool:
    """Whether a calibration is to be measured: by itself on hardware only."""
    return name.kind == "ibm" if wanted == "auto" else wanted
