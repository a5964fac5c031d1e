"""The command ``recycling open``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from recycling.cli import finish
from recycling.cli.newest import named_run
from recycling.cli.options import Debug, RunPath
from recycling.cli.terminal import errors, print_lines, print_note

_PAGE = "report.html"


def open_report(
    run_path: RunPath,
    only_print: Annotated[
        bool, typer.Option("--print", help="Print the path of the report, and open nothing.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Open the report of a run in the browser, and print its path; it is made where none is.

    The folder of a sweep or of a campaign will do too, once it has its report.
    """
    with errors(debug=debug):
        run_path = named_run(run_path)
        page = run_path / _PAGE
        if not page.is_file():
            _make(run_path)
        if only_print or not _in_browser(page):
            print_lines([str(page)])
        else:
            print_lines([f"opened: {page}"])


def _make(run_path: Path) -> None:
    """Analyse the run and write its report, as ``recycling report`` does."""
    from recycling.studies.stored import of_the_protocol, open_run

    opened = open_run(run_path)
    if not finish.reread(opened, None, as_json=False):
        finish.report(of_the_protocol(opened), as_json=False, strict=False)


def _in_browser(page: Path) -> bool:
    """Show a page in the browser; says so in a line where this machine has none."""
    import webbrowser

    # Without a display a browser of the terminal would be taken, which shows no figure.
    shown = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    display = sys.platform != "linux" or any(map(os.environ.get, shown))
    try:
        opened = display and webbrowser.open(page.resolve().as_uri())
    except webbrowser.Error:
        opened = False
    if not opened:
        print_note("no browser can be opened here: open this file on a machine with a display")
    return opened
