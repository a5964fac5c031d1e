"""The command ``recycling ledger``."""

from __future__ import annotations

from typing import Annotated

import typer

from recycling.cli.newest import named_run
from recycling.cli.options import AsJson, Debug, RunPath
from recycling.cli.terminal import errors, print_json, print_lines, print_table, shown


def ledger(
    run_path: RunPath,
    theta_b: Annotated[
        float | None, typer.Option("--theta-b", help="Angle in rad [default: last of the sweep].")
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option("--at", metavar="NAME=VALUE", help="Value of another swept parameter."),
    ] = None,
    record_temperature: Annotated[
        float | None,
        typer.Option("--record-temperature", help="Where records are erased, K [default: T0]."),
    ] = None,
    plant: Annotated[
        float | None,
        typer.Option("--plant", help="Power of the cooling plant over its heat load, W/W."),
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show every energy beside the heat of a finished run, from the bath to the wall plug."""
    with errors(debug=debug):
        run_path = named_run(run_path, "protocol")
        from recycling.studies.stored import of_the_protocol, open_run

        opened, values = of_the_protocol(open_run(run_path)), dict(map(_value, at or ()))
        with shown() as work:
            work.step("analysing")
            from recycling.ledger.of_run import ledger_of

            found = ledger_of(
                opened,
                theta_b=theta_b,
                at=values,
                record_temperature=record_temperature,
                plant=plant,
                progress=work.fraction,
            )
        if as_json:
            print_json(found.record)
            return
        from rich.console import Console

        from recycling.reporting.ledger_table import (
            ENOUGH,
            NARROW,
            WIDE,
            ledger_headline,
            ledger_table,
        )

        columns = NARROW if Console().width < ENOUGH else WIDE
        print_table(ledger_table(found, columns), f"{opened.experiment.name}: ledger")
        print_lines([ledger_headline(found)], style="bold")


def _value(text: str) -> tuple[str, float]:
    """Name and value of a swept parameter."""
    from recycling.errors import BadInput

    name, _, value = text.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise BadInput(f"at = {text!r}: give NAME=VALUE, such as theta=0.6") from None
