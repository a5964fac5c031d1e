"""The sweep of a Dataset: the parameters of its algorithm, and how text and figures name them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from circuits.design import RECYCLING

if TYPE_CHECKING:
    import xarray as xr

    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]

#: Dims of the heat that are no parameters of the algorithm.
_OTHERS = ("arm", "p_x", "trial")
#: Greek letters by the names that both Python and matplotlib know.
_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega"
)
_GREEK = dict(zip(_NAMES.split(), "αβγδεζηθικλμνξπρστυφχψω", strict=True))


@dataclass(frozen=True)
class Axis:
    """One swept parameter: its name, its unit ("1" where it has none) and its values."""

    name: str
    unit: str
    values: Real = field(compare=False)

    @property
    def symbol(self) -> str:
        """Name as a physicist writes it: theta_b becomes θ_b."""
        letter, underscore, index = self.name.partition("_")
        return f"{_GREEK.get(letter, letter)}{underscore}{index}"

    @property
    def formula(self) -> str:
        r"""Name in the notation of matplotlib: theta_b becomes $\theta_b$."""
        letter, _, index = self.name.partition("_")
        if letter not in _GREEK:
            return f"${_indexed(letter, index)}$" if len(letter) == 1 else self.name
        return f"${_indexed(chr(92) + letter, index)}$"

    @property
    def column(self) -> str:
        """Heading of a column: symbol and unit."""
        return self.symbol + self._in_unit

    @property
    def label(self) -> str:
        """Label of the axis of a figure: formula and unit."""
        return self.formula + self._in_unit

    def at(self, index: int, form: str) -> str:
        """Formula that says which value the parameter has, for a title or a legend."""
        return f"${self.formula.strip('$')} = {self.values[index]:{form}}$"

    @property
    def noun(self) -> str:
        """What one value of it is."""
        return "angle" if self.unit == "rad" else "point"

    @property
    def _in_unit(self) -> str:
        return "" if self.unit in ("", "1") else f" ({self.unit})"


def sweep_axes(dataset: xr.Dataset) -> tuple[Axis, ...]:
    """Axis of each swept parameter of a Dataset, the first one first."""
    names = [str(dim) for dim in dataset["heat"].dims if dim not in _OTHERS]
    return tuple(
        Axis(name, str(dataset[name].attrs.get("units", "1")), dataset[name].values)
        for name in names
    )


def design_axes(experiment: Experiment) -> tuple[Axis, ...]:
    """Axis of each swept parameter of an experiment that need not have been analysed."""
    return tuple(
        Axis(parameter.name, parameter.unit, experiment.coordinates[parameter.name])
        for parameter in experiment.design.parameters
    )


def sweep_points(dataset: xr.Dataset) -> list[tuple[float, ...]]:
    """Values of all parameters at each point of the sweep, the last parameter fastest."""
    return [tuple(map(float, point)) for point in product(*(a.values for a in sweep_axes(dataset)))]


def over_points(dataset: xr.Dataset, array: xr.DataArray) -> Real:
    """Numbers of an array over the sweep alone, in the order of ``sweep_points``."""
    names = [axis.name for axis in sweep_axes(dataset)]
    return np.asarray(array.transpose(*names).values).ravel()


def recycling_arm(dataset: xr.Dataset) -> xr.Dataset:
    """The arm whose failed branches are recycled."""
    return dataset.sel(arm=RECYCLING)


def first_curve(dataset: xr.Dataset) -> xr.Dataset:
    """Dataset over the first parameter alone, all others at their first values."""
    _, *others = sweep_axes(dataset)
    return dataset.isel({axis.name: 0 for axis in others}, drop=True)


def curve_note(dataset: xr.Dataset) -> str:
    """Sentence that says where ``first_curve`` cuts a sweep; empty where it cuts nothing."""
    first, *others = sweep_axes(dataset)
    if not others:
        return ""
    where = ", ".join(f"{axis.symbol} = {axis.values[0]:.4g}" for axis in others)
    return f" Shown over {first.symbol} at {where}, the first of their values."


def _indexed(letter: str, index: str) -> str:
    if not index:
        return letter
    return f"{letter}_{index}" if len(index) == 1 else rf"{letter}_{{\mathrm{{{index}}}}}"
