"""The command ``recycling bundle``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recycling.cli.newest import named_run
from recycling.cli.options import Debug, RunPath
from recycling.cli.terminal import errors, print_lines, print_next, shown


def bundle(
    run_path: RunPath,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="New archive [default: <RUN>.zip].")
    ] = None,
    debug: Debug = False,
) -> None:
    """Put a run into one archive with checksums, for a data repository."""
    with errors(debug=debug):
        run_path = named_run(run_path)
        with shown() as work:
            from recycling.studies.sharing import bundle as bundle_run

            written = bundle_run(run_path, out, progress=work.step, fraction=work.fraction)
        print_lines([f"bundle: {written}"])
        print_next("verify", written)
