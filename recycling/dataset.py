"""The form of the Dataset: its variables with dims, units and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recycling.inference.estimates import Estimate
from recycling.inference.resampling import BANDED
from recycling.inference.trials import Scatter

if TYPE_CHECKING:
    pass

Real = NDArray[np.float64]
Variable = tuple[tuple[str, ...], Real, dict[str, str]]

RESULTS_SCHEMA_VERSION = 2
_GRID = ("arm", "theta_b", "p_x", "trial")
_STATES = (*_GRID, "stage", "qubit")
_BOUND_NOTE = "+inf where no process exists; an excess over it is +inf, never below the bound"

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
    """

    trials: Mapping[str, Estimate]
    combined: Mapping[str, Estimate]
    scatter: Mapping[str, Scatter]
    bands: Mapping[str, Estimate]


def variables(estimates: Mapping[str, ArmEstimates]) -> dict[str, Variable]:
    """Variables of the Dataset by name.

    Each of ``VARIABLES`` with its ends ``_low`` and ``_high`` for every trial; with
    ``_combined`` for all trials together; with ``_band`` and ``_scatter`` for ``BANDED``; with
    ``_stderr`` and ``_z``, and those of ``_combined``, for excesses.
    """
    found: dict[str, Variable] = {}
    for name, (dims, units, long_name) in VARIABLES.items():
        own = _SUCCESS.get(name, name)
        arms = list(estimates.values()) if "arm" in dims else [estimates["equilibrium"]]
        trials = [arm.trials[own] for arm in arms]
        combined = [arm.combined[own] for arm in arms]
        together = tuple(dim for dim in dims if dim != "trial")
        notes = {"comment": _BOUND_NOTE} if name.startswith(("bound", "excess")) else {}
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
            ratios = [arm.scatter[own].ratio for arm in arms]
            found[f"{name}_scatter"] = (
                together,
                np.stack(ratios),
                {"units": "1", "long_name": f"scatter of trials over that of shots: {long_name}"},
            )
        if name.startswith("excess"):
            # Far from zero, where verdicts are, the wider limits of a band tell more.
            wide = [arm.bands.get(own, arm.combined[own]) for arm in arms]
            for key, where, which in ((name, dims, trials), (f"{name}_combined", together, wide)):
                found[f"{key}_stderr"] = (
                    where,
                    _stacked(which, "stderr"),
                    {"units": units, "long_name": f"standard error of: {long_name}"},
                )
                found[f"{key}_z"] = (
                    where,
                    _stacked(which, "z"),
                    {
                        "units": "1",
                        "long_name": f"{long_name}, in standard errors",
                        "comment": "those of the limit on the way to zero; NaN without any",
                    },
                )
    return found


def _limits(arms: list[Estimate], dims: tuple[str, ...], notes: dict[str, str]) -> Variable:
    """Value and both ends side by side, along a dim of their own."""
    values = np.stack([_stacked(arms, part) for part in LIMITS], axis=-1)
    return ((*dims, "limit"), values, notes)


def _stacked(arms: list[Estimate], part: str) -> Real:
    """One part of the estimates of all arms; without that axis where there is one arm alone."""
    values = [np.asarray(getattr(arm, part)) for arm in arms]
    return np.stack(values) if len(values) > 1 else values[0]
