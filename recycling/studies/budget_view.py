"""An error budget for people and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuits.design import RECYCLING
from recycling.reporting.tables import Table, number
from recycling.studies.words import finite_or_none, symbols

if TYPE_CHECKING:
    from recycling.planning.budget import Budget, Contribution

#: Contributions that have a row.
_SHOWN = 15


def budget_table(budget: Budget, quantum: float) -> Table:
    """Show what limits a device at the point of the lowest excess, the largest first.

    Args:
        budget: of a device.
        quantum: energy hf of the bath qubit, J.

    Example:
        >>> import numpy as np
        >>> from recycling.planning.budget import Budget, Contribution
        >>> slope, share = np.array([1e-25]), np.array([5e-27])
        >>> one = Contribution("temperature", ("B",), 0.05, "K", slope, share)
        >>> budget = Budget({"theta": np.array([0.3])}, 0.4, np.array([-1e-24]), (one,))
        >>> budget_table(budget, 3.3e-24).rows[0]
        ('temperature of B', '0.05 K', '+0.0015')
    """
    point = budget.best
    ranked = budget.ranked(point)
    shown, rest = ranked[:_SHOWN], ranked[_SHOWN:]
    rows = [
        (_name(each), f"{each.value:.3g} {each.unit}".removesuffix(" 1"),
         number(each.share[point] / quantum))
        for each in shown
    ]  # fmt: skip
    for words, parts in ((f"{len(rest)} others", rest), ("all", ranked)):
        if parts:
            total = sum(each.share[point] for each in parts)
            rows.append((words, "", number(total / quantum)))
    place = ", ".join(f"{values[point]:.3f}" for values in budget.points.values())
    return Table(
        ("what limits the device", "value", "adds (hf)"),
        rows,
        f"Modelled. To first order, what each number of the noise adds to ΔQ_B − Q_tight = "
        f"{number(budget.excess[point] / quantum)} hf at {symbols(budget.points)} = {place} and "
        f"p_x = {budget.p_x:g}: its derivative times the number, or times the rate where it is a "
        "lifetime. hf is the quantum of the bath. T0 of the bounds stays as it is, and idle times "
        "are no whole cycles here. Derivatives are those of automatic differentiation.",
    )


def budget_summary(budget: Budget) -> dict[str, Any]:
    """Describe a budget for scripts: every contribution at every point, the largest first.

    Example:
        >>> import numpy as np
        >>> from recycling.planning.budget import Budget, Contribution
        >>> slope, share = np.array([1e-25]), np.array([5e-27])
        >>> one = Contribution("temperature", ("B",), 0.05, "K", slope, share)
        >>> budget = Budget({"theta": np.array([0.3])}, 0.4, np.array([-1e-24]), (one,))
        >>> budget_summary(budget)["contributions"][0]["adds_J"]
        [5e-27]
    """
    return {
        "arm": RECYCLING,
        "quantity": "excess_tight",
        "data_kind": "modelled",
        "p_x": budget.p_x,
        "points": {name: values.tolist() for name, values in budget.points.items()},
        "lowest_at_point": budget.best,
        "excess_tight_J": [finite_or_none(value) for value in budget.excess],
        "contributions": [
            {
                "name": each.name,
                "roles": list(each.roles),
                "value": each.value,
                "unit": each.unit,
                "derivative_J_per_unit": [finite_or_none(value) for value in each.slope],
                "adds_J": [finite_or_none(value) for value in each.share],
            }
            for each in budget.ranked(budget.best)
        ],
    }


def _name(contribution: Contribution) -> str:
    roles = ", ".join(contribution.roles)
    return f"{contribution.name} of {roles}" if roles else contribution.name
