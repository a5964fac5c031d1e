"""What a latency experiment found: a table, a record, a table of the data, and Fig. 6."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

from recycling.reporting.figures import SETTINGS, to_svg
from recycling.reporting.tables import Table
from recycling.store.files import write_whole
from recycling.studies.latency.figure import OPERATIONS, latency_figure, slope_text

if TYPE_CHECKING:
    from pathlib import Path

    from recycling.inference.ladders.latency import LadderFit
    from recycling.store.directory import Run
    from recycling.studies.latency.results import LadderResult


def data_kind(run: Run) -> str:
    """Where the times come from.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from recycling.studies.latency.run import run_latency
        >>> from recycling.studies.latency.spec import LatencySpec
        >>> ladders = {"x": (110, 1130, 2930, 4370, 6170, 9470), "feedforward": ()}
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = LatencySpec(ladders=ladders, device={"layout": layout}, shots=100_000)
        >>> folder = TemporaryDirectory()
        >>> run = run_latency(spec, out=f"{folder.name}/run")
        >>> data_kind(run).split()[0]
        'simulated'
        >>> folder.cleanup()
    """
    if not run.on_machine:
        return "simulated by the clock model"
    return "simulated by a service that imitates IBM Quantum" if run.simulated else "measured"


def latency_table(results: Sequence[LadderResult]) -> Table:
    """Time of one operation by every clock, one row each.

    Example:
        >>> import numpy as np
        >>> from recycling.studies.latency.results import LadderTimes, ladder_result
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
        >>> len(latency_table([result]).rows)  # of each clock
        2
    """
    rows: list[tuple[str, ...]] = []
    for result in results:
        operation, unit, scale = OPERATIONS[result.times.ladder]
        rows.append((operation, "jobs", *_fit_columns(result.fit, unit, scale)))
        if result.execution_fit:
            rows.append(("", "executions", *_fit_columns(result.execution_fit, unit, scale)))
        for clock, slope in (
            ("service", result.scheduled_slope),
            ("compiled", result.compiled_slope),
        ):
            if slope is not None:
                inside = "inside" if result.contains(slope) else "OUTSIDE"
                rows.append(("", clock, f"{slope / scale:.4g} {unit}", inside, "", ""))
    return Table(
        ("operation", "clock", "time", "95 % interval", "linear", "overhead"),
        rows,
        "Clocks: times of jobs; times of executions where the service counts them; the schedules "
        "of the service and of our compiler, inside or outside the interval of the jobs. The data "
        "choose the linear regime, and each interval contains the doubt about it. Overhead is the "
        "time of a job besides its operations."
        + "".join(_disturbed(result) for result in results)
        + "".join(f" No executions: {r.execution_note}." for r in results if r.execution_note),
    )


def latency_headline(results: Sequence[LadderResult]) -> str:
    """What was found, in one sentence an operation.

    Example:
        >>> import numpy as np
        >>> from recycling.studies.latency.results import LadderTimes, ladder_result
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
        >>> latency_headline([result]).split(":")[0]
        'X gate'
    """
    parts = []
    for result in results:
        name, unit, scale = OPERATIONS[result.times.ladder]
        value, interval = slope_text(result.fit.slope, unit, scale)
        inside = "inside" if result.contains(result.compiled_slope) else "NOT inside"
        schedule = f"{result.compiled_slope / scale:.4g} {unit}"
        parts.append(f"{name}: {value}, 95 % {interval}, the schedule's {schedule} is {inside}")
    return "; ".join(parts)


def latency_record(run: Run, results: Sequence[LadderResult]) -> dict[str, Any]:
    """Collect all results as plain numbers, times in s.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from recycling.studies.latency.run import run_latency
        >>> from recycling.studies.latency.spec import LatencySpec
        >>> ladders = {"x": (110, 1130, 2930, 4370, 6170, 9470), "feedforward": ()}
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = LatencySpec(ladders=ladders, device={"layout": layout}, shots=100_000)
        >>> folder = TemporaryDirectory()
        >>> run = run_latency(spec, out=f"{folder.name}/run")
        >>> from recycling.studies.latency.results import analyse_latency
        >>> latency_record(run, analyse_latency(run))["shots"]
        100000
        >>> folder.cleanup()
    """
    return {
        "data_kind": data_kind(run),
        "simulated": run.simulated,
        "headline": latency_headline(results),
        "backend": run.record["backend"],
        "device": run.device.name,
        "feedforward_latency_s": run.device.feedforward_latency,
        "feedforward_latency_source": run.device.sources["feedforward_latency"],
        "shots": run.spec.shots,
        "repetitions": run.spec.repetitions,
        "seed": run.spec.seed,
        "ladders": {result.times.ladder: _ladder_record(result) for result in results},
    }


def latency_csv(results: Iterable[LadderResult]) -> str:
    """Write a row for each job: its recorded times, and the fit.

    Example:
        >>> import numpy as np
        >>> from recycling.studies.latency.results import LadderTimes, ladder_result
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
        >>> latency_csv([result]).splitlines()[0].split(",")[:3]
        ['ladder', 'length', 'job_time_s']
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        ("ladder", "length", "job_time_s", "execution_time_s", "scheduled_s",
         "fitted_s", "fitted_low_s", "fitted_high_s", "linear_regime", "submitted", "drift_s",
         "outlier_probability")
    )  # fmt: skip
    for result in results:
        times, count = result.times, len(result.times.lengths)
        empty = [""] * count
        columns = (
            [times.ladder] * count,
            times.lengths,
            times.job,
            empty if times.execution is None else times.execution,
            empty if times.scheduled is None else times.scheduled,
            *result.fit.fitted,
            result.fit.regime,
            times.order,
            result.fit.drifted,
            result.fit.outlier_probability,
        )
        writer.writerows(zip(*columns, strict=True))
    return stream.getvalue()


