"""The faults of a spec, all at once: a line for each with file, line, field, value and mend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from recycling.errors import BadInput
from recycling.spec.files import lines_of, read_toml
from recycling.spec.quantities import ANY_SIZE

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_Model = TypeVar("_Model", bound=BaseModel)
#: Models of the sections of a spec that its content decides, by their names.
Tables = Mapping[str, type[BaseModel]]
#: Most faults that an error lists; nobody reads more before correcting some.
MOST_FAULTS = 20
#: Characters of a wrong value that are shown.
_LONGEST_VALUE = 60
#: Likeness from which a key of the same table is offered: "stage" is not what "Range" meant (0.6).
_ALIKE = 0.61

#: What to give instead, by the type of the fault; in braces the limit that was broken.
_MENDS = {
    "quantity": "{mend}",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "{le:g} or less",
    "finite_number": "a finite number",
    "literal_error": "{expected}",
    "string_pattern_mismatch": "letters, digits, '.', '_' and '-', the first a letter or digit",
    "string_too_long": "{max_length} characters or fewer",
    "string_type": "text",
    "model_type": "a table",
    "dict_type": "a table",
    "tuple_type": "a list",
    "too_long": "{max_length} entries",
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "a whole number"
    ),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("complex_type", "complex_str_parsing"), "a number"),
}


def wrong(message: str) -> PydanticCustomError:
    """Make a fault for the validator of a field to raise; the message follows the field's name.

    Example:
        >>> wrong("= 3 is odd: give an even number").message()
        '= 3 is odd: give an even number'
    """
    return PydanticCustomError("value", "{message}", {"message": message})


def not_too_many(most: int, values: Any) -> Any:
    """Refuse a list that is too long before it is used.

    Example:
        >>> not_too_many(3, [0.1, 0.2])
        [0.1, 0.2]
    """
    if isinstance(values, list | tuple) and len(values) > most:
        raise wrong(f"has {len(values)} values: give {most} or fewer")
    return values


def parse_spec(
    model: type[_Model],
    text: str,
    changes: Mapping[str, Any],
    *,
    source: str = "",
    any_size: bool = False,
) -> _Model:
    """Validate a spec in TOML.

    Args:
        model: model of the spec.
        text: the spec.
        changes: top-level fields that overrule the text.
        source: file of the text; with it, faults name file and line.
        any_size: let implausible quantities pass, since a stored run keeps its quantities.

    Raises:
        BadInput: with a line for each fault.

    Example:
        >>> from recycling.spec.sections import BathSpec
        >>> parse_spec(BathSpec, "temperature = '50 mK'", {}).temperature
        0.05
    """
    spec = source or "the spec"
    content = read_toml(text, spec)
    changed = content | dict(changes)
    try:
        return model.model_validate(changed, context={ANY_SIZE: any_size})
    except ValidationError as error:
        chosen = getattr(model, "tables", None)
        tables = chosen(changed) if chosen else {}
        faults = list(_faults(error, model, tables))
    except RecursionError:
        raise BadInput(f"{spec} is nested too deeply: no key needs so many levels") from None
    lines = lines_of(text) if source else {}
    placed = []
    for keys, fault in faults:
        # A fault in a change from the command line is in no file.
        in_file = source and _at(content, keys) == _at(changed, keys)
        line = _line_of(lines, keys) if in_file else 0
        placed.append(
            (line, f"{source}:{line}: " if line else f"{source}: " if in_file else "", fault)
        )
    placed.sort(key=lambda of_fault: of_fault[0])
    shown = [place + fault for _, place, fault in placed[:MOST_FAULTS]]
    more = [f"{len(faults) - MOST_FAULTS} more faults"] if len(faults) > MOST_FAULTS else []
    raise BadInput(*shown, *more)


def fault_lines(
    error: ValidationError, model: type[BaseModel], tables: Tables | None = None
) -> list[str]:
    """Write every fault of a validation error as a line: field, value, mend.

    ``tables`` are models of the sections of a spec that its content decides.

    Example:
        >>> from recycling.spec.sections import BathSpec
        >>> try:
        ...     BathSpec(frequency=5)
        ... except ValidationError as error:
        ...     fault_lines(error, BathSpec)
        ["frequency = 5: give 1 MHz to 1 THz (did you mean '5 GHz'?)"]
    """
    return [fault for _, fault in _faults(error, model, tables or {})]


def _at(content: Any, keys: tuple[str | int, ...]) -> Any:
    """Value at the keys of a fault, as far as they lead; a missing key leads to None."""
    for key in keys:
        if isinstance(content, Mapping):
            content = content.get(str(key))
        elif isinstance(content, list) and isinstance(key, int) and key < len(content):
            content = content[key]
    return content


def _line_of(lines: Mapping[tuple[str, ...], int], keys: tuple[str | int, ...]) -> int:
    """Line of a key, or of the table around it; 0 where it is unknown."""
    # The first table of an array has no number among the keys of ``lines``.
    known = (lines.get(tuple(map(str, filter(None, keys[:n])))) for n in range(len(keys), 0, -1))
    return next((line for line in known if line is not None), 0)


def _faults(
    error: ValidationError, model: type[BaseModel], tables: Tables
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Keys of each fault, and the fault as a line."""
    by_field: dict[tuple[str | int, ...], list[ErrorDetails]] = {}
    for fault in error.errors(include_url=False):
        by_field.setdefault(_keys(fault)[:2], []).append(fault)
    for faults in by_field.values():
        # A union has a fault from each of its branches: the user meant the deepest.
        if any(len(_keys(fault)) < len(fault["loc"]) for fault in faults):
            deepest = max(len(_keys(fault)) for fault in faults)
            faults = [fault for fault in faults if len(_keys(fault)) == deepest]
        same: dict[tuple[str | int, ...], list[ErrorDetails]] = {}
        for fault in faults:
            same.setdefault(_keys(fault), []).append(fault)
        for keys, of_key in same.items():
            yield keys, _line(keys, of_key, model, tables)


