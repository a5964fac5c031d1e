"""The tables of a link: what it took, and the verdicts of both ledgers at every point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scipy.constants import h as planck

from recycling.inference.statistics.interval import Interval
from recycling.reporting.tables import Table, number, with_interval
from recycling.results.dataset import POINT, by_point, shown_p_x, swept
from recycling.results.link_gains import channel_of, equilibrium_temperature, link_gains
from recycling.results.sweep import recycling_arm, sweep_axes
from recycling.results.verdicts import verdicts

if TYPE_CHECKING:
    import xarray as xr

#: Columns besides those of the sweep, and their headings.
_HEADINGS = {
    "erased": "ΔS (nat)",
    "heat": "ΔQ_B (hf)",
    "link heat": "link heat (hf)",
    "strict excess": "ΔQ_B + link − Q_tight (hf)",
    "net": "net against separate",
    "z of net": "z",
    "strict": "strict",
    "z of strict": "z",
    "gain": "gain (hf)",
    "alone": "link alone (hf)",
    "made": "the link makes",
}
_NOTE = (
    "Net against separate: ΔQ_B against Q_tight, the least heat of an erasure beside a separate "
    "reset. Strict: the heat that the state left in the link is added to ΔQ_B; verdicts of all "
    "points together are a family (Holm). Gain: Q_tight − Q_ath of the bath as it arrived; link "
    "alone: that of a thermal bath at T0 after the same link, which a cold link refrigerates."
)


def link_table(dataset: xr.Dataset, columns: Sequence[Sequence[str]] = ()) -> Table | None:
    """Write both ledgers at every point, and how much of the gain the link makes alone.

    Args:
        dataset: the analysis to show.
        columns: names of the columns that each column of the table joins; by default all of them.

    Returns:
        None without a link.

    Example:
        >>> import xarray as xr
        >>> link_table(xr.Dataset()) is None
        True
    """
    link = channel_of(dataset.attrs)
    if link is None:
        return None
    axes = sweep_axes(dataset)
    joined = [*((axis.name,) for axis in axes), *(columns or ((name,) for name in _HEADINGS))]
    headings = {axis.name: axis.column for axis in axes} | _HEADINGS
    temperature = equilibrium_temperature(link, dataset.attrs["frequency_Hz"])
    at = f"at {temperature * 1e3:.3g} mK" if link.transmissivity < 1 else "lossless"
    about = f"Link: η = {link.transmissivity:.4g}, {at}; p_x = {shown_p_x(dataset):g}. "
    return Table(
        tuple(", ".join(headings[name] for name in names) for names in joined),
        [
            tuple(" ".join(cells[name] for name in names) for names in joined)
            for cells in _cells(dataset)
        ],
        about + _NOTE,
    )


def _cells(dataset: xr.Dataset) -> list[dict[str, str]]:
    """Cells of each row by the names of their columns."""
    quantum = planck * dataset.attrs["frequency_Hz"]
    shown = recycling_arm(dataset)["link_heat_combined"].sel(p_x=shown_p_x(dataset))
    taken = by_point(shown, swept(dataset)).transpose(POINT, "limit").values
    gains = link_gains(dataset)
    assert gains is not None  # there is a link
    net, strict = verdicts(dataset), verdicts(dataset, bound="strict_tight")
    return [
        {
            **{name: f"{value:.4f}" for name, value in net[i].point.items()},
            "erased": f"{net[i].entropy_decrease:.4f}",
            "heat": f"{net[i].heat / quantum:+.4f}",
            "link heat": with_interval(Interval(*map(float, taken[i])), quantum),
            "strict excess": with_interval(strict[i].interval, quantum),
            "net": net[i].text,
            "z of net": number(net[i].z, "+.1f"),
            "strict": strict[i].text,
            "z of strict": number(strict[i].z, "+.1f"),
            "gain": number(gains.gain[i] / quantum),
            "alone": number(gains.alone[i] / quantum),
            "made": gains.made_by_link[i],
        }
        for i in range(len(net))
    ]
