"""The command ``recycling adopt``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from recycling.cli.completing import backends, runs_or_specs
from recycling.cli.finish import finish
from recycling.cli.newest import named_run
from recycling.cli.options import (
    AccountName,
    AsJson,
    Debug,
    Instance,
    NoWait,
    Out,
    PlanName,
    Set,
    Strict,
)
from recycling.cli.spec import read_edited
from recycling.cli.terminal import errors, shown


def adopt(
    target: Annotated[
        str,
        typer.Argument(
            metavar="RUN|SPEC",
            help="Run directory, or spec for a new run.",
            autocompletion=runs_or_specs,
        ),
    ],
    job_id: Annotated[
        list[str] | None, typer.Option("--job-id", help="Id of a job; may be repeated.")
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Tag of jobs.")] = None,
    backend: Annotated[
        str,
        typer.Option(
            "--backend",
            "-b",
            help="Machine that has the jobs, for a new run.",
            autocompletion=backends,
        ),
    ] = "",
    out: Out = None,
    settings: Set = None,
    instance: Instance = None,
    plan: PlanName = None,
    account: AccountName = None,
    no_wait: NoWait = False,
    strict: Strict = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Take jobs that were submitted elsewhere into a run, where circuits and values are the plan's.

    Nothing is submitted. Jobs that do not match are named, with what differs.
    """
    with errors(debug=debug):
        with shown(jobs=True) as work:
            work.step("looking for the jobs")
            from recycling.execution.machine import Account
            from recycling.running.work import Conduct
            from recycling.studies.adoption import adopt as adopt_jobs

            given: dict[str, Any] = {"account": Account(instance, plan, account)}
            what: Any = named_run(Path(target))
            if not what.is_dir():
                text, what = read_edited(target, settings)
                given |= {"backend": backend, "out": out, "spec": text}
            conduct = Conduct(wait=not no_wait, progress=work.step, watch=work.watch)
            stored = adopt_jobs(what, job_id or (), tag, conduct=conduct, **given)
        finish(stored, as_json=as_json, strict=strict)
