"""Every public function and class has an example in its docstring; ``make examples`` runs them."""

import dataclasses
import inspect
import pkgutil
from importlib import import_module

import pytest

import recycling

#: Packages and modules whose public docstrings have an example each.
ROOMS = (
    "circuits",
    "recycling.campaign",
    "recycling.compilation",
    "recycling.devices",
    "recycling.display",
    "recycling.errors",
    "recycling.execution",
    "recycling.inference",
    "recycling.integrations",
    "recycling.jobs",
    "recycling.ledger",
    "recycling.planning",
    "recycling.plot",
    "recycling.reporting.canvas",
    "recycling.reporting.device_tables",
    "recycling.reporting.figures",
    "recycling.reporting.ledger_figure",
    "recycling.reporting.ledger_table",
    "recycling.reporting.link_figures",
    "recycling.reporting.link_table",
    "recycling.reporting.rendering",
    "recycling.reporting.share_figures",
    "recycling.reporting.stage_figures",
    "recycling.reporting.status",
    "recycling.reporting.status_shown",
    "recycling.reporting.tables",
    "recycling.reporting.verdict_table",
    "recycling.results",
    "recycling.running.theory",
    "recycling.serving",
    "recycling.simulation",
    "recycling.spec",
    "recycling.store",
    "recycling.studies",
    "recycling.sweeps",
    "recycling.thermodynamics",
)


def modules_of(room):
    """Public modules of a room."""
    module = import_module(room)
    names = [room]
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), f"{room}."):
        names.append(found.name)
    return [name for name in names if not any(part.startswith("_") for part in name.split("."))]


def is_container(thing):
    """Whether a class only holds data: its fields say all, and no call is there to show."""
    if not isinstance(thing, type):
        return False
    if issubclass(thing, BaseException) or getattr(thing, "_is_protocol", False):
        return True
    holds = dataclasses.is_dataclass(thing) or hasattr(thing, "_fields")
    methods = (
        name
        for name, member in vars(thing).items()
        if not name.startswith("_")
        and (inspect.isfunction(member) or isinstance(member, classmethod | staticmethod))
    )
    return holds and not any(methods)


def public_things(module_name):
    """Functions and classes that a module defines for others."""
    for name, thing in vars(import_module(module_name)).items():
        if name.startswith("_") or not (inspect.isclass(thing) or callable(thing)):
            continue
        if getattr(thing, "__module__", None) != module_name or not inspect.getdoc(thing):
            continue
        if getattr(thing, "__name__", name) == name and not is_container(thing):
            yield name, thing


@pytest.mark.parametrize("module", [name for room in ROOMS for name in modules_of(room)])
def test_every_public_docstring_has_an_example(module):
    without = [name for name, thing in public_things(module) if ">>>" not in inspect.getdoc(thing)]
    assert not without, f"{module} has no example of {', '.join(without)}"


@pytest.mark.parametrize("name", recycling.__all__)
def test_every_public_name_of_the_package_has_an_example(name):
    assert ">>>" in inspect.getdoc(getattr(recycling, name))


def test_rooms_are_not_empty():
    assert len({name for room in ROOMS for name in modules_of(room)}) > 20
