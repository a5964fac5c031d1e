"""The report of a campaign: one self-contained HTML file, made from its directory alone.

Interface: ``report_campaign(path, progress)`` → path of ``report.html`` in the directory.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl

from recycling.campaign.database import NAME
from recycling.campaign.folder import read_folder
from recycling.campaign.report_sections import Evidence, facts, sections
from recycling.campaign.status import records_of, status_of
from recycling.campaign.status_view import status_lines
from recycling.reporting.figures import SETTINGS
from recycling.reporting.rendering import render, write_figures
from recycling.store.files import write_whole

#: Template of the page; it extends that of the report of a run.
TEMPLATE = "recycling.campaign/campaign.html.j2"


def report_campaign(path: str | Path, progress: Callable[[str], None] = lambda _step: None) -> Path:
    """Write report.html and figures/ into the directory of a campaign.

    Args:
        path: directory of the campaign, which may be under way.
        progress: called with the name of each step as it begins.

    Raises:
        BadInput: it is no campaign, or its log cannot be read.

    Example:
        >>> report_campaign("no such campaign")
        Traceback (most recent call last):
        recycling.errors.BadInput: campaign = 'no such campaign' is not the directory of a ...
    """
    folder = read_folder(path)
    progress("reading the log")
    records = records_of(folder) if (folder.path / NAME).is_file() else []
    evidence = Evidence(folder.spec, folder.text, status_of(path), records)
    progress("drawing figures")
    with mpl.rc_context(SETTINGS):
        made = sections(evidence)
    uris = write_figures(made, folder.path / "figures")
    progress("writing the report")
    page = render(
        TEMPLATE,
        made,
        uris,
        title=f"Campaign {folder.path.resolve().name}",
        source=evidence.status["source"],
        facts=facts(evidence),
        headline=status_lines(evidence.status)[0],
    )
    write_whole(folder.path / "report.html", page.encode())
    return folder.path / "report.html"
