"""The command ``recycling bundle``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recycling.cli.options import Debug, RunPath
from recycling.cli.terminal import errors, print_lines, shown


def bundle(
    run_path: RunPath,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="New archive [default: <RUN>.zip].")
    ] = None,
    debug: Debug = False,
) -> None:
    """Put a run into one archive with checksums, for a data repository."""
    with errors(debug=debug):
        from recycling.store.targets import check_new_file, results_folder
        from recycling.studies.stored import open_run

        opened = open_run(run_path)
        archive = check_new_file(out or run_path.with_name(f"{run_path.resolve().name}.zip"))
        results_folder(run_path, None, mend="bundle a copy of it")
        with shown() as work:
            # Analysed anew, so that the archive has the results of this version.
            work.step("analysing")
            from recycling.store.bundle import write_bundle
            from recycling.studies import study_of

            again = study_of(opened.kind).reread
            if again is not None:
                again(opened, work.step, None)
            else:
                from recycling.results.analysis import analyse

                analyse(opened, work.fraction)
            work.step("writing the archive")
            written = write_bundle(opened, archive)
        print_lines([f"bundle: {written}"])
