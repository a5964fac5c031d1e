"""What a backend tells of the jobs that it has accepted: their state, their tags, their cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Names of the QPU time charged for a job in its metrics, the newest first.
_CHARGED = ("qpu_charge_time_seconds", "quantum_seconds", "seconds")


@dataclass(frozen=True)
class JobStatus:
    """State of a job: "queued", "running", "done", "failed", "cancelled" or "lost", and why.

    "lost": the service does not know the job, or not what became of it.
    """

    state: str
    reason: str = ""


@dataclass(frozen=True)
class ListedJob:
    """A job as the service lists it: its id, its tags, and the batch or session it runs in."""

    id: str
    tags: tuple[str, ...]
    group: str | None = None


def charged_seconds(metrics: Mapping[str, Any] | None) -> float | None:
    """QPU time that the service charged for a job, s, by its metrics; None where it is not told.

    Example:
        >>> charged_seconds({"usage": {"quantum_seconds": 3}})
        3.0
    """
    usage = (metrics or {}).get("usage") or {}
    if usage.get("status") == "pending":  # not counted yet: it says 0
        return None
    return next((float(usage[key]) for key in _CHARGED if usage.get(key) is not None), None)
