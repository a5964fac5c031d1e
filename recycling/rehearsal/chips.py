"""Backends of the service: snapshots of real devices under the names of the devices."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qiskit.providers import BackendV2

from recycling.execution.ibm.snapshots import snapshot_backend
from recycling.rehearsal.execution import Executor, Physics


@dataclass(frozen=True)
class Chip:
    """One backend: what it tells about itself, and what executes its jobs."""

    name: str
    configuration: dict[str, Any]
    properties: dict[str, Any]
    executor: Executor

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


def chip(snapshot: str, physics: Physics) -> Chip:
    """Backend from a snapshot by class name: FakeMarrakesh becomes ibm_marrakesh."""
    name = "ibm_" + snapshot.removeprefix("Fake").lower()
    backend, configuration, properties = _read(snapshot)
    named = {"backend_name": name}
    return Chip(name, configuration | named, properties | named, Executor(backend, physics))


@cache
def _read(snapshot: str) -> tuple[BackendV2, dict[str, Any], dict[str, Any]]:
    """A snapshot, its configuration and its properties as they are stored; nobody changes them."""
    backend = snapshot_backend(snapshot)
    folder = Path(backend.dirname)
    configuration, properties = (
        json.loads((folder / name).read_text())
        for name in (backend.conf_filename, backend.props_filename)
    )
    return backend, configuration, properties
