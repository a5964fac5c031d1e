"""What the service keeps in a folder, so that its jobs outlive its process.

A job is on the disk before its submission is answered: a service that is killed in between has
accepted it. Outcomes are drawn anew where a process died before they were stored; they follow from
the seed and the job, so that they are the same.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from recycling.rehearsal.effects import Destiny
from recycling.rehearsal.jobs import JobRecord
from recycling.rehearsal.sessions import SessionRecord
from recycling.rehearsal.usage import Usage
from recycling.store.files import write_whole

_TIMES = ("created", "running", "finished", "closed")
#: What a job is on the disk; its parameters and its result are files beside it.
_OF_JOB = (
    "id", "backend", "instance", "tags", "session_id", "max_execution_time", "created", "state",
    "polls", "reason", "reason_code", "running", "finished", "log",
)  # fmt: skip


@dataclass(frozen=True)
class State:
    """A folder with the jobs and the sessions of a service.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     State(Path(folder)).jobs()
        []
    """

    folder: Path

    def keep_job(self, job: JobRecord) -> None:
        """Store a job; its parameters the first time, its result where it has one."""
        parameters = self._path("jobs", job.id, "params")
        if not parameters.exists():
            write_whole(parameters, _text(job.params))
        result = self._path("jobs", job.id, "result")
        if job.result and not result.exists():
            write_whole(result, job.result)
        record = {name: getattr(job, name) for name in _OF_JOB}
        usage = None if job.usage is None else job.usage.circuits
        record |= {"destiny": asdict(job.destiny), "circuits_seconds": usage}
        write_whole(self._path("jobs", job.id, "json"), _text(record))

    def jobs(self) -> list[JobRecord]:
        """Stored jobs, the oldest first."""
        return [self._job(path) for path in sorted((self.folder / "jobs").glob("*.json"))]

    def keep_session(self, session: SessionRecord) -> None:
        """Store a session."""
        write_whole(self._path("sessions", session.id, "json"), _text(asdict(session)))

    def sessions(self) -> list[SessionRecord]:
        """Stored sessions, the oldest first."""
        stored = sorted((self.folder / "sessions").glob("*.json"))
        return [SessionRecord(**_read(path)) for path in stored]

    def keep_forgotten(self, forgotten: dict[str, int]) -> None:
        """Store which jobs the service does not know any more, and what it answers then."""
        write_whole(self.folder / "forgotten.json", _text(forgotten))

    def forgotten(self) -> dict[str, int]:
        """Jobs that the service does not know any more, and what it answers then."""
        path = self.folder / "forgotten.json"
        return dict(json.loads(path.read_bytes())) if path.exists() else {}

    def _job(self, path: Path) -> JobRecord:
        record = _read(path)
        seconds, result = record.pop("circuits_seconds"), path.with_suffix(".result")
        return JobRecord(
            **record
            | {
                "tags": tuple(record["tags"]),
                "destiny": Destiny(**record["destiny"]),
                "params": json.loads(path.with_suffix(".params").read_bytes()),
                "usage": None if seconds is None else Usage(seconds),
                "result": result.read_bytes() if result.exists() else b"",
            }
        )

    def _path(self, kind: str, name: str, suffix: str) -> Path:
        folder = self.folder / kind
        folder.mkdir(exist_ok=True)
        return folder / f"{name}.{suffix}"


def _text(content: dict[str, Any]) -> bytes:
    return json.dumps(content, default=datetime.isoformat).encode()


def _read(path: Path) -> dict[str, Any]:
    record = json.loads(path.read_bytes())
    times = {name: datetime.fromisoformat(record[name]) for name in _TIMES if record.get(name)}
    return dict(record | times)
