"""What keeps the house easy to see: sizes of its rooms, and who knows what."""

import ast
from pathlib import Path
from statistics import median

import recycling as rc

ROOT = Path(rc.__file__).parents[1]
MODULES = sorted(path for room in ("recycling", "circuits") for path in (ROOT / room).rglob("*.py"))


def lines(path):
    return path.read_text(encoding="utf-8").count("\n")


def code(path):
    """Code of a module without its comments and docstrings, whose examples may name anything."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(value=...)
    return ast.unparse(tree)


def names(text):
    """Modules, tests and empty ones left out, whose code holds a text."""
    word = text.strip("'")
    return [
        str(path.relative_to(ROOT))
        for path in MODULES
        if word in path.read_text("utf-8") and text in code(path)
    ]


def test_modules_are_short():
    assert max(map(lines, MODULES)) <= 400
    assert median(lines(path) for path in MODULES if path.name != "__init__.py") <= 130


def test_functions_are_short():
    long = [
        (path.name, node.name)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= 60
    ]
    assert long == []


def test_no_module_lies_loose():
    loose = {path.name for path in (ROOT / "recycling").glob("*.py")}
    assert loose == {"__init__.py", "errors.py"}


def test_few_modules_name_the_parameter_of_hhl():
    assert len(names("theta_b")) <= 9


def test_few_modules_name_an_arm():
    # The program and its package bear the name of an arm, too: in five of these.
    arms = {name for arm in ("equilibrium", "recycling") for name in names(repr(arm))}
    assert len(arms) <= 7