def write_latency(run: Run, results: Sequence[LadderResult]) -> dict[str, Path]:
    """Write latency.csv, latency.json and latency.svg into the run; returns their paths.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from recycling.studies.latency.run import run_latency
        >>> from recycling.studies.latency.spec import LatencySpec
        >>> ladders = {"x": (110, 1130, 2930, 4370, 6170, 9470), "feedforward": ()}
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = LatencySpec(ladders=ladders, device={"layout": layout}, shots=100_000)
        >>> folder = TemporaryDirectory()
        >>> run = run_latency(spec, out=f"{folder.name}/run")
        >>> from recycling.studies.latency.results import analyse_latency
        >>> sorted(path.name for path in write_latency(run, analyse_latency(run)).values())
        ['latency.csv', 'latency.json', 'latency.svg']
        >>> folder.cleanup()
    """
    import json

    with mpl.rc_context(SETTINGS):
        picture = to_svg(latency_figure(results, data_kind(run)))
    contents = {
        "data": ("latency.csv", latency_csv(results).encode()),
        "result": (
            "latency.json",
            json.dumps(latency_record(run, results), indent=1, ensure_ascii=False).encode(),
        ),
        "picture": ("latency.svg", picture),
    }
    for name, content in contents.values():
        write_whole(run.path / name, content)
    return {key: run.path / name for key, (name, _) in contents.items()}


def _ladder_record(result: LadderResult) -> dict[str, Any]:
    times = result.times
    return {
        "executions": times.executions,
        "resolution_s": times.resolution,
        "lengths": times.lengths.tolist(),
        "job_times_s": times.job.tolist(),
        "submission_order": times.order.tolist(),
        "from_job_times": _fit_record(result.fit),
        "from_execution_times": result.execution_fit and _fit_record(result.execution_fit),
        "execution_note": result.execution_note,
        "scheduled_slope_s": result.scheduled_slope,
        "compiled_slope_s": result.compiled_slope,
        "compiled_slope_inside": result.contains(result.compiled_slope),
    }


def _fit_record(fit: LadderFit) -> dict[str, Any]:
    return {
        "slope_s": fit.slope.ends,
        "overhead_s": fit.overhead.ends,
        "jitter_s": fit.jitter.ends,
        "linear_from": fit.linear_from.ends,
        "break_probability": fit.break_probability,
        "drift_s": fit.drift.ends,
        "drift_probability": fit.drift_probability,
        "outlier_probability": fit.outlier_probability.tolist(),
        "jobs_in_regime": int(fit.regime.sum()),
        "effective_draws": fit.effective_draws,
    }


def _disturbed(result: LadderResult) -> str:
    """What disturbed the jobs of a ladder, in words; empty where nothing did."""
    fit, told = result.fit, ""
    name = OPERATIONS[result.times.ladder][0]
    if fit.drift_probability > 0.5:
        told += (
            f" {name}: the times drift by {fit.drift.value:+.2g} s over the run, 95 % "
            f"[{fit.drift.low:.2g}, {fit.drift.high:.2g}], which is taken out."
        )
    if (outliers := result.times.lengths[fit.outlier]).size:
        lengths = ", ".join(map(str, outliers))
        told += f" {name}: outliers that tell nothing: N = {lengths}."
    return told


def _fit_columns(fit: LadderFit, unit: str, scale: float) -> tuple[str, ...]:
    linear = "all N" if fit.regime.all() else f"N > {fit.linear_from.value:.0f}"
    return (*slope_text(fit.slope, unit, scale), linear, _offset(fit))


def _offset(fit: LadderFit) -> str:
    half = (fit.overhead.high - fit.overhead.low) / 2
    return (
        f"{fit.overhead.value:.2f} ± {half:.2f} s" if half > 5e-3 else f"{fit.overhead.value:.3f} s"
    )
