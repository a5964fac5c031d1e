"""How a job goes on: through the queue to its outcome."""

from __future__ import annotations

import traceback
import zlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from recycling.execution.ibm.wire import encode
from recycling.rehearsal.jobs import JobRecord, entropy
from recycling.rehearsal.shots import digest, sample
from recycling.rehearsal.timing import reported
from recycling.rehearsal.usage import Usage, now

if TYPE_CHECKING:
    from recycling.rehearsal.service import LoopbackService

#: Spread of the waits in a queue: the standard deviation of their logarithm.
_SPREAD = 0.5


def advance(service: LoopbackService, job: JobRecord) -> None:
    """Bring a job forward, at most to its end."""
    destiny, job.polls = job.destiny, job.polls + 1
    if destiny.state == "Queued" or service.usage(job.instance)["usage_limit_reached"]:
        return
    if destiny.state == "Lost":
        service.forget(job.id)
    elif service.queue is not None:
        _by_the_clock(service, job, start_of(service.seed, service.queue, job))
    elif _is_polled_enough(service, job):
        _end(service, job, now())


def start_of(seed: int, queue: float, job: JobRecord) -> datetime:
    """When a job has waited long enough: its wait follows from the seed and its id.

    Args:
        seed: seed of the service.
        queue: median wait, s.
        job: the job.
    """
    generator = np.random.default_rng([seed, zlib.crc32(job.id.encode())])
    return job.created + timedelta(seconds=queue * generator.lognormal(0.0, _SPREAD))


def _is_polled_enough(service: LoopbackService, job: JobRecord) -> bool:
    destiny = job.destiny
    queued = service.queue_polls if destiny.queue_polls is None else destiny.queue_polls
    if job.polls <= queued:
        return False
    if job.polls <= queued + service.running_polls:
        job.state, job.running = "Running", job.running or now()
        return False
    return True


def _by_the_clock(service: LoopbackService, job: JobRecord, start: datetime) -> None:
    """Let a job wait in the queue, and then run for as long as it is charged for."""
    if now() < start:
        return
    if job.usage is None:
        _end(service, job, start)
    if job.state in ("Running", "Completed") and job.finished is not None:
        job.state = "Running" if now() < job.finished else "Completed"


def _end(service: LoopbackService, job: JobRecord, start: datetime) -> None:
    destiny = job.destiny
    if destiny.state != "Completed":
        job.running = job.running or now()
        job.end(destiny.state, destiny.reason, destiny.reason_code)
        return
    task, chip = job.task, service.chips[job.backend]
    try:
        items = chip.executor.run(task, job.params)
    except Exception as error:  # whatever it is, the job has failed and must say why
        job.log = traceback.format_exc()
        job.end("Failed", f"{type(error).__name__}: {error}", 1002)
        return
    usage = Usage.of(task, items, chip.default_rep_delay)
    job.running, job.finished = service.occupy(job.backend, start, usage)
    job.usage = usage
    if job.max_execution_time is not None and usage.charged > job.max_execution_time:
        job.end("Cancelled", "Job ran longer than maximum execution time.", 1305)
        return
    seeds = entropy(service.seed, job.name, digest(items, task.shots))
    schedules = [item.schedule if task.scheduler_timing else None for item in items]
    timings = reported(schedules, destiny.timing, seeds)
    job.result = encode(
        task, sample(items, task.shots, seeds), timings, (job.running, job.finished)
    )
    job.end("Completed")
