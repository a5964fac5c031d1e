"""Jobs as the service keeps them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from threading import Lock
from typing import Any

from recycling.execution.ibm.wire import Task, decode
from recycling.rehearsal.effects import Destiny
from recycling.rehearsal.usage import OVERHEAD, Usage, now, stamp

FINAL = ("Completed", "Failed", "Cancelled")


@dataclass
class JobRecord:
    """One accepted job."""

    id: str
    backend: str
    instance: str
    tags: tuple[str, ...]
    session_id: str | None
    params: dict[str, Any]
    max_execution_time: int | None
    destiny: Destiny
    created: datetime
    state: str = "Queued"
    polls: int = 0
    reason: str = ""
    reason_code: int | None = None
    running: datetime | None = None
    finished: datetime | None = None
    usage: Usage | None = None
    result: bytes = b""
    log: str = ""
    lock: Lock = field(default_factory=Lock, repr=False)

    @cached_property
    def task(self) -> Task:
        """What the job asks for."""
        return decode(self.params)

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self.state in FINAL

    @property
    def name(self) -> str | None:
        """The tag that starts with "job:", if there is one."""
        return next((tag for tag in self.tags if tag.startswith("job:")), None)

    def end(self, state: str, reason: str = "", code: int | None = None) -> None:
        """Bring the job to a final state."""
        self.state, self.reason, self.reason_code = state, reason, code
        self.finished = self.finished or now()

    def summary(self, *, with_params: bool = False) -> dict[str, Any]:
        """The job as GET shows it."""
        state = {"status": self.state, "reason": self.reason, "reason_code": self.reason_code}
        shown: dict[str, Any] = {
            "id": self.id,
            "backend": self.backend,
            "program": {"id": "executor"},
            "state": {key: value for key, value in state.items() if value},
            "status": self.state,
            "created": stamp(self.created),
            "tags": list(self.tags),
            "session_id": self.session_id,
            "cost": self.max_execution_time,
            "private": False,
        }
        if self.usage is not None:
            shown["estimated_running_time_seconds"] = OVERHEAD + self.usage.circuits
        return shown | ({"params": self.params} if with_params else {})

    def metrics(self) -> dict[str, Any]:
        """Timestamps and usage as GET …/metrics shows them."""
        times = {"created": self.created, "running": self.running, "finished": self.finished}
        usage: dict[str, Any] = {"status": "pending", "qpu_charge_time_seconds": 0}
        metrics: dict[str, Any] = {}
        if self.is_final:
            charged = self.usage.charged if self.usage else 0
            usage = {"status": "complete", "qpu_charge_time_seconds": charged}
            circuits = self.usage.circuits if self.usage else 0.0
            metrics["circuits_execution_time_ns"] = round(circuits * 1e9)
        return metrics | {
            "timestamps": {key: time and stamp(time) for key, time in times.items()},
            "usage": usage,
        }


def entropy(seed: int, name: str | None, content: bytes) -> list[int]:
    """Entropy of a job's shots: of the service's seed and the job's name, or else what it does."""
    key = name.encode() if name else content
    return [seed, *hashlib.sha256(key).digest()]
