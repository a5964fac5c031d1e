"""Fig. 6: times of jobs over the length of their ladder, the fit, and the linear regime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from recycling.inference.statistics.interval import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from recycling.inference.ladders.latency import Array
    from recycling.studies.latency.results import LadderResult

#: How people call an operation, its unit, and the unit in s.
OPERATIONS: Mapping[str, tuple[str, str, float]] = {
    "x": ("X gate", "ns", 1e-9),
    "feedforward": ("feedforward", "µs", 1e-6),
}
LENGTHS = {"x": "number of X gates", "feedforward": "number of feedforward rounds"}
#: Colours that stay apart for colour-blind readers and in grey print.
_DATA, _FIT, _REGIME = "#111111", "#d55e00", "#56b4e9"


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
        draw_times(axes[0, column], result, letter)
        _draw_residuals(axes[1, column], result)
    axes[0, 0].set_ylabel("time of the job (s)")
    axes[1, 0].set_ylabel("residual, drift\ntaken out (s)")
    figure.suptitle(f"Gate-time amplification, {kind}", fontsize=10)
    return figure


def slope_text(slope: Interval[float], unit: str, scale: float) -> tuple[str, str]:
    """A value and its interval, with as many digits as the interval deserves, at most six.

    Example:
        >>> slope_text(Interval(32.1e-9, 31e-9, 33e-9), "ns", 1e-9)
        ('32.1 ns', '[31.0, 33.0]')
    """
    sizes = np.array([slope.high - slope.low, 1e-4 * slope.value]) / scale
    digits = max(0, 1 - int(np.floor(np.log10(sizes.max()))))
    value, low, high = (f"{x / scale:.{digits}f}" for x in (slope.value, slope.low, slope.high))
    return f"{value} {unit}", f"[{low}, {high}]"


def draw_times(axes: Axes, result: LadderResult, letter: str) -> None:
    """Draw a panel of Fig. 6: the times of jobs over the length, the fit and the linear regime.

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
        >>> axes = Figure().add_subplot()
        >>> draw_times(axes, ladder_result(times, compiled=32e-9), "a")
        >>> axes.get_title().startswith("(a) X gate")
        True
    """
    times, fit = result.times, result.fit
    n = times.lengths
    name, unit, scale = OPERATIONS[times.ladder]
    _shade(axes, result)
    axes.fill_between(n, fit.fitted[1], fit.fitted[2], color=_FIT, alpha=0.25, lw=0)
    axes.plot(n, fit.fitted[0], color=_FIT, lw=1.5, label="fit, 95 %")
    axes.errorbar(n, times.job, yerr=times.resolution / 2, fmt="none", lw=0.9, color=_DATA)
    _points(axes, result, times.job)
    value, interval = slope_text(fit.slope, unit, scale)
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
    axes.set_xlabel(LENGTHS[times.ladder])


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
