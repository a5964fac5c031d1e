"""The command ``recycling export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recycling.cli.completing import words
from recycling.cli.newest import named_run
from recycling.cli.options import Debug, RunPath
from recycling.cli.terminal import errors, print_lines, shown


def export(
    run_path: RunPath,
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            help="csv, parquet or json.",
            autocompletion=words("csv", "parquet", "json"),
        ),
    ] = "csv",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="New folder [default: <RUN>-<format>].")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Export the counts too.")] = False,
    debug: Debug = False,
) -> None:
    """Export the results of a run as tables with their units."""
    with errors(debug=debug):
        run_path = named_run(run_path)
        notes: list[str] = []
        with shown() as work:
            from recycling.studies.sharing import export as export_run

            files = export_run(
                run_path,
                out,
                file_format,  # type: ignore[arg-type]
                raw=raw,
                progress=work.step,
                fraction=work.fraction,
                note=notes.append,
            )
        print_lines([*notes, *map(str, files)])
