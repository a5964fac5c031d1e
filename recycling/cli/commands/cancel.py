"""The command ``recycling cancel``."""

from __future__ import annotations

from shlex import quote

from recycling.cli.newest import named_run
from recycling.cli.options import Debug, RunPath
from recycling.cli.terminal import errors, print_lines, shown


def cancel(run_path: RunPath, debug: Debug = False) -> None:
    """Cancel the jobs of a run that are under way; what is done is kept."""
    with errors(debug=debug):
        run_path = named_run(run_path)
        with shown() as work:
            work.step("cancelling")
            from recycling.studies.stored import cancel as cancel_run

            count = cancel_run(run_path)
        again = (
            f"; submit again with: recycling resume --retry-failed {quote(str(run_path))}"
            if count
            else ""
        )
        print_lines([f"{count} {'job' if count == 1 else 'jobs'} cancelled{again}"])
