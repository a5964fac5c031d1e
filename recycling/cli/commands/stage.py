"""The command ``recycling stage``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recycling.cli.options import AsJson, Debug, Set, Spec
from recycling.cli.spec import read_experiment
from recycling.cli.terminal import errors, print_json, print_lines, print_table, shown


def stage(
    spec: Spec,
    settings: Set = None,
    temperatures: Annotated[
        str | None,
        typer.Option("--temperatures", help="Such as '43 mK, 0.3, 1' [default: up to 4 K]."),
    ] = None,
    frequencies: Annotated[
        str | None,
        typer.Option("--frequencies", help="Of the bath, such as '5 GHz' [default: the spec's]."),
    ] = None,
    loss_tangents: Annotated[
        str | None,
        typer.Option("--loss-tangents", help="Such as 1e-7,1e-5 [default: that of [stage]]."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="New folder for stage.nc and stage.svg.")
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Map an experiment over temperature, frequency and loss tangent: where does erasure end?"""
    with errors(debug=debug):
        with shown() as work:
            from recycling.studies.stage_view import (
                STAGE_FILES,
                stage_lines,
                stage_summary,
                stage_tables,
            )
            from recycling.studies.staging import stage as map_stage

            dataset = map_stage(
                read_experiment(spec, None, settings)[2],
                temperatures=temperatures,
                frequencies=frequencies,
                loss_tangents=loss_tangents,
                out=out,
                progress=work.step,
                fraction=work.fraction,
            )
        files = [] if out is None else [str(out / name) for name in STAGE_FILES]
        if as_json:
            print_json(stage_summary(dataset) | {"files": files})
            return
        for table, title in stage_tables(dataset):
            print_table(table, title)
        print_lines(stage_lines(dataset))
        print_lines(files)
