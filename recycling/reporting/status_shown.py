"""The state of a run's jobs as a notebook shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from recycling.display.html import html_table
from recycling.reporting.status import status_table


@dataclass(frozen=True, repr=False)
class Status(Mapping[str, Any]):
    """What happened to the jobs of a run: "headline", "jobs", "notes" and others by name.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     rc.run("theory", out=f"{folder}/run").status()
        <Status of theory on exact: 1 of 1 jobs done>
    """

    summary: Mapping[str, Any]

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """What is known of each job."""
        return list(self.summary["jobs"])

    @property
    def headline(self) -> str:
        """How many jobs are done."""
        return str(self.summary["headline"])

    def __getitem__(self, name: str) -> Any:
        return self.summary[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.summary)

    def __len__(self) -> int:
        return len(self.summary)

    def __repr__(self) -> str:
        return f"<Status of {self['name']} on {self['backend']}: {self.headline}>"

    def _repr_html_(self) -> str:
        table = status_table(dict(self.summary))
        title = f"{self['name']} on {self['backend']}: {self.headline}"
        note = "\n".join(filter(None, [table.note, *self["notes"]]))
        mark = "simulated" if self["simulated"] else ""
        return html_table(table.columns, table.rows, title=title, mark=mark, note=note)
