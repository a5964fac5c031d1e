"""Axes of a figure: their look, ticks and labels; and a figure as a file, the same each time."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from recycling.results.sweep import Axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Real = NDArray[np.float64]

SETTINGS: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "svg.hashsalt": "recycling",
}
SIZE = (5.2, 3.7)
_PI_TICKS = {
    0: "0", np.pi / 16: "π/16", np.pi / 8: "π/8", 3 * np.pi / 16: "3π/16", np.pi / 4: "π/4"
}  # fmt: skip


def to_svg(figure: Figure) -> bytes:
    """Write a figure as an SVG file that is the same each time.

    Example:
        >>> to_svg(Figure())[:5]
        b'<?xml'
    """
    stream = io.BytesIO()
    with mpl.rc_context(SETTINGS):
        figure.savefig(
            stream,
            format="svg",
            metadata={"Date": None, "Creator": None},
        )
    return stream.getvalue()


def level(x: Real, *curves: ArrayLike) -> tuple[Real, ...]:
    """Make a short level line of a curve that has a single point, which no line would show.

    Args:
        x: places of the points (array of shape (point,)).
        curves: values there, each an array of the same shape.

    Returns:
        Places and curves as they are, or for a single point those of both ends of the line.

    Example:
        >>> level(np.array([0.5]), [2.0])
        (array([0.475, 0.525]), array([2., 2.]))
    """
    given = [np.asarray(curve, dtype=float) for curve in curves]
    if len(x) != 1:
        return (x, *given)
    half = room_beside(x) / 6
    return (np.array([x[0] - half, x[0] + half]), *(np.repeat(curve, 2) for curve in given))


def room_beside(x: Real) -> float:
    """Room that an axis leaves on each side of its single point.

    Example:
        >>> room_beside(np.array([0.5]))
        0.15
    """
    return 0.3 * abs(float(x[0])) or 0.3


def shade(axes: Axes, x: Real, low: Real, high: Real, **style: Any) -> None:
    """Shade between two limits where both are finite.

    Example:
        >>> _, axes = new_axes("time (s)", "energy (hf)")
        >>> shade(axes, np.array([0.0, 1.0]), np.zeros(2), np.array([1.0, np.inf]))
        >>> len(axes.collections)
        1
    """
    x, low, high = level(x, low, high)
    axes.fill_between(x, low, high, where=np.isfinite(low) & np.isfinite(high), lw=0, **style)


def single_tick(axes: Axes, x: Real) -> None:
    """Label the place of a single point, with room on both sides; several have ticks already.

    Example:
        >>> _, axes = new_axes("time (s)", "energy (hf)")
        >>> single_tick(axes, np.array([0.5]))
        >>> [label.get_text() for label in axes.get_xticklabels()]
        ['0.5']
    """
    if np.ptp(x) <= 1e-9 * abs(float(x[0])):
        axes.set_xlim(x[0] - room_beside(x), x[0] + room_beside(x))
        axes.set_xticks([x[0]], [f"{x[0]:.4g}"])


def math_label(label: str) -> str:
    r"""Write a label such as "Q_tight" in the notation of matplotlib.

    Example:
        >>> math_label("Q_tight")
        '$Q_{\\mathrm{tight}}$'
    """
    name, _, index = label.partition("_")
    index = rf"\mathrm{{{index}}}" if len(index) > 1 else index
    return rf"${name.replace('Δ', chr(92) + 'Delta ')}_{{{index}}}$"


def figure_of(draw: Callable[..., object], *what: Any, **edges: float) -> Figure:
    """Make a figure of the usual size with axes, and draw into them.

    Args:
        draw: called with the axes and with what is drawn.
        what: what is drawn.
        edges: of the axes, as ``Figure.subplots_adjust`` takes them, where they are others.

    Example:
        >>> figure_of(lambda axes, text: axes.set_xlabel(text), "time (s)").axes[0].get_xlabel()
        'time (s)'
    """
    figure = Figure(figsize=SIZE)
    figure.subplots_adjust(**{"left": 0.16, "right": 0.87, "bottom": 0.14, "top": 0.97, **edges})
    draw(figure.add_subplot(), *what)
    return figure


def new_axes(x: str, y: str) -> tuple[Figure, Axes]:
    """Make a figure with a pair of labelled axes.

    Example:
        >>> figure, axes = new_axes("time (s)", "energy (hf)")
        >>> axes.get_ylabel()
        'energy (hf)'
    """
    figure = Figure(figsize=SIZE)
    figure.subplots_adjust(left=0.16, right=0.87, bottom=0.14, top=0.97)
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    return figure, axes


def sweep_ticks(axes: Axes, axis: Axis) -> None:
    """Put ticks at multiples of π/16 where the angles are those of the paper, or at a single point.

    Example:
        >>> _, axes = new_axes("angle (rad)", "energy (hf)")
        >>> sweep_ticks(axes, Axis("angle", "rad", np.linspace(0, np.pi / 4, 3)))
        >>> [label.get_text() for label in axes.get_xticklabels()][:3]
        ['0', 'π/16', 'π/8']
    """
    first, last = axis.values[0], axis.values[-1]
    if axis.unit == "rad" and np.isclose(last, np.pi / 4) and first == 0:
        axes.set_xticks(list(_PI_TICKS), list(_PI_TICKS.values()))
    single_tick(axes, axis.values)
