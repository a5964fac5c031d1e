"""Page of the reference: every command with its arguments and options, from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from docs._ext.text import escaped, table
from recycling.cli import terminal
from recycling.cli.app import app

_INTRODUCTION = """\
# Commands

`recycling COMMAND --help` prints the same. Results go to standard output, progress and errors to
standard error. `SPEC` is a TOML file or the name of a preset, `RUN` a run directory.

## Exit codes

{codes}

This page is made from the command line itself.
"""
#: What each exit code means; the numbers are those of the command line.
_CODES = {
    "0": "done",
    "EXIT_BAD_INPUT": "bad input: one line for each fault says field, value and what to give",
    "EXIT_INCOMPLETE": "incomplete, nothing is lost, and the run can be resumed",
    "EXIT_BACKEND_FAILURE": "the backend failed, refused, or lost a job",
    "EXIT_CONTROL_FAILED": "a control of the analysis failed, and `--strict` was given",
}
#: Types of values by what the help calls them.
_TYPES = {"Path": "PATH", "str": "TEXT", "float": "NUMBER", "int": "WHOLE NUMBER", "bool": ""}


def page() -> str:
    """The page in Markdown."""
    codes = [(str(getattr(terminal, name, name)), meaning) for name, meaning in _CODES.items()]
    parts = [_INTRODUCTION.format(codes=table(["code", "meaning"], codes))]
    for name, command in commands():
        parts += [f"## `recycling {name}`", escaped(_help(command)), _usage(name, command)]
        options = [_row(option) for option in command.params if not option.hidden]
        parts.append(
            table(["argument or option", "takes", "meaning", "default"], options) if options else ""
        )
    return "\n\n".join(part for part in parts if part) + "\n"


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by its words, those of a group after the others."""
    top: Any = get_command(app)
    groups = []
    for name, command in top.commands.items():
        if hasattr(command, "commands"):
            groups.append((name, command))
        elif not command.hidden:
            yield name, command
    for group, members in groups:
        yield from ((f"{group} {name}", each) for name, each in members.commands.items())


def exit_constants() -> list[str]:
    """Names of the exit codes in the command line."""
    return [name for name in vars(terminal) if name.startswith("EXIT_")]


def _help(command: Any) -> str:
    return " ".join((command.help or "").split())


def _is_argument(parameter: Any) -> bool:
    return not parameter.opts[0].startswith("-")


def _usage(name: str, command: Any) -> str:
    words = [
        (parameter.metavar or parameter.name.upper()) + ("…" if parameter.nargs == -1 else "")
        for parameter in command.params
        if _is_argument(parameter)
    ]
    return f"```\nrecycling {' '.join([name, *words, '[OPTIONS]'])}\n```"


def _row(parameter: Any) -> tuple[str, str, str, str]:
    if _is_argument(parameter):
        shown, kind = f"`{parameter.metavar or parameter.name.upper()}`", ""
    else:
        spelled = [*parameter.opts, *parameter.secondary_opts]
        shown = ", ".join(f"`{each}`" for each in sorted(spelled, key=len, reverse=True))
        kind = "" if parameter.is_flag else _kind(parameter)
    default = "required" if parameter.required else _default(parameter)
    return shown, kind, escaped(_help(parameter)), default


def _kind(parameter: Any) -> str:
    descriptor = getattr(parameter, "type_descriptor", None)
    name = getattr(getattr(descriptor, "annotation", str), "__name__", "str")
    limits = [
        f"{sign} {limit}"
        for sign, limit in (("≥", parameter.min), ("≤", parameter.max))
        if limit is not None
    ]
    return " ".join([parameter.metavar or _TYPES.get(name, "TEXT"), *limits])


def _default(parameter: Any) -> str:
    value = parameter.default
    empty = value is None or value is False or value == [] or value == ()
    return "" if empty else f"`{value}`"
