"""Axes to draw into: given ones, or those of a new figure in the look of the report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import matplotlib as mpl

from recycling.errors import BadInput
from recycling.reporting.canvas import SETTINGS, SIZE
from recycling.store.directory import Run
from recycling.store.given import dataset_given, shown_given
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


@contextmanager
def panel(ax: Axes | None, size: tuple[float, float] = SIZE, **edges: float) -> Iterator[Axes]:
    """Give axes in the look of the report; new ones are of a figure of pyplot, which shows it.

    Example:
        >>> with panel(None) as axes:
        ...     axes.spines["top"].get_visible()
        False
    """
    from matplotlib.axes import Axes as Known

    if not isinstance(ax, Known | None):
        raise BadInput(f"ax = {shown_given(ax)}: give axes of Matplotlib, or None")
    with (
        mpl.rc_context(SETTINGS | {"figure.max_open_warning": 0}),
        ExitStack() as not_drawn,
    ):
        if ax is None:
            import matplotlib.pyplot as plt

            made, ax = plt.subplots(figsize=size)
            not_drawn.callback(plt.close, made)  # a notebook would show it, empty
            made.subplots_adjust(
                **{"left": 0.16, "right": 0.87, "bottom": 0.14, "top": 0.97, **edges}
            )
        else:
            ax.spines["top"].set_visible(False)
            ax.grid(True, alpha=SETTINGS["grid.alpha"])
        yield ax
        not_drawn.pop_all()


def erasure_given(what: Run | xr.Dataset) -> xr.Dataset:
    """Give the dataset of an erasure, whose arms are there to be drawn.

    Raises:
        BadInput: it is of another study, or a part of a dataset.

    Example:
        >>> import xarray as xr
        >>> erasure_given(xr.Dataset())
        Traceback (most recent call last):
        recycling.errors.BadInput: dataset: it has no arms of an erasure; give a run of the ...
    """
    dataset = dataset_given(what)
    if not {"arm", "p_x"} <= set(dataset.dims) or "heat_combined" not in dataset:
        raise BadInput(
            "dataset: it has no arms of an erasure; give a run of the protocol, or its dataset"
        )
    return dataset


def bath_given(bath: Bath) -> Bath:
    """Check that it is a bath, and return it.

    Raises:
        BadInput: it is not.

    Example:
        >>> bath_given(0.043)
        Traceback (most recent call last):
        recycling.errors.BadInput: bath = 0.043: give a bath, such as Bath.qubit(5e9, 0.043)
    """
    if not isinstance(bath, Bath):
        raise BadInput(f"bath = {shown_given(bath)}: give a bath, such as Bath.qubit(5e9, 0.043)")
    return bath


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
