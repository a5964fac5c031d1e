"""Thermodynamic recycling: from a spec file to a verdict on the heat of an erasure.

Names are loaded when they are first used, so that ``import recycling`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.3.0"

# For those who read types; a test holds it equal to what follows.
# isort: off
if TYPE_CHECKING:
    from recycling import campaign as campaign, circuits as circuits, plot as plot
    from recycling.devices.least import minimum_transmissivity as minimum_transmissivity
    from recycling.devices.link import Link as Link
    from recycling.devices.link_presets import link_preset as link_preset
    from recycling.devices.remote import remote_erasure as remote_erasure
    from recycling.devices.stage import Stage as Stage
    from recycling.devices.unit_cell import unit_cell as unit_cell
    from recycling.errors import (
        BackendFailure as BackendFailure,
        BadInput as BadInput,
        Incomplete as Incomplete,
    )
    from recycling.ledger.error_correction import qec_heat as qec_heat
    from recycling.ledger.of_run import ledger_of as ledger_of
    from recycling.planning.design import design as design
    from recycling.planning.plan import Plan as Plan
    from recycling.reporting.page import report as report
    from recycling.results.analysis import analyse as analyse
    from recycling.results.judged import (
        Controls as Controls, Verdicts as Verdicts, controls as controls, verdicts as verdicts,
    )  # fmt: skip
    from recycling.results.plain import plain_bootstrap as plain_bootstrap
    from recycling.results.shares import shares as shares
    from recycling.spec.experiment import Experiment as Experiment, preset as preset
    from recycling.spec.named import load as load
    from recycling.store import Run as Run
    from recycling.studies.calibrating import latency as latency, reset as reset
    from recycling.studies.comparing import compare as compare
    from recycling.studies.layouts import Layouts as Layouts, layouts as layouts
    from recycling.studies.own_counts import from_counts as from_counts
    from recycling.studies.planned import plan as plan
    from recycling.studies.protocol import run as run
    from recycling.studies.sharing import bundle as bundle, export as export, unbundle as unbundle
    from recycling.studies.staging import stage as stage
    from recycling.studies.stored import open_run as open_run, resume as resume
    from recycling.sweeps.run import sweep as sweep
    from recycling.thermodynamics import (
        Bath as Bath,
        athermal_bound as athermal_bound,
        branch_gains as branch_gains,
        ergotropy as ergotropy,
        free_energy as free_energy,
        gain as gain,
        landauer_bound as landauer_bound,
        max_bath_entropy as max_bath_entropy,
        record_break_even as record_break_even,
        record_cost as record_cost,
        tight_bound as tight_bound,
        von_neumann_entropy as von_neumann_entropy,
    )

# isort: on
#: Every public name, and the module that it is in. What may change of them: docs/stability.md.
_HOME = {
    "analyse": "results.analysis",
    "athermal_bound": "thermodynamics",
    "BackendFailure": "errors",
    "BadInput": "errors",
    "Bath": "thermodynamics",
    "branch_gains": "thermodynamics",
    "bundle": "studies.sharing",
    "compare": "studies.comparing",
    "controls": "results.judged",
    "Controls": "results.judged",
    "design": "planning.design",
    "ergotropy": "thermodynamics",
    "Experiment": "spec.experiment",
    "export": "studies.sharing",
    "free_energy": "thermodynamics",
    "from_counts": "studies.own_counts",
    "gain": "thermodynamics",
    "Incomplete": "errors",
    "landauer_bound": "thermodynamics",
    "latency": "studies.calibrating",
    "Layouts": "studies.layouts",
    "layouts": "studies.layouts",
    "ledger_of": "ledger.of_run",
    "Link": "devices.link",
    "link_preset": "devices.link_presets",
    "load": "spec.named",
    "max_bath_entropy": "thermodynamics",
    "minimum_transmissivity": "devices.least",
    "open_run": "studies.stored",
    "Plan": "planning.plan",
    "plain_bootstrap": "results.plain",
    "plan": "studies.planned",
    "preset": "spec.experiment",
    "qec_heat": "ledger.error_correction",
    "record_break_even": "thermodynamics",
    "record_cost": "thermodynamics",
    "remote_erasure": "devices.remote",
    "report": "reporting.page",
    "reset": "studies.calibrating",
    "resume": "studies.stored",
    "shares": "results.shares",
    "Run": "store",
    "run": "studies.protocol",
    "Stage": "devices.stage",
    "stage": "studies.staging",
    "sweep": "sweeps.run",
    "tight_bound": "thermodynamics",
    "unbundle": "studies.sharing",
    "unit_cell": "devices.unit_cell",
    "verdicts": "results.judged",
    "Verdicts": "results.judged",
    "von_neumann_entropy": "thermodynamics",
}

#: Public modules, loaded when they are first used.
_MODULES = ("campaign", "circuits", "plot")

#: What was public: the old name, and the one to use.
_DEPRECATED: dict[str, str] = {}

__all__ = [*_HOME, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"recycling.{name}")
    if name in _DEPRECATED:
        from warnings import warn

        used = _DEPRECATED[name]
        warn(f"recycling.{name} is now recycling.{used}", DeprecationWarning, stacklevel=2)
        return globals().get(used) or __getattr__(used)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"recycling.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
