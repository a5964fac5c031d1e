"""What heat, bounds and verdicts become at another temperature or frequency of the bath.

Energies are drawn in units of hf, in which they depend on kT0/hf alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from recycling.inference.bath.sensitivity import Erasure, thresholds
from recycling.reporting.canvas import SETTINGS, SIZE, figure_of, math_label, sweep_ticks
from recycling.reporting.figures import STYLES
from recycling.results.dataset import shown_p_x
from recycling.results.sensitivity import erasure_of, sensitivity
from recycling.results.sweep import Axis, curve_note, first_curve, sweep_axes

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from recycling.inference.bath.thermometry import Thermometry

Real = NDArray[np.float64]

#: Frequencies that the paper allows for its bath, Hz.
_FREQUENCIES = np.linspace(3e9, 7e9, 81)
#: T0 runs from half to twice the assumed one.
_SPAN, _POINTS = 2.0, 121
_MARK: dict[str, Any] = {"color": "#555555", "lw": 0.9, "ls": ":"}
_BAND: dict[str, Any] = {"color": "#cc79a7", "alpha": 0.28, "lw": 0}


@dataclass(frozen=True)
class _Assumed:
    """An erasure over one swept parameter, and the bath that was assumed for it.

    Temperature in K, frequency in Hz; ``measured`` is the temperature with its interval, if known.
    """

    erasure: Erasure
    axis: Axis
    temperature: float
    frequency: float
    measured: Thermometry | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Interval of the measured temperature, where there is one to draw."""
        known = self.measured
        if known is None:
            return None
        low, high = known.temperature.low, known.temperature.high
        return (low, high) if high > low and np.isfinite(high) else None


def sensitivity_figures(
    dataset: xr.Dataset, measured: Thermometry | None = None
) -> dict[str, tuple[Figure, str]]:
    """Figures by file name, each with its caption.

    Args:
        dataset: the run.
        measured: temperature of the bath with its interval, drawn as a band.
    """
    cut = curve_note(dataset)
    dataset = first_curve(dataset)
    kind, p_x = dataset.attrs["data_kind"], shown_p_x(dataset)
    given = _assumed(dataset, measured)
    temperature, frequency = given.temperature, given.frequency
    interval = "" if given.interval is None else " Band: 95 % interval of the measured T0."
    none = "Grey: no thermal bath takes up ΔS, Q_tight is +inf."
    with mpl.rc_context(SETTINGS):
        return {
            "sensitivity-temperature": (
                _over_temperature(given),
                f"Recycling arm at p_x = {p_x:g} for other temperatures T0 of the bath ({kind}, "
                f"all trials together). Neither ΔQ_B nor Q_ath depends on T0. Dotted: the assumed "
                f"{temperature * 1e3:.4g} mK. {none}{interval}{cut}",
            ),
            "sensitivity-frequency": (
                _over_frequency(given),
                f"The same for other frequencies f of the bath at T0 = {temperature * 1e3:.4g} mK "
                f"({kind}): in units of hf, a higher frequency is a colder bath. Dotted: the "
                f"assumed {frequency / 1e9:g} GHz.{cut}",
            ),
            "critical-temperature": (
                figure_of(_critical, given),
                f"Temperature T0 of the bath above which ΔQ_B is below Q_tight or Q_Landauer, "
                f"recycling arm, p_x = {p_x:g} ({kind}, all trials together): a verdict stands "
                "where its curve lies below the true T0; at 0 it stands at any temperature. "
                f"{none} A colder bath than assumed fakes a gain.{interval}{cut}",
            ),
        }


def _over_temperature(given: _Assumed) -> Figure:
    figure, panels = _panels(given, _temperatures(given), "temperature", 1e3)
    for axes in panels:
        _draw_temperature(axes, given, upright=True)
    figure.supxlabel(r"bath temperature $T_0$ (mK)", fontsize=10, y=0.01)
    return figure


def _over_frequency(given: _Assumed) -> Figure:
    figure, panels = _panels(given, _frequencies(given), "frequency", 1e-9)
    for axes in panels:
        axes.axvline(given.frequency * 1e-9, **_MARK)
    figure.supxlabel(r"bath frequency $f$ (GHz)", fontsize=10, y=0.01)
    return figure


def _temperatures(given: _Assumed) -> xr.Dataset:
    """Energies over the temperature of the bath."""
    grid = np.geomspace(given.temperature / _SPAN, given.temperature * _SPAN, _POINTS)
    return sensitivity(given.erasure, grid, [given.frequency]).isel(frequency=0)


def _frequencies(given: _Assumed) -> xr.Dataset:
    """Energies over the frequency of the bath."""
    return sensitivity(given.erasure, [given.temperature], _FREQUENCIES).isel(temperature=0)


