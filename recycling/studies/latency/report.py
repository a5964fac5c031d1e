"""What a latency experiment found: a table, a record, a table of the data, and Fig. 6."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from recycling.reporting.figures import SETTINGS, to_svg
from recycling.reporting.tables import Table
from recycling.store.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from recycling.inference.ladders.latency import Array, LadderFit
    from recycling.inference.statistics.interval import Interval
    from recycling.store.directory import Run
    from recycling.studies.latency.results import LadderResult

#: How people call an operation, its unit, and the unit in s.
_OPERATIONS: Mapping[str, tuple[str, str, float]] = {
    "x": ("X gate", "ns", 1e-9),
    "feedforward": ("feedforward", "µs", 1e-6),
}
_AXES = {"x": "number of X gates", "feedforward": "number of feedforward rounds"}
#: Colours that stay apart for colour-blind readers and in grey print.
_DATA, _FIT, _REGIME = "#111111", "#d55e00", "#56b4e9"


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
        operation, unit, scale = _OPERATIONS[result.times.ladder]
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
        name, unit, scale = _OPERATIONS[result.times.ladder]
        value, interval = _in(result.fit.slope, unit, scale)
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


def latency_figure(results: Sequence[LadderResult], kind: str) -> Figure:
    """Draw both panels of Fig. 6: times, fit and linear regime, with the residuals beneath.

    Example:
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
        >>> len(latency_figure([result], "simulated").axes)
        2
    """
    figure = Figure(figsize=(4.6 * len(results), 4.6), layout="constrained")
    axes = figure.subplots(
        2, len(results), squeeze=False, sharex="col", gridspec_kw={"height_ratios": [3, 1.1]}
    )
    for column, (letter, result) in enumerate(zip("ab", results, strict=False)):
        _draw_times(axes[0, column], result, letter)
        _draw_residuals(axes[1, column], result)
    axes[0, 0].set_ylabel("time of the job (s)")
    axes[1, 0].set_ylabel("residual, drift\ntaken out (s)")
    figure.suptitle(f"Gate-time amplification, {kind}", fontsize=10)
    return figure


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
    name = _OPERATIONS[result.times.ladder][0]
    if fit.drift_probability > 0.5:
        told += (
            f" {name}: the times drift by {fit.drift.value:+.2g} s over the run, 95 % "
            f"[{fit.drift.low:.2g}, {fit.drift.high:.2g}], which is taken out."
        )
    if (outliers := result.times.lengths[fit.outlier]).size:
        lengths = ", ".join(map(str, outliers))
        told += f" {name}: outliers that tell nothing: N = {lengths}."
    return told


def _in(slope: Interval[float], unit: str, scale: float) -> tuple[str, str]:
    """A value and its interval, with as many digits as the interval deserves, at most six."""
    sizes = np.array([slope.high - slope.low, 1e-4 * slope.value]) / scale
    digits = max(0, 1 - int(np.floor(np.log10(sizes.max()))))
    value, low, high = (f"{x / scale:.{digits}f}" for x in (slope.value, slope.low, slope.high))
    return f"{value} {unit}", f"[{low}, {high}]"


def _fit_columns(fit: LadderFit, unit: str, scale: float) -> tuple[str, ...]:
    linear = "all N" if fit.regime.all() else f"N > {fit.linear_from.value:.0f}"
    return (*_in(fit.slope, unit, scale), linear, _offset(fit))


def _offset(fit: LadderFit) -> str:
    half = (fit.overhead.high - fit.overhead.low) / 2
    return (
        f"{fit.overhead.value:.2f} ± {half:.2f} s" if half > 5e-3 else f"{fit.overhead.value:.3f} s"
    )


def _draw_times(axes: Axes, result: LadderResult, letter: str) -> None:
    times, fit = result.times, result.fit
    n = times.lengths
    name, unit, scale = _OPERATIONS[times.ladder]
    _shade(axes, result)
    axes.fill_between(n, fit.fitted[1], fit.fitted[2], color=_FIT, alpha=0.25, lw=0)
    axes.plot(n, fit.fitted[0], color=_FIT, lw=1.5, label="fit, 95 %")
    axes.errorbar(n, times.job, yerr=times.resolution / 2, fmt="none", lw=0.9, color=_DATA)
    _points(axes, result, times.job)
    value, interval = _in(fit.slope, unit, scale)
    schedule = f"{result.compiled_slope / scale:.4g} {unit}"
    axes.set_title(f"({letter}) {name}: {value}, 95 % {interval}; schedule {schedule}", fontsize=9)
    axes.legend(loc="lower right", fontsize=8, frameon=False)


def _draw_residuals(axes: Axes, result: LadderResult) -> None:
    times, fit = result.times, result.fit
    _shade(axes, result)
    middle = fit.fitted[0]
    half = times.resolution / 2
    axes.axhspan(-half, half, color="#888888", alpha=0.18, lw=0)
    axes.fill_between(
        times.lengths, fit.fitted[1] - middle, fit.fitted[2] - middle, color=_FIT, alpha=0.25, lw=0
    )
    residuals = times.job - fit.drifted - middle
    _points(axes, result, residuals)
    reach = 1.15 * max(half, float(np.abs(residuals[~fit.outlier]).max()))
    axes.set_ylim(-reach, reach)
    axes.set_xlabel(_AXES[times.ladder])


def _points(axes: Axes, result: LadderResult, values: Array) -> None:
    """Draw a point for each job, outliers hollow."""
    n, outlier = result.times.lengths, result.fit.outlier
    label = f"jobs, steps of {result.times.resolution:g} s"
    axes.plot(n[~outlier], values[~outlier], "o", ms=3.5, color=_DATA, label=label)
    if outlier.any():
        axes.plot(n[outlier], values[outlier], "o", ms=3.5, color=_DATA, mfc="none",
                  label="outliers")  # fmt: skip


def _shade(axes: Axes, result: LadderResult) -> None:
    """Shade the linear regime, with a dashed line and its interval where it begins."""
    start, n = result.fit.linear_from, result.times.lengths
    first, end = float(n.min()), 1.04 * float(n.max())
    axes.set_xlim(n.max() - end, end)
    if not result.fit.regime.all():
        first = start.value
        axes.axvline(first, color=_REGIME, ls="--", lw=1)
    bottom = axes.get_xaxis_transform()
    axes.plot([start.low, start.high], [0.02, 0.02], color=_REGIME, lw=3, transform=bottom)
    axes.axvspan(
        first,
        end,
        color=_REGIME,
        alpha=0.15,
        lw=0,
        label="linear regime; bar: where it begins, 95 %",
    )
