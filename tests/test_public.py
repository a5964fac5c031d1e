"""The public face: one list of names, each with an example; and notebooks that use no other."""

import ast
import inspect
import json
import re
import warnings
from pathlib import Path

import pytest

import recycling as rc

ROOT = Path(rc.__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
#: Modules that a notebook may import, besides those of other packages.
PUBLIC_MODULES = (
    "recycling", "recycling.plot", "recycling.campaign", "recycling.circuits",
    "recycling.integrations", "recycling.ledger.aqfp",
)  # fmt: skip


def imported_for_types():
    """Names that the package imports for type checkers, with the modules that they come from."""
    tree = ast.parse(Path(rc.__file__).read_text(encoding="utf-8"))
    (block,) = (
        node for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )  # fmt: skip
    return {
        alias.asname: node.module.removeprefix("recycling.")
        for node in block.body
        for alias in node.names
    }


def test_both_lists_of_names_agree():
    modules = dict.fromkeys(rc._MODULES, "recycling")
    assert imported_for_types() == rc._HOME | modules
    assert set(rc.__all__) == set(rc._HOME) | set(rc._MODULES)
    assert len(rc.__all__) == len(set(rc.__all__))
    assert set(rc.__all__) <= set(dir(rc))


def test_every_name_is_where_it_is_said_to_be():
    for name in rc.__all__:
        assert getattr(rc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = rc.nonsense


def test_the_documentation_lists_every_name():
    page = (ROOT / "docs" / "stability.md").read_text(encoding="utf-8")
    listed = re.findall(r"`rc\.(\w+)`", page.split("<!-- names")[1])
    assert sorted(listed) == sorted(rc.__all__)


@pytest.mark.parametrize("name", rc.plot.__all__)
def test_every_figure_has_an_example_and_takes_axes(name):
    draw = getattr(rc.plot, name)
    assert ">>>" in inspect.getdoc(draw)
    assert list(inspect.signature(draw).parameters)[-1] == "ax"


def test_a_deprecated_name_warns_and_says_what_to_use(monkeypatch):
    monkeypatch.setitem(rc._DEPRECATED, "old_load", "load")
    with pytest.warns(DeprecationWarning, match="recycling.old_load is now recycling.load"):
        assert rc.old_load is rc.load
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rc.load is not None


def imports_of(notebook):
    """Modules that the code of a notebook imports."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        lines = "".join(cell["source"]).splitlines()
        code = "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (
                    f"{node.module}.{alias.name}"
                    if f"{node.module}.{alias.name}" in PUBLIC_MODULES
                    else node.module
                    for alias in node.names
                )


def internal(module):
    """Whether a module is of this package, and none that a notebook may import."""
    if module.split(".")[0] not in ("recycling", "circuits"):
        return False
    deep = ("recycling.plot", "recycling.circuits", "recycling.integrations")
    return not (module in PUBLIC_MODULES or any(module.startswith(f"{public}.") for public in deep))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_import_public_modules_alone(notebook):
    assert sorted({module for module in imports_of(notebook) if internal(module)}) == []
