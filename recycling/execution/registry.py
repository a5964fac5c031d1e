"""Every kind of backend: a line here, or an entry point of an installed package.

The name of a backend is its kind and, where the kind has several chips, the name of a chip:
``exact``, ``fake:FakeFez``, ``ibm:ibm_fez``. The module of a kind holds its ``BACKEND``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from recycling.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

    from recycling.devices.device import Device
    from recycling.execution.backend import Progress
    from recycling.execution.machine import Account, Connection
    from recycling.jobs.job import Job, Pub
    from recycling.jobs.outcomes import Outcomes

    #: Executes a job: job, PUBs, device, seed, progress.
    Simulate = Callable[[Job, Sequence[Pub], Device, np.random.SeedSequence, Progress], Outcomes]

BACKENDS = {
    "exact": "recycling.execution.exact",
    "aer": "recycling.execution.aer",
    "fake": "recycling.execution.ibm.sampler",
    "ibm": "recycling.execution.ibm.backend",
    "trajectories": "recycling.execution.trajectories",
}
#: Entry points under which installed packages name the ``BackendKind`` of a further kind.
GROUP = "recycling.backends"


@dataclass(frozen=True)
class BackendKind:
    """A kind of backend: a simulator on this machine, or the machines of a vendor.

    Attributes:
        usage: names of this kind, for the error about another name.
        has_chips: whether a name needs a chip.
        simulate: executes a job here; None for machines.
        for_run: makes a ``simulate`` for the jobs of a run, which keeps what they share.
        connect: way to the machine of a name; None for simulators.
        snapshot: chip of a name, as a Qiskit backend, that a simulator imitates.
        infinite_shots: whether it takes shots = "exact".
        detunings: whether its shots have detunings that are constant during each.
    """

    usage: str
    has_chips: bool = False
    simulate: Simulate | None = None
    connect: Callable[[str, Account], Connection] | None = None
    snapshot: Callable[[str], Any] | None = None
    infinite_shots: bool = False
    detunings: bool = False
    for_run: Callable[[], Simulate] | None = None


@dataclass(frozen=True)
class BackendName:
    """Name of a backend: its kind, and the chip where the kind needs one."""

    kind: str
    chip: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.chip}" if self.chip else self.kind


def backend_kind(name: str) -> BackendKind | None:
    """Kind of backend by its name; None where there is none.

    Raises:
        BadInput: the kind of an installed package cannot be loaded.

    Example:
        >>> backend_kind("exact").infinite_shots, backend_kind("cat") is None
        (True, True)
    """
    if name in BACKENDS:
        kind: BackendKind = import_module(BACKENDS[name]).BACKEND
        return kind
    for point in entry_points(group=GROUP, name=name):
        try:
            found = point.load()
        except Exception as error:  # whatever the package makes of it
            raise BadInput(
                f"backend = {name!r}: {point.value} cannot be loaded ({error}): install its "
                "package again"
            ) from error
        # Runs are read where the package is not installed: there only the form of a name is known.
        if isinstance(found, BackendKind) and found.has_chips:
            return found
        raise BadInput(
            f"backend = {name!r}: {point.value} is no BackendKind with chips: ask its authors"
        )
    return None


def parse_backend(backend: str) -> BackendName:
    """Read the name of a backend.

    Raises:
        BadInput: there is no such backend.

    Example:
        >>> parse_backend("fake:FakeFez")
        BackendName(kind='fake', chip='FakeFez')
    """
    kind, colon, chip = backend.partition(":")
    found = backend_kind(kind)
    if found is not None and (bool(chip) if found.has_chips else not colon):
        return BackendName(kind, chip)
    installed = sorted({point.name for point in entry_points(group=GROUP)} - set(BACKENDS))
    known = [backend_kind(name) for name in (*BACKENDS, *installed)]
    *usages, last = [each.usage for each in known if each is not None]
    raise BadInput(f"backend = {backend!r}: give {', '.join(usages)} or {last}")


def connect(name: BackendName, account: Account) -> Connection | None:
    """Make the way to the machine of a backend, not yet connected; None for simulators.

    Example:
        >>> from recycling.execution.machine import Account
        >>> connect(BackendName("exact"), Account()) is None
        True
    """
    kind = backend_kind(name.kind)
    return None if kind is None or kind.connect is None else kind.connect(name.chip, account)
