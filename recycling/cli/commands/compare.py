"""The command ``recycling compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recycling.cli.completing import runs as runs_of_any
from recycling.cli.newest import named_run
from recycling.cli.options import AsJson, Debug
from recycling.cli.terminal import errors, print_json, print_lines, print_table, shown

if TYPE_CHECKING:
    from recycling.results.comparison import Comparison

Runs = Annotated[
    list[Path],
    typer.Argument(metavar="RUN RUN…", help="Run directories.", autocompletion=runs_of_any),
]
Page = Annotated[Path | None, typer.Option("--out", "-o", help="HTML page to write.")]
#: Columns of a table of differences on a terminal that is narrow, and on a wide one.
_NARROW, _WIDE, _ENOUGH = (0, 4, 5), (0, 1, 4, 5, 6), 110


def compare(runs: Runs, out: Page = None, as_json: AsJson = False, debug: Debug = False) -> None:
    """Show how runs differ from the first of them: quantities, verdicts, spec, device."""
    with errors(debug=debug):
        from recycling.studies.comparing import compare as compare_runs

        paths = [named_run(run, "protocol") for run in runs]
        with shown() as work:
            found = compare_runs(*paths, out=out, progress=work.step)
        if as_json:
            from recycling.results.comparison_record import comparison_record

            print_json(comparison_record(found) | _files(out))
            return
        _print(found)
        print_lines([f"{name}: {path}" for name, path in _files(out).get("files", {}).items()])


def _files(out: Path | None) -> dict[str, Any]:
    return {} if out is None else {"files": {"page": str(out)}}


def _print(found: Comparison) -> None:
    from rich.console import Console

    from recycling.inference.statistics.significance import CLAIMED
    from recycling.reporting.comparison_page import sides_of
    from recycling.reporting.comparison_tables import (
        changes_table,
        comparison_headline,
        verdicts_table,
    )
    from recycling.reporting.difference_tables import largest_table

    wide = Console().width >= _ENOUGH
    if wide:
        print_table(verdicts_table(found), "verdicts")
    else:
        for bound in CLAIMED:
            name = {"tight": "Q_tight", "landauer": "Q_Landauer"}[bound]
            print_table(verdicts_table(found, (bound,), brief=True), f"against {name}")
    for other, member in enumerate(found.others):
        title = f"{member.label} less {found.first.label}"
        print_table(largest_table(sides_of(found, other)).of(_WIDE if wide else _NARROW), title)
    changes = changes_table(found, ("run", "spec"))
    if changes.rows:
        print_table(changes, "what is different")
    print_lines([comparison_headline(found)], style="bold")
