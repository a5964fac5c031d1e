"""Sessions and batches as the service keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from recycling.rehearsal.jobs import JobRecord
from recycling.rehearsal.usage import stamp


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

    def summary(self, jobs: Sequence[JobRecord]) -> dict[str, Any]:
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
