"""Verdicts: what a Dataset says about "below the bound", at every angle and at all together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import ndtr

from recycling.experiment import shown_p_x as closest_p_x
from recycling.inference.significance import RESOLUTION, holm

if TYPE_CHECKING:
    import xarray as xr

Bound = Literal["tight", "landauer", "athermal"]

#: Level of a finding: that of 3 standard errors, one-sided, for all angles together.
LEVEL = float(ndtr(-RESOLUTION))
#: Relative rounding of an exact simulation.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Verdict:
    """Heat against one bound at one angle, all trials together. Energies in J.

    ``low`` and ``high`` end the 95 % interval of the excess, ``z`` is the excess in units of the
    limit on its way to zero. ``p_value`` is one-sided, for a heat that is not below the bound;
    ``p_adjusted`` holds for all angles together. ``scatter`` is the standard deviation between
    trials over the one that shots explain.
    """

    arm: str
    bound: Bound
    theta_b: float
    p_x: float
    entropy_decrease: float
    heat: float
    excess: float
    low: float
    high: float
    stderr: float
    z: float
    p_value: float
    p_adjusted: float
    scatter: float

    @property
    def text(self) -> str:
        """The verdict in words."""
        if np.isnan(self.excess):
            return "no data: too few shots"
        if self.entropy_decrease <= 0:
            return "nothing erased"
        if np.isposinf(self.excess):
            return "no process"
        if self.stderr == 0:  # exact
            if abs(self.excess) < ROUNDING * abs(self.heat):
                return "at the bound"
            return "below" if self.excess < 0 else "above"
        if self.p_adjusted <= LEVEL:
            return "below"
        return "above" if self.z >= RESOLUTION else "not resolved"


def shown_p_x(dataset: xr.Dataset) -> float:
    """Excited weight to show: the paper's 0.4, or the closest one there is."""
    return closest_p_x(dataset["p_x"].values)


def verdicts(dataset: xr.Dataset, arm: str = "recycling", bound: Bound = "tight") -> list[Verdict]:
    """Verdict on each angle at the shown p_x, all trials together.

    The p-values are adjusted for the angles, so that the chance of any false "below" among them is
    that of one finding.
    """
    p_x = shown_p_x(dataset)
    point = dataset.sel(arm=arm, p_x=p_x)
    excess = point[f"excess_{bound}_combined"].transpose("theta_b", "limit").values
    of_all = {
        name: point[f"{name}_combined"].sel(limit="value").values
        for name in ("entropy_decrease", "heat")
    }
    z = point[f"excess_{bound}_combined_z"].values
    p_values = np.where(np.isfinite(z), ndtr(z), np.nan)
    adjusted = holm(p_values)
    # Only of the excesses that bands are made of.
    scatter = point.get(f"excess_{bound}_scatter", point["theta_b"] * np.nan)
    return [
        Verdict(
            arm=arm,
            bound=bound,
            theta_b=float(theta_b),
            p_x=p_x,
            entropy_decrease=float(of_all["entropy_decrease"][index]),
            heat=float(of_all["heat"][index]),
            excess=float(excess[index, 0]),
            low=float(excess[index, 1]),
            high=float(excess[index, 2]),
            stderr=float(point[f"excess_{bound}_combined_stderr"].values[index]),
            z=float(z[index]),
            p_value=float(p_values[index]),
            p_adjusted=float(adjusted[index]),
            scatter=float(scatter.values[index]),
        )
        for index, theta_b in enumerate(point["theta_b"].values)
    ]
