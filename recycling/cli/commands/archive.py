"""The commands ``recycling archive`` and ``recycling verify``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from recycling.cli.completing import files
from recycling.cli.newest import named_run
from recycling.cli.options import AsJson, Debug, RunPath
from recycling.cli.terminal import errors, print_json, print_lines, print_table, shown


def archive(
    run_path: RunPath,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="New archive [default: <RUN>-archive.zip].")
    ] = None,
    author: Annotated[
        list[str] | None, typer.Option("--author", help="'Family, Given'; may be repeated.")
    ] = None,
    orcid: Annotated[
        list[str] | None, typer.Option("--orcid", help="ORCID of each author, '' for none.")
    ] = None,
    licence: Annotated[
        str, typer.Option("--license", help="SPDX identifier of the licence, as CC-BY-4.0.")
    ] = "",
    licence_file: Annotated[
        Path | None, typer.Option("--license-file", help="Text of that licence.")
    ] = None,
    published: Annotated[
        str, typer.Option("--published", help="Day of publication [default: day of the run].")
    ] = "",
    debug: Debug = False,
) -> None:
    """Put a run into an archive for years: a bundle with OpenQASM, schemas, citation, RO-Crate."""
    with errors(debug=debug):
        run_path = named_run(run_path, "protocol")
        from recycling.store.authors import authors_of
        from recycling.store.publication import Publication, licence_text
        from recycling.store.targets import check_new_file, results_folder
        from recycling.studies.stored import open_run

        text = "" if licence_file is None else licence_text(licence_file)
        declared = Publication(authors_of(author or (), orcid or ()), licence, text, published)
        opened = open_run(run_path)
        name = f"{run_path.resolve().name}-archive.zip"
        path = check_new_file(out or run_path.with_name(name))
        results_folder(run_path, None, mend="archive a copy of it")
        with shown() as work:
            # Analysed anew, so that the archive has the results of this version.
            work.step("analysing")
            from recycling.cli.finish import keep_theory
            from recycling.reporting.page import report
            from recycling.results.analysis import analyse
            from recycling.results.archive import write_archive

            keep_theory(opened)
            dataset = analyse(opened, work.fraction)
            report(opened, dataset, work.step)
            work.step("writing the archive")
            written = write_archive(opened, path, declared)
        print_lines(
            [f"archive: {written}", f"check it with: recycling verify {quote(str(written))}"]
        )


def verify(
    archive_path: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Archive or bundle.", autocompletion=files(".zip")),
    ],
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Check an archive: checksums, description, schemas, results by the raw bits, circuits."""
    with errors(debug=debug):
        with shown() as work:
            work.step("reading the archive")
            from recycling.results.verification import verify as verify_archive
            from recycling.studies import study_of

            found = verify_archive(archive_path, study_of, work.step)
        failed = [check for check in found if check.passed is False]
        if as_json:
            checks = [{"name": c.name, "passed": c.passed, "found": c.found} for c in found]
            print_json({"archive": str(archive_path), "verified": not failed, "checks": checks})
        else:
            from recycling.reporting.tables import Table

            words = {True: "passed", False: "FAILED", None: "not checked"}
            rows = [(check.name, words[check.passed], check.found) for check in found]
            print_table(Table(("check", "result", "found"), rows))
        if failed:
            from recycling.errors import BadInput

            raise BadInput(*(f"{archive_path}, {each.name}: {each.found}" for each in failed))
