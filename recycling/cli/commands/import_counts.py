"""The command ``recycling import-counts``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recycling.cli.completing import files
from recycling.cli.finish import finish
from recycling.cli.options import AsJson, Debug, Out, Set, Spec, Strict
from recycling.cli.spec import read_edited
from recycling.cli.terminal import errors, shown


def import_counts(
    spec: Spec,
    counts: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV or Parquet file of counts.",
            autocompletion=files(".csv", ".parquet"),
        ),
    ],
    out: Out = None,
    settings: Set = None,
    source: Annotated[
        str, typer.Option("--source", help="Where the counts come from, in a line.")
    ] = "",
    device: Annotated[
        Path | None, typer.Option("--device", help="device.json of a run on the same device.")
    ] = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Say that the counts are simulated.")
    ] = False,
    strict: Strict = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Make a run of counts that were taken elsewhere, analyse it and write its report.

    A column for each of arm, stage, preparation, parameters, basis, trial, flag and measured
    qubits, and "count". Missing rows are 0.
    """
    with errors(debug=debug):
        text, experiment = read_edited(spec, settings)
        with shown() as work:
            work.step("reading the counts")
            from recycling.studies.own_counts import from_counts
            from recycling.studies.own_device import read_device

            stored = from_counts(
                counts,
                experiment,
                out=out,
                source=source,
                device=None if device is None else read_device(device),
                simulated=simulated,
                spec=text,
            )
        finish(stored, as_json=as_json, strict=strict)
