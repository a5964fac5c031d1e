"""What a key of a spec takes, in words: read from the annotation that validates it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from recycling.spec.quantities import Quantity

_PLAIN = {
    float: "number",
    int: "whole number",
    str: "text",
    bool: "true or false",
    complex: "complex number",
    Any: "anything",
}


def quantity_of(metadata: Iterable[Any]) -> Quantity | None:
    """The physical quantity that some validators check, if they check one."""
    for each in metadata:
        owner = getattr(getattr(each, "func", None), "__self__", None)
        if isinstance(owner, Quantity):
            return owner
    return None


def taken(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """What a field takes, with its range and unit.

    Example:
        >>> taken(Literal["auto"] | bool)
        '"auto", or true or false'
    """
    metadata = tuple(metadata)
    if get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        return taken(annotation, (*more, *metadata))
    quantity = quantity_of(metadata)
    if quantity is not None:
        return f'{quantity.shown}; text may have a unit: "{quantity.example}"'
    return f"{_kind(annotation)}{_range(metadata)}"


def unit_of(annotation: Any, metadata: Iterable[Any]) -> str:
    """SI unit of the numbers of a field; empty where they have none, or it takes none."""
    found = quantity_of(metadata)
    if found is not None:
        return found.unit
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return unit_of(parts[0], parts[1:])
    if get_origin(annotation) in (Union, UnionType):
        return next(filter(None, (unit_of(part, ()) for part in parts)), "")
    return ""


def _kind(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if origin is Literal:
        return ", ".join(_shown(value) for value in parts)
    if origin in (Union, UnionType):
        return ", or ".join(dict.fromkeys(taken(part) for part in parts if part is not NoneType))
    if origin is dict:
        return f"table: {taken(parts[1])}"
    if origin in (tuple, list):
        inner = [part for part in parts if part is not Ellipsis]
        same = Ellipsis in parts or origin is list
        return ("list of: " if same else "list of ") + ", ".join(map(taken, inner))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        names = list(annotation.model_fields)
        return "table { " + ", ".join(names) + " }" if len(names) in (1, 2, 3) else "table"
    return getattr(annotation, "__name__", str(annotation))


def _range(metadata: Iterable[Any]) -> str:
    limits = list(_limits(metadata))
    return f", {' and '.join(limits)}" if limits else ""


def _limits(metadata: Iterable[Any]) -> Iterator[str]:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    for each in metadata:
        yield from _limits(getattr(each, "metadata", ()))
        for name, sign in signs.items():
            limit = getattr(each, name, None)
            if limit is not None:
                yield f"{sign} {limit:g}" if isinstance(limit, float) else f"{sign} {limit}"
        if isinstance(getattr(each, "max_length", None), int):
            yield f"{each.max_length} at most"


def default_of(field: FieldInfo) -> str:
    """Default of a field as a spec would write it."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    return "" if value is None else f"`{_shown(value)}`"


def _shown(value: Any) -> str:
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_none=True)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_shown(each)}" for key, each in value.items()) + " }"
    if isinstance(value, complex):
        return f"{value.real:g}" if value.imag == 0 else f"{value:g}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_shown, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)
