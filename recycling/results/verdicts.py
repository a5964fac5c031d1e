"""Verdicts on "below the bound" by a Dataset, at every point and at all points together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from circuits.design import RECYCLING
from recycling.inference.states.estimates import QUANTILE
from recycling.inference.statistics.interval import Interval
from recycling.inference.statistics.significance import CLAIMED, LEVEL, RESOLUTION, holm
from recycling.results.dataset import POINT, by_point, shown_p_x, swept
from recycling.results.stopping import at_any_look

if TYPE_CHECKING:
    import xarray as xr

Real = NDArray[np.float64]
#: "strict_tight": heat and link heat together against the tight bound; of runs with a link alone.
Bound = Literal["tight", "landauer", "athermal", "strict_tight"]
#: Beginnings of the names of the variables that a verdict reads, of the two hundred of a Dataset.
_READ = ("entropy_decrease_combined", "excess_", "heat_combined", "link_heat_combined")
#: "few trials": resolved but for a possible drift, which so few trials cannot exclude.
Outcome = Literal[
    "below", "above", "at the bound", "not resolved", "few trials", "erasure not resolved",
    "nothing erased", "no process", "no data",
]  # fmt: skip

#: Relative rounding of an exact simulation.
ROUNDING = 1e-9


@dataclass(frozen=True, repr=False)
class Verdict:
    """Heat against a bound at a point, all trials together. Energies in J, entropies in nats.

    ``point`` holds the value of each swept parameter by its name.

    ``interval`` is that of the excess, 95 %, ``stderr`` is its standard error with
    the drift between trials. ``z`` is the normal quantile of the p-value that the excess is not
    below zero, ``erasure_z`` that of ΔS not above zero. ``p_value`` is the larger of these two: a
    finding needs an erasure, and a heat below its bound (intersection-union test; Berger, 1982).
    ``p_adjusted`` holds for all points and both bounds together (Holm). ``scatter`` is the standard
    deviation between trials over that which shots explain; ``p_known`` would be the adjusted
    p-value if the standard errors were known, and not estimated from a few trials. Of a run that
    stops when it is settled, both adjusted p-values hold for all of its looks as well.
    """

    arm: str
    bound: Bound
    point: Mapping[str, float]
    p_x: float
    trials: int
    entropy_decrease: float
    erasure_z: float
    heat: float
    interval: Interval[float]
    stderr: float
    z: float
    p_value: float
    p_adjusted: float
    p_known: float
    scatter: float

    @property
    def excess(self) -> float:
        """Heat above the bound, J."""
        return self.interval.value

    @property
    def outcome(self) -> Outcome:
        """The outcome of the tests."""
        if np.isnan(self.excess):
            return "no data"
        if self.entropy_decrease <= 0:
            return "nothing erased"
        if np.isposinf(self.excess):
            return "no process"
        if self.stderr == 0:  # exact
            if abs(self.excess) <= ROUNDING * abs(self.heat):
                return "at the bound"
            return "below" if self.excess < 0 else "above"
        if self.p_adjusted <= LEVEL:
            return "below"
        if self.z >= RESOLUTION:
            return "above"
        if self.trials > 1 and self.p_known <= LEVEL:
            return "few trials"
        if self.z <= -RESOLUTION and self.erasure_z < RESOLUTION:
            return "erasure not resolved"
        return "not resolved"

    @property
    def verdict(self) -> str:
        """The same as ``text``."""
        return self.text

    def __repr__(self) -> str:
        point = ", ".join(f"{name} = {value:.4g}" for name, value in self.point.items())
        z = "" if np.isnan(self.z) else f", z = {self.z:+.1f}"
        return f"<Verdict {self.bound} at {point}: {self.text}{z}>"

    @property
    def below(self) -> bool:
        """Whether the heat is below the bound; with a single trial, unless something drifted."""
        return self.outcome == "below"

    @property
    def text(self) -> str:
        """The verdict in words."""
        if self.outcome == "below" and self.trials == 1 and self.stderr > 0:
            return "below, if nothing drifts"
        if self.outcome == "few trials":
            return f"not resolved: {self.trials} trials cannot show 3σ under drift"
        if self.outcome != "no data":
            return self.outcome
        # A link of η = 0 took an unknown heat.
        opaque = self.bound == "strict_tight" and not np.isnan(self.entropy_decrease)
        return "unknown: nothing arrived" if opaque else "no data: too few shots"


def verdicts(dataset: xr.Dataset, arm: str = RECYCLING, bound: Bound = "tight") -> list[Verdict]:
    """Give a verdict on each point of the sweep at the shown p_x, all trials together.

    The p-values are adjusted for the points, and for both thermal bounds, which are claimed side by
    side: the chance of any false "below" among them is that of a single finding. Those of the
    athermal bound, which cannot be broken, are another family, and so are those of the strict
    ledger, whose heat is that of the bath and of the link.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> from recycling.jobs.counts import counts_of
        >>> counts = counts_of(experiment, {0: np.full((2, 2, 2, 2, 3, 2, 2, 2, 2), 1 / 16)})
        >>> from recycling.results.analysis import analyse_counts
        >>> dataset = analyse_counts(experiment, counts, {})
        >>> [verdict.outcome for verdict in verdicts(dataset)]
        ['nothing erased', 'nothing erased']
    """
    p_x, parameters = shown_p_x(dataset), swept(dataset)
    wanted = [str(name) for name in dataset.data_vars if str(name).startswith(_READ)]
    point = by_point(dataset[wanted].sel(arm=arm, p_x=p_x), parameters)
    excess = point[f"excess_{bound}_combined"].transpose(POINT, "limit").values
    together = point.sel(limit="value")
    decrease, heat = (together[f"{name}_combined"].values for name in ("entropy_decrease", "heat"))
    if bound == "strict_tight":
        heat = heat + together["link_heat_combined"].values
    p_value, p_adjusted, p_known = _p_values(point, bound, at_any_look(dataset))
    # Only of the excesses whose scatter is kept.
    scatter = point.get(f"excess_{bound}_scatter", point[parameters[0]] * np.nan).values
    stderr, z = (point[f"excess_{bound}_combined_{name}"].values for name in ("stderr", "z"))
    erasure_z = _erasure(point)[0]
    return [
        Verdict(
            arm=arm,
            bound=bound,
            point={name: float(point[name][index]) for name in parameters},
            p_x=p_x,
            trials=dataset.sizes["trial"],
            entropy_decrease=float(decrease[index]),
            erasure_z=float(erasure_z[index]),
            heat=float(heat[index]),
            interval=Interval(*map(float, excess[index])),
            stderr=float(stderr[index]),
            z=float(z[index]),
            p_value=float(p_value[index]),
            p_adjusted=float(p_adjusted[index]),
            p_known=float(p_known[index]),
            scatter=float(scatter[index]),
        )
        for index in range(len(excess))
    ]


def _p_values(
    point: xr.Dataset, bound: Bound, held: Callable[[Real], Real]
) -> tuple[Real, Real, Real]:
    """P-values that nothing is erased or the heat is not below a bound (arrays over points).

    As they are, adjusted for the family, and adjusted with standard errors taken for known. The
    adjusted are ``held`` at any look before.
    """
    family: tuple[Bound, ...] = CLAIMED if bound in CLAIMED else (bound,)
    erasure_z, erasure_distance = _erasure(point)
    p_values, known = [], []
    for one in family:
        z, stderr = (point[f"excess_{one}_combined_{name}"].values for name in ("z", "stderr"))
        excess = point[f"excess_{one}_combined"].sel(limit="value").values
        distance = np.full_like(z, np.nan)
        np.divide(
            excess, stderr, out=distance, where=np.isfinite(z) & np.isfinite(excess) & (stderr > 0)
        )
        p_values.append(np.where(np.isfinite(z), ndtr(np.maximum(z, -erasure_z)), np.nan))
        known.append(ndtr(np.maximum(distance, -erasure_distance)))
    own, shape = family.index(bound), (len(family), -1)
    adjusted, adjusted_known = (
        holm(held(np.concatenate(values))).reshape(shape)[own] for values in (p_values, known)
    )
    return p_values[own], adjusted, adjusted_known


def _erasure(point: xr.Dataset) -> tuple[Real, Real]:
    """Significance of ΔS > 0, and ΔS in standard errors (arrays over points).

    Results of older versions hold neither: their 95 % interval stands in.
    """
    value, low = (
        point["entropy_decrease_combined"].sel(limit=limit).values for limit in ("value", "low")
    )
    if "entropy_decrease_combined_z" not in point:
        z = np.full_like(value, np.nan)
        np.divide(value * QUANTILE, value - low, out=z, where=value > low)
        return z, z
    z, stderr = (point[f"entropy_decrease_combined_{name}"].values for name in ("z", "stderr"))
    distance = np.full_like(value, np.nan)
    np.divide(value, stderr, out=distance, where=stderr > 0)
    return z, distance
