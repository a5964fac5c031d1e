"""The command ``recycling serve``."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from recycling.cli.options import Debug
from recycling.cli.terminal import errors

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that holds runs.")]


def serve(
    folder: Folder = Path("runs"),
    port: Annotated[int, typer.Option("--port", help="Port; 0 takes a free one.")] = 0,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    debug: Debug = False,
) -> None:
    """Show a folder of runs in a browser, on the loopback address alone; writes nothing."""
    with errors(debug=debug):
        from recycling.errors import BadInput

        try:
            from recycling.serving.server import serve as serve_folder
        except ModuleNotFoundError as error:
            if error.name != "flask":
                raise
            raise BadInput(
                "serve needs Flask, which is not installed: give "
                'pip install "thermodynamic-recycling[serve]"'
            ) from None

        with suppress(KeyboardInterrupt):
            serve_folder(folder, port, typer.echo, show=show)
