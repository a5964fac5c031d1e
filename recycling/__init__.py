"""Thermodynamic recycling: from a spec file to a verdict on the heat of an erasure.

Names are loaded when they are first used, so that ``import recycling`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.3.0"

if TYPE_CHECKING:
    from recycling.devices.least import minimum_transmissivity
    from recycling.devices.link import Link
    from recycling.devices.link_presets import link_preset
    from recycling.devices.remote import remote_erasure
    from recycling.devices.stage import Stage
    from recycling.devices.unit_cell import unit_cell
    from recycling.errors import BackendFailure, BadInput, Incomplete
    from recycling.ledger.error_correction import qec_heat
    from recycling.ledger.of_run import ledger_of
    from recycling.planning.design import design
    from recycling.planning.plan import Plan, plan
    from recycling.reporting.page import report
    from recycling.results.analysis import analyse
    from recycling.spec.experiment import Experiment, preset
    from recycling.store import Run
    from recycling.studies.comparing import compare
    from recycling.studies.own_counts import from_counts
    from recycling.studies.protocol import run
    from recycling.studies.stored import open_run, resume
    from recycling.sweeps.run import sweep
    from recycling.thermodynamics import (
        Bath,
        athermal_bound,
        branch_gains,
        ergotropy,
        free_energy,
        gain,
        landauer_bound,
        max_bath_entropy,
        record_break_even,
        record_cost,
        tight_bound,
        von_neumann_entropy,
    )

_HOME = {
    "analyse": "results.analysis",
    "athermal_bound": "thermodynamics",
    "BackendFailure": "errors",
    "BadInput": "errors",
    "Bath": "thermodynamics",
    "design": "planning.design",
    "ergotropy": "thermodynamics",
    "Experiment": "spec.experiment",
    "free_energy": "thermodynamics",
    "branch_gains": "thermodynamics",
    "compare": "studies.comparing",
    "from_counts": "studies.own_counts",
    "gain": "thermodynamics",
    "Incomplete": "errors",
    "landauer_bound": "thermodynamics",
    "Link": "devices.link",
    "link_preset": "devices.link_presets",
    "ledger_of": "ledger.of_run",
    "max_bath_entropy": "thermodynamics",
    "minimum_transmissivity": "devices.least",
    "open_run": "studies.stored",
    "Plan": "planning.plan",
    "plan": "planning.plan",
    "preset": "spec.experiment",
    "remote_erasure": "devices.remote",
    "qec_heat": "ledger.error_correction",
    "record_break_even": "thermodynamics",
    "record_cost": "thermodynamics",
    "report": "reporting.page",
    "resume": "studies.stored",
    "Run": "store",
    "run": "studies.protocol",
    "Stage": "devices.stage",
    "sweep": "sweeps.run",
    "tight_bound": "thermodynamics",
    "unit_cell": "devices.unit_cell",
    "von_neumann_entropy": "thermodynamics",
}

__all__ = [
    "BackendFailure",
    "BadInput",
    "Bath",
    "Experiment",
    "Incomplete",
    "Link",
    "Plan",
    "Run",
    "Stage",
    "analyse",
    "athermal_bound",
    "branch_gains",
    "compare",
    "design",
    "ergotropy",
    "free_energy",
    "from_counts",
    "gain",
    "landauer_bound",
    "ledger_of",
    "link_preset",
    "max_bath_entropy",
    "minimum_transmissivity",
    "open_run",
    "plan",
    "preset",
    "qec_heat",
    "record_break_even",
    "record_cost",
    "remote_erasure",
    "report",
    "resume",
    "run",
    "sweep",
    "tight_bound",
    "unit_cell",
    "von_neumann_entropy",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'recycling' has no attribute {name!r}")
    return getattr(import_module(f"recycling.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
