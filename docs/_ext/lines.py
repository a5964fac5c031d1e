"""Lines of a console in the pages: their commands and options exist."""

from __future__ import annotations

import re
import shlex
from typing import Any

from docs._ext.commands import commands

#: A line of a synopsis, which shows what may stand in a place.
_SYNOPSIS = re.compile(r"\[|…|\||\s{3,}")


def fault_of_line(line: str) -> str:
    """What is wrong with a line ``recycling …``; empty for a good one, and for any other line.

    Example:
        >>> fault_of_line("recycling run paper --out runs/paper --seeds 7")
        'recycling run has no option --seeds'
    """
    words = line.split("#")[0].strip().removeprefix("$ ")
    words = words.removeprefix(".venv/bin/")
    if not words.startswith("recycling "):
        return ""
    known = dict(commands())
    given = shlex.split(words.split("   ")[0])[1:]
    if given[0].startswith("-"):
        return ""
    name = " ".join(given[:2]) if " ".join(given[:2]) in known else given[0]
    if name not in known:
        return f"recycling has no command {given[0]}"
    command = known[name]
    if _SYNOPSIS.search(words):
        return _unknown_options(name, command, given)
    return _unknown_options(name, command, given) or _missing(name, command, given)


def _options(command: Any) -> dict[str, Any]:
    return {
        spelled: parameter
        for parameter in command.params
        for spelled in (*parameter.opts, *parameter.secondary_opts, "--help", "-h")
        if spelled.startswith("-")
    }


def _unknown_options(name: str, command: Any, given: list[str]) -> str:
    known = _options(command)
    for word in given:
        option = word.lstrip("[").rstrip("]").split("=")[0]
        if re.fullmatch(r"--?[a-z][\w-]*", option) and option not in known:
            return f"recycling {name} has no option {option}"
    return ""


def _missing(name: str, command: Any, given: list[str]) -> str:
    """Whether there are as many arguments as the command needs."""
    known, rest = _options(command), iter(given[len(name.split()) :])
    arguments = 0
    for word in rest:
        if not word.startswith("-"):
            arguments += 1
            continue
        parameter = known.get(word)
        if parameter is not None and not getattr(parameter, "is_flag", False):
            next(rest, None)
    wanted = [p for p in command.params if not p.opts[0].startswith("-")]
    least = sum(parameter.required for parameter in wanted)
    if arguments < least:
        return f"recycling {name} needs {least} arguments"
    if arguments > len(wanted) and all(parameter.nargs == 1 for parameter in wanted):
        return f"recycling {name} takes {len(wanted)} arguments"
    return ""
