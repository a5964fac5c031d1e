"""The command line: parses, calls, prints. Everything slow is imported inside the commands."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import xarray as xr

    from recycling.store import Run

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
#: Columns of the verdict table that fit a terminal of 80 characters.
_TERMINAL_COLUMNS = (0, 4, 7, 8, 9, 10, 11)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich takes longer to import than the help takes to print
)

Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="New run directory [default: runs/<name>-<time>]."),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed that overrules the spec's.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="Run directory.")]
Spec = Annotated[str, typer.Argument(metavar="SPEC", help="Path of a spec, or: paper, theory.")]
Backend = Annotated[str, typer.Option("--backend", help="Where to run: exact.")]


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
    out: Out = None, seed: Seed = None, as_json: AsJson = False, debug: Debug = False
) -> None:
    """Replay the paper end to end: preset "paper" on the exact engine."""
    with _errors(debug):
        _run_to_report("paper", "exact", out, seed, as_json)


@app.command()
def run(
    spec: Spec,
    out: Out = None,
    backend: Backend = "exact",
    seed: Seed = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Run a spec, analyse it and write its report."""
    with _errors(debug):
        _run_to_report(spec, backend, out, seed, as_json)


@app.command()
def analyse(run_path: RunPath, as_json: AsJson = False, debug: Debug = False) -> None:
    """Analyse a stored run again: writes results.nc."""
    with _errors(debug):
        from recycling.store import open_run

        opened = open_run(run_path)
        dataset = _analyse(opened)
        _print_result(opened, dataset, None, as_json)


@app.command()
def report(run_path: RunPath, as_json: AsJson = False, debug: Debug = False) -> None:
    """Write the report of a stored run again: report.html and figures/."""
    with _errors(debug):
        from recycling.store import open_run

        opened = open_run(run_path)
        _print_result(opened, *_report(opened, _analyse(opened)), as_json)


def main() -> None:
    """Entry point of the console script."""
    app()


def _run_to_report(
    spec: str, backend: str, out: Path | None, seed: int | None, as_json: bool
) -> None:
    from recycling.experiment import Experiment, spec_text

    text = spec_text(spec)
    changes = {} if seed is None else {"seed": seed}
    experiment = Experiment.parse(text, **changes)
    with _steps() as step:
        from recycling.runs import run as run_experiment

        stored = run_experiment(experiment, backend, out, spec=text, changes=changes, progress=step)
    _print_result(stored, *_report(stored, _analyse(stored)), as_json)


def _analyse(run: Run) -> xr.Dataset:
    from recycling.analysis import analyse as analyse_run

    console = _console()
    if not console.is_terminal:
        with _steps() as step:
            step("analysing")
            return analyse_run(run)
    from rich.progress import Progress

    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("analysing", total=1.0)
        return analyse_run(run, lambda fraction: progress.update(task, completed=fraction))


def _report(run: Run, dataset: xr.Dataset) -> tuple[xr.Dataset, Path]:
    with _steps() as step:
        step("preparing the report")
        from recycling.reporting import report as write_report

        return dataset, write_report(run, dataset, progress=step)


def _print_result(run: Run, dataset: xr.Dataset, page: Path | None, as_json: bool) -> None:
    from recycling.reporting.tables import headline, verdict_table
    from recycling.verdicts import controls

    checks = controls(dataset, run.device)
    files = {"run": run.path, "results": run.path / "results.nc"}
    if page is not None:
        files["report"] = page
    if as_json:
        from recycling.verdicts import verdicts

        summary = {
            "headline": headline(dataset),
            "data_kind": dataset.attrs["data_kind"],
            "verdicts": [
                {
                    "bound": bound,
                    "theta_b": v.theta_b,
                    "p_x": v.p_x,
                    "heat_J": v.heat,
                    "excess_J": v.excess,
                    "stderr_J": v.stderr,
                    "z": v.z,
                    "verdict": v.text,
                }
                for bound in ("tight", "landauer")
                for v in verdicts(dataset, bound=bound)
            ],
            "controls": [
                {"name": c.name, "expected": c.expected, "found": c.found, "passed": c.passed}
                for c in checks
            ],
            "files": {name: str(path) for name, path in files.items()},
        }
        typer.echo(json.dumps(_finite(summary), indent=1, ensure_ascii=False))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = verdict_table(dataset)
    console = Console()
    title = f"{dataset.attrs['title']} ({dataset.attrs['data_kind']})"
    shown = Table(title=title, box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    for index in _TERMINAL_COLUMNS:
        shown.add_column(table.columns[index], no_wrap=True)
    for row in table.rows:
        shown.add_row(*(row[index] for index in _TERMINAL_COLUMNS))
    console.print(shown)
    console.print(table.note, style="dim")
    console.print(headline(dataset), style="bold")
    failed = [c for c in checks if c.passed is False]
    for control in failed:
        console.print(f"control failed: {control.name}: {control.expected}; {control.found}")
    if not failed:
        console.print(f"all {sum(c.passed is True for c in checks)} controls passed")
    for name, path in files.items():
        console.print(f"{name}: {path}", soft_wrap=True, highlight=False)


def _finite(value: Any) -> Any:
    """JSON has neither NaN nor infinity: they become null and a string."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return str(value)
    return value


@contextmanager
def _steps() -> Iterator[Callable[[str], None]]:
    """Show the step under way: a spinner on a terminal, a plain line for each step done elsewhere.

    A step that fails leaves no line, so that an error stands alone.
    """
    console = _console()
    if console.is_terminal:
        with console.status("") as status:
            yield status.update
        return
    under_way: list[tuple[str, float]] = []

    def begin(text: str) -> None:
        end()
        under_way.append((text, perf_counter()))

    def end() -> None:
        for text, started in under_way:
            console.print(f"{text}: {perf_counter() - started:.1f} s", highlight=False)
        under_way.clear()

    yield begin
    end()


def _console() -> Any:
    """Console for progress: standard error, so that standard output holds results alone."""
    from rich.console import Console

    return Console(stderr=True)


@contextmanager
def _errors(debug: bool) -> Iterator[None]:
    """One line on standard error and the exit code that belongs to the error."""
    from recycling.errors import BadInput

    try:
        yield
    except BadInput as error:
        if debug:
            raise
        typer.echo(f"error: {' '.join(str(error).split())}", err=True)
        sys.exit(EXIT_BAD_INPUT)
    except KeyboardInterrupt:
        if debug:
            raise
        typer.echo("interrupted: nothing half-written is left; run the command again", err=True)
        sys.exit(EXIT_INTERRUPTED)
