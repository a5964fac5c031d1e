"""Golden files: what was found once, as JSON, and how something found now is compared with it."""

import json
import os
from collections.abc import Iterator
from math import isclose, isfinite, isnan
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent / "golden"
#: Set to write what is found, in place of a comparison.
WRITE = "RECYCLING_WRITE_SNAPSHOTS"
#: Differences that a failure tells.
_TOLD = 20
_WIDTH = 100


def check(
    name: str, found: Any, *, rtol: float = 0.0, atol: float = 0.0, grows: bool = False
) -> None:
    """Compare a value with the golden file of a name, or write that file.

    Args:
        name: name of the file, without its ending.
        found: anything that JSON holds; NaN and infinities too.
        rtol: relative tolerance of floats. Everything else is compared exactly.
        atol: absolute tolerance of floats.
        grows: the value is a list to which entries may have come.
    """
    path = GOLDEN / f"{name}.json"
    # By way of text, so that tuples are lists and keys are strings as in the file.
    found = json.loads(json.dumps(found))
    expected = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    compared = [item for item in found if item in (expected or ())] if grows else found
    told = list(differences(expected, compared, rtol=rtol, atol=atol))
    if os.environ.get(WRITE):
        # A file that agrees stays: floats that differ by rounding are no change.
        if told or expected is None:
            GOLDEN.mkdir(exist_ok=True)
            path.write_text(_text(found) + "\n", encoding="utf-8")
        return
    assert expected is not None, f"{path.name} is missing: write it with {WRITE}=1"
    more = [f"and {len(told) - _TOLD} more"] if len(told) > _TOLD else []
    assert not told, "\n".join([f"{path.name}:", *told[:_TOLD], *more])


def differences(
    expected: Any, found: Any, where: str = "", *, rtol: float, atol: float = 0.0
) -> Iterator[str]:
    """Tell in one line each what differs between two values read from JSON."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in [*expected, *(key for key in found if key not in expected)]:
            place = f"{where}.{key}" if where else key
            if key not in found:
                yield f"{place} is gone"
            elif key not in expected:
                yield f"{place} is new"
            else:
                yield from differences(expected[key], found[key], place, rtol=rtol, atol=atol)
        if expected.keys() == found.keys() and list(expected) != list(found):
            yield f"{where} has another order: {list(found)} instead of {list(expected)}"
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{where} has {len(found)} entries instead of {len(expected)}"
        # A number that is small beside others of its kind is known no better than those.
        sizes = [abs(item) for item in expected if isinstance(item, float) and isfinite(item)]
        atol = max(atol, 1e-3 * rtol * max(sizes, default=0.0))
        for number, pair in enumerate(zip(expected, found, strict=False)):
            yield from differences(*pair, f"{where}[{number}]", rtol=rtol, atol=atol)
    elif type(expected) is not type(found) or not _alike(expected, found, rtol, atol):
        yield f"{where} = {_short(found)} instead of {_short(expected)}"


def _alike(expected: Any, found: Any, rtol: float, atol: float) -> bool:
    if not isinstance(expected, float):
        return bool(expected == found)
    if isnan(expected) or isnan(found):
        return isnan(expected) and isnan(found)
    return isclose(expected, found, rel_tol=rtol, abs_tol=atol)


def form(value: Any) -> dict[str, str]:
    """Types by path of everything in a value read from JSON; the elements of a list share a path.

    A key that not all elements of a list have is said to be there "sometimes".
    """
    types: dict[str, set[str]] = {}
    seen: dict[str, int] = {}
    _note(value, "", types, seen)
    shown = {}
    for path, names in types.items():
        parent, _, key = path.rpartition(".")
        rare = bool(key) and seen[path] < seen[parent]
        shown[path] = " | ".join(sorted(names)) + (", sometimes" if rare else "")
    return shown


def _note(value: Any, path: str, types: dict[str, set[str]], seen: dict[str, int]) -> None:
    types.setdefault(path, set()).add(_type_name(value))
    seen[path] = seen.get(path, 0) + 1
    if isinstance(value, dict):
        for key, item in value.items():
            # Keys may hold dots, and nothing else of a path may.
            _note(item, f"{path}.{key.replace('.', '·')}", types, seen)
    elif isinstance(value, list):
        for item in value:
            _note(item, f"{path}[]", types, seen)


def _type_name(value: Any) -> str:
    names = {type(None): "null", dict: "object", list: "list", str: "text", bool: "bool"}
    return names.get(type(value), type(value).__name__)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else text[:200] + "…"


def _text(value: Any, depth: int = 0) -> str:
    """JSON with one entry a line, except that lists of plain values fill their lines."""
    pad, inner = " " * depth, " " * (depth + 1)
    if isinstance(value, dict) and value:
        lines = (f"{inner}{_plain(key)}: {_text(value[key], depth + 1)}" for key in value)
        return "{\n" + ",\n".join(lines) + f"\n{pad}}}"
    if isinstance(value, list) and value:
        if any(isinstance(item, dict | list) for item in value):
            lines = (inner + _text(item, depth + 1) for item in value)
            return "[\n" + ",\n".join(lines) + f"\n{pad}]"
        return "[" + _filled([_plain(item) for item in value], inner) + "]"
    return _plain(value)


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _filled(items: list[str], pad: str) -> str:
    lines, line = [], ""
    for number, item in enumerate(items):
        item += "," if number < len(items) - 1 else ""
        if line and len(pad) + len(line) + 1 + len(item) > _WIDTH:
            lines.append(line)
            line = item
        else:
            line = f"{line} {item}" if line else item
    return f"\n{pad}".join([*lines, line])
