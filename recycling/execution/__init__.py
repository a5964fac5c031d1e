"""Backends: each executes the same jobs and returns outcomes of the same form."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recycling.devices.device import Device
    from recycling.execution.backend import JobProgress
    from recycling.execution.local import LocalBackend
    from recycling.execution.registry import BackendName


def simulator(
    name: BackendName,
    device: Device,
    seed: int,
    progress: JobProgress = lambda _job, _fraction: None,
) -> LocalBackend:
    """Make a simulator ready to take jobs.

    Args:
        name: its name, e.g. that of the backend "aer".
        device: the device that circuits were compiled for.
        seed: seed of all shots.
        progress: called with a job and the fraction of it that is done.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> from recycling.execution.registry import parse_backend
        >>> simulator(parse_backend("exact"), device, seed=1).seed
        1
    """
    from recycling.execution.local import LocalBackend
    from recycling.execution.registry import backend_kind

    kind = backend_kind(name.kind)
    assert kind is not None  # the plan refuses others
    assert kind.simulate is not None  # those of a machine go to its connection
    simulate = kind.simulate if kind.for_run is None else kind.for_run()
    return LocalBackend(simulate, device, seed, progress)
