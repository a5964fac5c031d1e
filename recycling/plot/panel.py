"""Axes to draw into: given ones, or those of a new figure in the look of the report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import matplotlib as mpl

from recycling.errors import BadInput
from recycling.reporting.canvas import SETTINGS, SIZE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@contextmanager
def panel(ax: Axes | None, size: tuple[float, float] = SIZE, **edges: float) -> Iterator[Axes]:
    """Give axes in the look of the report; new ones are of a figure of pyplot, which shows it.

    Example:
        >>> with panel(None) as axes:
        ...     axes.spines["top"].get_visible()
        False
    """
    with mpl.rc_context(SETTINGS | {"figure.max_open_warning": 0}):
        if ax is None:
            import matplotlib.pyplot as plt

            figure, ax = plt.subplots(figsize=size)
            figure.subplots_adjust(
                **{"left": 0.16, "right": 0.87, "bottom": 0.14, "top": 0.97, **edges}
            )
        else:
            ax.spines["top"].set_visible(False)
            ax.grid(True, alpha=SETTINGS["grid.alpha"])
        yield ax


def chosen(name: str, value: str, known: tuple[str, ...]) -> str:
    """Check a choice.

    Raises:
        BadInput: it is none.

    Example:
        >>> chosen("quantity", "heat", ("heat", "gain"))
        'heat'
    """
    if value not in known:
        raise BadInput(f"{name} = {value!r}: give {' or '.join(map(repr, known))}")
    return value
