"""A Qiskit backend that the user holds: whether it is simulated, and a Sampler on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recycling.execution.ibm.machine import HERON, PRICE, imitates
from recycling.execution.machine import Limits, Machine
from recycling.jobs.job import EXECUTIONS_PER_JOB

if TYPE_CHECKING:
    from recycling.spec.experiment import HardwareSpec

#: Limits of a machine that states none.
_OPEN = Limits(EXECUTIONS_PER_JOB, math.inf, HERON.jobs_per_minute, 0.0, math.inf, 0.0)


@dataclass(frozen=True)
class Given:
    """What a check of a spec needs of a connection: the machine."""

    machine: Machine


def simulated_here(backend: Any) -> bool:
    """Whether a backend is simulated on this machine: a snapshot of IBM's client, or Aer.

    Example:
        >>> from qiskit_ibm_runtime.fake_provider import FakeTorino
        >>> simulated_here(FakeTorino())
        True
    """
    from qiskit_aer.backends.aerbackend import AerBackend
    from qiskit_ibm_runtime.fake_provider.fake_backend import FakeBackendV2

    return isinstance(backend, AerBackend | FakeBackendV2)


def machine_behind(backend: Any) -> Machine:
    """Describe a backend as a machine; one that is not of IBM has no limits that are known.

    Example:
        >>> from qiskit_ibm_runtime.fake_provider import FakeTorino
        >>> machine_behind(FakeTorino()).name
        'fake_torino'
    """
    from qiskit_ibm_runtime import IBMBackend

    of_ibm = isinstance(backend, IBMBackend)
    simulated = imitates(backend.service) if of_ibm else simulated_here(backend)
    shortest, longest = getattr(backend, "rep_delay_range", None) or (0.0, math.inf)
    limits = Limits(
        _OPEN.executions_per_job,
        HERON.longest_job if of_ibm else _OPEN.longest_job,
        _OPEN.jobs_per_minute,
        float(shortest),
        float(longest),
        _OPEN.default_rep_delay,
    )
    return Machine(str(backend.name), backend.target, limits, PRICE, simulated)


def sampler_on(backend: Any, hardware: HardwareSpec) -> Any:
    """Make a Sampler on a machine, with the options of the spec's ``[hardware]``.

    Example:
        >>> from qiskit_ibm_runtime.fake_provider import FakeTorino
        >>> from recycling.spec.sections import HardwareSpec
        >>> sampler_on(FakeTorino(), HardwareSpec(rep_delay=3e-4)).options.execution.rep_delay
        0.0003
    """
    from qiskit_ibm_runtime.executor_sampler import Sampler

    sampler = Sampler(mode=backend)
    sampler.options.environment.job_tags = ["thermodynamic-recycling"]
    sampler.options.execution.init_qubits = hardware.init_qubits
    sampler.options.execution.rep_delay = hardware.rep_delay
    sampler.options.execution.scheduler_timing = True
    sampler.options.max_execution_time = hardware.max_execution_time
    return sampler
