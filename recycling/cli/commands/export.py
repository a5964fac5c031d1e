"""The command ``recycling export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recycling.cli.options import Debug, RunPath
from recycling.cli.terminal import errors, print_lines, shown


def export(
    run_path: RunPath,
    file_format: Annotated[
        str, typer.Option("--format", "-f", help="csv, parquet or json.")
    ] = "csv",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="New folder [default: <RUN>-<format>].")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Export the counts too.")] = False,
    debug: Debug = False,
) -> None:
    """Export the results of a run as tables with their units."""
    with errors(debug=debug):
        from recycling.results.export import check_export
        from recycling.studies import study_of
        from recycling.studies.stored import of_the_protocol, open_run

        opened = open_run(run_path)
        folder = out or run_path.with_name(f"{run_path.resolve().name}-{file_format}")
        check_export(folder, file_format)
        tables = study_of(opened.kind).tables
        if tables is not None and not raw:
            with shown() as work:
                work.step("analysing")
                from recycling.results.export import write_tables

                found, known = tables(opened)
                files = write_tables(found, known, folder, file_format)  # type: ignore[arg-type]
            print_lines([str(file) for file in files])
            return
        of_the_protocol(opened)
        with shown() as work:
            work.step("analysing")
            from recycling.results.analysis import analysed
            from recycling.results.export import export as export_run

            dataset = analysed(opened, work.fraction)
            work.step("writing tables")
            files = export_run(opened, dataset, folder, file_format, raw=raw)  # type: ignore[arg-type]
        if dataset.attrs["warnings"]:
            print_lines([f"warning: {dataset.attrs['warnings']}"])
        print_lines([str(file) for file in files])
