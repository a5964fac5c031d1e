"""The command ``recycling layouts``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recycling.cli.options import (
    AccountName,
    AsJson,
    Backend,
    Debug,
    Instance,
    PlanName,
    Set,
    Spec,
)
from recycling.cli.spec import read_edited
from recycling.cli.terminal import errors, print_json, print_lines, print_next, print_table, shown

if TYPE_CHECKING:
    from recycling.spec.experiment import Experiment


def layouts(
    spec: Spec,
    backend: Backend = "exact",
    settings: Set = None,
    top: Annotated[int, typer.Option("--top", min=1, help="Placements to show.")] = 10,
    out: Annotated[Path, typer.Option("--out", "-o", help="Picture of the chip to write.")] = Path(
        "layouts.svg"
    ),
    write: Annotated[
        Path | None, typer.Option("--write", help="New spec with the best placement in it.")
    ] = None,
    search: Annotated[
        bool,
        typer.Option("--search", help="Try levels 0 to 3 and decoupling too, by the verdict."),
    ] = False,
    placements: Annotated[
        int, typer.Option("--placements", min=1, help="Best placements that --search goes on with.")
    ] = 4,
    instance: Instance = None,
    plan: PlanName = None,
    account: AccountName = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Score every placement on the chip by the gain that the exact engine predicts."""
    with errors(debug=debug):
        text, experiment = read_edited(spec, settings)
        if write is not None:
            from recycling.store.targets import check_new_file

            check_new_file(write, "write")
        asked = _Asked(text, experiment, backend, (instance, plan, account), top, write, as_json)
        if search:
            _search(asked, placements)
        else:
            _rank(asked, out)


@dataclass(frozen=True)
class _Asked:
    """What both ways of the command are asked for."""

    text: str
    experiment: Experiment
    backend: str
    account: tuple[str | None, ...]
    top: int
    write: Path | None
    as_json: bool


def _print_files(asked: _Asked, *lines: str) -> None:
    """Say what was written, and how to run it."""
    print_lines([*lines, *([f"spec: {asked.write}"] if asked.write else [])])
    if asked.write:
        where = () if asked.backend == "exact" else ("--backend", asked.backend)
        print_next("run", asked.write, *where)


def _rank(asked: _Asked, out: Path) -> None:
    """Score all placements, and draw them on the chip."""
    experiment = asked.experiment
    with shown() as work:
        work.step("scoring placements")
        from recycling.execution.machine import Account
        from recycling.planning.ranking import with_layout
        from recycling.reporting.figures import to_svg
        from recycling.store.files import write_whole
        from recycling.studies.chip_map import layout_summary, layout_table
        from recycling.studies.layouts import layouts as rank_layouts

        found = rank_layouts(
            experiment, asked.backend, account=Account(*asked.account), progress=work.fraction
        )
        scored, frequency = found.scored, experiment.bath.frequency
        work.step("drawing the chip")
        figure = found.figure()
        out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(out, to_svg(figure))
        if asked.write is not None:
            asked.write.parent.mkdir(parents=True, exist_ok=True)
            write_whole(asked.write, with_layout(asked.text, scored[0].layout).encode())
    if asked.as_json:
        print_json(layout_summary(scored, frequency))
        return
    print_table(layout_table(scored, frequency, top=asked.top))
    _print_files(asked, f"picture: {out}")


def _search(asked: _Asked, placements: int) -> None:
    """Search placements, levels and decoupling together."""
    experiment = asked.experiment
    with shown() as work:
        work.step("scoring placements")
        from scipy.constants import h as planck

        from recycling.execution.machine import Account
        from recycling.planning.combinations import search
        from recycling.planning.plan import connected_chip
        from recycling.store.files import write_whole
        from recycling.studies.search_view import search_summary, search_table, with_found

        def announce(count: int, seconds: float) -> None:
            work.step(f"predicting {count} combinations, about {seconds / 60:.1f} min")

        found = search(
            experiment,
            connected_chip(asked.backend, Account(*asked.account)),
            placements=placements,
            progress=work.fraction,
            announce=announce,
        )
        if asked.write is not None:
            asked.write.parent.mkdir(parents=True, exist_ok=True)
            write_whole(asked.write, with_found(asked.text, found[0]).encode())
    roles, quantum = experiment.design.roles, float(planck * experiment.bath.frequency)
    if asked.as_json:
        print_json(search_summary(found, roles, quantum))
        return
    print_table(search_table(found, roles, quantum, asked.top))
    _print_files(asked)