def _line(
    keys: tuple[str | int, ...],
    faults: list[ErrorDetails],
    model: type[BaseModel],
    tables: Tables,
) -> str:
    first, field = faults[0], _field(keys)
    match first["type"]:
        case "value_error":
            # Its message begins with the name of the field inside the section.
            message = first["msg"].removeprefix("Value error, ")
            return f"{field}.{message}" if field else message
        case "value":
            return f"{field} {first['msg']}"
        case "extra_forbidden":
            return unknown_key(keys, first["input"], model, tables)
        case "missing":
            return f"{field} is missing: add it"
    mends = dict.fromkeys(map(_mend, faults))
    return f"{field} = {shown_value(first['input'])}: give {' or '.join(mends)}"


def shown_value(value: Any) -> str:
    """Write a wrong value as text, cut where it is long.

    Example:
        >>> shown_value({"start": 0})
        "{'start': 0}"
    """
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits, or a deep table
        return f"({type(value).__name__} too long to show)"
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def unknown_key(
    keys: tuple[str | int, ...], value: Any, model: type[BaseModel], tables: Tables
) -> str:
    """Write a fault for a key that nobody knows, with the nearest known key.

    Example:
        >>> from recycling.spec.sections import BathSpec
        >>> unknown_key(("temprature",), 0.03, BathSpec, {})
        'temprature = 0.03 is an unknown key: did you mean temperature?'
    """
    known = _known(keys, model, tables)
    return f"{_field(keys)} = {shown_value(value)} is an unknown key: {known}"


def _known(keys: tuple[str | int, ...], model: type[BaseModel], tables: Tables) -> str:
    """What to do about an unknown key: the nearest known key, here or in another table."""
    fields = known_keys(model, keys[:-1], tables)
    name = str(keys[-1])
    near = get_close_matches(name, fields, n=1, cutoff=_ALIKE)
    if near:
        return f"did you mean {near[0]}?"
    elsewhere: dict[str, str] = {}
    for section in model.model_fields:
        for field in known_keys(model, (section,), tables):
            elsewhere.setdefault(field, f"{section}.{field}")
    near = get_close_matches(name, elsewhere, n=1)
    if near:
        return f"did you mean {elsewhere[near[0]]}?"
    return f"remove it or correct its name; known are {', '.join(fields)}"


def known_keys(model: type[BaseModel], keys: Iterable[str | int], tables: Tables) -> list[str]:
    """List the keys of the table that keys lead to; ``tables`` are those of the spec.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> known_keys(Experiment, ["bath"], {})
        ['frequency', 'temperature']
    """
    names = [key for key in keys if not isinstance(key, int)]  # all tables of a list are alike
    for depth, key in enumerate(names):
        field = model.model_fields.get(str(key))
        parts = [] if field is None else [*get_args(field.annotation), field.annotation]
        parts += [inner for part in parts for inner in get_args(part)]
        if depth == 0:
            parts = [tables.get(str(key)), *parts[::-1]]
        models = [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]
        if not models:
            return []
        model = models[0]
    return list(model.model_fields)


def _field(keys: tuple[str | int, ...]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)[1:]


def _mend(fault: ErrorDetails) -> str:
    if fault["type"] not in _MENDS:
        return f"another value ({fault['msg']})"
    return _MENDS[fault["type"]].format(**fault.get("ctx", {}))


def _keys(fault: ErrorDetails) -> tuple[str | int, ...]:
    """Keys that the user wrote, down to the fault."""
    # The third entry may be no key, but pydantic's name for the branch of a field's union.
    return tuple(
        key if isinstance(key, int) or key.isprintable() else repr(key)
        for depth, key in enumerate(fault["loc"])
        if depth != 2
        or isinstance(key, int)
        or (key.isidentifier() and key not in ("Range", "bool", "float", "int"))
    )
