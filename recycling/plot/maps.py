"""Figures of sweeps over devices and of maps of stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recycling.errors import BadInput
from recycling.plot.panel import chosen, panel
from recycling.reporting.share_figures import draw_map, draw_margin, pairs_of
from recycling.reporting.stage_figures import draw_stage
from recycling.results.shares import QUESTIONS, Shares
from recycling.results.shares import shares as count_shares
from recycling.store.given import dataset_given

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


def shares(what: xr.Dataset | Shares, along: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the share of the points of a sweep where recycling pays, along one axis.

    Args:
        what: what ``recycling.sweep`` or ``recycling.shares`` returns.
        along: name of the axis; None takes that along which the share differs most.
        ax: axes to draw into; None makes a figure.

    Raises:
        BadInput: the sweep has no such axis.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> tiny = rc.load("theory").with_(sweep__over={"bath.temperature": [0.02, 0.05]})
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.shares(rc.sweep(tiny, folder, workers=0), "temperature")
        >>> axes.get_xlabel()
        '$T_{0}$ (mK)'
    """
    found = what if isinstance(what, Shares) else count_shares(what)
    name = found.strongest("excess_tight")[0] if along is None else along
    if name not in found.axes:
        raise BadInput(f"along = {name!r}: give one of {', '.join(found.axes)}")
    with panel(ax) as axes:
        draw_margin(axes, found, name)
        axes.set_ylabel("share of points (%)")
        axes.legend(loc="best", fontsize=8)
    return axes


def share_map(
    what: xr.Dataset | Shares,
    question: str = "excess_tight",
    over: tuple[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of the points of a sweep that answer a question with yes, over two axes.

    Args:
        what: what ``recycling.sweep`` or ``recycling.shares`` returns.
        question: "gain", "excess_tight" or "excess_landauer".
        over: names of both axes; None takes those along which the share differs most.
        ax: axes to draw into; None makes a figure.

    Raises:
        BadInput: there are no two axes to draw over.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> tiny = rc.load("theory").with_(sweep__over={"bath.temperature": [0.02, 0.05, 0.08]})
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.share_map(rc.sweep(tiny, folder, workers=0))
        >>> axes.get_title()
        'ΔQ_B < Q_tight'
    """
    chosen("question", question, tuple(QUESTIONS))
    found = what if isinstance(what, Shares) else count_shares(what)
    pairs = pairs_of(found, question)
    if over is not None:
        pairs = [pair for pair in pairs if set(pair) == set(over)]
    if not pairs:
        raise BadInput(f"over = {over!r}: the sweep has no such two axes of 3 values or more")
    with panel(ax, left=0.18, right=0.98, top=0.91) as axes:
        axes.grid(False)
        drawn = draw_map(axes, found, question, pairs[0])
        axes.figure.colorbar(drawn, ax=axes, ticks=range(0, 101, 20), label="share of points (%)")
        axes.set_title(QUESTIONS[question], fontsize=10)
    return axes


def stage(
    dataset: xr.Dataset,
    quantity: str = "energies",
    frequency: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a map of stages at the point that is shown, over the temperature.

    Args:
        dataset: what ``recycling.stage`` returns.
        quantity: "erasure", "energies" or "fidelity".
        frequency: the nearest frequency of the map is taken, Hz; None takes its first.
        ax: axes to draw into; None makes a figure.

    Raises:
        BadInput: an unknown quantity, or no map of stages.

    Example:
        >>> import recycling as rc
        >>> mapped = rc.stage("theory", temperatures=["43 mK", 1.0], loss_tangents=1e-7)
        >>> rc.plot.stage(mapped).get_ylabel()
        'energy (hf)'
    """
    chosen("quantity", quantity, ("erasure", "energies", "fidelity"))
    if not {"temperature", "frequency"} <= set(dataset_given(dataset).dims):
        raise BadInput("dataset: it is no map of stages; give what recycling.stage returns")
    known = dataset["frequency"]
    nearest = known[0] if frequency is None else known.sel(frequency=frequency, method="nearest")
    with panel(ax, right=0.98) as axes:
        draw_stage(axes, dataset, quantity, float(nearest))
    return axes
