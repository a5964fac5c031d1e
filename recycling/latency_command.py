"""The command ``recycling latency``; everything slow is imported inside it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from recycling.terminal import errors, print_json, print_lines, print_table, shown


def latency(
    spec: Annotated[
        str | None,
        typer.Argument(metavar="[SPEC]", help="Path of a latency spec [default: the paper's]."),
    ] = None,
    backend: Annotated[
        str, typer.Option("--backend", "-b", help="Where to run: exact, fake:NAME or ibm:NAME.")
    ] = "exact",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Run directory [default: runs/<name>-<time>]."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Seed that overrules the spec's.")
    ] = None,
    instance: Annotated[
        str | None, typer.Option("--instance", help="IBM Quantum instance, by name or CRN.")
    ] = None,
    plan: Annotated[
        str | None, typer.Option("--plan", help="IBM Quantum plan, where no instance is given.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", help="Name of a saved IBM Quantum account.")
    ] = None,
    max_qpu_seconds: Annotated[
        float | None,
        typer.Option("--max-qpu-seconds", min=0, help="Submit nothing estimated above this."),
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Leave when all jobs are submitted.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Submit failed and cancelled jobs again.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Time an X gate and a feedforward round by ladders of jobs (Fig. 6 of the paper).

    The same command with the same --out goes on with a run that was interrupted.
    """
    with errors(debug=debug):
        with shown(jobs=backend.startswith("ibm")) as work:
            work.step("reading the spec")
            from recycling.devices.ibm import Account
            from recycling.experiment import spec_text
            from recycling.latency.results import analyse_latency
            from recycling.latency.run import run_latency
            from recycling.latency.spec import LatencySpec
            from recycling.reporting.latency import write_latency

            text = LatencySpec().to_toml() if spec is None else spec_text(spec)
            changes: dict[str, Any] = {} if seed is None else {"seed": seed}
            parsed = LatencySpec.parse(text, **changes)
            run = run_latency(
                parsed,
                backend,
                out or Path("runs") / f"{parsed.name}-{datetime.now():%Y%m%d-%H%M%S}",
                text=text,
                changes=changes,
                account=Account(instance, plan, account),
                max_qpu_seconds=max_qpu_seconds,
                wait=not no_wait,
                retry_failed=retry_failed,
                progress=work.step,
                watch=work.watch,
            )
            work.step("fitting")
            results = analyse_latency(run)
            files = {"run": run.path} | write_latency(run, results)
        _print(run, results, files, as_json=as_json)


def _print(run: Any, results: Any, files: dict[str, Path], *, as_json: bool) -> None:
    from recycling.reporting.latency import (
        data_kind,
        latency_headline,
        latency_record,
        latency_table,
    )

    if as_json:
        named = {name: str(path) for name, path in files.items()}
        print_json(latency_record(run, results) | {"files": named})
        return
    print_table(latency_table(results), f"{run.record['backend']}: {data_kind(run)}")
    print_lines([latency_headline(results)], style="bold")
    print_lines([f"{name}: {path}" for name, path in files.items()])
