"""The command ``recycling reset``; everything slow is imported inside it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

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
)
from recycling.cli.terminal import errors, shown


def reset(
    spec: Annotated[
        str | None,
        typer.Argument(metavar="[SPEC]", help="Path of a spec of resets [default: all ways]."),
    ] = None,
    out: Out = None,
    backend: Annotated[
        str,
        typer.Option(
            "--backend",
            "-b",
            help="Where to run: exact, aer, trajectories, fake:NAME or ibm:NAME.",
        ),
    ] = "exact",
    seed: Seed = None,
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
            from recycling.running.runs import default_path
            from recycling.spec.messages import parse_spec
            from recycling.spec.texts import spec_text
            from recycling.studies.reset.run import run_resets
            from recycling.studies.reset.spec import ResetSpec

            text = ResetSpec().to_toml() if spec is None else spec_text(spec)
            changes: dict[str, Any] = {} if seed is None else {"seed": seed}
            parsed = parse_spec(ResetSpec, text, changes, source=spec or "")
            run = run_resets(
                parsed,
                backend,
                out or default_path(parsed.name),
                text=text,
                changes=changes,
                account=Account(instance, plan, account),
                max_qpu_seconds=max_qpu_seconds,
                wait=not no_wait,
                progress=work.step,
                watch=work.watch,
            )
        finish(run, as_json=as_json)
