"""Further figures of results: link, prediction, temperature of the bath, branches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recycling.errors import BadInput
from recycling.plot.panel import bath_given, chosen, erasure_given, panel
from recycling.reporting import branch_figures, link_figures
from recycling.reporting import sensitivity_figures as sensitivities
from recycling.reporting.prediction_figure import DRAWN, draw_prediction
from recycling.results.calibrations import calibrations
from recycling.results.dataset import qubit_of
from recycling.results.gap import gap_of
from recycling.results.link_gains import channel_of
from recycling.results.sweep import first_curve
from recycling.store.directory import Run
from recycling.store.given import dataset_given, run_given
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from recycling.inference.bath.thermometry import Thermometry

_LINK = {
    "heat": link_figures.draw_link_heat,
    "excess": link_figures.draw_link_excess,
    "gain": link_figures.draw_link_gain,
}


def link(what: Run | xr.Dataset, quantity: str = "heat", ax: Axes | None = None) -> Axes:
    """Draw what a run with a link shows, over the first swept parameter.

    Args:
        what: a run, or its dataset.
        quantity: "heat" with that left in the link, "excess" of both ledgers, or "gain".
        ax: axes to draw into; None makes a figure.

    Raises:
        BadInput: the run has no link.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> linked = rc.load("theory").with_(link={"preset": "eth-5m"})
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.link(rc.run(linked, out=f"{folder}/run"), "gain")
        >>> axes.get_ylabel()
        'gain (hf)'
    """
    draw, dataset = _LINK[chosen("quantity", quantity, tuple(_LINK))], dataset_given(what)
    if channel_of(dataset.attrs) is None:
        raise BadInput("what: the run has no link; give one whose spec has [link]")
    with panel(ax, left=0.17, right=0.98) as axes:
        draw(axes, first_curve(dataset))
    return axes


def prediction(run: Run, quantity: str = "heat", ax: Axes | None = None) -> Axes:
    """Draw the prediction that was sealed with a run, and what was measured.

    Args:
        run: opened run, whose spec reads the outcomes as recorded.
        quantity: "heat" or "excess_tight".
        ax: axes to draw into; None makes a figure.

    Raises:
        BadInput: nothing was predicted, or nothing can be compared with it.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run(rc.load("theory").with_(measurement={"shots": 900}), out=f"{folder}/a")
        ...     axes = rc.plot.prediction(run)
        >>> axes.get_ylabel().endswith("(hf)")
        True
    """
    chosen("quantity", quantity, tuple(DRAWN))
    _ = erasure_given(run_given(run))
    gap = gap_of(run, run.dataset) if run.dataset.attrs["readout"] == "raw" else None
    if gap is None or quantity not in gap.differences:
        raise BadInput(f"run = {str(run.path)!r}: no prediction of {quantity} to compare with")
    with panel(ax) as axes:
        draw_prediction(axes, gap, run.dataset, quantity)
    return axes


def critical_temperature(what: Run | xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw the temperature of the bath above which each verdict stands.

    Args:
        what: a run, whose measured temperature is shown too, or its dataset.
        ax: axes to draw into; None makes a figure.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.critical_temperature(rc.run("theory", out=f"{folder}/run"))
        >>> axes.get_ylabel()
        'bath temperature $T_0$ (mK)'
    """
    with panel(ax) as axes:
        sensitivities.draw_critical_temperature(axes, erasure_given(what), _measured(what))
    return axes


def sensitivity(
    what: Run | xr.Dataset, over: str = "temperature", point: int = -1, ax: Axes | None = None
) -> Axes:
    """Draw heat and bounds at a point of the sweep for another temperature or frequency.

    Args:
        what: a run, or its dataset.
        over: "temperature" or "frequency" of the bath.
        point: place of the point along the first swept parameter.
        ax: axes to draw into; None makes a figure.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.sensitivity(rc.run("theory", out=f"{folder}/run"), "frequency")
        >>> axes.get_xlabel()
        'bath frequency $f$ (GHz)'
    """
    chosen("over", over, ("temperature", "frequency"))
    with panel(ax, top=0.92) as axes:
        if over == "frequency":
            sensitivities.draw_at_other_frequencies(axes, erasure_given(what), point)
        else:
            dataset, measured = erasure_given(what), _measured(what)
            sensitivities.draw_at_other_temperatures(axes, dataset, point, measured)
    return axes


def entropy_tradeoff(what: Run | xr.Dataset, ax: Axes | None = None) -> Axes:
    r"""Draw the entropy of the bath against what is erased, Eqs. (6) and (19) to (22).

    Args:
        what: a run, or its dataset.
        ax: axes to draw into; None makes a figure.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.entropy_tradeoff(rc.run("theory", out=f"{folder}/run"))
        >>> axes.get_xlabel()
        'entropy decrease $\\Delta S$ (nat)'
    """
    dataset = erasure_given(what)
    with panel(ax, right=0.98) as axes:
        branch_figures.draw_entropy_tradeoff(axes, first_curve(dataset), qubit_of(dataset, "bath"))
    return axes


def branch_gain(bath: Bath, ax: Axes | None = None) -> Axes:
    """Draw the gain of two failure branches, known or discarded, Eqs. (14), (15) and (18).

    Args:
        bath: qubit bath.
        ax: axes to draw into; None makes a figure.

    Example:
        >>> import recycling as rc
        >>> rc.plot.branch_gain(rc.Bath.qubit(5e9, 0.043)).get_ylabel()
        'gain (hf)'
    """
    with panel(ax, right=0.98) as axes:
        branch_figures.draw_branch_gain(axes, bath_given(bath))
        axes.legend(fontsize=8)
    return axes


def record_break_even(bath: Bath, ax: Axes | None = None) -> Axes:
    """Draw the temperature below which keeping the record of a branch pays.

    Args:
        bath: qubit bath.
        ax: axes to draw into; None makes a figure.

    Example:
        >>> import recycling as rc
        >>> rc.plot.record_break_even(rc.Bath.qubit(5e9, 0.043)).get_ylabel()
        'break-even of the record (mK)'
    """
    with panel(ax, right=0.98) as axes:
        branch_figures.draw_record_break_even(axes, bath_given(bath))
    return axes


def _measured(what: Run | xr.Dataset) -> Thermometry | None:
    """Temperature of the bath that a run measured."""
    return calibrations(what).temperatures.get("measured") if isinstance(what, Run) else None
