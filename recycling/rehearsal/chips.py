"""Backends of the service: snapshots of real devices under the names of the devices."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from qiskit.providers import BackendV2

from recycling.execution.ibm.snapshots import snapshot_backend
from recycling.rehearsal.execution import Engine, Executor, Physics


@dataclass(frozen=True)
class Chip:
    """One backend: what it tells about itself, and what executes its jobs. It is read when needed.

    Example:
        >>> Chip("FakeMarrakesh", Physics()).name
        'ibm_marrakesh'
    """

    snapshot: str
    physics: Physics
    engine: Engine = "exact"

    @property
    def name(self) -> str:
        """Name of the device of the snapshot."""
        return "ibm_" + self.snapshot.removeprefix("Fake").lower()

    @cached_property
    def backend(self) -> BackendV2:
        """The snapshot."""
        return snapshot_backend(self.snapshot)

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """What the device is."""
        return self._read(self.backend.conf_filename)

    @cached_property
    def properties(self) -> dict[str, Any]:
        """Its calibration, with the dates of the snapshot."""
        return self._read(self.backend.props_filename)

    @cached_property
    def executor(self) -> Executor:
        """What executes its jobs."""
        return Executor(self.backend, self.physics, self.engine)

    @property
    def default_rep_delay(self) -> float:
        """Wait between shots, s."""
        return float(self.configuration["default_rep_delay"]) * 1e-6

    def listing(self, queue: int) -> dict[str, Any]:
        """Entry in the list of backends."""
        return {
            "name": self.name,
            "status": {"name": "online", "reason": "available"},
            "is_simulator": False,
            "qubits": self.configuration["n_qubits"],
            "processor_type": self.configuration["processor_type"],
            "queue_length": queue,
        }

    def status(self, queue: int) -> dict[str, Any]:
        """Status as GET shows it."""
        return {
            "state": True,
            "status": "active",
            "message": "available",
            "length_queue": queue,
            "backend_version": self.configuration["backend_version"],
        }

    def _read(self, name: str) -> dict[str, Any]:
        content = json.loads((Path(self.backend.dirname) / name).read_text())
        return dict(content) | {"backend_name": self.name}
