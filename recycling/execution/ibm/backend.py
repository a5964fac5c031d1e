"""IBM Quantum as a backend: circuits on the chip, jobs identified by their tags."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from recycling.devices.device import Device
from recycling.execution.backend import Submitted
from recycling.execution.ibm.machine import machine_of
from recycling.execution.ibm.service import Hardware
from recycling.execution.machine import Machine, placed_circuit
from recycling.execution.registry import BackendKind
from recycling.jobs.job import Job, Pub, full_parameters, most_bits, together
from recycling.jobs.outcomes import Outcomes
from recycling.jobs.status import JobStatus, ListedJob
from recycling.spec.experiment import HardwareSpec

#: Time within which the service's list shows a job that it has accepted, s. IBM states none.
LIST_LAG = 10.0


@dataclass
class HardwareBackend:
    """A device of IBM Quantum.

    ``group`` is the batch or session of this process, opened with the first job that is submitted;
    ``earlier`` are those of processes that may have died before they closed them.

    Example:
        >>> from recycling.execution.machine import Account
        >>> hardware = Hardware("ibm_fez", Account(name="lab"))
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.spec.sections import HardwareSpec
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> HardwareBackend(hardware, device, HardwareSpec(mode="session")).group is None
        True
    """

    hardware: Hardware
    device: Device
    spec: HardwareSpec
    earlier: Collection[str] = ()
    group: str | None = field(default=None, init=False)
    list_lag: ClassVar[float] = LIST_LAG

    def submit(self, job: Job, pubs: Sequence[Pub], tags: Sequence[str]) -> str:
        """Submit a job to the service, in the batch or session of this backend."""
        assert job.shots is not None  # the plan refuses infinitely many
        placed = [
            (placed_circuit(pub.circuit, self.device, self._num_qubits), full_parameters(pub))
            for pub in pubs
        ]
        if self.group is None:
            self.group = self.hardware.open(self.spec.mode)
        return self.hardware.submit(
            placed,
            job.shots,
            tags=[tags[0], "recycling", f"job:{job.name}", *tags[1:]],
            rep_delay=self.spec.rep_delay,
            init_qubits=self.spec.init_qubits,
            max_execution_time=self.spec.max_execution_time,
            mode=self.spec.mode,
            group=self.group,
        )

    def find(self, tag: str) -> Sequence[ListedJob]:
        """All jobs with a tag, the oldest first."""
        found = self.hardware.find(tag)
        if self.spec.mode == "session" and self.group is None:
            # A process may have opened their sessions and died before it recorded them.
            self.earlier = {*self.earlier, *(job.group for job in found if job.group)}
        return found

    def poll(self, job_id: str) -> JobStatus:
        """State of a job."""
        return self.hardware.poll(job_id)

    def fetch(self, job: Job, pubs: Sequence[Pub], job_id: str) -> Outcomes:
        """Outcomes of a finished job, and the report of the service on its time."""
        del job
        outcomes, record = self.hardware.fetch(job_id)
        shots = together(outcomes)
        return Outcomes(most_bits(pubs), shots=shots, record=record)

    def submitted(self, job_id: str) -> Submitted:
        """What somebody submitted as a job."""
        return self.hardware.submitted(job_id)

    def cancel(self, job_id: str) -> None:
        """Cancel a job that is not finished."""
        self.hardware.cancel(job_id)

    def charged(self, job_id: str) -> float | None:
        """QPU time that a job is charged for, s; None while the service is still adding it up."""
        return self.hardware.charged(job_id)

    def close(self) -> None:
        """Close the batch or session: what is in it runs on, and no more is billed for it.

        A session that is left open is billed until it times out; a batch costs nothing.
        """
        groups = {self.group, *(self.earlier if self.spec.mode == "session" else ())} - {None}
        for group in groups:
            self.hardware.close(self.spec.mode, str(group))
        self.group, self.earlier = None, ()

    @cached_property
    def _num_qubits(self) -> int:
        return int(self.hardware.backend.num_qubits)


@dataclass(frozen=True)
class IBMConnection:
    """The way to a device of IBM Quantum.

    Example:
        >>> from recycling.execution.machine import Account
        >>> hardware = Hardware("ibm_fez", Account(name="lab"))
        >>> IBMConnection(hardware).hardware.name  # it connects when it is first used
        'ibm_fez'
    """

    hardware: Hardware

    @cached_property
    def machine(self) -> Machine:
        """The device as data, with the calibration of this moment."""
        return machine_of(self.hardware)

    def remaining_seconds(self) -> float | None:
        """QPU time that the instance still has, s; None where it does not say."""
        return self.hardware.remaining_seconds()

    def past_bills(self, count: int) -> list[tuple[str, float, float]]:
        """Bills of the last jobs on the device; see ``Hardware.past_bills``."""
        return self.hardware.past_bills(count)

    def executor(
        self, device: Device, options: HardwareSpec, earlier: Collection[str]
    ) -> HardwareBackend:
        """Backend that takes the jobs of a run."""
        return HardwareBackend(self.hardware, device, options, earlier)


BACKEND = BackendKind(
    usage="'ibm:NAME' (e.g. ibm:ibm_fez)",
    has_chips=True,
    connect=lambda chip, account: IBMConnection(Hardware(chip, account)),
)
