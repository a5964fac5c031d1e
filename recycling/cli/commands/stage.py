"""The command ``recycling stage``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recycling.cli.options import AsJson, Debug, Spec
from recycling.cli.spec import read_experiment
from recycling.cli.terminal import errors, print_json, print_lines, print_table, shown


def stage(
    spec: Spec,
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
        _, _, experiment = read_experiment(spec, None)
        if out is not None:
            from recycling.store.targets import check_new_folder

            check_new_folder(out)
        with shown() as work:
            work.step("planning the map")
            from recycling.studies.stage_grid import stage_grid, values_in
            from recycling.studies.stage_map import stage_map, stage_map_size
            from recycling.studies.stage_view import (
                stage_lines,
                stage_summary,
                stage_tables,
                write_stage_map,
            )

            grid = stage_grid(
                experiment,
                temperatures=values_in(temperatures),
                frequencies=values_in(frequencies),
                loss_tangents=values_in(loss_tangents),
            )
            work.step(f"mapping {stage_map_size(experiment, grid)}")
            dataset = stage_map(experiment, grid, work.fraction)
            files = []
            if out is not None:
                work.step("drawing the map")
                files = [str(path) for path in write_stage_map(dataset, out)]
        if as_json:
            print_json(stage_summary(dataset) | {"files": files})
            return
        for table, title in stage_tables(dataset):
            print_table(table, title)
        print_lines(stage_lines(dataset))
        print_lines(files)
