"""Which function implements which equation of the paper: read from the docstrings that say so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from docs._ext import api

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
#: "Eq. (8)", "Eqs. (3) and (4)", "Eqs. (5), (6) and (14) to (22)".
_NAMED = re.compile(r"Eqs?\.\s*((?:\(\d+\)(?:,?\s*(?:and|to|–)?\s*)?)+)")
_NUMBER = re.compile(r"(to|–)?\s*\((\d+)\)")
#: A module whose docstring names this document counts the equations of another one.
_ELSEWHERE = "Flux-Parametron"


def numbers(text: str) -> set[int]:
    """Numbers of the equations that a text names.

    Example:
        >>> sorted(numbers("Eqs. (5), (6) and (14) to (16)"))
        [5, 6, 14, 15, 16]
    """
    found: set[int] = set()
    for named in _NAMED.finditer(text):
        last = 0
        for span, digits in _NUMBER.findall(named[1]):
            number = int(digits)
            found.update(range(last + 1, number) if span else ())
            found.add(number)
            last = number
    return found


def implementers() -> dict[int, list[str]]:
    """Full names of the functions, methods and classes by the equation that they name."""
    found: dict[int, list[str]] = {}
    for path in sorted(
        path for room in ("recycling", "circuits") for path in (ROOT / room).rglob("*.py")
    ):
        text = path.read_text(encoding="utf-8")
        if not _NAMED.search(text):
            continue
        tree = ast.parse(text)
        if _ELSEWHERE in (ast.get_docstring(tree) or ""):
            continue
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for name, node in _named(tree):
            for number in numbers(ast.get_docstring(node) or ""):
                found.setdefault(number, []).append(f"{module}.{name}")
    return found


_Documented = ast.FunctionDef | ast.ClassDef


def _named(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, _Documented]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _Documented):
            yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from _named(node, f"{node.name}.")


class Implemented(SphinxDirective):
    """``{implemented} 8``: the functions of an equation, with links to those that are public."""

    required_arguments = 1
    optional_arguments = 20

    def run(self) -> list[nodes.Node]:
        """Make the paragraph."""
        known = implementers()
        names = dict.fromkeys(name for each in self.arguments for name in known.get(int(each), []))
        texts = ", ".join(_linked(name) for name in names)
        return self.parse_text_to_nodes(f"In code: {texts}." if texts else "Holds by construction.")


def _linked(name: str) -> str:
    module, _, last = name.rpartition(".")
    for home in ("recycling", "recycling.thermodynamics"):
        thing = getattr(import_module(home), last, None)
        if last in api.public_names(home) and getattr(thing, "__module__", "") == module:
            return f"{{py:func}}`{last} <{home}.{last}>`"
    return f"`{name}`"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("implemented", Implemented)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
