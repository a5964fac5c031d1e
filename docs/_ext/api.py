"""Pages of the reference: every public name, with its docstring and the example in it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from docs._ext.text import escaped, prose, table

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: Public modules, with their titles; one that is not there yet has no page.
MODULES = {
    "recycling": "Public names",
    "recycling.plot": "Figures",
    "recycling.circuits": "Circuits",
    "recycling.campaign": "Campaigns",
    "recycling.ledger.aqfp": "Classical baseline",
    "recycling.integrations.qiskit_experiments": "For qiskit-experiments",
    "recycling.thermodynamics": "Thermodynamics",
}
_INTRODUCTION = """\
# {title}: `{module}`

{summary}

{names}
"""


def modules() -> Iterator[str]:
    """Public modules that there are."""
    for module in MODULES:
        parent = module.rpartition(".")[0]
        if (not parent or find_spec(parent)) and find_spec(module):
            yield module


def public_names(module: str) -> list[str]:
    """Names that a module lists as public; without a list, what it defines."""
    found = import_module(module)
    listed = getattr(found, "__all__", None)
    if listed is None:
        listed = [
            name
            for name, thing in vars(found).items()
            if not name.startswith("_") and getattr(thing, "__module__", "") == module
        ]
    return sorted(listed, key=str.lower)


def page(module: str) -> str:
    """The page of a module in Markdown."""
    found = import_module(module)
    names = public_names(module)
    rows, entries = [], []
    for name in names:
        thing = getattr(found, name)
        if inspect.ismodule(thing):
            first = prose(thing).split("\n\n")[0]
            rows.append((f"[`{name}`](api-{module}-{name}.md)", escaped(first)))
            continue
        first = prose(thing).split("\n\n")[0] if callable(thing) else ""
        home = "recycling" if _is_shown_before(module, name, thing) else module
        what = escaped(first).replace("\\`", "`")
        rows.append((f"{{py:obj}}`{name} <{home}.{name}>`", what))
        if home == module:
            entries.append(_entry(module, name, thing))
    return "\n\n".join([
        _INTRODUCTION.format(
            title=MODULES[module],
            module=module,
            summary=escaped(prose(found)).replace("\\`", "`"),
            names=table(["name", "what it is"], rows),
        ),
        *entries,
    ]) + "\n"  # fmt: skip


def _is_shown_before(module: str, name: str, thing: object) -> bool:
    """Whether the page of the package itself has it under the same name."""
    return module != "recycling" and getattr(import_module("recycling"), name, None) is thing


def _plain(
    _app: Sphinx, _what: str, _name: str, _thing: object, _options: object, lines: list[str]
) -> None:
    """Keep what RST would read as markup, such as |1><1|, in the prose of a docstring."""
    paragraph_is_code = False
    for place, line in enumerate(lines):
        before = lines[place - 1].strip() if place else ""
        if not before:
            paragraph_is_code = line.strip().startswith(">>>")
        if not paragraph_is_code:
            parts = line.split("`")
            parts[::2] = [re.sub(r"([|*])", r"\\\1", part) for part in parts[::2]]
            lines[place] = "`".join(parts)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the reading of docstrings, before that of their sections."""
    app.connect("autodoc-process-docstring", _plain, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _entry(module: str, name: str, thing: object) -> str:
    if inspect.isclass(thing):
        kind, members = "autoclass", "\n   :members:"
    elif callable(thing):
        kind, members = "autofunction", ""
    else:
        kind, members = "autodata", ""
    return f"```{{eval-rst}}\n.. {kind}:: {module}.{name}{members}\n```"
