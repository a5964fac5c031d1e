"""How a run in rounds came to its end: the looks, why it stopped, and intervals at any look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy.constants import h as planck

from circuits.design import RECYCLING
from recycling.inference.statistics.interval import Interval
from recycling.inference.statistics.significance import CLAIMED, NAMES_OF_CLAIMED
from recycling.reporting.evidence import Evidence
from recycling.reporting.parts import Paragraph, Part, Rows, Section
from recycling.reporting.rounds_record import rounds_of, rounds_text
from recycling.reporting.tables import Table, number, with_interval
from recycling.results.stopping import repeated_interval
from recycling.results.sweep import sweep_axes, sweep_points

if TYPE_CHECKING:
    import xarray as xr

    from recycling.store.rounds import Look, Until


def rounds_section(evidence: Evidence) -> Section | None:
    """Why the run stopped, what each look saw, and intervals that hold at any look."""
    until, rounds = evidence.run.until, rounds_of(evidence.run)
    if until is None:
        return None
    parts: list[Part] = [Paragraph(f"{rounds_text(until, rounds)}.")]
    if rounds is not None and rounds.looks:
        parts.append(Rows(_looks_table(rounds.looks, until)))
    table = _interval_table(evidence.dataset)
    if table is not None:
        parts.append(Rows(table))
    return Section("Rounds", parts)


def _looks_table(looks: tuple[Look, ...], until: Until) -> Table:
    return Table(
        (
            "rounds",
            "level spent",
            "level of a test",
            *(f"below {NAMES_OF_CLAIMED[bound]}" for bound in CLAIMED),
            "least p",
            "power",
            "QPU s",
            "then",
        ),
        [_looks_row(look) for look in looks],
        f"One-sided level {until.level:.3g} over {until.rounds} rounds at most, spent as "
        f"{until.spending} does (Lan and DeMets, 1983). Least p: the least p-value of a look, "
        "adjusted for all looks, points and both bounds. Power: conditional power of what was "
        f"asked for, under the estimate of the look; below {until.futility:g} the run is given up, "
        "which does not bind: findings keep their level if it goes on all the same.",
    )


def _looks_row(look: Look) -> tuple[str, ...]:
    own = {bound: [f for f in look.findings if f.bound == bound] for bound in CLAIMED}
    least = min((f.p_adjusted for f in look.findings if f.p_adjusted >= 0), default=float("nan"))
    return (
        str(look.round),
        f"{look.spent:.2g}",
        f"{look.nominal:.2g}",
        *(f"{sum(f.below for f in found)} of {len(found)}" for found in own.values()),
        number(least, ".2g"),
        f"{look.power:.2f}",
        "–" if look.qpu_seconds is None else f"{look.qpu_seconds:.0f}",
        look.decision,
    )


def _interval_table(dataset: xr.Dataset) -> Table | None:
    found = {bound: repeated_interval(dataset, RECYCLING, bound) for bound in CLAIMED}
    quantum = planck * dataset.attrs["frequency_Hz"]
    columns = []
    for interval in found.values():
        if interval is None:
            return None
        ends = zip(*(end.tolist() for end in interval.ends.values()), strict=True)
        columns.append([with_interval(Interval(*own), quantum) for own in ends])
    return Table(
        (
            *(axis.column for axis in sweep_axes(dataset)),
            *(f"ΔQ_B − {NAMES_OF_CLAIMED[bound]} (hf)" for bound in found),
        ),
        [
            (*(f"{value:.4f}" for value in point), *cells)
            for point, *cells in zip(sweep_points(dataset), *columns, strict=True)
        ],
        "Repeated 95 % intervals: they cover the truth at all looks at once, whatever made the run "
        "stop (Jennison and Turnbull, 1989). All other intervals of this page are those of a run "
        "with as many trials: where the run stopped because of what it saw, they lie too far from "
        "zero on average.",
    )
