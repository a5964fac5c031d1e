"""Offline snapshots of IBM devices."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from recycling.devices.snapshots import why_unknown
from recycling.errors import BadInput

if TYPE_CHECKING:
    from qiskit.providers import BackendV2


@lru_cache(maxsize=4)  # reading the dates of a snapshot takes as long as a compilation
def snapshot_backend(name: str, field: str = "device.profile") -> BackendV2:
    """Load the offline snapshot of an IBM device, by class name, e.g. "FakeTorino".

    Later calls give the same object: leave it unchanged.

    Args:
        name: class name.
        field: field of the user's input, for the error.

    Raises:
        BadInput: the snapshot does not exist, or has no CZ gate (it is not a Heron).

    Example:
        >>> snapshot_backend("FakeTorino").num_qubits
        133
    """
    from qiskit.providers import BackendV2
    from qiskit_ibm_runtime import fake_provider

    # The package has classes beside its devices, such as their provider.
    device = getattr(fake_provider, name, None) if name.startswith("Fake") else None
    backend = device() if isinstance(device, type) and issubclass(device, BackendV2) else None
    if backend is None or "cz" not in backend.target.operation_names:
        besides = ("paper", "ideal") if field == "device.profile" else ()
        raise BadInput(f"{field} {why_unknown(name, besides)}")
    return backend
