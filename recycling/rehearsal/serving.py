"""What the process of a rehearsal does: it serves from a folder until it is stopped."""

from __future__ import annotations

import os
from pathlib import Path
from time import monotonic

from recycling.rehearsal.execution import Physics
from recycling.rehearsal.folder import NAME, Record, read_record, write_record
from recycling.rehearsal.service import LoopbackService
from recycling.rehearsal.state import State
from recycling.store.lock import locked

#: GETs of a job for which it is queued, and then running, where no queue is asked for.
QUEUED, RUNNING = 2, 1
#: Time without a request after which it ends by itself, s.
LONGEST_SILENCE = 86_400.0


def serve(folder: Path) -> None:
    """Serve from a folder until it is stopped or removed, or nobody asks for a day.

    Raises:
        BadInput: another process serves from the folder.
    """
    with locked(folder, "folder"):
        record = read_record(folder)
        with _service(folder, record) as service:
            write_record(folder, record.at(service.port, os.getpid()))
            while not service.stopping.wait(60.0):
                silent = monotonic() - service.last_request > LONGEST_SILENCE
                if silent or not (folder / NAME).exists():
                    break


def _service(folder: Path, record: Record) -> LoopbackService:
    options = record.options
    service = LoopbackService(
        snapshots=options.devices,
        seed=options.seed,
        physics=Physics(
            temperature=options.temperature, feedforward_latency=options.feedforward_latency
        ),
        engine="sampler" if options.engine == "sampler" else "exact",
        queue_polls=QUEUED,
        running_polls=RUNNING,
        list_lag=options.list_lag,
        posts_per_minute=None if options.queue is None else 5,
        queue=options.queue,
        port=record.port,
        token=record.token,
        state=State(folder),
    )
    service.plan = options.plan
    return service
