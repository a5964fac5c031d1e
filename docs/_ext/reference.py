"""Writes the pages that are made from code, and copies notebooks, before the site is built.

They land in docs/reference, docs/notebooks and docs/project, which git ignores.
"""

from __future__ import annotations

import re
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

from docs._ext import api, commands, messages, results, spec_keys

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
_INDEX = """\
# Reference

Made from the code while the site is built, so that it says what the code does.

```{{toctree}}
:maxdepth: 1

{names}
```
"""

#: Files of the root that are pages.
_OF_ROOT = ("CHANGELOG", "CONTRIBUTING", "CODE_OF_CONDUCT", "SECURITY")
_PROJECT = """\
# Project

```{{toctree}}
:maxdepth: 1

{names}
```
"""
_NOTEBOOKS = """\
# Notebooks

Each is stored with its outputs, and executed anew by `make notebooks`.

```{toctree}
:maxdepth: 1
:glob:

*
```
"""


def pages() -> dict[str, str]:
    """Text of every page that is made from code, by its name in docs/reference."""
    found = {
        "spec": spec_keys.page(),
        "commands": commands.page(),
        "dataset": results.dataset_page(),
        "run-directory": results.files_page(),
        "errors": messages.page(),
    }
    of_modules = {f"api-{module.replace('.', '-')}": api.page(module) for module in api.modules()}
    return {"index": _INDEX.format(names="\n".join([*of_modules, *found])), **of_modules, **found}


def project() -> dict[str, str]:
    """Pages that are files of the root, with their links led to the site."""
    found = {}
    for name in _OF_ROOT:
        text = (ROOT / f"{name}.md").read_text(encoding="utf-8")
        text = re.sub(r"\]\(([A-Z_]+)\.md", lambda link: f"]({link[1].lower()}.md", text)
        # What is no page stands without its link.
        kept = rf"docs/|https?:|mailto:|(?:{'|'.join(_OF_ROOT).lower()})\.md"
        text = re.sub(rf"\[([^]]+)\]\((?!{kept})[^)]*\)", r"\1", text)
        found[name.lower()] = text.replace("](docs/", "](../")
    return {"index": _PROJECT.format(names="\n".join(found)), **found}


def write(folder: Path, texts: dict[str, str]) -> None:
    """Write texts as Markdown: only what changed, so that a second build is quick."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.md"):
        if path.stem not in texts:
            path.unlink()
    for name, text in texts.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _prepare(_app: Sphinx, _config: Any) -> None:
    write(DOCS / "reference", pages())
    notebooks = DOCS / "notebooks"
    if notebooks.exists():
        rmtree(notebooks)
    notebooks.mkdir()
    (notebooks / "index.md").write_text(_NOTEBOOKS, encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        text = path.read_text(encoding="utf-8").replace("](../docs/", "](../")
        (notebooks / path.name).write_text(text, encoding="utf-8")
    write(DOCS / "project", project())


def further(listed: str) -> str:
    """A list of the pages that no list has yet, so that a new page needs no other change.

    Args:
        listed: text of the lists.

    Example:
        >>> further("") != "" and further(" ".join(p.stem for p in DOCS.glob("*.md"))) == ""
        True
    """
    known = set(re.findall(r"[\w-]+", listed))
    missing = sorted(page.stem for page in DOCS.glob("*.md") if page.stem not in {*known, "index"})
    names = "\n".join(missing)
    return f"\n```{{toctree}}\n:caption: Further\n:hidden:\n\n{names}\n```\n" if missing else ""


def _adapted(_app: Sphinx, page: str, source: list[str]) -> None:
    """Adapt pages that are also read without the site: links to the root, the list of decisions."""
    if page == "index":
        guides = (DOCS / "how-to" / "index.md").read_text(encoding="utf-8")
        source[0] += further(source[0] + guides)
    if "/" not in page:
        source[0] = re.sub(
            r"\]\(\.\./([A-Z_]+)\.md", lambda link: f"](project/{link[1].lower()}.md", source[0]
        )
    if page == "decisions/README":
        source[0] += "\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the writer."""
    app.connect("config-inited", _prepare)
    app.connect("source-read", _adapted)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
