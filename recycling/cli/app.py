"""The command line: parses, calls, prints. Everything slow is imported inside the commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recycling.cli.archive import bundle, export, unbundle
from recycling.cli.latency import latency, print_latency
from recycling.cli.options import (
    AccountName,
    AsJson,
    Backend,
    Budget,
    Debug,
    Elsewhere,
    Instance,
    NoWait,
    Out,
    PlanName,
    ReadoutName,
    RunPath,
    Seed,
    Spec,
    Strict,
)
from recycling.cli.results import Result, print_result
from recycling.cli.terminal import (
    EXIT_INCOMPLETE,
    errors,
    leave_at_once,
    print_json,
    print_lines,
    print_table,
    shown,
)
from recycling.errors import resumable

if TYPE_CHECKING:
    import xarray as xr

    from recycling.spec.experiment import Experiment
    from recycling.store import Run

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich takes longer to import than the help takes to print
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from recycling import __version__

        typer.echo(f"recycling {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """From a spec file to a verdict: thermodynamic recycling on quantum hardware."""


@app.command()
def replay(
    out: Out = None,
    seed: Seed = None,
    strict: Strict = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Replay the paper end to end: preset "paper" on the exact engine."""
    with errors(debug=debug):
        _run_to_report("paper", "exact", out, seed, strict=strict, as_json=as_json)


