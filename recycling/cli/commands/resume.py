"""The command ``recycling resume``."""

from __future__ import annotations

from typing import Annotated

import typer

from recycling.cli.finish import finish
from recycling.cli.newest import named_run
from recycling.cli.options import AsJson, Budget, Debug, NoWait, RunPath, Strict
from recycling.cli.terminal import errors, shown


def resume(
    run_path: RunPath,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Submit failed and cancelled jobs again.")
    ] = False,
    max_qpu_seconds: Budget = None,
    no_wait: NoWait = False,
    strict: Strict = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Go on with a run: mend, submit what never was, fetch what is done, analyse, report."""
    with errors(debug=debug):
        run_path = named_run(run_path)
        with shown(jobs=True) as work:
            from recycling.studies.stored import resume as resume_run

            stored = resume_run(
                run_path,
                retry_failed=retry_failed,
                max_qpu_seconds=max_qpu_seconds,
                wait=not no_wait,
                progress=work.step,
                watch=work.watch,
            )
        finish(stored, as_json=as_json, strict=strict)
