"""The command line: parses, calls, prints. Everything slow is imported inside the commands."""

from __future__ import annotations

import gc
import os
from typing import Annotated

import typer

from recycling.cli.commands import COMMANDS, NAMES
from recycling.cli.commands.campaign import campaign
from recycling.cli.completing import PROGRAM, prepare_completion
from recycling.cli.panels import SETTINGS, Panels
from recycling.cli.terminal import EXIT_INCOMPLETE, leave_at_once

#: Objects after which garbage is looked for. A command makes most of its objects by importing, and
#: keeps them: with Python's 700 a tenth of its time would go into looking through them again.
_OBJECTS = 200_000

app = typer.Typer(
    cls=Panels,
    context_settings=SETTINGS,
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


for panel, commands in COMMANDS.items():
    for command, short in commands.items():
        app.command(NAMES.get(command), short_help=short, rich_help_panel=panel)(command)
    if panel == "Study":
        app.add_typer(
            campaign, name="campaign", rich_help_panel=panel, short_help="many runs over weeks"
        )


def main() -> None:
    """Entry point of the console script."""
    gc.set_threshold(_OBJECTS, 20, 100)
    if "_RECYCLING_COMPLETE" in os.environ:
        prepare_completion()
    try:
        app(prog_name=PROGRAM)
    except SystemExit as end:
        if end.code == EXIT_INCOMPLETE:
            leave_at_once(EXIT_INCOMPLETE)
        raise
