"""From the stored times of jobs to the time of an operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits.calibration.ladders import LADDERS, LadderName
from recycling.errors import BadInput
from recycling.inference.ladders.latency import LadderFit, fit_ladder
from recycling.jobs.status import charged_seconds
from recycling.store.directory import Run
from recycling.studies.latency.plan import compiled_slope

Array = NDArray[np.float64]

#: Step in which a service records the time of a job, and that of its executions, s.
JOB_RESOLUTION, EXECUTION_RESOLUTION = 1.0, 1e-9


@dataclass(frozen=True)
class LadderTimes:
    """Times of a ladder, in the order of its lengths.

    Attributes:
        ladder: "x" or "feedforward".
        lengths: number of operations N (array of shape (job,)).
        job: time of each job, s (array of shape (job,)).
        resolution: step in which it was recorded, s.
        executions: executions of the circuit of each job.
        execution: time of all executions of each job, s, where the service counts it; else None.
        scheduled: duration of the circuit in the schedule of the service, s, where it reports that;
            else None.
        order: place of each job in the order of submission, over all ladders (array of shape
            (job,)).
    """

    ladder: LadderName
    lengths: NDArray[np.int64]
    job: Array
    resolution: float
    executions: int
    execution: Array | None
    scheduled: Array | None
    order: NDArray[np.int64]


@dataclass(frozen=True)
class LadderResult:
    """Time of an operation by every known clock; slopes in s.

    Attributes:
        times: measured times.
        fit: from the coarse times of jobs.
        execution_fit: from the times of executions, where the service counts them.
        execution_note: why there is no such fit although there are times.
        scheduled_slope: slope of the schedule of the service, where it reports that.
        compiled_slope: slope of the compiled schedule, by the device's calibration and latency.

    Example:
        >>> times = LadderTimes(
        ...     ladder="x",
        ...     lengths=np.array([110, 410, 790, 1130, 1490, 1870]),
        ...     job=np.array([40.0, 41.0, 42.0, 43.0, 44.0, 45.0]),
        ...     resolution=1.0,
        ...     executions=100_000,
        ...     execution=None,
        ...     scheduled=None,
        ...     order=np.arange(6),
        ... )
        >>> result = ladder_result(times, compiled=32e-9)
        >>> result.contains(32e-9), result.execution_fit is None
        (True, True)
    """

    times: LadderTimes
    fit: LadderFit
    execution_fit: LadderFit | None
    execution_note: str
    scheduled_slope: float | None
    compiled_slope: float

    def contains(self, slope: float) -> bool:
        """Whether the interval from the times of jobs contains a slope."""
        return self.fit.slope.low <= slope <= self.fit.slope.high


def analyse_latency(run: Run) -> list[LadderResult]:
    """Fit every ladder of a complete run.

    Raises:
        BadInput: no line fits the times, or the service did not report them.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from recycling.studies.latency.run import run_latency
        >>> from recycling.studies.latency.spec import LatencySpec
        >>> ladders = {"x": (110, 1130, 2930, 4370, 6170, 9470), "feedforward": ()}
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = LatencySpec(ladders=ladders, device={"layout": layout}, shots=100_000)
        >>> folder = TemporaryDirectory()
        >>> run = run_latency(spec, out=f"{folder.name}/run")
        >>> (result,) = analyse_latency(run)
        >>> f"{result.compiled_slope:.1e} s"
        '3.2e-08 s'
        >>> folder.cleanup()
    """
    return [
        ladder_result(times, compiled_slope(times.ladder, run.spec, run.device))
        for times in ladder_times(run)
    ]


def ladder_times(run: Run) -> list[LadderTimes]:
    """Read the times of all ladders of a complete run.

    Raises:
        BadInput: the service did not report the time of a job.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from recycling.studies.latency.run import run_latency
        >>> from recycling.studies.latency.spec import LatencySpec
        >>> ladders = {"x": (110, 1130, 2930, 4370, 6170, 9470), "feedforward": ()}
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = LatencySpec(ladders=ladders, device={"layout": layout}, shots=100_000)
        >>> folder = TemporaryDirectory()
        >>> run = run_latency(spec, out=f"{folder.name}/run")
        >>> [times.lengths.tolist() for times in ladder_times(run)]
        [[110, 1130, 2930, 4370, 6170, 9470]]
        >>> folder.cleanup()
    """
    found = []
    journals = {job: run.journal(job) for job in run.jobs}
    # A job that was submitted again came after all jobs that were submitted once.
    places = {
        job: place
        for place, job in enumerate(sorted(run.jobs, key=lambda job: len(journals[job].attempts)))
    }
    for ladder in LADDERS:
        jobs = sorted((j for j in run.jobs if j.ladder == ladder), key=lambda job: job.length)
        if not jobs:
            continue
        records = [journals[job].current.record for job in jobs]
        lengths = [job.length for job in jobs]
        metrics = [record.get("metrics", {}) for record in records]
        found.append(
            LadderTimes(
                ladder=ladder,
                lengths=np.array(lengths),
                job=np.array([job_time(j.name, m) for j, m in zip(jobs, metrics, strict=True)]),
                resolution=JOB_RESOLUTION if run.on_machine else run.spec.clock.resolution,
                executions=run.spec.executions,
                execution=_all_or_none([_execution_time(m) for m in metrics]),
                scheduled=_all_or_none([_scheduled(record, run.device.dt) for record in records]),
                order=np.array([places[job] for job in jobs]),
            )
        )
    return found


def ladder_result(times: LadderTimes, compiled: float) -> LadderResult:
    """Fit a ladder by every known clock; ``compiled`` is the slope of the compiled schedule, s.

    Raises:
        BadInput: no line can be fitted to the times of the jobs.

    Example:
        >>> times = LadderTimes(
        ...     ladder="x",
        ...     lengths=np.array([110, 410, 790, 1130, 1490, 1870]),
        ...     job=np.array([40.0, 41.0, 42.0, 43.0, 44.0, 45.0]),
        ...     resolution=1.0,
        ...     executions=100_000,
        ...     execution=None,
        ...     scheduled=None,
        ...     order=np.arange(6),
        ... )
        >>> result = ladder_result(times, compiled=32e-9)
        >>> result.fit.slope.low < 30e-9 < result.fit.slope.high
        True
    """
    try:
        fit = fit_ladder(
            times.lengths,
            times.job,
            resolution=times.resolution,
            executions=times.executions,
            order=times.order,
        )
    except BadInput as error:
        raise BadInput(f"{times.ladder} ladder: {error}") from None
    finer, note = None, ""
    if times.execution is not None:
        try:
            finer = fit_ladder(
                times.lengths,
                times.execution,
                resolution=EXECUTION_RESOLUTION,
                executions=times.executions,
                order=times.order,
            )
        except BadInput as error:
            note = str(error)
    return LadderResult(
        times=times,
        fit=fit,
        execution_fit=finer,
        execution_note=note,
        scheduled_slope=None if times.scheduled is None else _slope(times, times.scheduled),
        compiled_slope=compiled,
    )


def job_time(name: str, metrics: Mapping[str, Any]) -> float:
    """Read the time of a job that the service charges, or else from its start to its end, s.

    Raises:
        BadInput: the service reports neither.

    Example:
        >>> job_time("x-110", {"usage": {"qpu_charge_time_seconds": 39.0}})
        39.0
    """
    charged = charged_seconds(metrics)
    if charged is not None:
        return charged
    stamps = metrics.get("timestamps") or {}
    try:
        start, end = (datetime.fromisoformat(stamps[key]) for key in ("running", "finished"))
        seconds = (end - start).total_seconds()
    except (KeyError, TypeError, ValueError):
        raise BadInput(
            f"{name}: metrics = {dict(metrics)}: the service tells no time of this job; run it on "
            "another"
        ) from None
    # As coarse as the charges of a service, so that both can stand in the same ladder.
    return float(round(seconds))


def _execution_time(metrics: Mapping[str, Any]) -> float | None:
    nanoseconds = metrics.get("circuits_execution_time_ns")
    return None if nanoseconds is None else float(nanoseconds) * 1e-9


def _scheduled(record: Mapping[str, Any], dt: float) -> float | None:
    schedules = record.get("schedules") or [None]
    cycles = (schedules[0] or {}).get("circuit_duration")
    return None if cycles is None else float(cycles) * dt


def _all_or_none(values: Sequence[float | None]) -> Array | None:
    """Values of all jobs, or none where one is missing."""
    known = [value for value in values if value is not None]
    return np.array(known) if len(known) == len(values) else None


def _slope(times: LadderTimes, durations: Array) -> float:
    """Time of an operation in a schedule, which has neither noise nor a break, s."""
    return float(np.ptp(durations) / np.ptp(times.lengths))
