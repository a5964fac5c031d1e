"""The text of a spec: its size, its TOML, and the line on which each key stands."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recycling.errors import BadInput

#: Longest spec, bytes. The largest sweep with every value written out is shorter. Hostile TOML of
#: 10 MB takes tomllib minutes.
LONGEST_SPEC = 500_000
#: Characters to parse again, at most, in search of line numbers.
_PARSED_AGAIN = 10 * LONGEST_SPEC


def read_spec_file(path: Path) -> str:
    """Read the text of a file, line ends as they are.

    Raises:
        BadInput: the file cannot be read, is too long, or is not UTF-8.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "small.toml"
        ...     _ = path.write_text('name = "small"')
        ...     read_spec_file(path)
        'name = "small"'
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(LONGEST_SPEC + 1)
        check_length(len(content), f"spec = {str(path)!r}")
        return content.decode()
    except OSError as error:
        raise BadInput(f"spec = {str(path)!r}: {error.strerror}; give another file") from None
    except UnicodeDecodeError:
        raise BadInput(f"spec = {str(path)!r} is not UTF-8 text: save it as such") from None


def check_length(length: int, spec: str = "the spec") -> None:
    """Check the length of a spec, bytes or characters.

    Raises:
        BadInput: it is too long.

    Example:
        >>> check_length(LONGEST_SPEC + 1)
        Traceback (most recent call last):
        recycling.errors.BadInput: the spec is longer than 500000 bytes: give ranges, as in ...
    """
    if length > LONGEST_SPEC:
        raise BadInput(
            f"{spec} is longer than {LONGEST_SPEC} bytes: give ranges, as in "
            "p_x = { start = 0.01, stop = 0.4, points = 40 }, instead of lists"
        )


def read_toml(text: str, spec: str = "the spec") -> dict[str, Any]:
    """Read the content of a spec, which errors call ``spec``.

    Raises:
        BadInput: the text is too long, is not TOML, or holds a value that cannot be read.

    Example:
        >>> read_toml('name = "small"')
        {'name': 'small'}
    """
    check_length(len(text), spec)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{spec} is not TOML: {error}; correct it there") from None
    except RecursionError:
        raise BadInput(f"{spec} is nested too deeply: no key needs so many levels") from None
    except ValueError as error:  # a number that Python refuses to read, or a date that is none
        reason = str(error).partition(";")[0]
        raise BadInput(f"{spec} holds what cannot be read: {reason}; correct it") from None


def lines_of(text: str) -> dict[tuple[str, ...], int]:
    r"""Find the number of the line on which each key, and each table, of TOML begins.

    A statement ends with the first line at which it is TOML. Where that would take long, the
    lines that follow are left out. A further table of an array, from number 1 on, has its number
    in its keys.

    Example:
        >>> lines_of('name = "small"\n\n[bath]\ntemperature = 0.05')
        {('name',): 1, ('bath',): 3, ('bath', 'temperature'): 4}
        >>> lines_of("[[runs]]\n[[runs]]\ncount = 2")[("runs", "1", "count")]
        3
    """
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    numbers: dict[tuple[str, ...], int] = {}
    statement, begins, left = "", 1, _PARSED_AGAIN
    for number, line in enumerate(text.split("\n"), 1):
        statement += line + "\n"
        left -= len(statement)
        if left < 0:
            break
        try:
            content = tomllib.loads(statement)
        except (ValueError, RecursionError):
            continue
        keys = list(_paths(content))
        if statement.lstrip().startswith("["):
            table = keys[-1]
            keys = [table]
            if statement.lstrip().startswith("[["):
                numbers[table] = numbers.get(table, -1) + 1
                if numbers[table]:
                    table = (*table, str(numbers[table]))
                    keys = [table]
        else:
            keys = [(*table, *key) for key in keys]
        lines |= {key: begins for key in keys if key not in lines}
        statement, begins = "", number + 1
    return lines


def _paths(content: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Every key and what is under it, the deepest last. No recursion: dotted keys may be long."""
    paths: list[tuple[str, ...]] = []
    waiting: list[tuple[tuple[str, ...], Any]] = [((), content)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, list) and len(value) == 1:  # the header of an array of tables
            value = value[0]
        if path:
            paths.append(path)
        if isinstance(value, Mapping) and len(path) < _DEEPEST:
            waiting += [((*path, key), item) for key, item in value.items()]
    return paths


#: Levels whose lines are known: no spec has more than three.
_DEEPEST = 4
