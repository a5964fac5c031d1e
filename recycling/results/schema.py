"""The form of the Dataset: its variables with dims, units and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recycling.inference.states.estimates import QUANTILE, Estimate
from recycling.inference.statistics.resampling import BANDED
from recycling.inference.statistics.trials import Scatter

Real = NDArray[np.float64]
Attributes = dict[str, str | float]
Variable = tuple[tuple[str, ...], Real, Attributes]

RESULTS_SCHEMA_VERSION = 2
_GRID = ("arm", "theta_b", "p_x", "trial")
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
#: Quantities whose scatter between trials is kept.
_SCATTERED = ("entropy_decrease", "heat", "excess_tight", "excess_landauer")
#: Quantities whose sign is tested: a finding needs ΔS > 0 and an excess < 0.
_TESTED = ("entropy_decrease", "excess_tight", "excess_landauer", "excess_athermal")

#: Variable: dims, units, long name.
VARIABLES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "branch_probability": (
        ("arm", "theta_b", "trial"), "1", "probability of the branch that the arm analyses"),
    "entropy": (_STATES, "nat", "von Neumann entropy"),
    "excited_population": (_STATES, "1", "excited population"),
    "entropy_decrease": (_GRID, "nat", "entropy decrease ΔS of S by the erasure"),
    "heat": (_GRID, "J", "heat ΔQ_B into the bath"),
    "bound_landauer": (_GRID, "J", "Landauer bound k_B T0 ΔS"),
    "bound_tight": (_GRID, "J", "tight finite-bath bound Q_tight, Eq. (8)"),
    "bound_athermal": (_GRID, "J", "athermal bound Q_ath, Eq. (13)"),
    "gain": (_GRID, "J", "gain G = Q_tight - Q_ath, Eq. (3)"),
    "excess_tight": (_GRID, "J", "heat above the tight bound"),
    "excess_landauer": (_GRID, "J", "heat above the Landauer bound"),
    "excess_athermal": (_GRID, "J", "heat above the athermal bound"),
    "dissipation_ratio": (_GRID, "1", "dissipation ratio (ΔQ_B - Q_tight)/Q_tight, Fig. 5(b)"),
    "success_fidelity": (
        ("theta_b", "trial"), "1", "fidelity of C_I with A⁻¹b in the success branch"),
}  # fmt: skip
#: Estimates that the equilibrium arm alone yields, by their name in the estimator.
_SUCCESS = {"success_fidelity": "fidelity"}
#: What an estimate of all trials together, and a band, hold along their dim "limit".
LIMITS = ("value", "low", "high")


@dataclass(frozen=True)
class ArmEstimates:
    """Estimates of one arm by name.

    Attributes:
        trials: of each trial; the last axis of (theta_b, p_x, trial) before stage and qubit.
        combined: of all trials together, widened where they drift; without that axis.
        scatter: how the trials scatter.
        bands: limits that hold over the whole sweep at once, for ``BANDED``.
        quantile: normal quantile of the bands.
    """

    trials: Mapping[str, Estimate]
    combined: Mapping[str, Estimate]
    scatter: Mapping[str, Scatter]
    bands: Mapping[str, Estimate]
    quantile: float


def variables(estimates: Mapping[str, ArmEstimates]) -> dict[str, Variable]:
    """Variables of the Dataset by name.

    Each of ``VARIABLES`` with its ends ``_low`` and ``_high`` for every trial; with
    ``_combined`` for all trials together; with ``_band`` for ``BANDED``; some with ``_scatter``,
    some with ``_stderr`` and ``_z`` of trials and of ``_combined``.
    """
    found: dict[str, Variable] = {}
    for name, (dims, units, long_name) in VARIABLES.items():
        own = _SUCCESS.get(name, name)
        arms = list(estimates.values()) if "arm" in dims else [estimates["equilibrium"]]
        trials = [arm.trials[own] for arm in arms]
        combined = [arm.combined[own] for arm in arms]
        together = tuple(dim for dim in dims if dim != "trial")
        notes = _notes(name)
        found[name] = (
            dims, _stacked(trials, "value"), {"units": units, "long_name": long_name, **notes}
        )  # fmt: skip
        for end in ("low", "high"):
            text = f"{long_name}, {end} end of the 95 % interval"
            found[f"{name}_{end}"] = (
                dims, _stacked(trials, end), {"units": units, "long_name": text})  # fmt: skip
        found[f"{name}_combined"] = _limits(
            combined, together, {"units": units, "long_name": f"{long_name}, all trials", **notes}
        )
        if own in BANDED:
            bands = [arm.bands[own] for arm in arms]
            text = f"{long_name}, all trials, 95 % band over the sweep"
            found[f"{name}_band"] = _limits(bands, together, {"units": units, "long_name": text})
        if own in _SCATTERED:
            ratios = [arm.scatter[own].ratio for arm in arms]
            found[f"{name}_scatter"] = (
                together,
                np.stack(ratios),
                {"units": "1", "long_name": f"scatter of trials over that of shots: {long_name}"},
            )
        if own in _TESTED:
            found |= _significance(name, name, dims, trials, dict.fromkeys(estimates, QUANTILE))
            # Far from zero, where verdicts are, the wider limits of a band tell more.
            wide = [arm.bands.get(own, arm.combined[own]) for arm in arms]
            quantiles = {
                arm: one.quantile if own in one.bands else QUANTILE
                for arm, one in estimates.items()
            }
            found |= _significance(name, f"{name}_combined", together, wide, quantiles)
    return found


def _notes(name: str) -> Attributes:
    if name == "dissipation_ratio":
        return {"comment": _RATIO_NOTE}
    return {"comment": _BOUND_NOTE} if name.startswith(("bound", "excess")) else {}


def _significance(
    quantity: str,
    name: str,
    dims: tuple[str, ...],
    arms: list[Estimate],
    quantiles: Mapping[str, float],
) -> dict[str, Variable]:
    """Standard errors and z of a quantity under a name, and the quantile that they come from.

    That is the normal quantile of their limits: an attribute for each arm, ``quantile_<arm>``.
    """
    known = {f"quantile_{arm}": value for arm, value in quantiles.items()}
    _, units, long_name = VARIABLES[quantity]
    error = {
        "units": units,
        "long_name": f"standard error of: {long_name}",
        "comment": "width of the limits at the normal quantile over twice that quantile",
    }
    if name != quantity:
        error["comment"] += "; with the drift between trials"
    significance = {"units": "1", "long_name": f"significance of: {long_name}", "comment": _Z_NOTE}
    return {
        f"{name}_stderr": (dims, _stacked(arms, "stderr"), error | known),
        f"{name}_z": (dims, _stacked(arms, "z"), significance | known),
    }


def _limits(arms: list[Estimate], dims: tuple[str, ...], notes: Attributes) -> Variable:
    """Value and both ends side by side, along a dim of their own."""
    values = np.stack([_stacked(arms, part) for part in LIMITS], axis=-1)
    return ((*dims, "limit"), values, notes)


def _stacked(arms: list[Estimate], part: str) -> Real:
    """One part of the estimates of all arms; without that axis where there is one arm alone."""
    values = [np.asarray(getattr(arm, part)) for arm in arms]
    return np.stack(values) if len(values) > 1 else values[0]