@app.command()
def run(
    spec: Spec,
    out: Out = None,
    backend: Backend = "exact",
    seed: Seed = None,
    instance: Instance = None,
    plan: PlanName = None,
    account: AccountName = None,
    max_qpu_seconds: Budget = None,
    no_wait: NoWait = False,
    strict: Strict = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Run a spec, analyse it and write its report; goes on with a run that was interrupted."""
    with errors(debug=debug):
        from recycling.execution.ibm.service import Account

        _run_to_report(
            spec,
            backend,
            out,
            seed,
            strict=strict,
            as_json=as_json,
            account=Account(instance, plan, account),
            max_qpu_seconds=max_qpu_seconds,
            wait=not no_wait,
        )


@app.command()
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
        with shown(jobs=True) as work:
            from recycling.running.runs import resume as resume_run
            from recycling.studies.latency.run import LatencyRun

            stored = resume_run(
                run_path,
                retry_failed=retry_failed,
                max_qpu_seconds=max_qpu_seconds,
                wait=not no_wait,
                progress=work.step,
                watch=work.watch,
            )
        with resumable(stored.path):
            if isinstance(stored, LatencyRun):
                print_latency(stored, as_json=as_json)
            else:
                result = _report(stored, _analyse(stored))
                print_result(stored, result, as_json=as_json, strict=strict)


@app.command()
def status(run_path: RunPath, as_json: AsJson = False, debug: Debug = False) -> None:
    """Show the jobs of a run and what happened to them; asks no backend."""
    with errors(debug=debug):
        from recycling.reporting.status import status_summary, status_table

        summary = status_summary(run_path)
        if as_json:
            print_json(summary)
        else:
            print_table(status_table(summary), f"{summary['name']} on {summary['backend']}")
            print_lines([summary["headline"]], style="bold")
            print_lines(summary["notes"])


@app.command()
def cancel(run_path: RunPath, debug: Debug = False) -> None:
    """Cancel the jobs of a run that are under way; what is done is kept."""
    with errors(debug=debug):
        with shown() as work:
            work.step("cancelling")
            from recycling.running.runs import cancel as cancel_run

            count = cancel_run(run_path)
        again = f"; submit again with: recycling resume --retry-failed {run_path}" if count else ""
        print_lines([f"{count} {'job' if count == 1 else 'jobs'} cancelled{again}"])


@app.command()
def plan(
    spec: Spec,
    backend: Backend = "exact",
    seed: Seed = None,
    instance: Instance = None,
    plan: PlanName = None,
    account: AccountName = None,
    max_qpu_seconds: Budget = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show what a run would do, cost and find, before anything is submitted."""
    with errors(debug=debug):
        _, _, experiment = _experiment(spec, seed)
        with shown() as work:
            work.step("compiling circuits")
            from recycling.execution.ibm.service import Account
            from recycling.planning.plan import plan as plan_run
            from recycling.studies.plan_view import plan_headline, plan_summary, plan_tables

            planned = plan_run(experiment, backend, Account(instance, plan, account))
            work.step("predicting")
            summary = plan_summary(planned) if as_json else None
            tables = [] if as_json else plan_tables(planned)
        if summary is not None:
            print_json(summary)
        else:
            for table in tables:
                print_table(table)
            print_lines([plan_headline(planned)], style="bold")
        if max_qpu_seconds is not None:
            planned.check_budget(max_qpu_seconds)


@app.command()
def layouts(
    spec: Spec,
    backend: Backend = "exact",
    top: Annotated[int, typer.Option("--top", min=1, help="Placements to show.")] = 10,
    out: Annotated[Path, typer.Option("--out", "-o", help="Picture of the chip to write.")] = Path(
        "layouts.svg"
    ),
    write: Annotated[
        Path | None, typer.Option("--write", help="New spec with the best placement in it.")
    ] = None,
    instance: Instance = None,
    plan: PlanName = None,
    account: AccountName = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Score every placement on the chip by the gain that the exact engine predicts."""
    with errors(debug=debug):
        text, _, experiment = _experiment(spec, None)
        if write is not None:
            from recycling.store.targets import check_new_file

            check_new_file(write, "write")
        with shown() as work:
            work.step("scoring placements")
            from recycling.execution.ibm.service import Account
            from recycling.planning.chips import chip
            from recycling.planning.plan import connected_chip
            from recycling.planning.ranking import score_layouts, with_layout
            from recycling.reporting.figures import to_svg
            from recycling.store.files import write_whole
            from recycling.studies.chip_map import chip_map, layout_summary, layout_table

            behind = connected_chip(backend, Account(instance, plan, account))
            scored = score_layouts(experiment, behind, progress=work.fraction)
            work.step("drawing the chip")
            frequency = experiment.bath.frequency
            name = backend if behind else experiment.device.profile
            figure = chip_map(
                chip(experiment, behind).target,
                scored,
                frequency,
                title=f"{len(scored)} placements on {name}, predicted by the exact engine",
            )
            write_whole(out, to_svg(figure))
            if write is not None:
                write_whole(write, with_layout(text, scored[0].layout).encode())
        if as_json:
            print_json(layout_summary(scored, frequency))
            return
        print_table(layout_table(scored, frequency, top=top))
        print_lines([f"picture: {out}", *([f"spec: {write}"] if write else [])])


@app.command()
def analyse(
    run_path: RunPath,
    readout: ReadoutName = None,
    out: Elsewhere = None,
    strict: Strict = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Analyse a stored run again: writes results.nc, or results-READOUT.nc."""
    with errors(debug=debug):
        from recycling.store import open_run
        from recycling.store.targets import results_folder

        opened, folder = open_run(run_path), results_folder(run_path, out)
        dataset = _analyse(opened, readout, folder)
        print_result(opened, Result(dataset), folder, as_json=as_json, strict=strict)


@app.command()
def report(
    run_path: RunPath,
    out: Elsewhere = None,
    strict: Strict = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write the report of a stored run again: report.html and figures/."""
    with errors(debug=debug):
        from recycling.store import open_run
        from recycling.store.targets import results_folder

        opened, folder = open_run(run_path), results_folder(run_path, out)
        result = _report(opened, _analyse(opened, None, folder), folder)
        print_result(opened, result, folder, as_json=as_json, strict=strict)


for command in (export, bundle, unbundle, latency):
    app.command()(command)


def main() -> None:
    """Entry point of the console script."""
    try:
        app()
    except SystemExit as end:
        if end.code == EXIT_INCOMPLETE:
            leave_at_once(EXIT_INCOMPLETE)
        raise


def _experiment(spec: str, seed: int | None) -> tuple[str, dict[str, Any], Experiment]:
    """Text of a spec, the changes to it, and the experiment that they make."""
    from recycling.spec.experiment import Experiment, spec_text
    from recycling.spec.messages import parse_spec

    text = spec_text(spec)
    changes: dict[str, Any] = {} if seed is None else {"seed": seed}
    return text, changes, parse_spec(Experiment, text, changes, source=spec)


def _run_to_report(
    spec: str,
    backend: str,
    out: Path | None,
    seed: int | None,
    *,
    strict: bool,
    as_json: bool,
    **how: Any,
) -> None:
    text, changes, experiment = _experiment(spec, seed)
    with shown(jobs=backend != "exact") as work:
        from recycling.running.runs import run as run_experiment

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
    with resumable(stored.path):
        result = _report(stored, _analyse(stored))
        print_result(stored, result, as_json=as_json, strict=strict)


def _analyse(stored: Run, readout: str | None = None, folder: Path | None = None) -> xr.Dataset:
    with shown() as work:
        work.step("analysing")
        from recycling.results.analysis import analyse as analyse_run

        if stored.complete:  # else nothing may be there to analyse, and nothing is written
            _keep_theory(stored, folder)
        return analyse_run(stored, work.fraction, readout=readout, folder=folder)  # type: ignore[arg-type]


def _report(stored: Run, dataset: xr.Dataset, folder: Path | None = None) -> Result:
    with shown() as work:
        work.step("preparing the report")
        from recycling.reporting.evidence import Evidence
        from recycling.reporting.page import write_page

        work.step("computing the theory")
        _keep_theory(stored, folder)
        evidence = Evidence(stored, dataset, folder)
        page = write_page(evidence, work.step)
        return Result(dataset, page, evidence.comparisons)


def _keep_theory(stored: Run, folder: Path | None) -> None:
    """Compute the theory of a run where it is missing, if there is a simulator here."""
    try:
        from recycling.running.theory import keep_theory
    except ImportError:
        return  # a report without theory says so
    keep_theory(stored, folder)
