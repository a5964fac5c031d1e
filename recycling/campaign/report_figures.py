"""Figures of the report of a campaign, over the time since its first run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from recycling.campaign.metrics import METRICS
from recycling.campaign.status import burn_over_time, is_bad
from recycling.campaign.status_view import shown_time
from recycling.campaign.steadiness import QUANTITIES, limit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from recycling.campaign.spec import Slo, Thermal

Record = Mapping[str, Any]
#: Colours that stay apart for colour-blind readers.
_GOOD, _BAD, _LIMIT = "#0072b2", "#d55e00", "#111111"
_STATES = {"done": _GOOD, "deferred": "#e69f00", "failed": _BAD, "rejected": "#888888"}
_LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
_WIDE = (10.0, 2.8)


def timeline_figure(records: Sequence[Record], silent: Set[int]) -> Figure:
    """Draw the state of each run at its time, and which runs left no telemetry.

    Example:
        >>> record = {"run": 1, "time": 0.0, "state": "done", "action": "admit"}
        >>> len(timeline_figure([record], silent={1}).axes)
        1
    """
    figure, (axes,) = _over_time(records, 1, (10.0, 1.7))
    times = _times(records, records)
    kinds = ["deferred" if r["action"] == "defer" else str(r["state"]) for r in records]
    for name, color in _STATES.items():
        chosen = np.array([kind == name for kind in kinds])
        if chosen.any():
            _marks(axes, times[chosen], 1.0, color, f"{name} ({chosen.sum()})")
    quiet = np.array([record["run"] in silent for record in records])
    if quiet.any():
        _marks(axes, times[quiet], 0.0, _LIMIT, f"no telemetry ({quiet.sum()})")
    axes.set(ylim=(-0.6, 1.6), yticks=[])
    axes.grid(False)
    _legend_beside(axes)
    return figure


def objective_figure(slo: Slo, status: Mapping[str, Any], records: Sequence[Record]) -> Figure:
    """Draw a metric beside its objective, and the burn rates over the windows of its alerts.

    Example:
        >>> from recycling.campaign.spec import Slo
        >>> slo = Slo(name="lifetime", metric="t1", at_least=1e-4, objective=0.9)
        >>> record = {"run": 1, "time": 0.0, "state": "done", "metrics": {"t1": 2e-4}}
        >>> objective_figure(slo, {"alerts": []}, [record]).axes[0].get_ylabel()
        't1, s'
    """
    figure, (value, burn) = _over_time(records, 2, (10.0, 3.0))
    begun = [record for record in records if record["state"] != "rejected"]
    times = _times(begun, records)
    values = np.array([record["metrics"].get(slo.metric, np.nan) for record in begun], float)
    bad = np.array([is_bad(slo, record) for record in begun], bool)
    for chosen, color in ((~bad, _GOOD), (bad, _BAD)):
        value.plot(times[chosen], values[chosen], "o", ms=3.5, color=color)
    value.axhline(slo.at_least, color=_LIMIT, lw=1, ls="--")
    unit = METRICS[slo.metric].unit
    value.set_ylabel(slo.metric if unit == "1" else f"{slo.metric}, {unit}")
    value.ticklabel_format(axis="y", scilimits=(-2, 4))
    lengths = sorted({length for each in slo.windows for length in (each.long, each.short)})
    for number, length in enumerate(lengths):
        rates = burn_over_time(slo, begun, length)
        color = _LINES[number % len(_LINES)]
        burn.step(times, rates, where="post", color=color, lw=1.2, label=shown_time(length))
    for threshold in sorted({each.burn for each in slo.windows}):
        burn.axhline(threshold, color=_LIMIT, lw=0.8, ls="--")
    (size, _), start = _unit(records), float(records[0]["time"])
    for alert in status["alerts"]:
        end = float(records[-1]["time"]) if alert["closed"] is None else alert["closed"]
        span = ((alert["opened"] - start) / size, (end - start) / size)
        burn.axvspan(*span, color=_BAD, alpha=0.12, lw=0)
    burn.set_ylabel("burn rate")
    _legend_beside(burn)
    return figure


def drift_figure(records: Sequence[Record], count: int) -> Figure:
    """Draw the change of each quantity since the first run, in standard errors.

    Example:
        >>> record = {"run": 1, "time": 0.0, "drift": []}
        >>> drift_figure([record], count=200).axes[0].get_ylabel()
        'change, σ'
    """
    figure, (axes,) = _over_time(records, 1, _WIDE)
    times = _times(records, records)
    for quantity, color in zip(QUANTITIES, _LINES, strict=True):
        z = [_since_first(record, quantity) for record in records]
        axes.plot(times, z, "o-", ms=3, lw=1, color=color, label=quantity.replace("_", " "))
    for limit in (-limit_of(count), limit_of(count)):
        axes.axhline(limit, color=_LIMIT, lw=1, ls="--")
    axes.set_ylabel("change, σ")
    _legend_beside(axes)
    return figure


def plate_figure(records: Sequence[Record], thermal: Thermal) -> Figure:
    """Draw the modelled temperature of the declared plate at the begin and end of each run.

    Example:
        >>> from types import SimpleNamespace
        >>> plate = {"begin": 0.01, "end": 0.012, "time": 60.0}
        >>> figure = plate_figure([{"time": 0.0, "plate": plate}], SimpleNamespace(limit=0.02))
        >>> [float(T) for T in figure.axes[0].lines[0].get_ydata()]
        [10.0, 12.0]
    """
    figure, (axes,) = _over_time(records, 1, _WIDE)
    plates = [(record["time"], record["plate"]) for record in records if record.get("plate")]
    begins = [(time, plate["begin"]) for time, plate in plates]
    ends = [(plate["time"], plate["end"]) for _, plate in plates]
    points = np.array(sorted(begins + ends), float)
    (size, _), start = _unit(records), float(records[0]["time"])
    axes.plot((points[:, 0] - start) / size, 1e3 * points[:, 1], "o-", ms=3, lw=1, color=_GOOD)
    axes.axhline(1e3 * thermal.limit, color=_LIMIT, lw=1, ls="--", label="limit")
    axes.set_ylabel("plate, mK (modelled)")
    _legend_beside(axes)
    return figure


def clock_figure(records: Sequence[Record]) -> Figure:
    """Draw the bounds on the offset of the service's clock from each job.

    Example:
        >>> len(clock_figure([{"time": 0.0, "clock": [[0.0, 30.5, 1.0]]}]).axes)
        1
    """
    figure, (axes,) = _over_time(records, 1, _WIDE)
    jobs = np.array([job for record in records for job in record.get("clock", ())], float)
    sent, server, received = jobs.T
    low, high = server - received, server - sent
    (size, _), start = _unit(records), float(records[0]["time"])
    axes.errorbar(
        (sent - start) / size,
        (low + high) / 2,
        yerr=np.abs(high - low) / 2,
        fmt="none",
        color=_GOOD,
        capsize=2,
        lw=1,
    )
    axes.set_ylabel("service's clock − ours, s")
    return figure


def _over_time(
    records: Sequence[Record], columns: int, size: tuple[float, float]
) -> tuple[Figure, list[Axes]]:
    """Figure whose panels share the time since the first run."""
    figure = Figure(figsize=size, layout="constrained")
    axes = list(figure.subplots(1, columns, squeeze=False)[0])
    (length, name), end = _unit(records), float(records[-1]["time"]) - float(records[0]["time"])
    for each in axes:
        each.set_xlabel(f"time since the first run, {name}")
        each.set_xlim(-0.02 * end / length, 1.02 * end / length or 1.0)
    return figure, axes


def _legend_beside(axes: Axes) -> None:
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.05), fontsize=9)


def _marks(axes: Axes, times: NDArray[np.float64], height: float, color: str, label: str) -> None:
    level = np.full(times.shape, height)
    axes.plot(times, level, "|", ms=16, mew=2, color=color, label=label)


def _unit(records: Sequence[Record]) -> tuple[float, str]:
    """Unit of time that suits a campaign: its size in s, and its name."""
    span = float(records[-1]["time"]) - float(records[0]["time"])
    units = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
    return next(unit for unit in units if span >= 3 * unit[0] or unit is units[-1])


def _times(records: Sequence[Record], every: Sequence[Record]) -> NDArray[np.float64]:
    """Times of runs since the first of all runs, in the unit of the axis."""
    times = np.array([record["time"] for record in records], float)
    return np.asarray((times - float(every[0]["time"])) / _unit(every)[0])


def _since_first(record: Record, quantity: str) -> float:
    """Change of a quantity since the first run it is compared with, in σ; NaN where unknown."""
    changes = [c for c in record.get("drift", ()) if c["quantity"] == quantity]
    earlier = [change for change in changes if change["since"] < record["run"]]
    return float(min(earlier, key=lambda c: int(c["since"]))["z"]) if earlier else float("nan")
