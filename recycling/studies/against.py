"""Two plans side by side: what each costs, and what each is expected to find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.reporting.tables import Table
from recycling.studies.words import finite_or_none, formatted

if TYPE_CHECKING:
    from recycling.planning.plan import Plan


def against_table(plan: Plan, other: Plan) -> Table:
    """Show the costs and expected verdicts of two plans.

    Example:
        >>> import recycling
        >>> planned = recycling.plan(recycling.preset("theory"))
        >>> against_table(planned, planned).columns
        ('', 'this plan', 'against')
    """
    columns = [_numbers(each) for each in (plan, other)]
    shown = {
        "QPU time (s)": ",.1f", "jobs": ",.0f", "executions": ",.0f", "points": ",.0f",
        "trials": ",.0f", "z to Q_tight": "+.1f", "z to Q_Landauer": "+.1f",
        "points below Q_tight": ",.0f",
    }  # fmt: skip
    rows = [
        (name, *(formatted(each[name], form) for each in columns)) for name, form in shown.items()
    ]
    return Table(
        ("", "this plan", "against"),
        [("spec", plan.experiment.name, other.experiment.name), *rows],
        "z is that of the verdict which is expected to be the clearest. Calibrations count as each "
        "spec has them: on simulators, only where it asks for them.",
    )


def against_summary(plan: Plan, other: Plan) -> dict[str, Any]:
    """Describe the other plan for scripts, and how many times less time this one takes.

    Example:
        >>> import recycling
        >>> planned = recycling.plan(recycling.preset("paper"))
        >>> against_summary(planned, planned)["times_less"]
        1.0
    """
    own, theirs = (_numbers(each)["QPU time (s)"] for each in (plan, other))
    return {
        "experiment": other.experiment.name,
        "spec_hash": other.experiment.hash,
        "qpu_seconds": finite_or_none(theirs),
        "times_less": finite_or_none(theirs / own),
    }


def _numbers(plan: Plan) -> dict[str, float]:
    prediction, cost = plan.prediction, plan.cost
    none = float("nan")
    return {
        "QPU time (s)": none if cost is None else cost.qpu_seconds,
        "jobs": len(plan.jobs),
        "executions": none if cost is None else cost.executions,
        "points": prediction.count,
        "trials": prediction.trials,
        "z to Q_tight": float(np.min(prediction.z("excess_tight"))),
        "z to Q_Landauer": float(np.min(prediction.z("excess_landauer"))),
        "points below Q_tight": float(prediction.below().sum()),
    }
