"""Tables of runs side by side, for a page and for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from circuits.design import symbol
from recycling.inference.statistics.significance import CLAIMED
from recycling.reporting.difference_tables import called
from recycling.reporting.tables import Table, number
from recycling.results.changes import changes_of
from recycling.results.comparison import Comparison
from recycling.results.verdicts import Bound

#: Longest text of an entry that is shown; a table of a spec may be as long as it likes.
_LONGEST = 60


def comparison_headline(comparison: Comparison) -> str:
    """Say in a sentence for each run which quantities differ."""
    sentences = []
    for other, member in enumerate(comparison.others):
        resolved = comparison.resolved(other)
        total = len(comparison.largest(other))
        names = ", ".join(map(called, resolved))
        found = f"{len(resolved)} of {total} quantities differ ({names})" if resolved else (
            f"none of {total} quantities differs"
        )  # fmt: skip
        sentences.append(f"{member.label} against {comparison.first.label}: {found} at 3 σ")
    return "; ".join(sentences) + "."


def runs_table(comparison: Comparison) -> Table:
    """Show what each run is."""
    rows = [
        (
            member.label,
            str(member.dataset.attrs["data_kind"]),
            str(member.run.record["backend"]),
            str(member.dataset.attrs["device"]),
            f"{member.dataset.attrs['shots']} × {member.dataset.sizes['trial']}",
            str(member.run.record["created"])[:19].replace("T", " "),
        )
        for member in comparison.members
    ]
    return Table(("run", "data", "backend", "device", "shots × trials", "begun (UTC)"), rows)


def verdicts_table(
    comparison: Comparison, bounds: Sequence[Bound] = CLAIMED, *, brief: bool = False
) -> Table:
    """Show the verdicts of all runs at the points that all have.

    Args:
        comparison: the runs.
        bounds: on which bounds.
        brief: leave z out, and the bound of the headings where it is a single one.
    """
    by_bound = {bound: comparison.verdicts(bound) for bound in bounds}
    some = by_bound[bounds[0]]
    at = [[_rounded(verdict.point) for verdict in of_run] for of_run in some]
    shared = [point for point in at[0] if all(point in places for places in at)]
    rows = [
        (
            *(f"{value:.3g}" for value in point),
            *(
                verdict.outcome + ("" if brief else f" ({number(verdict.z, '+.1f')})")
                for bound in bounds
                for of_run, places in zip(by_bound[bound], at, strict=True)
                for verdict in [of_run[places.index(point)]]
            ),
        )
        for point in shared
    ]
    of_bound = {bound: "" if brief and len(bounds) == 1 else f"{bound}: " for bound in bounds}
    columns = [of_bound[bound] + m.label for bound in bounds for m in comparison.members]
    left_out = len(at[0]) - len(rows)
    only = f" {left_out} points of the first run are not in all others." if left_out else ""
    return Table(
        (*map(symbol, some[0][0].point), *columns),
        rows,
        f"Outcome of ΔQ_B at p_x = {comparison.p_x:g}, recycling arm, as that of each run alone "
        f"for its sweep.{only}",
    )


def _rounded(point: Mapping[str, float]) -> tuple[float, ...]:
    return tuple(round(value, 9) for value in point.values())


def changes_table(comparison: Comparison, topics: tuple[str, ...] = ()) -> Table:
    """Show what else is different, of some topics or of all."""
    labels = tuple(member.label for member in comparison.members)
    rows = [
        (topic, name, *map(_shortened, values))
        for topic, entries in changes_of(comparison.members).items()
        if not topics or topic in topics
        for name, *values in entries
    ]
    return Table(("of", "entry", *labels), rows)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
