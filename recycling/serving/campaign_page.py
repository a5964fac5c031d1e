"""What the page of a campaign shows, from a copy of its log: to read SQLite may write beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from recycling.campaign.database import NAME
from recycling.campaign.folder import SPEC, SPECS, read_folder
from recycling.campaign.status import records_of, status_of
from recycling.errors import BadInput
from recycling.serving.finding import PROGRESS

if TYPE_CHECKING:
    from recycling.reporting.parts import Section

#: How often the log is copied again because somebody wrote meanwhile.
_TRIES = 5


@contextmanager
def copied(path: Path) -> Iterator[Path]:
    """Copy of a campaign's spec and log for a block, in a folder of the system's.

    Raises:
        BadInput: the log cannot be read, or is written too often to be copied.

    Example:
        >>> with copied(Path("no such campaign")) as copy:
        ...     copy.name
        'no such campaign'
    """
    with TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.mkdir()
        try:
            if (path / SPEC).is_file():
                shutil.copyfile(path / SPEC, copy / SPEC)
            if (path / SPECS).is_dir():
                shutil.copytree(path / SPECS, copy / SPECS)
            _copy_database(path, copy)
        except (OSError, shutil.Error) as error:
            raise BadInput(f"{path}: {error}") from None
        try:
            yield copy
        except BadInput as error:
            raise BadInput(
                *(fault.replace(str(copy), str(path)) for fault in error.faults)
            ) from None


def campaign_status(path: Path) -> dict[str, Any]:
    """Where a campaign stands, as ``recycling campaign status`` says; nothing is written.

    Raises:
        BadInput: it is no campaign, or its log cannot be read.

    Example:
        >>> campaign_status(Path("no such campaign"))
        Traceback (most recent call last):
        recycling.errors.BadInput: campaign = 'no such campaign' is not the directory of a ...
    """
    with copied(path) as copy:
        return status_of(copy) | {"campaign": str(path)}


def campaign_sections(path: Path) -> tuple[str, list[str], list[Section]]:
    """Headline, facts and sections of the page of a campaign, as in its report.

    Raises:
        BadInput: as for ``campaign_status``.

    Example:
        >>> campaign_sections(Path("no such campaign"))
        Traceback (most recent call last):
        recycling.errors.BadInput: campaign = 'no such campaign' is not the directory of a ...
    """
    import matplotlib as mpl

    from recycling.campaign.report_sections import Evidence, facts, sections
    from recycling.campaign.status_view import status_lines
    from recycling.reporting.figures import SETTINGS

    with copied(path) as copy:
        folder = read_folder(copy)
        records = records_of(folder) if (copy / NAME).is_file() else []
        status = status_of(copy)
    evidence = Evidence(folder.spec, folder.text, status, records)
    with mpl.rc_context(SETTINGS):
        made = sections(evidence)
    return status_lines(status)[0], [status["source"], *facts(evidence)], made


def _copy_database(path: Path, copy: Path) -> None:
    """Copy the database with its write-ahead log, as they are between two transactions."""
    for _ in range(_TRIES):
        before = _states(path)
        for name in PROGRESS["campaign"]:
            (copy / name).unlink(missing_ok=True)
            if (path / name).is_file():
                shutil.copyfile(path / name, copy / name)
        if _states(path) == before:
            return
    raise BadInput(f"{path / NAME} is being written: load the page again")


def _states(path: Path) -> list[tuple[int, int] | None]:
    found: list[tuple[int, int] | None] = []
    for name in PROGRESS["campaign"]:
        known = (path / name).stat() if (path / name).is_file() else None
        found.append(None if known is None else (known.st_size, known.st_mtime_ns))
    return found
