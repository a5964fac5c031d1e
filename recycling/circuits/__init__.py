"""The package ``circuits`` by the name that it has wherever this package is installed.

A wheel holds the folder ``circuits`` in the place of this file, since another package of the index
installs that name (docs/decisions/0016). In a checkout both names give the same modules.
"""

import sys
from importlib import import_module
from pkgutil import walk_packages

import circuits
from circuits import HHL, Algorithm, recycling_circuit

__all__ = ["HHL", "Algorithm", "recycling_circuit"]

for _each in walk_packages(circuits.__path__, "circuits."):
    sys.modules[f"recycling.{_each.name}"] = import_module(_each.name)
sys.modules[__name__] = circuits
