"""The command ``recycling unbundle``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from recycling.cli.completing import files
from recycling.cli.options import Debug
from recycling.cli.terminal import errors, print_lines, shown


def unbundle(
    archive: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Archive made by bundle.", autocompletion=files(".zip")
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="New run directory [default: runs/<FILE>].")
    ] = None,
    debug: Debug = False,
) -> None:
    """Check an archive and unpack its run."""
    with errors(debug=debug):
        with shown() as work:
            work.step("checking the archive")
            from recycling.studies.sharing import unbundle as unbundle_run

            opened = unbundle_run(archive, out)
        print_lines(
            [f"run: {opened.path}", f"analyse it with: recycling report {quote(str(opened.path))}"]
        )