def _panels(
    given: _Assumed, energies: xr.Dataset, along: str, scale: float
) -> tuple[Figure, list[Axes]]:
    """One panel for each of the first, the middle and the last point of the sweep with data."""
    erasure = given.erasure
    known = np.flatnonzero(np.isfinite(erasure.heat + erasure.entropy_decrease))
    shown = sorted({int(known[i]) for i in (0, len(known) // 2, -1)}) if len(known) else [0]
    figure = Figure(figsize=SIZE)
    panels = list(figure.subplots(1, len(shown), sharey=True, squeeze=False)[0])
    figure.subplots_adjust(left=0.16, right=0.98, bottom=0.15, top=0.83, wspace=0.12)
    for axes, index in zip(panels, shown, strict=True):
        _panel(axes, given, energies, index, along, scale)
    panels[0].set_ylabel("energy (hf)")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="upper center", ncols=len(STYLES))
    return figure, panels


def _panel(
    axes: Axes, given: _Assumed, energies: xr.Dataset, index: int, along: str, scale: float
) -> None:
    """Heat and bounds at a point of the sweep, over a temperature or a frequency."""
    x = energies[along].values * scale
    (swept,) = set(energies["heat"].dims) - {"temperature", "frequency"}
    point = energies.isel({swept: index}) / energies["quantum"]
    for name, style in STYLES.items():
        values = point[name].where(np.isfinite(point[name]))
        axes.plot(
            x, values, color=style["color"], ls=style.get("ls", "-"), lw=style.get("width", 1.3),
            zorder=style.get("zorder", 2), label=math_label(style["label"]),
        )  # fmt: skip
    void = np.isposinf(point["bound_tight"].values)
    axes.fill_between(
        x, 0, 1, where=void, transform=axes.get_xaxis_transform(), color="#888888", alpha=0.25, lw=0
    )
    axes.axhline(0, color="#888888", lw=0.8)
    axes.set_xlim(x.min(), x.max())
    axes.set_title(given.axis.at(index, ".3g"), fontsize=9, pad=4)


def draw_critical_temperature(
    axes: Axes, dataset: xr.Dataset, measured: Thermometry | None = None
) -> None:
    """Draw the temperature of the bath above which each verdict stands, over the sweep.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     dataset = rc.run("theory", out=f"{folder}/run").dataset
        >>> figure_of(draw_critical_temperature, dataset).axes[0].get_ylabel()
        'bath temperature $T_0$ (mK)'
    """
    _critical(axes, _assumed(dataset, measured))


def draw_at_other_temperatures(
    axes: Axes, dataset: xr.Dataset, index: int, measured: Thermometry | None = None
) -> None:
    """Draw heat and bounds at a point of the sweep for other temperatures of the bath.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     dataset = rc.run("theory", out=f"{folder}/run").dataset
        >>> figure_of(draw_at_other_temperatures, dataset, -1).axes[0].get_ylabel()
        'energy (hf)'
    """
    given = _assumed(dataset, measured)
    _panel(axes, given, _temperatures(given), index, "temperature", 1e3)
    _draw_temperature(axes, given, upright=True)
    axes.set(xlabel=r"bath temperature $T_0$ (mK)", ylabel="energy (hf)")
    axes.legend(loc="best", fontsize=8)


def draw_at_other_frequencies(axes: Axes, dataset: xr.Dataset, index: int) -> None:
    """Draw heat and bounds at a point of the sweep for other frequencies of the bath.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     dataset = rc.run("theory", out=f"{folder}/run").dataset
        >>> figure_of(draw_at_other_frequencies, dataset, -1).axes[0].get_xlabel()
        'bath frequency $f$ (GHz)'
    """
    given = _assumed(dataset, None)
    _panel(axes, given, _frequencies(given), index, "frequency", 1e-9)
    axes.axvline(given.frequency * 1e-9, **_MARK)
    axes.set(xlabel=r"bath frequency $f$ (GHz)", ylabel="energy (hf)")
    axes.legend(loc="best", fontsize=8)


def _assumed(dataset: xr.Dataset, measured: Thermometry | None) -> _Assumed:
    """The erasure of a Dataset, whose first curve is taken."""
    dataset = first_curve(dataset)
    (axis,) = sweep_axes(dataset)
    temperature, frequency = (float(dataset.attrs[n]) for n in ("temperature_K", "frequency_Hz"))
    return _Assumed(erasure_of(dataset), axis, temperature, frequency, measured)


def _critical(axes: Axes, given: _Assumed) -> None:
    found, axis = thresholds(given.erasure, given.frequency), given.axis
    axes.set(xlabel=axis.label, ylabel=r"bath temperature $T_0$ (mK)")
    for name, values in (("bound_tight", found.tight), ("bound_landauer", found.landauer)):
        style = STYLES[name]
        axes.plot(
            axis.values, _finite(values) * 1e3, color=style["color"], marker=style["marker"],
            ms=4, ls=style.get("ls", "-"), lw=1.4, zorder=3, clip_on=True,
            label=rf"$\Delta Q_B = {math_label(style['label'])[1:]}",
        )  # fmt: skip
    none = _finite(found.no_process) * 1e3
    top = 1.15 * float(np.nanmax(none, initial=2 * given.temperature * 1e3))
    axes.fill_between(axis.values, none, top, color="#888888", alpha=0.25, lw=0)
    _draw_temperature(axes, given, upright=False)
    axes.set_ylim(-0.02 * top, top)
    sweep_ticks(axes, axis)
    axes.legend(loc="lower left")


def _draw_temperature(axes: Axes, given: _Assumed, *, upright: bool) -> None:
    """Assumed T0 as a line, the measured one as a band."""
    (axes.axvline if upright else axes.axhline)(given.temperature * 1e3, **_MARK)
    if given.interval is not None:
        (axes.axvspan if upright else axes.axhspan)(*(end * 1e3 for end in given.interval), **_BAND)


def _finite(values: Real) -> Real:
    return np.where(np.isfinite(values), values, np.nan)
