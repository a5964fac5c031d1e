"""The commands ``recycling run`` and ``recycling replay``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recycling.cli.finish import finish
from recycling.cli.options import (
    AccountName,
    AsJson,
    Backend,
    Budget,
    Debug,
    Futility,
    Instance,
    NoWait,
    Out,
    PlanName,
    Seed,
    Set,
    Spec,
    Spending,
    Strict,
    Until,
    UntilPoints,
)
from recycling.cli.spec import read_experiment
from recycling.cli.terminal import errors, shown


def replay(
    out: Out = None,
    seed: Seed = None,
    settings: Set = None,
    strict: Strict = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Replay the paper end to end: preset "paper" on the exact engine."""
    with errors(debug=debug):
        _run_to_report("paper", "exact", out, seed, settings, strict=strict, as_json=as_json)


def run(
    spec: Spec,
    out: Out = None,
    backend: Backend = "exact",
    seed: Seed = None,
    settings: Set = None,
    instance: Instance = None,
    plan: PlanName = None,
    account: AccountName = None,
    max_qpu_seconds: Budget = None,
    until: Until = None,
    until_points: UntilPoints = 1,
    spending: Spending = "obrien-fleming",
    futility: Futility = 0.05,
    no_wait: NoWait = False,
    strict: Strict = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Run a spec, analyse it and write its report; goes on with a run that was interrupted."""
    with errors(debug=debug):
        from recycling.execution.machine import Account

        _run_to_report(
            spec,
            backend,
            out,
            seed,
            settings,
            strict=strict,
            as_json=as_json,
            account=Account(instance, plan, account),
            max_qpu_seconds=max_qpu_seconds,
            until=until,
            until_points=until_points,
            spending=spending,
            futility=futility,
            wait=not no_wait,
        )


def _run_to_report(
    spec: str,
    backend: str,
    out: Path | None,
    seed: int | None,
    settings: list[str] | None,
    *,
    strict: bool,
    as_json: bool,
    **how: Any,
) -> None:
    text, changes, experiment = read_experiment(spec, seed, settings)
    with shown(jobs=backend != "exact") as work:
        from recycling.studies.protocol import run as run_experiment

        stored = run_experiment(
            experiment,
            backend,
            out,
            spec=text,
            changes=changes,
            progress=work.step,
            watch=work.watch,
            **how,
        )
    finish(stored, as_json=as_json, strict=strict)
