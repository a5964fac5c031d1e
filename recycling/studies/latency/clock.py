"""A clock model of the service: the time that a job takes, as coarsely as a service tells it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from recycling.compilation.structure import duration_of_circuit
from recycling.devices.device import Device
from recycling.execution.backend import Progress
from recycling.jobs.job import Job, Pub
from recycling.jobs.outcomes import Outcomes
from recycling.studies.latency.spec import ClockSpec, LatencySpec

_ROUND: dict[str, Callable[[float], float]] = {"up": np.ceil, "down": np.floor, "nearest": np.round}
#: Beginning of simulated time: nobody takes it for the time of a device.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def execute_clock(
    job: Job,
    pubs: Sequence[Pub],
    device: Device,
    seed: np.random.SeedSequence,
    progress: Progress,
    *,
    spec: LatencySpec,
) -> Outcomes:
    """Time a job by the clock model, on the schedule of its compiled circuit.

    Returns:
        Outcomes without a single count, since no shot is simulated; the record is that of a job on
        hardware, its metrics and schedules.
    """
    del job
    circuit = pubs[0].circuit
    duration = duration_of_circuit(circuit, device)
    generator = np.random.default_rng(seed)
    record = {
        "metrics": job_metrics(duration, spec, generator),
        "schedules": [{"circuit_duration": round(duration / device.dt)}],
    }
    progress(1.0)
    counts = np.zeros((1, *pubs[0].sweep, 2 ** len(circuit.clbits)), dtype=np.int64)
    return Outcomes(len(circuit.clbits), table=counts, record=record)


def job_metrics(
    duration: float, spec: LatencySpec, generator: np.random.Generator
) -> dict[str, Any]:
    """Metrics of a job whose circuit takes a duration in s, as a service reports them."""
    clock = spec.clock
    queue = clock.queue * generator.standard_exponential()
    executing = spec.executions * shot_period(duration, spec)
    executing += clock.execution_jitter * generator.standard_normal()
    others = clock.overhead + spec.repetitions * clock.load
    taken = max(0.0, executing + others + clock.jitter * generator.standard_normal())
    recorded = float(_ROUND[clock.rounding](taken / clock.resolution) * clock.resolution)
    created, running, finished = (
        (_EPOCH + timedelta(seconds=float(time))).isoformat()
        for time in (0.0, queue, queue + taken)
    )
    return {
        "timestamps": {"created": created, "running": running, "finished": finished},
        "usage": {"qpu_charge_time_seconds": recorded},
        "circuits_execution_time_ns": round(executing * 1e9),
    }


def shot_period(duration: float, spec: LatencySpec) -> float:
    """Time from shot to shot of a circuit that takes a duration, s."""
    clock: ClockSpec = spec.clock
    return spec.rep_delay + max(clock.shortest_shot, clock.reset + duration)
