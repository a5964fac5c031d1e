"""A device of IBM Quantum as a machine: its limits and its price, as IBM documents them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from recycling.execution.machine import Limits, Machine, Price
from recycling.jobs.job import EXECUTIONS_PER_JOB

if TYPE_CHECKING:
    from recycling.execution.ibm.service import Hardware


#: Limits of a Heron that reports none.
HERON = Limits(
    executions_per_job=EXECUTIONS_PER_JOB,
    longest_job=10_800.0,
    jobs_per_minute=5,
    shortest_rep_delay=20e-6,
    longest_rep_delay=float("inf"),
    default_rep_delay=250e-6,
)
#: QPU time of IBM Quantum, which pay-as-you-go plans bill.
PRICE = Price(
    job_overhead=2.0,
    formula="IBM's formula: 2 s a job + (rep_delay + circuit length) × executions",
    allowance=("open plan", 600.0),
    allowance_days=28,
)
#: Domain of the service whose outcomes are measured; those of any other are simulated.
_IBM_DOMAIN = "ibm.com"
#: Variables by which IBM's client is led to other addresses than those of IBM.
_ADDRESSES = ("IAM_URL", "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL")


def machine_of(hardware: Hardware) -> Machine:
    """Describe a connected device as a machine.

    Raises:
        BadInput: there is no account, or the account does not have the device.
        BackendFailure: the service failed, refused, or did not answer.

    Example:
        >>> from types import SimpleNamespace
        >>> from qiskit_ibm_runtime.fake_provider import FakeTorino
        >>> from recycling.execution.machine import Account
        >>> hardware = SimpleNamespace(
        ...     name="fake_torino", backend=FakeTorino(), rep_delay_range=(0.0, 5e-4),
        ...     default_rep_delay=None, simulated=True, payer=Account(), calibration={},
        ... )
        >>> machine_of(hardware).limits.longest_rep_delay
        0.0005
    """
    shortest, longest = hardware.rep_delay_range
    default = hardware.default_rep_delay
    return Machine(
        name=hardware.name,
        target=hardware.backend.target,
        limits=Limits(
            executions_per_job=HERON.executions_per_job,
            longest_job=HERON.longest_job,
            jobs_per_minute=HERON.jobs_per_minute,
            shortest_rep_delay=shortest,
            longest_rep_delay=longest,
            default_rep_delay=HERON.default_rep_delay if default is None else default,
        ),
        price=PRICE,
        simulated=hardware.simulated,
        account=hardware.payer,
        calibration=hardware.calibration,
        readout=hardware.backend.properties(),
    )


def imitates(service: Any) -> bool:
    """Whether a connected service is not IBM's own, but one that imitates it.

    So it is if any address that the client asks is another one: that of the account, and those
    that the environment gives.

    Example:
        >>> from types import SimpleNamespace
        >>> account = {"url": "http://127.0.0.1:8000"}
        >>> imitates(SimpleNamespace(active_account=lambda: account))
        True
    """
    given = [os.environ[name] for name in _ADDRESSES if os.environ.get(name)]
    addresses = [str(service.active_account().get("url")), *given]
    hosts = [urlsplit(address).hostname or "" for address in addresses]
    return not all(f".{host}".endswith(f".{_IBM_DOMAIN}") for host in hosts)
