"""Page of the reference: every message about bad input, read from the source that raises it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docs._ext.text import table

ROOT = Path(__file__).resolve().parents[2]
#: Where the message of a call is: its class, and the position of the text in its arguments.
_RAISED = {"BadInput": "bad input", "Incomplete": "incomplete", "BackendFailure": "backend"}
_INTRODUCTION = """\
# Error messages

An error is one line: the field, its value, and what to give instead. Bad input exits with 2 and
leaves nothing behind; a run that is incomplete exits with 3 and can be resumed; a backend that
failed exits with 4. `--debug` adds the traceback.

To find a message, search this page for the words around its numbers and names, which stand here
as {braces}. The faults of a spec follow a pattern of their own: [keys of a spec](spec.md) has the
range of every key.

This page is made from the source: each message with the module that raises it.
"""
_FAULTS = """\
## Faults of a spec

| what is wrong | message ends with |
| --- | --- |
| an implausible quantity | give its range (did you mean '43 mK'?) |
| text that is no quantity | give a number in its SI unit, or text with a unit such as "43 mK" |
| a number out of its range | give so much or more, or so much or less |
| an unknown key | is an unknown key; did you mean a similar one? |
| a missing key | is missing |
| a value that is none of a list | give one of the list |
"""


@dataclass(frozen=True)
class Message:
    """A message: its text with {names} for what is filled in, its kind, and its module."""

    text: str
    kind: str
    module: str


def messages() -> Iterator[Message]:
    """Every message that the package raises as a literal text."""
    for path in sorted((ROOT / "recycling").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        text = path.read_text(encoding="utf-8")
        if not any(f"{name}(" in text for name in _RAISED):
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in _RAISED:
                for argument in node.args:
                    found = _literal(argument)
                    if any(character.isalpha() for character in found.split("{")[0] or found[-3:]):
                        yield Message(" ".join(found.split()), _RAISED[name], module)


def _literal(node: ast.expr) -> str:
    """Text of a literal, with what is filled in as {name}; empty for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_part, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _literal(node.left) + _literal(node.right)
    return ""


def _part(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.FormattedValue)
    names = [each for each in ast.walk(node.value) if isinstance(each, ast.Name | ast.Attribute)]
    called = {id(each.func) for each in ast.walk(node.value) if isinstance(each, ast.Call)}
    named = [each for each in names if id(each) not in called] or names
    found = named[0] if named else None
    return "{" + (getattr(found, "attr", "") or getattr(found, "id", "") or "value") + "}"


def page() -> str:
    """The page in Markdown."""
    found = sorted(set(messages()), key=lambda each: (each.kind, each.text.lower()))
    parts = [_INTRODUCTION, _FAULTS]
    titles = {"bad input": "Bad input", "incomplete": "Incomplete runs", "backend": "Backends"}
    for kind, title in titles.items():
        rows = [
            (f"`{_code(each.text)}`", f"`{each.module}`") for each in found if each.kind == kind
        ]
        parts += [f"## {title}", table(["message", "raised in"], rows)]
    return "\n\n".join(parts) + "\n"


def _code(text: str) -> str:
    return text.replace("`", "'")
