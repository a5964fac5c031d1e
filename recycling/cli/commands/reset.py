"""The command ``recycling reset``; everything slow is imported inside it."""

from __future__ import annotations

from typing import Annotated

import typer

from recycling.cli.completing import backends, specs
from recycling.cli.finish import finish
from recycling.cli.options import (
    AccountName,
    AsJson,
    Budget,
    Debug,
    Instance,
    NoWait,
    Out,
    PlanName,
    Seed,
    Set,
)
from recycling.cli.terminal import errors, shown


def reset(
    spec: Annotated[
        str | None,
        typer.Argument(
            metavar="[SPEC]",
            help="Path of a spec of resets [default: all ways].",
            autocompletion=specs,
        ),
    ] = None,
    out: Out = None,
    backend: Annotated[
        str,
        typer.Option(
            "--backend",
            "-b",
            help="Where to run: exact, aer, trajectories, fake:NAME or ibm:NAME.",
            autocompletion=backends,
        ),
    ] = "exact",
    seed: Seed = None,
    settings: Set = None,
    instance: Instance = None,
    plan: PlanName = None,
    account: AccountName = None,
    max_qpu_seconds: Budget = None,
    no_wait: NoWait = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Reset a qubit in several ways: what is left, heat and entropy, against Landauer.

    Goes on with a run that was interrupted.
    """
    with errors(debug=debug):
        with shown(jobs=backend.startswith("ibm")) as work:
            work.step("reading the spec")
            from recycling.execution.machine import Account
            from recycling.spec.changes import parse_changes
            from recycling.studies.calibrating import reset as run_reset

            run = run_reset(
                spec,
                backend,
                out,
                seed=seed,
                changes=parse_changes(settings or ()),
                account=Account(instance, plan, account),
                max_qpu_seconds=max_qpu_seconds,
                wait=not no_wait,
                progress=work.step,
                watch=work.watch,
            )
        finish(run, as_json=as_json)
