"""Compare runs with each other: open them, analyse them, write a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from recycling.errors import BadInput
from recycling.reporting.comparison_page import write_comparison
from recycling.results.analysis import analysed
from recycling.results.comparison import Comparison, Member, compare_members
from recycling.store.directory import Run
from recycling.studies.stored import opened as open_if_closed


def compare(
    *runs: str | Path | Run,
    out: str | Path | None = None,
    progress: Callable[[str], None] = lambda _step: None,
) -> Comparison:
    """Compare runs with the first of them: quantity by quantity, at the points that all have.

    They may be of other devices, sweeps and readouts, or a run and its simulation. They count as
    independent. Nothing is written into them.

    Args:
        runs: run directories, or opened runs.
        out: HTML page to write.
        progress: called with the name of each step as it begins.

    Raises:
        BadInput: there is one run only, one is given twice, they have no point in common or are of
            different designs, or the page exists as a folder.
        Incomplete: no trial of a run is complete yet.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     for name in ("one", "two"):
        ...         _ = rc.run(rc.preset("theory"), out=f"{folder}/{name}")
        ...     found = compare(f"{folder}/one", f"{folder}/two", out=f"{folder}/page.html")
        ...     [member.label for member in found.members], found.resolved(0)
        (['one', 'two'], [])
    """
    if len(runs) < 2:
        raise BadInput("runs: one alone has nothing to be compared with; give two or more")
    if out is not None and Path(out).is_dir():
        raise BadInput(f"out = {str(out)!r} is a folder: give the name of a page, such as a.html")
    opened = [open_if_closed(run) for run in runs]
    for place, run in enumerate(opened):
        if run.run_id in [other.run_id for other in opened[:place]]:
            raise BadInput(f"run = {str(run.path)!r} is given twice: give different runs")
    members = []
    for label, run in zip(run_labels([run.path for run in opened]), opened, strict=True):
        progress(f"analysing {label}")
        members.append(Member(label, run, analysed(run)))
    progress("comparing")
    found = compare_members(members)
    if out is not None:
        write_comparison(found, Path(out))
    return found


def run_labels(paths: Sequence[Path]) -> list[str]:
    """Name each run after its folder, with as many parents as make it the only one of that name.

    Example:
        >>> run_labels([Path("/a/x/run"), Path("/b/x/run"), Path("/b/x/other")])
        ['a/x/run', 'b/x/run', 'other']
    """
    parts = [path.resolve().parts for path in paths]
    found = []
    for path in parts:
        ends = (path[-length:] for length in range(1, len(path) + 1))
        unique = next(end for end in ends if [other[-len(end) :] for other in parts].count(end) < 2)
        found.append("/".join(unique))
    return found
