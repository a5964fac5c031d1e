"""The command ``recycling status``."""

from __future__ import annotations

from recycling.cli.newest import named_run
from recycling.cli.options import AsJson, Debug, RunPath
from recycling.cli.terminal import errors, print_json, print_lines, print_table


def status(run_path: RunPath, as_json: AsJson = False, debug: Debug = False) -> None:
    """Show the jobs of a run and what happened to them; asks no backend."""
    with errors(debug=debug):
        run_path = named_run(run_path)
        from recycling.reporting.status import status_summary, status_table
        from recycling.studies.stored import open_unchecked

        summary = status_summary(open_unchecked(run_path))
        if as_json:
            print_json(summary)
        else:
            print_table(status_table(summary), f"{summary['name']} on {summary['backend']}")
            print_lines([summary["headline"]], style="bold")
            if "rounds" in summary:
                print_lines([summary["rounds"]["text"]])
            print_lines(summary["notes"])
