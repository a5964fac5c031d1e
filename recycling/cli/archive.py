"""The commands that hand a run on, as tables or whole; everything slow is imported inside them."""

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
        from recycling.store import open_run

        opened = open_run(run_path)
        folder = out or run_path.with_name(f"{run_path.resolve().name}-{file_format}")
        check_export(folder, file_format)
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


def bundle(
    run_path: RunPath,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="New archive [default: <RUN>.zip].")
    ] = None,
    debug: Debug = False,
) -> None:
    """Put a run into one archive with checksums, for a data repository."""
    with errors(debug=debug):
        from recycling.store import open_run
        from recycling.store.targets import check_new_file, results_folder

        opened = open_run(run_path)
        archive = check_new_file(out or run_path.with_name(f"{run_path.resolve().name}.zip"))
        results_folder(run_path, None, mend="bundle a copy of it")
        with shown() as work:
            # Analysed anew, so that the archive has the results of this version.
            work.step("analysing")
            from recycling.results.analysis import analyse
            from recycling.store.bundle import write_bundle

            analyse(opened, work.fraction)
            work.step("writing the archive")
            written = write_bundle(run_path, archive)
        print_lines([f"bundle: {written}"])


def unbundle(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="Archive made by bundle.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="New run directory [default: runs/<FILE>].")
    ] = None,
    debug: Debug = False,
) -> None:
    """Check an archive and unpack its run."""
    with errors(debug=debug):
        with shown() as work:
            work.step("checking the archive")
            from recycling.store.bundle import open_bundle

            opened = open_bundle(archive, out or Path("runs") / archive.stem)
        print_lines([f"run: {opened.path}", f"analyse it with: recycling report {opened.path}"])
