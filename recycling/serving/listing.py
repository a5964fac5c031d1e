"""Filters and order of the list, as the address of a page gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from recycling.inference.statistics.significance import CLAIMED, NAMES_OF_CLAIMED
from recycling.serving.rows import Row

#: Columns by which the list can be sorted, with their headings.
COLUMNS: dict[str, str] = {
    "name": "run",
    "created": "created (UTC)",
    "backend": "backend",
    "kind": "kind",
    "source": "data",
    "state": "state",
    **{bound: f"below {NAMES_OF_CLAIMED[bound]}" for bound in CLAIMED},
}
#: Kinds of verdict in words.
VERDICTS: dict[str, str] = {
    **{f"below_{bound}": f"below {NAMES_OF_CLAIMED[bound]} somewhere" for bound in CLAIMED},
    "below_neither": "below neither bound",
    "control_failed": "a control failed",
    "none": "not analysed",
}
_FILTERS = ("backend", "kind", "source", "state", "verdict")


@dataclass(frozen=True)
class View:
    """Which runs are shown, and in which order.

    Example:
        >>> view = View.of({"sort": "name", "backend": "exact", "other": "ignored"})
        >>> view.sort, view.chosen, view.query(sort="created")
        ('name', {'backend': 'exact'}, {'backend': 'exact', 'sort': 'created', 'order': 'asc'})
    """

    name: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)
    sort: str = "created"
    descending: bool = True

    @classmethod
    def of(cls, query: Mapping[str, str]) -> View:
        """View by the query of an address; what it does not know is left out."""
        sort = query.get("sort", "created")
        sort = sort if sort in COLUMNS else "created"
        order = query.get("order", "desc" if sort in ("created", *CLAIMED) else "asc")
        return cls(
            query.get("name", "")[:200],
            {key: query[key] for key in _FILTERS if query.get(key)},
            sort,
            order == "desc",
        )

    def shown(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that pass all filters, in order."""
        passing = [row for row in rows if self._passes(row)]
        ordered = sorted(passing, key=lambda row: row.name)
        return sorted(ordered, key=self._key, reverse=self.descending)

    def query(self, sort: str | None = None) -> dict[str, str]:
        """Query of the address of this view, or of the same one sorted by another column.

        A column by which it is sorted already is turned around.
        """
        found = {**({"name": self.name} if self.name else {}), **self.chosen}
        descending = self.descending if sort is None else sort == self.sort and not self.descending
        order = "desc" if descending else "asc"
        return {**found, "sort": sort or self.sort, "order": order}

    def _passes(self, row: Row) -> bool:
        words = self.name.casefold().split()
        text = f"{row.name} {row.title} {row.device}".casefold()
        return all(word in text for word in words) and all(
            value in _values(row, key) for key, value in self.chosen.items()
        )

    def _key(self, row: Row) -> tuple[int, float | str]:
        if self.sort not in CLAIMED:
            return 0, str(getattr(row, self.sort)).casefold()
        if row.brief is None or row.brief.below is None:
            return -1, 0.0
        below, points = row.brief.below[self.sort]
        return 0, below / max(points, 1)


def choices(rows: Sequence[Row]) -> dict[str, dict[str, str]]:
    """What each filter can ask for among some runs: values with their words.

    Example:
        >>> choices([Row("small", "done", backend="exact")])["backend"]
        {'exact': 'exact'}
    """
    found: dict[str, dict[str, str]] = {}
    for key in _FILTERS:
        values = {value for row in rows for value in _values(row, key) if value}
        words = VERDICTS if key == "verdict" else {}
        order = list(words)
        ordered = sorted(values, key=lambda value: (order.index(value) if order else 0, value))
        found[key] = {value: words.get(value, value) for value in ordered}
    return found


def _values(row: Row, key: str) -> tuple[str, ...]:
    if key == "verdict":
        return () if row.brief is None else row.brief.kinds
    return (str(getattr(row, key)),)
