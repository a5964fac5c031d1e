"""What each page shows, as plain data for its template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from recycling.errors import BadInput
from recycling.reporting.parts import Section
from recycling.serving import campaign_page, run_page, sweep_page
from recycling.serving.archives import archive_of
from recycling.serving.files import listed_files
from recycling.serving.finding import DECLARED, PROGRESS, Found, Kind
from recycling.serving.guarding import check_links, is_inside, own_files
from recycling.serving.listing import COLUMNS, View, choices
from recycling.serving.rows import UNREADABLE, Row, fault_text
from recycling.serving.shelf import Shelf, state_of

#: Most runs that are compared at once.
MOST = 5


@dataclass(frozen=True)
class Line:
    """Where a sweep or a campaign of the list stands, or what is wrong with it."""

    name: str
    text: str
    damaged: bool = False


def listed(shelf: Shelf, query: Mapping[str, str]) -> dict[str, Any]:
    """The list: rows in their order, what can be filtered, and all that is no run.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     listed(Shelf(Path(folder)), {})["count"]
        0
    """
    findings, view = shelf.find(), View.of(query)
    rows = shelf.rows(findings)
    return {
        "version": shelf.version(findings, rows),
        "folder": str(shelf.root),
        "view": view,
        "columns": COLUMNS,
        "choices": choices(rows),
        "count": len(rows),
        "rows": view.shown(rows),
        "pending": len(shelf.pending),
        "left_out": findings.left_out,
        "sweeps": [_line(shelf, found, _swept) for found in findings.of("sweep")],
        "campaigns": [_line(shelf, found, _campaigned) for found in findings.of("campaign")],
        "archives": [
            (found.name, shelf.noted(found, partial(archive_of, found.path)))
            for found in findings.of("archive")
        ],
    }


def named(shelf: Shelf, name: str, kind: Kind | str | None = None) -> Found | None:
    """What has a name in the folder, and is of a kind; None where there is nothing.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     named(Shelf(Path(folder)), "../etc/passwd") is None
        True
    """
    found = shelf.find().items.get(name)
    if found is None or found.kind == "archive" or kind not in (None, found.kind):
        return None
    return found


def run_of(shelf: Shelf, found: Found) -> dict[str, Any]:
    """The page of a run.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     run_of(Shelf(Path(folder)), Found("a", "run", Path(folder) / "a"))["row"].state
        'damaged'
    """
    row = shelf.row(found)
    facts: dict[str, Any] = {
        "found": found, "row": row, "path": str(found.path), "figures": [], "sections": [],
        "files": [],
    }  # fmt: skip
    try:
        check_links(shelf.root, found.path)
        run = run_page.opened(found.path)
        names = own_files(found.path)
        facts["files"] = listed_files(names)
        facts["figures"] = [
            name for name in names if name.startswith("figures/") and name.endswith(".svg")
        ]
        key = ("run", found, shelf.signature(found))
        facts["sections"] = shelf.kept(key, lambda: run_page.run_sections(run))
    except UNREADABLE as error:
        return facts | {"fault": fault_text(error)}
    return facts | {"fault": row.fault}


def sweep_of(shelf: Shelf, found: Found) -> dict[str, Any]:
    """The page of a sweep; its maps once it is finished.

    Raises:
        BadInput: it is damaged.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     sweep_of(Shelf(Path(folder)), Found("a", "sweep", Path(folder) / "a"))
        Traceback (most recent call last):
        recycling.errors.BadInput: .../a/sweep.json: it is missing
    """
    _check(shelf, found)
    progress = sweep_page.progress_of(found.path)
    facts = {"found": found, "path": str(found.path), "progress": progress,
             "report": (found.path / "report.html").is_file()}  # fmt: skip
    if not progress.complete:
        return facts | {"title": found.name, "headline": "", "sections": [], "uris": {}}

    def make() -> dict[str, Any]:
        check_links(shelf.root, found.path)
        title, headline, sections = sweep_page.sweep_sections(found.path)
        return {"title": title, "headline": headline, **_drawn(sections)}

    return facts | shelf.kept((found, state_of(found)), make)


def campaign_of(shelf: Shelf, found: Found) -> dict[str, Any]:
    """The page of a campaign.

    Raises:
        BadInput: its spec or its log cannot be read.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     campaign_of(Shelf(Path(folder)), Found("a", "campaign", Path(folder) / "a"))
        Traceback (most recent call last):
        recycling.errors.BadInput: campaign = '.../a' is not the directory of a campaign: ...
    """
    _check(shelf, found)

    def make() -> dict[str, Any]:
        headline, notes, sections = campaign_page.campaign_sections(found.path)
        return {"headline": headline, "notes": notes, **_drawn(sections)}

    kept = shelf.kept(("page", found, state_of(found)), make)
    report = (found.path / "report.html").is_file()
    return {"found": found, "path": str(found.path), "report": report, **kept}


#: What each page shows, by the kind of what it is of.
PAGES: Mapping[str, Callable[[Shelf, Found], dict[str, Any]]] = {
    "run": run_of, "sweep": sweep_of, "campaign": campaign_of,
}  # fmt: skip


def compared(shelf: Shelf, names: Sequence[str]) -> str:
    """The page that compares runs, made in memory.

    Raises:
        BadInput: fewer than two are named, or they cannot be compared.
        Incomplete: no trial of a run is complete yet.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     compared(Shelf(Path(folder)), ["small"])
        Traceback (most recent call last):
        recycling.errors.BadInput: runs: 1 ticked; tick two, or up to 5
    """
    wanted = list(dict.fromkeys(names))
    if not 2 <= len(wanted) <= MOST:
        raise BadInput(f"runs: {len(wanted)} ticked; tick two, or up to {MOST}")
    found = [named(shelf, name, "run") for name in wanted]
    if None in found:
        raise BadInput("runs: there is no run of one of these names; load the list again")
    known = [each for each in found if each is not None]
    for each in known:
        check_links(shelf.root, each.path)
    key = ("compare", tuple((each, shelf.signature(each)) for each in known))

    def make() -> str:
        from recycling.reporting.comparison_page import comparison_page
        from recycling.store.opening import check_intact
        from recycling.studies.comparing import compare
        from recycling.studies.stored import of_the_protocol

        runs = [check_intact(of_the_protocol(run_page.opened(each.path))) for each in known]
        return comparison_page(compare(*runs))

    return shelf.kept(key, make)


def run_record(shelf: Shelf, found: Found) -> dict[str, Any]:
    """Jobs, verdicts and controls of a run for scripts; what is wrong with it, if so.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     list(run_record(Shelf(Path(folder)), Found("a", "run", Path(folder) / "a")))
        ['fault']
    """
    try:
        check_links(shelf.root, found.path)
        run = run_page.opened(found.path)
        key = ("record", found, shelf.signature(found))
        return shelf.kept(key, lambda: run_page.run_record(run))
    except UNREADABLE as error:
        return {"fault": fault_text(error)}


def row_record(row: Row) -> dict[str, Any]:
    """The line of a run for scripts.

    Example:
        >>> row_record(Row("small", "damaged", fault="it is missing"))["fault"]
        'it is missing'
    """
    return {key: value for key, value in asdict(row).items() if value not in ("", None)}


def _drawn(sections: Sequence[Section]) -> dict[str, Any]:
    from recycling.reporting.rendering import embedded

    uris = {
        name: embedded(figure)
        for section in sections
        for name, (figure, _) in section.figures.items()
    }
    return {"sections": sections, "uris": uris}


def _line(shelf: Shelf, found: Found, of: Callable[[Found], str]) -> Line:
    try:
        _check(shelf, found)
        return Line(found.name, shelf.noted(found, lambda: of(found)))
    except UNREADABLE as error:
        return Line(found.name, f"damaged: {fault_text(error)}", damaged=True)


def _check(shelf: Shelf, found: Found) -> None:
    """Check that what is read of a sweep or a campaign, its results aside, is in the folder."""
    for name in (*DECLARED[found.kind], *PROGRESS[found.kind]):
        if not is_inside(shelf.root, found.path / name):
            raise BadInput(f"{found.path / name} is a link that leads out of the served folder")
    check_links(shelf.root, found.path / "specs")


def _swept(found: Found) -> str:
    return sweep_page.progress_of(found.path).text


def _campaigned(found: Found) -> str:
    from recycling.campaign.status_view import status_lines

    return status_lines(campaign_page.campaign_status(found.path))[0]
