"""The command ``recycling sweep``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from recycling.cli.completing import specs, words
from recycling.cli.options import AsJson, Debug, Seed, Set
from recycling.cli.terminal import (
    Shown,
    errors,
    print_json,
    print_lines,
    print_next,
    print_table,
    shown,
)

if TYPE_CHECKING:
    from recycling.spec.experiment import Experiment
    from recycling.sweeps.run import Progress

SweptSpec = Annotated[
    str,
    typer.Argument(
        metavar="SPEC", help="Path of a spec with [sweep.over], or: payoff.", autocompletion=specs
    ),
]


def sweep(
    spec: SweptSpec,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder; one begun before is gone on with.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option("--samples", help="Samples in place of the spec's.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=0, help="Processes [default: a core each]; 0: this one."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", help="Dask: tcp://HOST:PORT, or local for a cluster here."),
    ] = None,
    arrays: Annotated[
        str,
        typer.Option(
            "--arrays",
            help="Library that evolves the points: numpy, jax or cupy.",
            autocompletion=words("numpy", "jax", "cupy"),
        ),
    ] = "numpy",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say points, time, memory and disk, and leave.")
    ] = False,
    seed: Seed = None,
    settings: Set = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Sweep an experiment over numbers of its device: where does recycling pay?"""
    with errors(debug=debug):
        from recycling.errors import BadInput
        from recycling.spec.changes import parse_changes
        from recycling.sweeps.specs import read_sweep

        changes = parse_changes(settings or ())
        experiment = read_sweep(spec, samples=samples, seed=seed, changes=changes)
        if dry_run:
            _estimate(experiment, out or Path(), workers, arrays, as_json=as_json)
        elif out is None:
            raise BadInput("out is missing: give a folder with --out")
        else:
            _sweep(experiment, out, workers, scheduler, arrays, as_json=as_json)


def _sweep(
    experiment: Experiment,
    out: Path,
    workers: int | None,
    scheduler: str | None,
    arrays: str,
    *,
    as_json: bool,
) -> None:
    notes: list[str] = []
    with shown() as work:
        work.step("compiling circuits")
        from recycling.sweeps.run import sweep as run_sweep
        from recycling.sweeps.summary import headline, share_table, sweep_summary

        dataset = run_sweep(
            experiment,
            out,
            workers=workers,
            scheduler=scheduler,
            arrays=arrays,
            progress=_progress(work),
            note=notes.append,
        )
        work.step("counting")
        from recycling.results.shares import shares

        counted = shares(dataset)
        work.step("writing the report")
        from recycling.sweeps.report import write_report

        page = write_report(out, dataset, counted)
    files = {"results": str(out / "results.zarr"), "report": str(page)}
    if as_json:
        print_json(sweep_summary(counted) | {"notes": notes, "files": files})
        return
    print_lines(notes)
    print_table(share_table(counted), dataset.attrs["title"])
    print_lines([headline(counted)], style="bold")
    print_lines([f"{name}: {path}" for name, path in files.items()])
    print_next("open", out)


def _progress(work: Shown) -> Callable[[Progress], None]:
    """Show progress now and then: often on a terminal, rarely as lines."""
    from recycling.cli.remaining import in_words

    every = 0.2 if sys.stderr.isatty() else 15.0
    last = [monotonic()]

    def show(progress: Progress) -> None:
        if progress.rate == 0:
            work.step(f"sweeping {progress.points - progress.done} of {progress.points} points")
        elif monotonic() - last[0] > every:
            last[0] = monotonic()
            state = f"{progress.rate:.0f} points/s, {in_words(progress.left)} left"
            work.watch("sweep", state, progress.done / progress.points)

    return show


def _estimate(
    experiment: Experiment, out: Path, workers: int | None, arrays: str, *, as_json: bool
) -> None:
    """Print what a sweep would take."""
    with shown() as work:
        work.step("compiling circuits")
        from dataclasses import asdict

        from recycling.cli.remaining import in_words
        from recycling.jobs.sizes import shown_bytes
        from recycling.sweeps.run import dry_run

        size = dry_run(experiment, out, workers=workers, arrays=arrays, step=work.step)
    if as_json:
        print_json(asdict(size))
        return
    print_lines([
        f"points: {size.points}, in chunks: {size.chunks}",
        f"about {in_words(size.seconds)}: {size.rate:.0f} points/s in each process, measured",
        f"about {shown_bytes(size.memory)} of memory, {shown_bytes(size.disk)} of disk",
    ])  # fmt: skip
