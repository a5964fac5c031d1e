"""Gate times as a Dataset: the times of the jobs, and what was fitted to each ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.studies.latency.report import data_kind
from recycling.studies.latency.results import LadderResult, analyse_latency

if TYPE_CHECKING:
    import xarray as xr

    from recycling.inference.statistics.interval import Interval
    from recycling.store.directory import Run

_LIMITS = ("value", "low", "high")


def latency_results(run: Run) -> list[LadderResult]:
    """Fit every ladder of a run, once for a run that is open; see ``analyse_latency``.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.latency(out=f"{folder}/run", seed=4)
        ...     latency_results(run) is latency_results(run)
        True
    """
    if "latency" not in run.derived:
        run.derived["latency"] = analyse_latency(run)
    found: list[LadderResult] = run.derived["latency"]
    return found


def latency_dataset(run: Run) -> xr.Dataset:
    """Make the Dataset of a run that measured gate times.

    Returns:
        ``job_time`` (job) with the ladder and the number of operations of each job, and for each
        ladder ``slope``, ``overhead`` and ``linear_from`` with the dim limit, and the slope of the
        compiled schedule. Times in s.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     dataset = latency_dataset(rc.latency(out=f"{folder}/run", seed=4))
        >>> dataset["slope"].dims, dataset["ladder"].values.tolist()
        (('ladder', 'limit'), ['x', 'feedforward'])
    """
    import xarray as xr

    results = latency_results(run)
    names = [result.times.ladder for result in results]
    of_job = [name for name, result in zip(names, results, strict=True) for _ in result.times.job]
    second = {"units": "s"}
    variables: dict[str, Any] = {
        "job_time": ("job", np.concatenate([result.times.job for result in results]),
                     second | {"long_name": "time of a job"}),
        "outlier_probability": ("job",
                                np.concatenate([r.fit.outlier_probability for r in results])),
        "slope": _limits([result.fit.slope for result in results],
                         second | {"long_name": "time of an operation, from the times of jobs"}),
        "overhead": _limits([result.fit.overhead for result in results],
                            second | {"long_name": "time of a job beside its operations"}),
        "linear_from": _limits([result.fit.linear_from for result in results],
                               {"long_name": "length from which the time grows by the slope"}),
        "jitter": _limits([result.fit.jitter for result in results], second),
        "break_probability": ("ladder", [result.fit.break_probability for result in results]),
        "compiled_slope": ("ladder", [result.compiled_slope for result in results],
                           second | {"long_name": "time of an operation in the schedule"}),
    }  # fmt: skip
    coordinates: dict[str, Any] = {
        "ladder": names,
        "limit": list(_LIMITS),
        "ladder_of_job": ("job", of_job),
        "operations": ("job", np.concatenate([result.times.lengths for result in results])),
    }
    attributes = {
        "title": run.record["name"],
        "data_kind": data_kind(run),
        "backend": run.record["backend"],
        "executions": results[0].times.executions,
    }
    return xr.Dataset(variables, coordinates, attributes)


def _limits(intervals: list[Interval[float]], attributes: dict[str, str]) -> Any:
    values = [[interval.ends[limit] for limit in _LIMITS] for interval in intervals]
    return ("ladder", "limit"), values, attributes
