"""A run in a line, and as a small table of a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recycling.display.html import html_table
from recycling.errors import BadInput
from recycling.store.files import Damaged
from recycling.store.origin import COUNTS, origin_of

if TYPE_CHECKING:
    from recycling.store.directory import Run


def data_kind(run: Run) -> str:
    """Say in a word who made the data of a run: "simulated", "measured" or "declared".

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     data_kind(rc.run("theory", out=f"{folder}/run"))
        'simulated'
    """
    made = "simulated" if run.simulated else "measured"
    if run.record["backend"] != COUNTS:
        return made
    return "declared, simulated" if run.simulated else "declared"


def line_of(run: Run) -> str:
    """Write a run in a line, whatever is damaged of it.

    Example:
        >>> from pathlib import Path
        >>> from recycling.store.directory import Run
        >>> line_of(Run(Path("runs/small")))
        "<Run 'runs/small'>"
    """
    try:
        record = run.record
        facts = f": {record['name']} ({run.kind}) on {record['backend']}, {record['state']}, "
        return f"<Run {str(run.path)!r}{facts}{data_kind(run)}>"
    except (BadInput, KeyError, OSError):
        return f"<Run {str(run.path)!r}>"


def page_of(run: Run) -> str:
    """Write a run as a table for a notebook, from its journals alone.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     "1 of 1 done" in page_of(rc.run("theory", out=f"{folder}/run"))
        True
    """
    try:
        record, origin = run.record, origin_of(run.record)
        states = [_state(run, job) for job in run.jobs]
    except (BadInput, KeyError, OSError) as error:
        return html_table((), [("damaged", error)], title=str(run.path))
    done = f"{states.count('done')} of {len(states)} done"
    others = (f"{states.count(s)} {s}" for s in dict.fromkeys(states) if s != "done")
    rows = [
        ("study", run.kind),
        ("backend", record["backend"]),
        ("device", record["device"].get("name", "")),
        ("jobs", ", ".join([done, *others])),
        ("begun", record["created"]),
        ("folder", run.path),
    ]
    if origin is not None:
        rows.insert(2, ("origin", origin.words))
    return html_table((), rows, title=str(record["name"]), mark=data_kind(run))


def _state(run: Run, job: object) -> str:
    try:
        return run.journal(job).state  # type: ignore[arg-type]
    except Damaged:
        return "damaged"
