"""Jobs on IBM Quantum, by the client qiskit-ibm-runtime.

Its interface moves between minor releases; what moves is mended here, and in ``connection``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.errors import BackendFailure, BadInput
from recycling.execution.backend import Submitted
from recycling.execution.ibm.answers import (
    GONE,
    is_transient,
    metrics_of,
    outcomes_of,
    status_code,
)
from recycling.execution.ibm.logs import BEARER_TOKEN, keep_secrets_out_of_logs
from recycling.execution.ibm.machine import imitates
from recycling.execution.ibm.wire import contents
from recycling.execution.machine import Account
from recycling.jobs.job import Pub
from recycling.jobs.status import JobStatus, ListedJob, charged_seconds

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2

    from recycling.execution.ibm.connection import Timeouts

#: PUB as the Sampler takes it: a circuit and the values of its parameters by name.
SamplerPub = tuple["QuantumCircuit", Mapping[str, NDArray[np.float64]]]
#: States of a job on the service that are final, and how a run calls them.
_STATES = {
    "INITIALIZING": "queued", "QUEUED": "queued", "RUNNING": "running", "DONE": "done",
    "ERROR": "failed", "CANCELLED": "cancelled",
}  # fmt: skip
#: Jobs that are listed in one answer.
_PAGE = 50
#: What a run keeps of a job's metrics.
_METRICS = ("timestamps", "usage", "circuits_execution_time_ns")


@dataclass(frozen=True)
class Hardware:
    """A device of IBM Quantum. It connects when it is first used.

    ``timeouts`` are the longest waits for the service; None takes the usual waits.

    Raises:
        BadInput: from every use: there is no account, or the account does not have the device.
        BackendFailure: from every use: the service failed, refused, or did not answer.

    Example:
        >>> Hardware("ibm_fez", Account(name="lab")).name
        'ibm_fez'
    """

    name: str
    account: Account
    timeouts: Timeouts | None = None

    @cached_property
    def service(self) -> Any:
        """Connected QiskitRuntimeService."""
        from qiskit_ibm_runtime.exceptions import IBMInputValueError

        from recycling.execution.ibm.connection import Service, Timeouts

        keep_secrets_out_of_logs()
        with self._failures("connecting"):
            try:
                service = Service(
                    self.timeouts or Timeouts(),
                    name=self.account.name,
                    instance=self.account.instance or "auto",
                    plans_preference=[self.account.plan] if self.account.plan else None,
                )
            except IBMInputValueError as error:
                text = self._text(error)
                raise BadInput(f"the IBM Quantum account: {text}; correct it") from None
            self._check_plan(service)
            return service

    def _check_plan(self, service: Any) -> None:
        """The client prefers an account's own instance to any plan that is asked for."""
        own, asked = service.active_account().get("instance"), self.account.plan
        if self.account.instance or own is None or asked is None:
            return
        plans = {key: i["plan"] for i in service.instances() for key in (i["crn"], i["name"])}
        if plans.get(own) != asked.lower():
            raise BadInput(
                f"plan = {asked!r}: the account's own instance is on the plan {plans.get(own)!r}; "
                "give --instance"
            )

    @cached_property
    def backend(self) -> BackendV2:
        """The device as a Qiskit backend, with the calibration of this moment."""
        from qiskit.providers.exceptions import QiskitBackendNotFoundError

        with self._failures("loading the device"):
            try:
                backend = self.service.backend(self.name)
            except QiskitBackendNotFoundError:
                # The client takes a list that was not answered for one that is empty.
                if not any(self.service._backends_info_per_instance.values()):
                    raise BackendFailure(
                        f"{self.name}: the service does not list its devices: try later",
                        transient=True,
                    ) from None
                raise BadInput(
                    f"backend = 'ibm:{self.name}': this account has no such device; give another, "
                    "or another --instance"
                ) from None
            if backend.properties() is None:
                raise BackendFailure(
                    f"{self.name} reports no calibration: try later, or another device",
                    transient=True,
                )
            return backend

    @property
    def payer(self) -> Account:
        """The account with the instance that the device was found in, whatever was asked for."""
        return replace(self.account, instance=str(self.backend._instance))

    @cached_property
    def rep_delay_range(self) -> tuple[float, float]:
        """Shortest and longest wait between shots, s; (0, inf) where none is reported."""
        low, high = getattr(self.backend, "rep_delay_range", None) or (0.0, np.inf)
        return float(low), float(high)

    @cached_property
    def default_rep_delay(self) -> float | None:
        """Wait between shots where none is asked for, s; None where it is not reported."""
        delay = getattr(self.backend, "default_rep_delay", None)
        return None if delay is None else float(delay)

    @cached_property
    def simulated(self) -> bool:
        """Whether the service is not IBM's own, but one that imitates it.

        See ``imitates``.
        """
        return imitates(self.service)

    @property
    def calibration(self) -> dict[str, Any]:
        """Calibration of the whole chip as reported: the service forgets retired devices."""
        return dict(self.backend.properties().to_dict())

    def remaining_seconds(self) -> float | None:
        """QPU time that the instance still has, s; None where it does not say."""
        with self._failures("asking for the usage"):
            usage = self.service.usage()
            remaining = usage.get("usage_remaining_seconds") if isinstance(usage, dict) else None
            return None if remaining is None else float(remaining)

    def open(self, mode: str) -> str | None:
        """Open a batch or a session and return its id; None for plain jobs."""
        from qiskit_ibm_runtime import Batch, Session

        if mode == "job":
            return None
        with self._failures(f"opening a {mode}"):
            group = (Batch if mode == "batch" else Session)(backend=self.backend)
            return str(group.session_id)

    def close(self, mode: str, group: str) -> None:
        """Close a batch or a session: what is in it runs to its end, and no more is billed."""
        from qiskit_ibm_runtime import Batch, Session

        with self._failures(f"closing the {mode}"):
            # The device first: where the account has several instances, it tells which to ask.
            service = self.backend.service
            (Batch if mode == "batch" else Session).from_id(group, service=service).close()

    def submit(
        self,
        pubs: Sequence[SamplerPub],
        shots: int,
        *,
        tags: Sequence[str],
        rep_delay: float | None,
        init_qubits: bool,
        max_execution_time: int | None,
        mode: str = "job",
        group: str | None = None,
    ) -> str:
        """Submit one job and return its id; the options are those of the spec's ``[hardware]``.

        Raises:
            BackendFailure: refused, or no answer; then only a look by tag tells whether it was
                accepted.
        """
        from qiskit_ibm_runtime import Batch, Session
        from qiskit_ibm_runtime.executor_sampler import Sampler

        with self._failures("submitting"):
            where: Any = self.backend
            if group is not None:
                kind = Batch if mode == "batch" else Session
                where = kind.from_id(group, service=self.service)
            sampler = Sampler(mode=where)
            options = sampler.options
            options.environment.job_tags = list(tags)
            options.execution.init_qubits = init_qubits
            options.execution.rep_delay = rep_delay
            options.execution.scheduler_timing = True
            options.max_execution_time = max_execution_time
            return str(sampler.run(list(pubs), shots=shots).job_id())

    def find(self, tag: str) -> list[ListedJob]:
        """All jobs with a tag, the oldest first."""
        with self._failures("looking for a job"):
            # Only the instance that the device belongs to knows its jobs. Its answers are read
            # here: the client makes a device of each entry, which takes 30 ms.
            client = self.service._get_api_client(self.backend._instance)
            jobs: list[ListedJob] = []
            while True:
                page = client.jobs_get(
                    limit=_PAGE, skip=len(jobs), job_tags=[tag], descending=False
                )
                jobs += [
                    ListedJob(str(job["id"]), tuple(job.get("tags") or ()), job.get("session_id"))
                    for job in page["jobs"]
                ]
                if not page["jobs"] or len(jobs) >= page["count"]:
                    return jobs

    def poll(self, job_id: str) -> JobStatus:
        """State of a job."""
        with self._failures("asking for a job"):
            try:
                job = self.service.job(job_id)
                state = str(job.status())
            except Exception as error:
                if status_code(error) not in GONE:
                    raise
                return self._missing(job_id)
            if state not in _STATES:
                return JobStatus("lost", self._public(f"{job_id} is in the unknown state {state}"))
            reason = job.error_message() if state == "ERROR" else None
            return JobStatus(_STATES[state], self._public(str(reason or "")))

    def _missing(self, job_id: str) -> JobStatus:
        """State of a job that was not found, as the instance says that the device belongs to.

        The client asks all, and takes one that does not answer for one that does not know.
        """
        try:
            self.service._get_api_client(self.backend._instance).job_get(job_id)
        except Exception as error:
            code = status_code(error)
            if code not in GONE:
                raise
            return JobStatus("lost", f"the service has no job {job_id} (answer {code})")
        raise BackendFailure(f"{self.name}: {job_id} was not found, then it was", transient=True)

    def charged(self, job_id: str) -> float | None:
        """QPU time that a job is charged for, s; None while it is not known."""
        with self._failures("asking for the cost of a job"):
            return charged_seconds(self.service.job(job_id).metrics())

    def fetch(self, job_id: str) -> tuple[list[NDArray[Any]], dict[str, Any]]:
        """Outcomes of a finished job, and what the service tells about its time.

        Returns:
            For each PUB an array of shape (*sweep, shots): the bits of one shot as a number, the
            first classical register its lowest bit. And a record with the job's metrics, its tags,
            and the true schedules of its circuits as reported, in any order (see ``schedules``).
        """
        with self._failures("fetching a result"):
            job = self.service.job(job_id)
            result = job.result()
            if result is None:
                raise BackendFailure(
                    f"{self.name}: the result of {job_id} is empty", transient=True
                )
            metrics = metrics_of(job)
            compilations = [pub.metadata.get("compilation", {}) for pub in result]
            record = {
                "metrics": {key: metrics.get(key) for key in _METRICS},
                "schedules": [each.get("scheduler_timing") for each in compilations],
                "tags": list(job.tags),
            }
            return outcomes_of(result), record

    def submitted(self, job_id: str) -> Submitted:
        """What somebody submitted as a job."""
        with self._failures("reading what was submitted"):
            client = self.service._get_api_client(self.backend._instance)
            try:
                job = client.job_get(job_id, exclude_params=False)
            except Exception as error:
                if status_code(error) not in GONE:
                    raise
                raise BadInput(
                    f"job_id = {job_id!r}: ibm:{self.name} has no such job; give another"
                ) from None
            params = job.get("params") or {}
            try:
                items = contents(params)
            except ValueError as error:
                raise BackendFailure(f"{self.name}: {job_id} cannot be read: {error}") from None
            pubs = tuple(
                Pub(circuit, {p.name: values[..., n] for n, p in enumerate(circuit.parameters)})
                for circuit, values in items
            )
            created = job.get("created")
            return Submitted(
                job_id,
                pubs,
                int(params["quantum_program"].shots),
                tuple(job.get("tags") or ()),
                created and str(created),
            )

    def past_bills(self, count: int) -> list[tuple[str, float, float]]:
        """Bills of the last jobs on the device: id, QPU time charged and of the circuits alone, s.

        Jobs whose bill or circuit time is not reported are left out.
        """
        with self._failures("asking for past jobs"):
            client = self.service._get_api_client(self.backend._instance)
            page = client.jobs_get(limit=count, backend_name=self.name, pending=False)
            bills = []
            for job in page["jobs"]:
                metrics = client.job_metadata(str(job["id"]))
                charged = charged_seconds(metrics)
                circuits = metrics.get("circuits_execution_time_ns")
                if charged and circuits:
                    bills.append((str(job["id"]), charged, float(circuits) * 1e-9))
            return bills

    def cancel(self, job_id: str) -> None:
        """Cancel a job that is not finished."""
        with self._failures("cancelling a job"):
            self.service.job(job_id).cancel()

    @contextmanager
    def _failures(self, doing: str) -> Iterator[None]:
        """Turn whatever the client raises into one line without secrets."""
        from qiskit.providers.exceptions import QiskitBackendNotFoundError
        from qiskit_ibm_runtime.accounts.exceptions import AccountNotFoundError, AccountsError

        try:
            yield
        except (BadInput, BackendFailure):
            raise
        except AccountNotFoundError:
            which = f" named {self.account.name!r}" if self.account.name else ""
            raise BadInput(
                f"backend = 'ibm:{self.name}': no IBM Quantum account{which} on this machine; save "
                "one with QiskitRuntimeService.save_account(...), or set QISKIT_IBM_TOKEN"
            ) from None
        except AccountsError as error:
            # A sign-in that was not answered looks like a wrong account.
            if not is_transient(error):
                text = self._text(error)
                raise BadInput(f"the IBM Quantum account: {text}; correct it") from None
            raise self._failure(doing, error.__context__ or error, transient=True) from None
        except QiskitBackendNotFoundError as error:
            # The device was there before: the list of devices has not been answered.
            raise self._failure(doing, error, transient=True) from None
        except Exception as error:
            raise self._failure(doing, error, transient=is_transient(error)) from None

    def _failure(self, doing: str, error: BaseException, *, transient: bool) -> BackendFailure:
        return BackendFailure(f"{self.name}, {doing}: {self._text(error)}", transient=transient)

    def _text(self, error: BaseException) -> str:
        """Message of an error in one short line, without secrets."""
        return self._public(str(error) or type(error).__name__)[:300]

    def _public(self, text: str) -> str:
        """Text in one line, without the account's token and what the client gets for it."""
        service = self.__dict__.get("service")
        token = service.active_account().get("token") if service is not None else None
        text = BEARER_TOKEN.sub("…", " ".join(text.split()))
        return text.replace(token, "…") if token else text
