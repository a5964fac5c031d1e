"""The command ``recycling init``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from recycling.cli.completing import words
from recycling.cli.options import Debug
from recycling.cli.terminal import errors, print_lines, print_next

_FILE = "experiment.toml"


def init(
    path: Annotated[
        Path, typer.Argument(metavar="[DIR|FILE]", help="New spec, or folder for experiment.toml.")
    ] = Path(_FILE),
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            autocompletion=words("paper", "theory", "payoff"),
            help="Begin with the values of this preset: paper, theory or payoff.",
        ),
    ] = None,
    algorithm: Annotated[
        str | None,
        typer.Option(
            "--algorithm",
            autocompletion=words("hhl", "repeat-until-success"),
            help="Algorithm: hhl, repeat-until-success, or that of an installed package.",
        ),
    ] = None,
    debug: Debug = False,
) -> None:
    """Write a commented spec: every common key with its default and unit. Asks nothing."""
    with errors(debug=debug):
        from recycling.errors import BadInput
        from recycling.store.files import write_whole
        from recycling.store.targets import check_new_file

        if preset is not None and algorithm is not None:
            raise BadInput("algorithm and preset are given: give one of them")
        file = path if path.suffix == ".toml" and not path.is_dir() else path / _FILE
        check_new_file(file, "path")
        text = _text(file, preset, algorithm)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, text.encode())
        print_lines([f"spec: {file}"])
        print_next("check", file)


def _text(file: Path, preset: str | None, algorithm: str | None) -> str:
    """A spec that is called as its file is, or its folder."""
    from recycling.spec.experiment import Experiment
    from recycling.spec.experiment import preset as read_preset
    from recycling.spec.template import template

    stem = file.resolve().parent.name if file.name == _FILE else file.stem
    name = re.sub(r"[^\w.-]", "-", stem, flags=re.ASCII).lstrip(".-_") or "experiment"
    if preset is not None:
        return template(read_preset(preset).with_(name=name))
    chosen = "" if algorithm is None else f"[algorithm]\nname = {algorithm!r}\n"
    return template(Experiment.parse(f"name = {name!r}\n{chosen}"))
