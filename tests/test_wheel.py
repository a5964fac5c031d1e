"""What a wheel holds: ``circuits`` by a name that no other package has, in every import."""

import ast
import importlib.util
import re
import tomllib
from itertools import combinations
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import circuits
import recycling as rc
from recycling.extras import EXTRAS

ROOT = Path(rc.__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
MODULES = frozenset({"settings", "algorithms"})


@pytest.fixture(scope="module")
def hook():
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("written", "shipped"),
    [
        ("from circuits import HHL", "from recycling.circuits import HHL"),
        (
            "    from circuits.settings import S".strip(),
            "from recycling.circuits.settings import S",
        ),
        (
            "'>>> from circuits.settings import S'",
            "'>>> from recycling.circuits.settings import S'",
        ),
        ("'is no circuits.settings.Settings'", "'is no recycling.circuits.settings.Settings'"),
        ("'circuits.qpy'", "'circuits.qpy'"),
        ("circuits = store.circuits.settings", "circuits = store.circuits.settings"),
        ("from recycling.store.circuits import x", "from recycling.store.circuits import x"),
        ("from recycling.circuits.settings import S", "from recycling.circuits.settings import S"),
        ("len(circuits)", "len(circuits)"),
    ],
)
def test_imports_and_names_in_texts_are_changed_and_nothing_else(hook, written, shipped):
    assert hook.renamed(written, MODULES) == shipped


@pytest.mark.parametrize(
    "written", ["import circuits", "import os, circuits", "import circuits.settings as s"]
)
def test_an_import_that_binds_the_name_ends_the_build(hook, written):
    with pytest.raises(ValueError, match="write 'from circuits import"):
        hook.renamed(written, MODULES)


def test_a_variable_of_that_name_ends_the_build(hook):
    with pytest.raises(ValueError, match="more than imports and texts"):
        hook.renamed("circuits = run()\ncircuits.settings", MODULES)


@pytest.mark.slow
def test_the_staged_package_imports_circuits_from_itself_alone(hook, tmp_path):
    package = hook.stage(ROOT, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["recycling"]
    sources = {path.relative_to(package): path for path in package.rglob("*.py")}
    for path in sources.values():
        text = path.read_text("utf-8")
        imports = re.search(r"\b(from|import)\b.*\bcircuits\b", text)
        for node in ast.walk(ast.parse(text)) if imports else ():
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            assert "circuits" not in {name.partition(".")[0] for name in names}, path
    folder = ROOT / "circuits"
    assert {Path("circuits") / path.relative_to(folder) for path in folder.rglob("*.py")} <= set(
        sources
    )


def test_in_a_checkout_both_names_give_the_same_modules():
    from recycling.circuits.settings import Settings as SameSettings

    from circuits.settings import Settings
    from recycling.circuits import HHL

    assert HHL is circuits.HHL
    assert SameSettings is Settings
    assert rc.circuits is circuits


def requirements(extra):
    """What an extra installs, with the extras that it names."""
    found = {}
    for line in PROJECT["optional-dependencies"][extra]:
        requirement = Requirement(line)
        if requirement.name == PROJECT["name"]:
            for other in requirement.extras:
                found |= requirements(other)
        else:
            found[requirement.name] = line
    return found


def test_extras_agree_with_each_other():
    users = ("simulate", "ibm", "experiments", "sweep", "distributed", "parquet", "schemas", "jax",
             "serve", "notebooks", "all")  # fmt: skip
    for one, two in combinations(users, 2):
        first, second = requirements(one), requirements(two)
        shared = first.keys() & second.keys()
        assert [first[name] for name in shared] == [second[name] for name in shared], (one, two)
    assert requirements("simulate").items() <= requirements("ibm").items()
    every = {}
    for extra in users:
        every |= requirements(extra)
    assert requirements("all") == every


def test_messages_name_an_extra_that_installs_the_module():
    come_with = {"rustworkx": "qiskit", "openqasm3": "openqasm3"}
    for module, (_name, extra) in EXTRAS.items():
        name = come_with.get(module, module).replace("_", "-")
        assert name in requirements(extra), (module, extra)


def test_the_core_has_no_qiskit():
    core = {Requirement(line).name for line in PROJECT["dependencies"]}
    assert not [name for name in core if re.match("qiskit|openqasm|stevedore|zarr|dask", name)]


def test_the_plain_commands_are_those_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    page = (ROOT / "docs" / "install.md").read_text("utf-8").replace("\\", "/")
    steps = re.findall(r"^\t@?\$\((?:PIP)\) (install .*)$", makefile, re.MULTILINE)
    assert [f".venv/Scripts/python -m pip {step}" in page for step in steps] == [True, True]
    (replay,) = re.findall(
        r"^\t\$\(BIN\)/(recycling replay .*) \$\(ARGS\)$", makefile, re.MULTILINE
    )
    (options,) = re.findall(r"\$\(BIN\)/(pytest -n .*)$", makefile, re.MULTILINE)
    (tests,) = re.findall(r"^test:.*\n\t\$\(TESTS\) (.*) \$\(ARGS\)$", makefile, re.MULTILINE)
    assert f".venv/Scripts/{replay}\n" in page
    assert f".venv/Scripts/{options} {tests}\n" in page
