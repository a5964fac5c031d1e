"""Figures 3 to 5 of the paper, of a run or of its dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuits.design import EQUILIBRIUM, RECYCLING
from recycling.errors import BadInput
from recycling.plot.panel import erasure_given, panel
from recycling.reporting.figures import (
    draw_dissipation_ratio,
    draw_fidelity,
    draw_heat_by_mixedness,
    draw_heat_by_sweep,
)
from recycling.results.sweep import first_curve
from recycling.results.theory import stored_theory
from recycling.store.directory import Run

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


def fig3(what: Run | xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw Fig. 3: fidelity of the success branch over the first swept parameter.

    Args:
        what: a run, or its dataset.
        ax: axes to draw into; None makes a figure.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.fig3(rc.run("theory", out=f"{folder}/run"))
        >>> axes.get_ylabel()
        'fidelity $F$'
    """
    with panel(ax) as axes:
        draw_fidelity(axes, first_curve(erasure_given(what)))
    return axes


def fig4a(what: Run | xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw Fig. 4(a): heat and bounds of an erasure with an equilibrium bath.

    Args:
        what: a run, or its dataset.
        ax: axes to draw into; None makes a figure.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.fig4a(rc.run("theory", out=f"{folder}/run"))
        >>> axes.get_ylabel()
        'energy (hf)'
    """
    with panel(ax) as axes:
        draw_heat_by_sweep(axes, first_curve(erasure_given(what)), EQUILIBRIUM)
    return axes


def fig4b(what: Run | xr.Dataset, ax: Axes | None = None) -> Axes:
    r"""Draw Fig. 4(b): heat and bounds of an erasure with thermodynamic recycling.

    Args:
        what: a run, or its dataset.
        ax: axes to draw into; None makes a figure.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.fig4b(rc.run("theory", out=f"{folder}/run"))
        >>> [text.get_text() for text in axes.get_legend().get_texts()][0]
        '$\\Delta Q_{B}$'
    """
    with panel(ax) as axes:
        draw_heat_by_sweep(axes, first_curve(erasure_given(what)), RECYCLING)
    return axes


def fig4c(what: Run | xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw Fig. 4(c): the theory of recycling, with ideal gates and infinitely many shots.

    Args:
        what: a run, with which its theory was kept, or the dataset of a theory.
        ax: axes to draw into; None makes a figure.

    Raises:
        BadInput: no theory was kept with the run.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.fig4c(rc.run("theory", out=f"{folder}/run"))
        >>> axes.get_ylabel()
        'energy (hf)'
    """
    theory = stored_theory(what) if isinstance(what, Run) else erasure_given(what)
    if theory is None:
        raise BadInput(
            f"run = {str(getattr(what, 'path', ''))!r}: no theory was kept with it; give the "
            'dataset of a run of rc.preset("theory")'
        )
    with panel(ax) as axes:
        draw_heat_by_sweep(axes, first_curve(theory), RECYCLING)
    return axes


def fig5a(what: Run | xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw Fig. 5(a): heat and bounds with recycling over the mixedness p_x.

    Args:
        what: a run, or its dataset.
        ax: axes to draw into; None makes a figure.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.fig5a(rc.run("theory", out=f"{folder}/run"))
        >>> axes.get_xlabel()
        '$p_x$'
    """
    with panel(ax) as axes:
        draw_heat_by_mixedness(axes, first_curve(erasure_given(what)))
    return axes


def fig5b(what: Run | xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw Fig. 5(b): the dissipation ratio (ΔQ_B − Q_tight)/Q_tight over p_x.

    Args:
        what: a run, or its dataset.
        ax: axes to draw into; None makes a figure.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.fig5b(rc.run("theory", out=f"{folder}/run"))
        >>> axes.get_yscale()
        'symlog'
    """
    with panel(ax, left=0.15, right=0.98) as axes:
        draw_dissipation_ratio(axes, first_curve(erasure_given(what)))
    return axes
