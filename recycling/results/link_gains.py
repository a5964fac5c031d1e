"""What the link of a run does to the bath, and how much of a gain it makes alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.design import RECYCLING
from recycling.inference.bath.link import LinkChannel, link_gain
from recycling.inference.bath.thermometry import temperature_of
from recycling.results.dataset import by_point, shown_p_x, swept
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    import xarray as xr

Real = NDArray[np.float64]

#: Share of hf below which a gain is rounding.
_ROUNDING = 1e-9


def channel_of(attributes: Mapping[Any, Any]) -> LinkChannel | None:
    """Read the channel of a Dataset's link from its attributes; None without one.

    Example:
        >>> channel_of({"temperature_K": 0.043}) is None
        True
    """
    if "link_transmissivity" not in attributes:
        return None
    return LinkChannel(
        transmissivity=float(attributes["link_transmissivity"]),
        population=float(attributes["link_thermal_population"]),
        coherence=float(attributes["link_coherence_factor"]),
    )


@dataclass(frozen=True)
class LinkGains:
    """Gains at the shown p_x, all trials together (arrays over the points of the sweep, J).

    Attributes:
        gain: G(ΔS) of the recycled state that crossed the link.
        resolved: whether its 95 % interval lies above 0.
        alone: G(ΔS) of a thermal bath at T0 after the same link: refrigeration by a cold link.
        quantum: hf, J.

    Example:
        >>> gains = LinkGains(
        ...     np.array([1e-26, 2e-25]), np.array([True, True]), np.array([2e-26, 2e-26]), 3.3e-24
        ... )
        >>> gains.made_by_link
        ['all of it', '10 % of it']
    """

    gain: Real
    resolved: NDArray[np.bool_]
    alone: Real
    quantum: float

    @property
    def share(self) -> Real:
        """Share of each gain that the link makes alone, 0 to 1; NaN where no gain is resolved."""
        there = self.resolved & (self.gain > _ROUNDING * self.quantum)
        cold = self.alone > _ROUNDING * self.quantum
        all_of_it = there & cold & (self.alone >= self.gain)
        shares = np.where(all_of_it, 1.0, np.where(there, 0.0, np.nan))
        part = there & cold & ~all_of_it & np.isfinite(self.gain)
        np.divide(self.alone, self.gain, out=shares, where=part)
        return shares

    @property
    def made_by_link(self) -> list[str]:
        """How much of each gain the link makes, in words."""
        return [
            _share_text(share) if share == share else "no gain" if gain <= 0 else "not resolved"
            for gain, share in zip(self.gain, self.share, strict=True)
        ]


def link_gains(dataset: xr.Dataset) -> LinkGains | None:
    """Compute the gains of a Dataset with and without the recycled state; None without a link.

    Example:
        >>> import xarray as xr
        >>> link_gains(xr.Dataset()) is None
        True
    """
    link = channel_of(dataset.attrs)
    if link is None:
        return None
    bath = Bath.qubit(dataset.attrs["frequency_Hz"], dataset.attrs["temperature_K"])
    names = ["gain_combined", "entropy_decrease_combined"]
    shown = by_point(dataset[names].sel(arm=RECYCLING, p_x=shown_p_x(dataset)), swept(dataset))
    gain, low = (shown["gain_combined"].sel(limit=limit).values for limit in ("value", "low"))
    decrease = shown["entropy_decrease_combined"].sel(limit="value").values
    quantum = float(bath.energies[-1] - bath.energies[0])
    return LinkGains(gain, low > 0, np.asarray(link_gain(decrease, bath, link)), quantum)


def equilibrium_temperature(link: LinkChannel, frequency: float) -> float:
    """Temperature at which a bath has the population that a link leaves as it is, K.

    A link at another frequency than that of the bath has another one.

    Example:
        >>> f"{equilibrium_temperature(LinkChannel(0.675, 6.15e-6, 0.7), 5e9) * 1e3:.1f} mK"
        '20.0 mK'
    """
    return float(temperature_of(link.population, frequency))


def _share_text(share: float) -> str:
    if share in (0, 1):
        return "all of it" if share else "none of it"
    return f"{100 * share:.2g} % of it"
