"""An experiment with some keys changed: what ``Experiment.with_`` takes becomes a spec."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any

from pydantic import BaseModel

from recycling.errors import BadInput
from recycling.spec.messages import Tables, known_keys, unknown_key

#: Between the levels of a key, as in ``bath__temperature``.
LEVELS = "__"
#: Sections whose other keys depend on their name.
NAMED = ("algorithm", "task", "link")


def changed_content(
    content: Mapping[str, Any],
    changes: Mapping[str, Any],
    model: type[BaseModel],
    tables: Tables,
) -> dict[str, Any]:
    """Apply changes to the content of a spec.

    A mapping for a section changes its keys and keeps the others; any other value replaces what
    was there, and None removes it. A section of another name begins anew.

    Args:
        content: the spec as TOML reads it.
        changes: values by keys, whose levels ``__`` separates.
        model: model of the spec.
        tables: models of its sections that the content decides.

    Raises:
        BadInput: a key that should be removed is unknown. Others are left to the validation.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> content = {"name": "small", "bath": {"frequency": 6e9, "temperature": 0.05}}
        >>> changes = {"bath__temperature": "30 mK", "bath": {"frequency": None}, "seed": 8}
        >>> changed_content(content, changes, Experiment, {})
        {'name': 'small', 'bath': {'temperature': '30 mK'}, 'seed': 8}
    """
    made: dict[str, Any] = {key: _plain(value) for key, value in content.items()}
    for path, given in changes.items():
        keys = tuple(path.split(LEVELS))
        if len(keys) == 1 and isinstance(given, Mapping):
            _forget_another_name(made, path, given)
            for key, value in given.items():
                _put(made, (path, str(key)), value, model, tables)
            made.setdefault(path, {})
            continue
        if len(keys) == 2 and keys[1] == "name":
            _forget_another_name(made, keys[0], {"name": given})
        _put(made, keys, given, model, tables)
    return made


def _forget_another_name(made: dict[str, Any], section: str, given: Mapping[str, Any]) -> None:
    """Drop a section whose keys are those of another name, in place."""
    there: Any = made.get(section)
    named = section in NAMED and isinstance(there, dict) and "name" in given
    if named and given["name"] != there.get("name"):
        del made[section]


def _put(
    made: dict[str, Any], keys: tuple[str, ...], value: Any, model: type[BaseModel], tables: Tables
) -> None:
    """Set or remove a key, in place."""
    table = made
    for key in keys[:-1]:
        inner = table.get(key)
        table[key] = table = inner if isinstance(inner, dict) else {}
    if value is not None:
        table[keys[-1]] = _plain(value)
    elif table.pop(keys[-1], None) is None and keys[-1] not in known_keys(model, keys[:-1], tables):
        raise BadInput(unknown_key(keys, value, model, tables))


def _plain(value: Any) -> Any:
    """A value as TOML would give it; arrays become lists."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, PathLike):
        return fspath(value)
    return value.tolist() if hasattr(value, "tolist") else value
