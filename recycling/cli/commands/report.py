"""The command ``recycling report``."""

from __future__ import annotations

from recycling.cli import finish
from recycling.cli.newest import named_run
from recycling.cli.options import AsJson, Debug, Elsewhere, ErrorBudget, RunPath, Strict
from recycling.cli.terminal import errors


def report(
    run_path: RunPath,
    out: Elsewhere = None,
    strict: Strict = False,
    error_budget: ErrorBudget = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write the report of a stored run again: report.html and figures/."""
    with errors(debug=debug):
        run_path = named_run(run_path)
        from recycling.store.targets import results_folder
        from recycling.studies.stored import of_the_protocol, open_run

        opened, folder = open_run(run_path), results_folder(run_path, out)
        if not error_budget and finish.reread(opened, folder, as_json=as_json):
            return
        of_the_protocol(opened)
        if error_budget:
            finish.keep_budget(opened, folder)
        finish.report(opened, folder, as_json=as_json, strict=strict)
