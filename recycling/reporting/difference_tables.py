"""Tables of differences: between a run and its prediction, or between runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from circuits.design import symbol
from recycling.inference.statistics.interval import Interval
from recycling.reporting.tables import Table, number, with_interval
from recycling.results.differences import P_VALUE, Z, common, names_of
from recycling.results.schema import OF_LINK, VARIABLES

if TYPE_CHECKING:
    import xarray as xr

#: Order in which the coordinates of a place are written, before the swept parameters.
_FIRST = ("arm", "stage", "qubit")
#: What a quantity is called where its name in the Dataset is no word of the field.
_CALLED = {
    "bound_landauer": "Q_Landauer", "bound_tight": "Q_tight", "bound_athermal": "Q_ath",
    "excess_landauer": "ΔQ_B − Q_Landauer", "excess_tight": "ΔQ_B − Q_tight",
    "excess_athermal": "ΔQ_B − Q_ath", "excess_strict_tight": "ΔQ_B + link heat − Q_tight",
}  # fmt: skip


@dataclass(frozen=True)
class Sides:
    """Two Datasets of quantities, and their differences.

    Attributes:
        first: quantities with the dim "limit".
        second: those that are subtracted.
        found: their ``differences``.
        names: what the two are called.
        quantum: hf, J, the unit of energies.
    """

    first: xr.Dataset
    second: xr.Dataset
    found: xr.Dataset
    names: tuple[str, str]
    quantum: float

    @property
    def columns(self) -> tuple[str, ...]:
        """Headings of a table of differences."""
        return ("quantity", "at", *self.names, "difference", "z", "p")

    @cached_property
    def _common(self) -> tuple[xr.Dataset, xr.Dataset]:
        return common(self.first, self.second)

    def rows(self, name: str, *, largest: bool = False) -> Iterator[tuple[str, ...]]:
        """Rows of a quantity: of every place, or of that where it differs most."""
        z = self.found[name + Z]
        dims = sorted(map(str, z.dims), key=lambda dim: dim not in _FIRST)
        unit = self.quantum if (VARIABLES | OF_LINK)[name].units == "J" else 1.0
        sides = [
            side[name].transpose(*dims, "limit").values for side in (*self._common, self.found)
        ]
        distances = z.transpose(*dims).values
        p_values = self.found[name + P_VALUE].transpose(*dims).values
        labels = [z[dim].values for dim in dims]
        for place in _places(distances, largest):
            at = {dim: values[i].item() for dim, values, i in zip(dims, labels, place, strict=True)}
            yield (
                called(name),
                place_text(at),
                *(
                    with_interval(Interval(*map(float, side[place])), unit, form)
                    for side, form in zip(sides, (".3f", ".3f", ""), strict=True)
                ),
                number(float(distances[place]), "+.1f"),
                number(float(p_values[place]), ".2g"),
            )


def called(name: str) -> str:
    """Say what a quantity of a Dataset is called in text.

    Example:
        >>> called("bound_landauer"), called("branch_probability")
        ('Q_Landauer', 'branch probability')
    """
    return _CALLED.get(name, name.replace("_", " "))


def _places(distances: NDArray[np.float64], largest: bool) -> list[tuple[int, ...]]:
    if not largest:
        return list(np.ndindex(distances.shape))
    if np.isnan(distances).all():
        return []
    place = np.unravel_index(np.nanargmax(np.abs(distances)), distances.shape)
    return [tuple(map(int, place))]


def largest_table(sides: Sides) -> Table:
    """Show for each quantity where it differs most."""
    rows = [row for name in names_of(sides.found) for row in sides.rows(name, largest=True)]
    return Table(
        sides.columns,
        rows,
        "Where each quantity differs most. Energies in hf. z is the difference in standard errors, "
        "p the two-sided p-value for all places of the quantity together (Holm). Intervals: 95 %, "
        "those of a run with the drift between its trials.",
    )


def every_table(sides: Sides, *, states: bool) -> Table:
    """Show every difference: those of stages and qubits, or all others."""
    names = [n for n in names_of(sides.found) if states == ("qubit" in sides.found[n].dims)]
    return Table(sides.columns, [row for name in names for row in sides.rows(name)])


def place_text(labels: dict[str, object]) -> str:
    """Write where a quantity is: arm, stage and qubit, then the swept parameters.

    Example:
        >>> place_text({"theta": 0.39269908, "stage": "before", "qubit": "B"})
        'before, B, θ = 0.393'
    """
    words = [str(labels[dim]) for dim in _FIRST if dim in labels]
    swept = [
        f"{symbol(dim)} = {value:.3g}"
        for dim, value in labels.items()
        if dim not in _FIRST and isinstance(value, float)
    ]
    return ", ".join(words + swept)
