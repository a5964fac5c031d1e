"""A clock model of the service: the time of a job, as coarse as a service reports it."""

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
#: Beginning of simulated time, which cannot be mistaken for that of a device.
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
        Outcomes without counts, since no shot is simulated; the record is that of a job on
        hardware: its metrics and schedules.

    Example:
        >>> from circuits.calibration.ladders import x_ladder
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B",))
        >>> job = Job("x-3", None, kind="ladder")
        >>> pub = Pub(x_ladder(3), {"repetition": np.zeros(10)})
        >>> seed, progress = np.random.SeedSequence(1), lambda _done: None
        >>> outcomes = execute_clock(job, [pub], device, seed, progress, spec=LatencySpec())
        >>> sorted(outcomes.record)
        ['metrics', 'schedules']
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
    """Make the metrics of a job whose circuit takes a duration in s, as a service reports them.

    Example:
        >>> metrics = job_metrics(100e-6, LatencySpec(), np.random.default_rng(1))
        >>> metrics["usage"]["qpu_charge_time_seconds"]  # s, in steps of 1 s
        38.0
    """
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
    """Compute the time from shot to shot of a circuit that takes a duration, s.

    Example:
        >>> f"{shot_period(100e-6, LatencySpec()):.3e} s"
        '3.510e-04 s'
    """
    clock: ClockSpec = spec.clock
    return spec.rep_delay + max(clock.shortest_shot, clock.reset + duration)
