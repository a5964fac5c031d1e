"""What branches and entropy of the bath do to the gain: Eqs. (5), (6) and (14) to (22).

The trade-off between a bath's entropy and the erasure is drawn with the run's own points. The
protocol has one failure branch, so what discarding the index of several costs is drawn in theory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from recycling.reporting.canvas import SETTINGS, SIZE, figure_of
from recycling.results.sweep import curve_note, first_curve, recycling_arm, sweep_axes
from recycling.thermodynamics import (
    Bath,
    branch_gains,
    max_bath_entropy,
    record_break_even,
    record_cost,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Real = NDArray[np.float64]

#: Half the angle between the Bloch vectors of the two branches of the theory, rad.
_HALF_ANGLES = (0.3, 0.6, 0.9)
#: Both branches are equally likely.
_EVEN = np.array([0.5, 0.5])
_COLOURS = ("#0072b2", "#009e73", "#d55e00")
#: Relative distance from the last ΔS that has a process.
_ROUNDING = 1e-9
#: How many points of the sweep to show, and about how many p_x of each.
_SHOWN, _POINTS = 3, 8


def branch_figures(dataset: xr.Dataset, role: str = "B") -> dict[str, tuple[Figure, str]]:
    """Figures by file name, each with its caption.

    Args:
        dataset: the run, whose bath the theory takes.
        role: name of the bath qubit.
    """
    cut = curve_note(dataset)
    dataset = first_curve(dataset)
    (axis,) = sweep_axes(dataset)
    bath = _bath(dataset)
    kind = dataset.attrs["data_kind"]
    with mpl.rc_context(SETTINGS):
        return {
            "entropy-tradeoff": (
                figure_of(draw_entropy_tradeoff, dataset, role, right=0.98),
                "Entropy of the bath before the erasure against what is erased, recycling arm. "
                "Lines: the largest bath entropy S_max that still gains, Eqs. (6) and (19)–(22), "
                f"at the measured energy of the bath at that {axis.noun}. Points: some of the p_x "
                f"({kind}, all trials together, bars: 95 % intervals), filled below "
                "their line, where G > 0 and recycling could stay below Q_tight; whether the heat "
                "did is the verdict's matter. Grey: S(ρ_B) + ΔS > ln 2, no process. Dashed: "
                f"entropy of the thermal bath.{cut}",
            ),
            "branch-gain": (
                _branch_gain(bath),
                "Theory: two failure branches, equally likely, of the thermal entropy and the mean "
                "energy hf/2, whose Bloch vectors enclose 2α. Left: gain Ḡ with the branch known, "
                "Eqs. (14) and (15), here the same for every ΔS, and G_mix with its index "
                "discarded, Eq. (18), lower by ∫₀^χ k𝒯(s + ΔS + S_failure) ds, Eq. (5), up to the "
                "ΔS from which the mixture has no process (crosses). Grey: Ḡ less the k_B T0 ln 2 "
                "that erasing the record later costs at T0, Landauer's bound. Right: temperature "
                "below which a record must be erased for keeping it to pay, "
                "(Ḡ − G_mix)/(k_B H(m)); dotted: T0. Above its line, discarding wins.",
            ),
        }


def draw_entropy_tradeoff(axes: Axes, dataset: xr.Dataset, role: str = "B") -> None:
    """Draw the entropy of the bath before the erasure against what is erased, Eqs. (6), (19)–(22).

    Args:
        axes: where to draw.
        dataset: the run.
        role: name of the bath qubit.
    """
    bath = _bath(dataset)
    axes.set(xlabel=r"entropy decrease $\Delta S$ (nat)", ylabel=r"bath entropy $S(\rho_B)$ (nat)")
    decrease = np.linspace(0, np.log(2), 300)
    (axis,) = sweep_axes(dataset)
    shown = np.unique(np.linspace(0, len(axis.values) - 1, _SHOWN).round().astype(int))
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.88, len(shown)))
    highest = float(bath.entropy())
    for place, (index, colour) in enumerate(zip(shown, colours, strict=True)):
        points = _bath_points(dataset.isel({axis.name: index}), role)
        energy = float(bath.energies[-1]) * points.population
        limit = max_bath_entropy(decrease, bath, energy)
        axes.plot(decrease, limit, color=colour, lw=1.6, label=axis.at(index, ".3g"))
        every = max(len(points.decrease) // _POINTS, 1)
        thinned = slice(place * every // len(shown), None, every)  # no two on one place
        x, (y, low, high) = points.decrease[thinned], points.entropy[:, thinned]
        gains = y < max_bath_entropy(x, bath, energy)
        axes.vlines(x, low, high, color=colour, lw=0.9)
        axes.scatter(
            x, y, s=22, marker=("o", "s", "^")[place], edgecolors=[colour], linewidths=1.1,
            facecolors=[colour if gain else "white" for gain in gains], zorder=4,
        )  # fmt: skip
        highest = float(np.nanmax([highest, *high]))
    axes.fill_between(decrease, np.log(2) - decrease, 1, color="#888888", alpha=0.22, lw=0)
    axes.axhline(float(bath.entropy()), color="#555555", lw=0.9, ls="--")
    axes.set_xlim(0, np.log(2))
    axes.set_ylim(0, min(2 * highest, np.log(2)))
    axes.legend(loc="upper right")


def _bath(dataset: xr.Dataset) -> Bath:
    return Bath.qubit(float(dataset.attrs["frequency_Hz"]), float(dataset.attrs["temperature_K"]))


class _BathPoints(NamedTuple):
    """Bath at one point of the sweep before the erasure, all trials together."""

    population: float
    decrease: Real
    """ΔS for each p_x at which something was erased, (n,)."""
    entropy: Real
    """S(ρ_B) and both ends of its interval, (3, n)."""


def _bath_points(point: xr.Dataset, role: str) -> _BathPoints:
    run = recycling_arm(point)
    before = run.sel(stage="before", qubit=role)
    decrease = run["entropy_decrease_combined"].sel(limit="value").values
    erased = decrease > 0
    return _BathPoints(
        population=float(before["excited_population_combined"].sel(limit="value").median()),
        decrease=decrease[erased],
        entropy=before["entropy_combined"].transpose("limit", "p_x").values[:, erased],
    )


def _branch_gain(bath: Bath) -> Figure:
    figure = Figure(figsize=SIZE)
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.12, right=0.98, bottom=0.14, top=0.8, wspace=0.38)
    draw_branch_gain(left, bath)
    draw_record_break_even(right, bath)
    figure.legend(*left.get_legend_handles_labels(), loc="upper center", ncols=2, fontsize=8)
    return figure


def draw_branch_gain(axes: Axes, bath: Bath) -> None:
    """Draw the gain with the branch known, and with its index discarded; Eqs. (14), (15), (18)."""
    quantum = float(bath.energies[-1])
    record = float(record_cost(_EVEN, bath.temperature))
    for colour, half_angle in zip(_COLOURS, _HALF_ANGLES, strict=True):
        decrease, _, mixed, holevo = _gains(bath, equator_pair(bath, half_angle))
        label = rf"$G_\mathrm{{mix}}$, $\alpha = {half_angle:g}$, $\chi = {holevo:.2g}$"
        axes.plot(decrease, mixed / quantum, color=colour, lw=1.5, label=label)
        axes.plot(decrease[-1], mixed[-1] / quantum, "x", color=colour, ms=6, mew=1.5)
    decrease, mean, _, _ = _gains(bath, equator_pair(bath, 0.0))
    axes.plot(decrease, mean / quantum, color="#111111", lw=1.8, zorder=1, label=r"$\bar{G}$")
    axes.plot(
        decrease, (mean - record) / quantum, color="#888888", lw=1.3, ls="--", zorder=1,
        label=r"$\bar{G} - k_B T_0 \ln 2$",
    )  # fmt: skip
    axes.set(xlabel=r"$\Delta S$ (nat)", xlim=(0, np.log(2)), ylabel="gain (hf)")


def draw_record_break_even(axes: Axes, bath: Bath) -> None:
    """Draw the temperature below which keeping the record of a branch pays."""
    for colour, half_angle in zip(_COLOURS, _HALF_ANGLES, strict=True):
        pair = equator_pair(bath, half_angle)
        decrease = _gains(bath, pair)[0]
        break_even = record_break_even(decrease, bath, pair, _EVEN)
        axes.plot(decrease, break_even * 1e3, color=colour, lw=1.5)
    axes.axhline(bath.temperature * 1e3, color="#555555", lw=0.9, ls=":")
    axes.set(xlabel=r"$\Delta S$ (nat)", xlim=(0, np.log(2)), ylim=(0, None))
    axes.set_ylabel("break-even of the record (mK)")


def equator_pair(bath: Bath, half_angle: float) -> NDArray[np.complex128]:
    """Two qubit states on the equator, with the entropy of a bath and an angle between them.

    Args:
        bath: qubit bath.
        half_angle: half the angle between their Bloch vectors, rad.

    Returns:
        Array of shape (2, 2, 2). Both have the mean energy of the maximally mixed state.
    """
    gibbs = bath.gibbs()
    length = float((gibbs[0, 0] - gibbs[1, 1]).real)
    coherence = length * np.exp(1j * half_angle * np.array([1, -1])) / 2
    states = np.full((2, 2, 2), 0.5, dtype=np.complex128)
    states[:, 0, 1], states[:, 1, 0] = coherence, coherence.conj()
    return states


def _gains(bath: Bath, states: NDArray[np.complex128]) -> tuple[Real, Real, Real, float]:
    """ΔS, Ḡ and G_mix, wherever the mixture of the equally likely states has a process, and χ."""
    weights = np.full(len(states), 1 / len(states))
    holevo = float(branch_gains(0.0, bath, states, weights).holevo)
    room = np.log(2) - float(bath.entropy()) - holevo
    decrease = np.linspace(0, room * (1 - _ROUNDING), 200)
    gains = branch_gains(decrease, bath, states, weights)
    return decrease, np.asarray(gains.mean), np.asarray(gains.mixed), holevo
