"""The report of a sweep: one self-contained HTML file in its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from recycling.devices.stage import in_kelvin
from recycling.reporting.parts import Gallery, Listing, Paragraph, Part, Rows, Section
from recycling.reporting.rendering import render, write_figures
from recycling.reporting.share_figures import map_figure, margin_figure
from recycling.results.shares import QUESTIONS, Shares
from recycling.store.files import write_whole
from recycling.sweeps.store import RESULTS, SPEC
from recycling.sweeps.summary import headline, share_table

if TYPE_CHECKING:
    import xarray as xr

#: Template of the page; it extends that of the report of a run.
TEMPLATE = "recycling.sweeps/sweep.html.j2"
_MEANING = (
    "Each share is a share of the points of this sweep, whose axes are even over the ranges that "
    "its spec gives: it is no probability that a device is so. All numbers are simulated by the "
    "exact engine, without sampling noise."
)


def write_report(folder: Path, dataset: xr.Dataset, shares: Shares) -> Path:
    """Write report.html and figures/ into the folder of a sweep.

    Args:
        folder: that of the sweep.
        dataset: its results.
        shares: what ``recycling.results.shares`` counts of them.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import xarray as xr
        >>> notes = {"title": "a", "data_kind": "simulated", "device": "ideal", "t2_limit": "none"}
        >>> notes |= {"seed": 0, "spec_hash": "", "layout": "{}"}
        >>> counted = Shares(4, {}, dict.fromkeys(QUESTIONS, 0.5), {}, {})
        >>> with TemporaryDirectory() as folder:
        ...     write_report(Path(folder), xr.Dataset(attrs=notes), counted).name
        'report.html'
    """
    made = sections(folder, dataset, shares)
    uris = write_figures(made, folder / "figures")
    attributes = dataset.attrs
    page = render(
        TEMPLATE,
        made,
        uris,
        title=attributes["title"],
        source=attributes["data_kind"],
        facts=_facts(dataset, shares),
        headline=headline(shares),
    )
    write_whole(folder / "report.html", page.encode())
    return folder / "report.html"


def _facts(dataset: xr.Dataset, shares: Shares) -> list[str]:
    attributes = dataset.attrs
    kelvin, hertz = (attributes.get(name) for name in ("temperature_K", "frequency_Hz"))
    return [
        f"device {attributes['device']}",
        f"{shares.count:,} points",
        *([] if kelvin is None else [f"T0 = {in_kelvin(kelvin)}"]),
        *([] if hertz is None else [f"bath at {hertz / 1e9:g} GHz"]),
        f"limit of T2: {attributes['t2_limit']}",
        f"seed {attributes['seed']}",
        f"spec {attributes['spec_hash'][:12]}",
    ]


def sections(folder: Path, dataset: xr.Dataset, shares: Shares) -> list[Section]:
    """Make the sections of the page; nothing is written.

    Example:
        >>> import xarray as xr
        >>> counted = Shares(4, {}, dict.fromkeys(QUESTIONS, 0.5), {}, {})
        >>> [each.title for each in sections(Path(), xr.Dataset(attrs={"layout": "{}"}), counted)]
        ['The data']
    """
    made = []
    if shares.axes:
        caption = (
            "Share of the points with G > 0, and with a heat below each bound while something is "
            "erased, along each axis and over all others (simulated)."
        )
        margins = Gallery({"margins": (margin_figure(shares), caption)}, wide=True)
        parts: list[Part] = [Rows(share_table(shares)), margins, Paragraph(_MEANING, style="note")]
        made.append(Section("Along each axis", parts))
    maps = {name: map_figure(shares, name) for name in QUESTIONS}
    drawn = {
        f"map-{name}": (
            figure,
            f"Share of the points with {QUESTIONS[name]} over pairs of the axes along which it "
            "differs most, over all others; line: half of them (simulated).",
        )
        for name, figure in maps.items()
        if figure is not None
    }
    if drawn:
        # Maps of a single pair of axes stand side by side.
        wide = max(len(figure.axes) for figure, _ in drawn.values()) > 2
        made.append(Section("Over pairs of axes", [Gallery(drawn, wide=wide)]))
    layout = json.dumps(json.loads(dataset.attrs["layout"]), indent=1)
    text = (folder / SPEC).read_text(encoding="utf-8") if (folder / SPEC).is_file() else ""
    listings = [Listing(text, "The spec"), Listing(layout, "The layout of each device")]
    opening = Paragraph(
        f"xarray.open_zarr('{RESULTS}') in this folder opens all results: heat, entropies, bounds, "
        "excesses and gain in both arms at every point."
    )
    made.append(Section("The data", [opening, *listings]))
    return made
