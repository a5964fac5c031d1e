"""What a wheel holds: the folder ``circuits`` as ``recycling.circuits`` (docs/decisions/0016)."""

from __future__ import annotations

import ast
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: The package where its name begins an import or a dotted name; ``circuits.qpy`` is a file.
_NAME = r"(?:(?<=from )circuits(?= import )|(?<![\w./])circuits(?=\.(?:{})\b))"


def renamed(text: str, modules: frozenset[str]) -> str:
    """Source text that has ``circuits`` as ``recycling.circuits``.

    Args:
        text: of a module.
        modules: names of the modules and packages in the folder ``circuits``.

    Raises:
        ValueError: an import of ``circuits`` would be left, or other code would change.
    """
    changed = re.sub(_NAME.format("|".join(sorted(modules))), "recycling.circuits", text)
    if changed == text and not re.search(r"\bimport\b.*\bcircuits\b", text):
        return text
    before, after = ast.parse(text), ast.parse(changed)
    for node in ast.walk(before):
        if isinstance(node, ast.ImportFrom) and not node.level:
            node.module = re.sub(r"^circuits\b", "recycling.circuits", node.module or "")
        if isinstance(node, ast.Import) and any(
            alias.name.partition(".")[0] == "circuits" for alias in node.names
        ):
            raise ValueError("write 'from circuits import …': 'import circuits' binds that name")
    if _without_text(before) != _without_text(after):
        raise ValueError("more than imports and texts would change")
    return changed


def _without_text(tree: ast.AST) -> str:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


def stage(root: Path, folder: Path) -> Path:
    """Copy both packages to a folder as the wheel holds them; returns the package ``recycling``.

    Raises:
        ValueError: a module cannot be renamed; the line names it.
    """
    package, ignored = folder / "recycling", shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / "recycling", package, ignore=ignored)
    shutil.rmtree(package / "circuits")
    shutil.copytree(root / "circuits", package / "circuits", ignore=ignored)
    modules = frozenset(path.stem for path in (root / "circuits").iterdir())
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        try:
            changed = renamed(text, modules - {"__init__", "__pycache__"})
        except ValueError as error:
            raise ValueError(f"{path.relative_to(folder)}: {error}") from None
        if changed != text:
            path.write_text(changed, encoding="utf-8", newline="\n")
    return package


class WheelHook(BuildHookInterface[Any]):
    """Puts the staged package into a wheel; an editable install has the checkout itself."""

    PLUGIN_NAME = "custom"
    _folder: str = ""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Stage the package."""
        if version != "editable":
            self._folder = tempfile.mkdtemp()
            package = stage(Path(self.root), Path(self._folder))
            build_data["force_include"][str(package)] = "recycling"

    def finalize(self, *_of_the_build: Any) -> None:
        """Remove what was staged."""
        if self._folder:
            shutil.rmtree(self._folder)
