"""Rows of the bath: heat, reset, saving, free energy, and what the heat is at the wall plug.

They are read from the Dataset, all trials together. The Dataset holds the error of each quantity,
but not how two of them are correlated. So the errors of a sum add linearly here: an interval is at
most too wide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, log
from typing import TYPE_CHECKING

import numpy as np

from circuits.design import RECYCLING
from recycling.inference.statistics.interval import Interval
from recycling.ledger.rows import Row, Source
from recycling.results.dataset import POINT, by_point, qubit_of, swept
from recycling.results.schema import LIMITS
from recycling.thermodynamics import Bath, free_energy_from

if TYPE_CHECKING:
    import xarray as xr

#: Variable that a Dataset has where there is a link.
_LINK_HEAT = "link_heat"


@dataclass(frozen=True)
class Erasure:
    """Estimates of the recycling arm at one point, all trials together.

    Attributes:
        dataset: the estimates, without dims of the sweep.
        bath: bath at the temperature T0 of the bounds.
        source: "measured", "simulated" or "declared".
        bath_role: name of the bath qubit.

    Example:
        >>> import xarray as xr
        >>> estimates = xr.Dataset(
        ...     {"heat_combined": ("limit", [3e-25, 2e-25, 5e-25])}, {"limit": list(LIMITS)}
        ... )
        >>> erasure = Erasure(estimates, Bath.qubit(), "measured", "B")
        >>> erasure.get("heat").high, "link_heat" in erasure
        (5e-25, False)
    """

    dataset: xr.Dataset
    bath: Bath
    source: Source
    bath_role: str

    @classmethod
    def of(cls, dataset: xr.Dataset, index: int, p_x: float) -> Erasure:
        """Select a point of the sweep, by its index, and an excited weight of a Dataset."""
        arm = by_point(dataset.sel(arm=RECYCLING, p_x=p_x), swept(dataset))
        attributes = dataset.attrs
        bath = Bath.qubit(float(attributes["frequency_Hz"]), float(attributes["temperature_K"]))
        return cls(
            arm.isel({POINT: index}), bath, attributes["data_kind"], qubit_of(dataset, "bath")
        )

    def __contains__(self, name: str) -> bool:
        return f"{name}_combined" in self.dataset

    def get(self, name: str, **where: str) -> Interval[float]:
        """Estimate of a quantity with its 95 % interval."""
        values = self.dataset[f"{name}_combined"].sel(where)
        return Interval(*(float(values.sel(limit=limit)) for limit in LIMITS))

    def before(self, name: str) -> Interval[float]:
        """Estimate of a quantity of the bath before the erasure."""
        return self.get(name, qubit=self.bath_role, stage=str(self.dataset["stage"].values[0]))


def bath_rows(erasure: Erasure) -> Iterator[Row]:
    """List the rows of the bath and, where there is a link, those of the link.

    Example:
        >>> import xarray as xr
        >>> energies = dict.fromkeys(("heat", "bound_tight", "excess_tight"), [1e-25] * 3)
        >>> states = dict.fromkeys(("excited_population", "entropy"), [[[0.1] * 3]])
        >>> estimates = xr.Dataset(
        ...     {f"{name}_combined": ("limit", values) for name, values in energies.items()}
        ...     | {f"{name}_combined": (("qubit", "stage", "limit"), values)
        ...        for name, values in states.items()},
        ...     {"qubit": ["B"], "stage": ["before"], "limit": list(LIMITS)},
        ... )
        >>> rows = bath_rows(Erasure(estimates, Bath.qubit(), "measured", "B"))
        >>> {row.name: f"{row.joule:.2e} J" for row in rows}["reset heat"]
        '3.19e-25 J'
    """
    bath = erasure.bath
    quantum, thermal = float(bath.energies[-1] - bath.energies[0]), float(bath.mean_energy())
    heat, tight = erasure.get("heat"), erasure.get("bound_tight")
    reset = _map(erasure.before("excited_population"), lambda p: quantum * p - thermal)
    behind = " and behind the link" if _LINK_HEAT in erasure else ""
    for name, energy, note in (
        ("heat", heat, "ΔQ_B into the bath by the erasure"),
        ("reset heat", reset,
         f"hf (P1(B) − p_th) before the erasure{behind}: what the reset has put into the bath"),
        ("separate", _sum(reset, tight),
         "reset heat + Q_tight: reset and erasure one after the other, with a thermal bath"),
        ("saving", -erasure.get("excess_tight"),
         "Q_tight − ΔQ_B; saving + heat + reset heat = separate"),
        *_link_entries(erasure, heat),
        ("bath free energy", _free_energy(erasure),
         "k T0 D(ρ_B ‖ thermal) before the erasure: the resource that the saving uses"),
    ):  # fmt: skip
        yield Row.of(name, energy, bath.temperature, erasure.source, note)


def _link_entries(
    erasure: Erasure, heat: Interval[float]
) -> list[tuple[str, Interval[float], str]]:
    """Name, energy and note of the rows of the link, where there is one."""
    if _LINK_HEAT not in erasure:
        return []
    link = erasure.get(_LINK_HEAT)
    return [
        ("link heat", link, "hf (P1 in − P1 out) of B: what the link takes up"),
        ("strict heat", _sum(heat, link), "ΔQ_B + link heat"),
    ]


def wall_plug_rows(
    erasure: Erasure, ambient_temperature: float, plant: float | None
) -> Iterator[Row]:
    """List what the heat is at the wall plug: by Carnot and, where it is declared, by a plant.

    Args:
        erasure: the estimates.
        ambient_temperature: K.
        plant: power of the plant over the heat that it takes from the bath, W/W.

    Example:
        >>> import xarray as xr
        >>> heat = xr.DataArray([3e-25] * 3, {"limit": list(LIMITS)}, name="heat_combined")
        >>> erasure = Erasure(heat.to_dataset(), Bath.qubit(), "measured", "B")
        >>> [f"{row.joule:.2e} J" for row in wall_plug_rows(erasure, 300.0, plant=1e9)]
        ['2.09e-21 J', '3.00e-16 J']
    """
    heat = erasure.get("heat")
    carnot = ambient_temperature / erasure.bath.temperature
    yield Row.of("wall plug Carnot", _map(heat, lambda x: x * carnot), ambient_temperature,
                 "modelled", f"ΔQ_B T_amb/T0 at T_amb = {ambient_temperature:g} K: the least heat "
                 "of a reversible refrigerator", "wall plug")  # fmt: skip
    if plant is not None:
        yield Row.of("wall plug plant", _map(heat, lambda x: x * plant), ambient_temperature,
                     "declared", f"ΔQ_B × {plant:g} W/W, as declared", "wall plug")  # fmt: skip


def heat_per_bit(erasure: Erasure) -> Row:
    """Heat of the erasure per bit of entropy, ΔQ_B ln 2/ΔS.

    Example:
        >>> import xarray as xr
        >>> estimates = xr.Dataset(
        ...     {"heat_combined": ("limit", [3e-25, 2e-25, 4e-25]),
        ...      "entropy_decrease_combined": ("limit", [0.5, 0.4, 0.6])}, {"limit": list(LIMITS)}
        ... )
        >>> row = heat_per_bit(Erasure(estimates, Bath.qubit(), "measured", "B"))
        >>> f"{row.joule:.2e} J, {row.low:.2e} to {row.high:.2e}"
        '4.16e-25 J, 2.31e-25 to 6.93e-25'
    """
    heat, decrease = erasure.get("heat"), erasure.get("entropy_decrease")
    note = "ΔQ_B ln 2/ΔS"
    if decrease.value <= 0:
        note += ": nothing is erased"
    elif decrease.low <= 0:
        note += ": ΔS is not resolved from 0"
    return Row.of("heat per bit", _map(_ratio(heat, decrease), lambda x: x * log(2)),
                  erasure.bath.temperature, erasure.source, note)  # fmt: skip


def _free_energy(erasure: Erasure) -> Interval[float]:
    """Free energy of the bath before the erasure: it grows with the energy and falls with S."""
    bath, entropy = erasure.bath, erasure.before("entropy")
    quantum = float(bath.energies[-1] - bath.energies[0])
    energy = _map(erasure.before("excited_population"), lambda p: quantum * p)
    pairs = ((entropy.value, energy.value), (entropy.high, energy.low), (entropy.low, energy.high))
    return Interval(*(float(free_energy_from(bath, *pair)) for pair in pairs))


def _sum(one: Interval[float], other: Interval[float]) -> Interval[float]:
    """Sum of two estimates whose errors add linearly."""
    return Interval(one.value + other.value, one.low + other.low, one.high + other.high)


def _map(estimate: Interval[float], function: Callable[[float], float]) -> Interval[float]:
    """Monotonic function of an estimate."""
    low, high = sorted((function(estimate.low), function(estimate.high)))
    return Interval(function(estimate.value), low, high)


def _ratio(one: Interval[float], other: Interval[float]) -> Interval[float]:
    """Ratio of two estimates: all ratios of values in both intervals.

    These are Fieller's limits for errors that are correlated in the worst way: ±inf where the
    denominator may be 0.
    """
    value = one.value / other.value if other.value > 0 else np.nan
    if np.isnan(value):
        return Interval(value, value, value)
    if other.low <= 0:
        return Interval(value, -inf, inf)
    corners = [a / b for a in (one.low, one.high) for b in (other.low, other.high)]
    return Interval(value, min(corners), max(corners))
