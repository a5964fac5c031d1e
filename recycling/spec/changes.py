"""Changes to single keys of a spec: ``bath.temperature=43mK``, by the tables that they make."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from recycling.errors import BadInput
from recycling.spec.changing import LEVELS, changed_content
from recycling.spec.files import read_toml

#: Value that shows where a key ends: no key can hold it.
_MARK = 90071992547409931
_GIVE = "give KEY=VALUE, such as bath.temperature=43mK"


def parse_changes(texts: Iterable[str]) -> dict[str, Any]:
    """Read changes as they are typed: a dotted key, and a value of TOML or any other text.

    Args:
        texts: one change each; a key that is given again takes its last value.

    Returns:
        Values by dotted key.

    Raises:
        BadInput: a text is no change.

    Example:
        >>> parse_changes(["bath.temperature=43mK", "sweep.p_x=[0.1, 0.4]", "seed=3"])
        {'bath.temperature': '43mK', 'sweep.p_x': [0.1, 0.4], 'seed': 3}
        >>> parse_changes(["bath.temperature"])
        Traceback (most recent call last):
        recycling.errors.BadInput: set = 'bath.temperature': give KEY=VALUE, such as ...
    """
    changes: dict[str, Any] = {}
    faults = []
    for text in texts:
        key, equals, value = text.partition("=")
        try:
            if not equals:
                raise BadInput(_GIVE)
            path_of(key)
        except BadInput:
            faults.append(f"set = {text!r}: {_GIVE}")
        else:
            changes[key.strip()] = _value(value.strip())
    if faults:
        raise BadInput(*faults)
    return changes


def overruled(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Make the top-level fields that changes to single keys give; the content stays as it is.

    Args:
        content: content of a spec.
        changes: values by dotted key, with the effect that they have in ``Experiment.with_``.

    Raises:
        BadInput: a key is none.

    Example:
        >>> content = {"name": "small", "bath": {"frequency": 6e9, "temperature": 0.05}}
        >>> overruled(content, {"bath.temperature": "43 mK"})
        {'bath': {'frequency': 6000000000.0, 'temperature': '43 mK'}}
    """
    paths = {key: path_of(key) for key in changes}
    by_levels = {LEVELS.join(paths[key]): value for key, value in changes.items()}
    made = changed_content(content, by_levels, BaseModel, {})
    return {path[0]: made[path[0]] for path in paths.values()}


def changed_text(text: str, changes: Mapping[str, Any]) -> str:
    r"""Write changes to single keys into the text of a spec; its other lines stay.

    Raises:
        BadInput: a key is none, or the text is no TOML.

    Example:
        >>> print(changed_text('name = "small"\n[bath]\nfrequency = 6e9  # Hz\n',
        ...                    {"bath.temperature": "43 mK"}))
        name = "small"
        [bath]
        frequency = 6e9  # Hz
        temperature = "43 mK"
        <BLANKLINE>
    """
    if not changes:
        return text
    import tomli_w
    import tomlkit

    content = read_toml(text)
    document: Any = tomlkit.parse(text if text.endswith("\n") else f"{text}\n")
    for key, value in changes.items():
        *tables, last = path_of(key)
        table = document
        for name in tables:
            if not isinstance(table.get(name), Mapping):
                table[name] = tomlkit.table()
            table = table[name]
        table[last] = value
    made, wanted = tomlkit.dumps(document), content | overruled(content, changes)
    # A form of TOML that cannot be changed in place: the same content without its comments.
    return made if tomllib.loads(made) == wanted else tomli_w.dumps(wanted)


def path_of(key: str) -> list[str]:
    """Split a dotted key as TOML does, so that a part in quotes may hold dots.

    Raises:
        BadInput: it is no key.

    Example:
        >>> path_of('sweep.over."device.t1"')
        ['sweep', 'over', 'device.t1']
    """
    fault = BadInput(f"{key!r} is no key of a spec: give one such as bath.temperature")
    try:
        table: Any = tomllib.loads(f"{key} = {_MARK}")
    except (ValueError, RecursionError):
        raise fault from None
    path = []
    while isinstance(table, dict) and len(table) == 1:
        ((name, table),) = table.items()
        path.append(name)
    if table != _MARK:
        raise fault
    return path


def _value(text: str) -> Any:
    """A value of TOML, or the text itself where it is none, such as 43mK or exact."""
    try:
        read = tomllib.loads(f"value = {text}")
        json.dumps(read, allow_nan=False)  # a run keeps its changes as JSON: no date, no infinity
    except (ValueError, TypeError, RecursionError):
        return text
    return read["value"] if read.keys() == {"value"} else text
