"""The sweep of a Dataset: the parameters of its algorithm, and how text and figures name them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from circuits.design import GREEK, RECYCLING, symbol
from recycling.results.dataset import swept

if TYPE_CHECKING:
    import xarray as xr

    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    r"""A swept parameter: its name, its unit ("1" where it has none) and its values.

    Example:
        >>> axis = Axis("alpha_0", "rad", np.array([0.0, 0.4]))
        >>> axis.symbol, axis.label, axis.at(1, ".2f")
        ('α_0', '$\\alpha_0$ (rad)', '$\\alpha_0 = 0.40$')
    """

    name: str
    unit: str
    values: Real = field(compare=False)

    @property
    def symbol(self) -> str:
        """Name as a physicist writes it: alpha_0 becomes α_0."""
        return symbol(self.name)

    @property
    def formula(self) -> str:
        r"""Name in the notation of matplotlib: alpha_0 becomes $\alpha_0$."""
        letter, _, index = self.name.partition("_")
        if letter not in GREEK:
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
        """Noun for a value of it."""
        return "angle" if self.unit == "rad" else "point"

    @property
    def _in_unit(self) -> str:
        return "" if self.unit in ("", "1") else f" ({self.unit})"


def sweep_axes(dataset: xr.Dataset) -> tuple[Axis, ...]:
    """List the axis of each swept parameter of a Dataset, in their order.

    Example:
        >>> import xarray as xr
        >>> angle = xr.Variable("angle", [0.0, 0.4], {"units": "rad"})
        >>> branch = ("angle", [0.8, 0.7])
        >>> dataset = xr.Dataset({"branch_probability_combined": branch}, {"angle": angle})
        >>> [axis.column for axis in sweep_axes(dataset)]
        ['angle (rad)']
    """
    return tuple(
        Axis(name, str(dataset[name].attrs.get("units", "1")), dataset[name].values)
        for name in swept(dataset)
    )


def design_axes(experiment: Experiment) -> tuple[Axis, ...]:
    """List the axis of each swept parameter of an experiment, without an analysis.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> [axis.symbol for axis in design_axes(experiment)]
        ['θ']
    """
    return tuple(
        Axis(parameter.name, parameter.unit, experiment.coordinates[parameter.name])
        for parameter in experiment.design.parameters
    )


def sweep_points(dataset: xr.Dataset) -> list[tuple[float, ...]]:
    """List the values of all parameters at each point of the sweep, the last parameter fastest.

    Example:
        >>> import xarray as xr
        >>> angle = xr.Variable("angle", [0.0, 0.4], {"units": "rad"})
        >>> branch = ("angle", [0.8, 0.7])
        >>> dataset = xr.Dataset({"branch_probability_combined": branch}, {"angle": angle})
        >>> sweep_points(dataset)
        [(0.0,), (0.4,)]
    """
    return [tuple(map(float, point)) for point in product(*(a.values for a in sweep_axes(dataset)))]


def over_points(dataset: xr.Dataset, array: xr.DataArray) -> Real:
    """Flatten an array over the sweep alone, in the order of ``sweep_points``.

    Example:
        >>> import xarray as xr
        >>> angle = xr.Variable("angle", [0.0, 0.4], {"units": "rad"})
        >>> branch = ("angle", [0.8, 0.7])
        >>> dataset = xr.Dataset({"branch_probability_combined": branch}, {"angle": angle})
        >>> over_points(dataset, dataset["branch_probability_combined"]).tolist()
        [0.8, 0.7]
    """
    return np.asarray(array.transpose(*swept(dataset)).values).ravel()


def recycling_arm(dataset: xr.Dataset) -> xr.Dataset:
    """Select the arm whose failed branches are recycled.

    Example:
        >>> import xarray as xr
        >>> from circuits.design import EQUILIBRIUM
        >>> arms = {"arm": [EQUILIBRIUM, RECYCLING]}
        >>> recycling_arm(xr.Dataset({"heat": ("arm", [1e-25, 2e-25])}, arms))["heat"].item()
        2e-25
    """
    return dataset.sel(arm=RECYCLING)


def first_curve(dataset: xr.Dataset) -> xr.Dataset:
    """Select the first parameter of several values alone, all others at their first values.

    Example:
        >>> import xarray as xr
        >>> angle = xr.Variable("angle", [0.0, 0.4], {"units": "rad"})
        >>> branch = ("angle", [0.8, 0.7])
        >>> dataset = xr.Dataset({"branch_probability_combined": branch}, {"angle": angle})
        >>> first_curve(dataset).sizes["angle"]
        2
    """
    _, others = _drawn(dataset)
    return dataset.isel({axis.name: 0 for axis in others}, drop=True)


def curve_note(dataset: xr.Dataset) -> str:
    """Say where ``first_curve`` cuts a sweep; empty where it cuts nothing.

    Example:
        >>> import xarray as xr
        >>> angle = xr.Variable("angle", [0.0, 0.4], {"units": "rad"})
        >>> branch = ("angle", [0.8, 0.7])
        >>> dataset = xr.Dataset({"branch_probability_combined": branch}, {"angle": angle})
        >>> curve_note(dataset)
        ''
    """
    first, others = _drawn(dataset)
    if not others:
        return ""
    where = ", ".join(f"{axis.symbol} = {axis.values[0]:.4g}" for axis in others)
    return f" Shown over {first.symbol} at {where}, the first of their values."


def _drawn(dataset: xr.Dataset) -> tuple[Axis, list[Axis]]:
    """The axis that curves are drawn over: the first of several values, if any; and the others."""
    axes = sweep_axes(dataset)
    drawn = next((axis for axis in axes if axis.values.size > 1), axes[0])
    return drawn, [axis for axis in axes if axis.name != drawn.name]


def _indexed(letter: str, index: str) -> str:
    if not index:
        return letter
    return f"{letter}_{index}" if len(index) == 1 else rf"{letter}_{{\mathrm{{{index}}}}}"
