"""A page on runs side by side: verdicts, differences, and what else is different."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from scipy.constants import h as planck

from circuits.design import RECYCLING
from recycling.reporting.comparison_tables import (
    changes_table,
    comparison_headline,
    runs_table,
    verdicts_table,
)
from recycling.reporting.difference_tables import Sides, every_table, largest_table
from recycling.reporting.figures import SETTINGS, new_axes, room_beside, sweep_ticks
from recycling.reporting.parts import Gallery, Paragraph, Part, Rows, Section
from recycling.reporting.rendering import embedded, render
from recycling.reporting.typeset import formula
from recycling.results.comparison import Comparison
from recycling.results.sweep import first_curve, sweep_axes
from recycling.store.files import write_whole

#: Quantities that are drawn, with the label of their axis.
_DRAWN = {"heat": "ΔQ_B (hf)", "excess_tight": "ΔQ_B − Q_tight (hf)"}


def sides_of(comparison: Comparison, other: int) -> Sides:
    """Quantities of another run and of the first one, and their differences."""
    names = (comparison.others[other].label, comparison.first.label)
    quantum = float(planck * comparison.first.dataset.attrs["frequency_Hz"])
    own, first = comparison.quantities[other + 1], comparison.quantities[0]
    return Sides(own, first, comparison.found[other], names, quantum)


def comparison_sections(comparison: Comparison) -> Iterator[Section]:
    """Sections of the page, in their order."""
    yield Section("Runs", [Rows(runs_table(comparison), numbers=False)])
    yield Section("Verdicts", [Rows(verdicts_table(comparison))])
    parts: list[Part] = [Gallery(_figures(comparison))]
    for other, member in enumerate(comparison.others):
        sides = sides_of(comparison, other)
        heading = f"{member.label} less {comparison.first.label}"
        parts += [
            Rows(largest_table(sides), heading=heading),
            Rows(every_table(sides, states=False), summary="Every quantity"),
            Rows(every_table(sides, states=True), summary="Every state"),
        ]
    yield Section("Differences", parts)
    note = "Entries that are the same in all runs are left out."
    changes = Rows(changes_table(comparison), numbers=False)
    yield Section("What is different", [changes, Paragraph(note, "note")])


def write_comparison(comparison: Comparison, path: Path) -> Path:
    """Write the page, which asks the network for nothing; returns its path."""
    page = comparison_page(comparison)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page.encode())
    return path


def comparison_page(comparison: Comparison) -> str:
    """Make the page, without writing it."""
    sections = list(comparison_sections(comparison))
    uris = {
        name: embedded(figure)
        for section in sections
        for name, (figure, _) in section.figures.items()
    }
    title = "Comparison: " + ", ".join(member.label for member in comparison.members)
    return render(
        "recycling.reporting/comparison.html.j2",
        sections,
        uris,
        title=title,
        headline=comparison_headline(comparison),
    )


def _figures(comparison: Comparison) -> dict[str, tuple[Figure, str]]:
    """The recycling arm of all runs over the first parameter, each over its own sweep."""
    quantum = planck * comparison.first.dataset.attrs["frequency_Hz"]
    colours = mpl.colormaps["viridis"]([0.0, 0.85, 0.45, 0.65, 0.25])
    figures = {}
    for name, label in _DRAWN.items():
        with mpl.rc_context(SETTINGS):
            (axis,) = sweep_axes(first_curve(comparison.first.dataset))
            figure, axes = new_axes(axis.label, formula(label))
            for place, (member, found) in enumerate(
                zip(comparison.members, comparison.quantities, strict=True)
            ):
                others = {a.name: 0 for a in sweep_axes(member.dataset) if a.name != axis.name}
                points = found[name].sel(arm=RECYCLING).isel(others).sortby(axis.name)
                value, low, high = points.transpose("limit", axis.name).values / quantum
                x = points[axis.name].values
                if len(axis.values) == 1:  # runs of the same point stand beside each other
                    beside = (place + 1) / (len(comparison.members) + 1) - 0.5
                    x = x + 0.7 * beside * room_beside(axis.values)
                axes.errorbar(
                    x, value, yerr=[value - low, high - value], fmt="o-",
                    ms=4, lw=1.2, capsize=2, color=colours[place % 5], label=member.label,
                )  # fmt: skip
            axes.axhline(0, color="#888888", lw=0.8)
            axes.legend()
            sweep_ticks(axes, axis)
        caption = (
            f"{label.removesuffix(' (hf)')} of the recycling arm at p_x = {comparison.p_x:g}, all "
            "trials of each run together, with 95 % intervals."
        )
        figures[f"comparison-{name.replace('_', '-')}"] = (figure, caption)
    return figures
