"""The command ``recycling latency``; everything slow is imported inside it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
from recycling.cli.terminal import errors, print_json, print_lines, print_table, shown
from recycling.errors import resumable

if TYPE_CHECKING:
    from recycling.studies.latency.run import LatencyRun


def latency(
    spec: Annotated[
        str | None,
        typer.Argument(metavar="[SPEC]", help="Path of a latency spec [default: the paper's]."),
    ] = None,
    out: Out = None,
    backend: Annotated[
        str, typer.Option("--backend", "-b", help="Where to run: exact, fake:NAME or ibm:NAME.")
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
    """Time an X gate and a feedforward round by ladders of jobs, as in Fig. 6 of the paper.

    Goes on with a run that was interrupted.
    """
    with errors(debug=debug):
        with shown(jobs=backend.startswith("ibm")) as work:
            work.step("reading the spec")
            from recycling.execution.ibm.service import Account
            from recycling.spec.experiment import spec_text
            from recycling.spec.messages import parse_spec
            from recycling.studies.latency.run import run_latency
            from recycling.studies.latency.spec import LatencySpec

            text = LatencySpec().to_toml() if spec is None else spec_text(spec)
            changes: dict[str, Any] = {} if seed is None else {"seed": seed}
            parsed = parse_spec(LatencySpec, text, changes, source=spec or "")
            run = run_latency(
                parsed,
                backend,
                out or Path("runs") / f"{parsed.name}-{datetime.now():%Y%m%d-%H%M%S}",
                text=text,
                changes=changes,
                account=Account(instance, plan, account),
                max_qpu_seconds=max_qpu_seconds,
                wait=not no_wait,
                progress=work.step,
                watch=work.watch,
            )
        with resumable(run.path):
            print_latency(run, as_json=as_json)


def print_latency(run: LatencyRun, *, as_json: bool) -> None:
    """Fit the ladders of a complete run, write its files, and print what was found."""
    with shown() as work:
        work.step("fitting")
        from recycling.reporting.latency import (
            data_kind,
            latency_headline,
            latency_record,
            latency_table,
            write_latency,
        )
        from recycling.reporting.status import surplus_of, surplus_text
        from recycling.studies.latency.results import analyse_latency

        results = analyse_latency(run)
        files = {"run": run.path} | write_latency(run, results)
    surplus = surplus_of(run.journal(job) for job in run.jobs)
    if as_json:
        named = {name: str(path) for name, path in files.items()}
        print_json(latency_record(run, results) | {"files": named, "surplus": surplus})
        return
    print_table(latency_table(results), f"{run.record['backend']}: {data_kind(run)}")
    print_lines([latency_headline(results)], style="bold")
    if surplus:
        print_lines([surplus_text(surplus)])
    print_lines([f"{name}: {path}" for name, path in files.items()])
