"""The form of the Dataset: its variables with dims, units and meanings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recycling.inference.states.estimates import QUANTILE, Estimate
from recycling.inference.statistics.trials import Scatter
from recycling.results.dataset import POINT

Real = NDArray[np.float64]
Attributes = dict[str, str | float]
Variable = tuple[tuple[str, ...], Real, Attributes]

RESULTS_SCHEMA_VERSION = 2
#: Axes of estimates; ``POINT`` stands for the swept parameters, which the Dataset has apart.
_GRID = ("arm", POINT, "p_x", "trial")
_STATES = (*_GRID, "stage", "qubit")
_BOUND_NOTE = "+inf where no process exists; an excess over it is +inf, never below the bound"
_RATIO_NOTE = (
    "NaN where nothing is erased, +inf where no process exists; its limits (Fieller) are ±inf "
    "where the bound is not resolved from zero"
)
_Z_NOTE = (
    "signed normal quantile of the one-sided p-value that it is on the other side of zero, from "
    "the limit on the way to zero; NaN without any"
)


@dataclass(frozen=True)
class Quantity:
    """A variable of the Dataset: its axes, its unit, and its further statistics.

    Attributes:
        dims: its axes, with "arm" where it belongs to each arm.
        units: unit of its values.
        long_name: its meaning in words.
        estimate: its name in the estimator, by default that in the Dataset.
        scattered: whether the scatter of its trials is kept.
        tested: whether its sign is tested: a finding needs ΔS > 0 and an excess < 0.

    Example:
        >>> VARIABLES["heat"].units, VARIABLES["heat"].together
        ('J', ('arm', 'point', 'p_x'))
    """

    dims: tuple[str, ...]
    units: str
    long_name: str
    estimate: str = ""
    scattered: bool = False
    tested: bool = False

    @property
    def together(self) -> tuple[str, ...]:
        """Axes of all trials together."""
        return tuple(dim for dim in self.dims if dim != "trial")

    def axis(self, dim: str) -> int:
        """Axis of a dim among those of the estimates of an arm."""
        return [own for own in self.dims if own != "arm"].index(dim)


#: Quantities by the name of their variable, of every Dataset.
VARIABLES: dict[str, Quantity] = {
    "branch_probability": Quantity(
        ("arm", POINT, "trial"), "1", "probability of the branch that the arm analyses"),
    "entropy": Quantity(_STATES, "nat", "von Neumann entropy"),
    "excited_population": Quantity(_STATES, "1", "excited population"),
    "entropy_decrease": Quantity(
        _GRID, "nat", "entropy decrease ΔS of S by the erasure", scattered=True, tested=True),
    "heat": Quantity(_GRID, "J", "heat ΔQ_B into the bath", scattered=True),
    "bound_landauer": Quantity(_GRID, "J", "Landauer bound k_B T0 ΔS"),
    "bound_tight": Quantity(_GRID, "J", "tight finite-bath bound Q_tight, Eq. (8)"),
    "bound_athermal": Quantity(_GRID, "J", "athermal bound Q_ath, Eq. (13)"),
    "gain": Quantity(_GRID, "J", "gain G = Q_tight - Q_ath, Eq. (3)"),
    "excess_tight": Quantity(
        _GRID, "J", "heat above the tight bound", scattered=True, tested=True),
    "excess_landauer": Quantity(
        _GRID, "J", "heat above the Landauer bound", scattered=True, tested=True),
    "excess_athermal": Quantity(_GRID, "J", "heat above the athermal bound", tested=True),
    "dissipation_ratio": Quantity(
        _GRID, "1", "dissipation ratio (ΔQ_B - Q_tight)/Q_tight, Fig. 5(b)"),
    # Of the arm without a reset alone, which analyses the success branch.
    "success_fidelity": Quantity(
        (POINT, "trial"), "1", "fidelity of C_I with A⁻¹b in the success branch", "fidelity"),
}  # fmt: skip
#: Further ones, of an experiment with a link alone: readers of others never see them.
OF_LINK: dict[str, Quantity] = {
    "link_heat": Quantity(
        _GRID, "J", "heat that the bath's state left in the link", scattered=True, tested=True),
    "excess_strict_tight": Quantity(
        _GRID, "J", "heat and link heat together above the tight bound",
        scattered=True, tested=True),
}  # fmt: skip
#: All of them by the name of their estimate.
ESTIMATES = {
    quantity.estimate or name: quantity for name, quantity in (VARIABLES | OF_LINK).items()
}
#: What an estimate of all trials together, and a band, hold along their dim "limit".
LIMITS = ("value", "low", "high")


@dataclass(frozen=True)
class ArmEstimates:
    """Estimates of an arm by name.

    Attributes:
        trials: of each trial, over the axes of ``ESTIMATES`` but the arm.
        combined: of all trials together, widened where they drift; without the axis of trials.
        scatter: how the trials scatter.
        bands: limits that hold over the sweep at once, of those that have them.
        quantile: normal quantile of the bands.
    """

    trials: Mapping[str, Estimate]
    combined: Mapping[str, Estimate]
    scatter: Mapping[str, Scatter]
    bands: Mapping[str, Estimate]
    quantile: float


def variables(
    estimates: Mapping[str, ArmEstimates], success: str, coordinates: Mapping[str, Real]
) -> dict[str, Variable]:
    """Make the variables of the Dataset by name.

    Each of ``VARIABLES``, and of ``OF_LINK`` where it was estimated, with its ends ``_low`` and
    ``_high`` for every trial; with ``_combined`` for all trials together; some with ``_band`` over
    the sweep, some with ``_scatter``, some with ``_stderr`` and ``_z`` of trials and of
    ``_combined``.

    Args:
        estimates: those of each arm by its name.
        success: name of the arm that analyses the success branch; what is said of it alone is left
            out where it was not estimated.
        coordinates: values of each swept parameter: ``POINT`` is their product, the last fastest.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> from recycling.results.estimates import estimate_arms
        >>> from recycling.thermodynamics import Bath
        >>> tables = np.full((2, 2, 1, 2, 2, 3, 16), 1 / 16)
        >>> raw = {"readout": "raw", "assignment": None, "progress": lambda _fraction: None}
        >>> ((_, arms),) = estimate_arms(experiment, tables, Bath.qubit(), None, **raw)
        >>> success = experiment.design.arm_names[0]
        >>> dims, values, notes = variables(arms, success, experiment.coordinates)["heat"]
        >>> dims, values.shape, notes["units"]
        (('arm', 'theta', 'p_x', 'trial'), (2, 2, 2, 1), 'J')
    """
    found: dict[str, Variable] = {}
    some = next(iter(estimates.values()))
    of_link = {name: each for name, each in OF_LINK.items() if name in some.trials}
    for name, quantity in (VARIABLES | of_link).items():
        every = "arm" in quantity.dims
        if not every and success not in estimates:
            continue
        arms = estimates if every else {success: estimates[success]}
        found |= _of_quantity(name, quantity, arms)
    return {name: _unfolded(variable, coordinates) for name, variable in found.items()}


def _of_quantity(
    name: str, quantity: Quantity, estimates: Mapping[str, ArmEstimates]
) -> dict[str, Variable]:
    """Make all variables of a quantity."""
    own, dims, together = quantity.estimate or name, quantity.dims, quantity.together
    units, long_name = quantity.units, quantity.long_name
    arms = list(estimates.values())
    trials = [arm.trials[own] for arm in arms]
    combined = [arm.combined[own] for arm in arms]
    notes = _notes(name)
    found: dict[str, Variable] = {}
    found[name] = (
        dims, _stacked(trials, "value", dims), {"units": units, "long_name": long_name, **notes}
    )  # fmt: skip
    for end in ("low", "high"):
        text = f"{long_name}, {end} end of the 95 % interval"
        found[f"{name}_{end}"] = (
            dims, _stacked(trials, end, dims), {"units": units, "long_name": text})  # fmt: skip
    found[f"{name}_combined"] = _limits(
        combined, together, {"units": units, "long_name": f"{long_name}, all trials", **notes}
    )
    if own in arms[0].bands:
        bands = [arm.bands[own] for arm in arms]
        text = f"{long_name}, all trials, 95 % band over the sweep"
        found[f"{name}_band"] = _limits(bands, together, {"units": units, "long_name": text})
    if quantity.scattered:
        text = f"scatter of trials over that of shots: {long_name}"
        ratios = np.stack([arm.scatter[own].ratio for arm in arms])
        found[f"{name}_scatter"] = (together, ratios, {"units": "1", "long_name": text})
    if quantity.tested:
        found |= _significance(quantity, name, dims, trials, dict.fromkeys(estimates, QUANTILE))
        # Far from zero, where verdicts are, the wider limits of a band are more accurate.
        wide = [arm.bands.get(own, arm.combined[own]) for arm in arms]
        quantiles = {
            arm: one.quantile if own in one.bands else QUANTILE for arm, one in estimates.items()
        }
        found |= _significance(quantity, f"{name}_combined", together, wide, quantiles)
    return found


def _unfolded(variable: Variable, coordinates: Mapping[str, Real]) -> Variable:
    """Variable with a dim for each swept parameter in place of that of the points."""
    dims, values, notes = variable
    if POINT not in dims:
        return variable
    axis = dims.index(POINT)
    sizes = tuple(len(values_of_one) for values_of_one in coordinates.values())
    shape = (*values.shape[:axis], *sizes, *values.shape[axis + 1 :])
    return (*dims[:axis], *coordinates, *dims[axis + 1 :]), values.reshape(shape), notes


def _notes(name: str) -> Attributes:
    if name == "dissipation_ratio":
        return {"comment": _RATIO_NOTE}
    return {"comment": _BOUND_NOTE} if name.startswith(("bound", "excess")) else {}


def _significance(
    quantity: Quantity,
    name: str,
    dims: tuple[str, ...],
    arms: list[Estimate],
    quantiles: Mapping[str, float],
) -> dict[str, Variable]:
    """Standard errors and z of a quantity under a name, and the quantile that they come from.

    That is the normal quantile of their limits: an attribute for each arm, ``quantile_<arm>``.
    """
    known = {f"quantile_{arm}": value for arm, value in quantiles.items()}
    units, long_name = quantity.units, quantity.long_name
    error = {
        "units": units,
        "long_name": f"standard error of: {long_name}",
        "comment": "width of the limits at the normal quantile over twice that quantile",
    }
    if "trial" not in dims:
        error["comment"] += "; with the drift between trials"
    significance = {"units": "1", "long_name": f"significance of: {long_name}", "comment": _Z_NOTE}
    return {
        f"{name}_stderr": (dims, _stacked(arms, "stderr", dims), error | known),
        f"{name}_z": (dims, _stacked(arms, "z", dims), significance | known),
    }


def _limits(arms: list[Estimate], dims: tuple[str, ...], notes: Attributes) -> Variable:
    """Value and both ends side by side, along the dim "limit"."""
    values = np.stack([_stacked(arms, part, dims) for part in LIMITS], axis=-1)
    return ((*dims, "limit"), values, notes)


def _stacked(arms: list[Estimate], part: str, dims: tuple[str, ...]) -> Real:
    """A part of the estimates of all arms, or of the one arm of a quantity without that dim."""
    values = [np.asarray(getattr(arm, part)) for arm in arms]
    return np.stack(values) if "arm" in dims else values[0]
