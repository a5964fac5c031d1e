"""Jobs and sessions as the service keeps them."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

from .execution import Item, Task
from .faults import Destiny

#: Seconds that the service charges for any job, before its first shot.
OVERHEAD = 2.0
FINAL = ("Completed", "Failed", "Cancelled")


@dataclass(frozen=True)
class Usage:
    """What a job costs: the time of its circuits, and of its repetition delays, in s."""

    circuits: float

    @property
    def charged(self) -> int:
        """Whole seconds charged."""
        return math.ceil(OVERHEAD + self.circuits)

    @classmethod
    def of(cls, task: Task, items: list[Item], default_rep_delay: float) -> Usage:
        """Usage of a job; ``default_rep_delay`` in s."""
        delay = default_rep_delay if task.rep_delay is None else task.rep_delay
        points = [math.prod(sweep) for sweep in task.sweeps]
        shots = [task.shots * number for number in points]
        return cls(sum(n * (delay + item.duration) for n, item in zip(shots, items, strict=True)))


@dataclass
class JobRecord:
    """One accepted job."""

    id: str
    backend: str
    instance: str
    tags: tuple[str, ...]
    session_id: str | None
    params: dict[str, Any]
    task: Task
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


@dataclass
class SessionRecord:
    """One session or batch."""

    id: str
    backend: str
    instance: str
    mode: str
    max_time: int
    created: datetime
    accepting: bool = True
    closed: datetime | None = None

    def summary(self, jobs: list[JobRecord]) -> dict[str, Any]:
        """The session as GET shows it; ``jobs`` are its own."""
        started = [job.running for job in jobs if job.running]
        finished = [job.finished for job in jobs if job.finished]
        state = "active" if started else "open"
        if self.closed or (not self.accepting and all(job.is_final for job in jobs)):
            state = "closed"
        return {
            "id": self.id,
            "backend_name": self.backend,
            "mode": self.mode,
            "state": state,
            "accepting_jobs": self.accepting,
            "max_ttl": self.max_time,
            "active_ttl": self.max_time,
            "interactive_ttl": 60,
            "started_at": stamp(min(started)) if started else None,
            "activated_at": stamp(min(started)) if started else None,
            "last_job_started": stamp(max(started)) if started else None,
            "last_job_completed": stamp(max(finished)) if finished else None,
            "closed_at": stamp(self.closed) if self.closed else None,
            "elapsed_time": sum(job.usage.charged for job in jobs if job.usage),
            "timestamps": [],
        }


def entropy(seed: int, name: str | None, content: bytes) -> list[int]:
    """Entropy of a job's shots: of the service's seed and the job's name, or else what it does."""
    key = name.encode() if name else content
    return [seed, *hashlib.sha256(key).digest()]


def now() -> datetime:
    """Time of the service, UTC."""
    return datetime.now(UTC)


def later(start: datetime, usage: Usage) -> datetime:
    """End of a job that starts at a time."""
    return start + timedelta(seconds=OVERHEAD + usage.circuits)


def stamp(time: datetime) -> str:
    """A time as the service writes it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
