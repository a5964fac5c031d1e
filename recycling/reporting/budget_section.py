"""What limits the device, from the error budget that was kept with a run."""

from __future__ import annotations

from scipy.constants import h as planck

from circuits.design import symbol
from recycling.inference.bath.budget import Budget, Contribution
from recycling.reporting.evidence import Evidence
from recycling.reporting.parts import Rows, Section
from recycling.reporting.tables import Table, number
from recycling.results.budget import stored_budget

#: Contributions that have a row.
_SHOWN = 15


def budget_section(evidence: Evidence) -> Section | None:
    """What each number of the noise adds to the excess; None where no budget was kept."""
    budget = stored_budget(evidence.run, evidence.folder)
    if budget is None:
        return None
    quantum = float(planck * evidence.experiment.bath.frequency)
    return Section("What limits the device", [Rows(budget_table(budget, quantum), numbers=False)])


def budget_table(budget: Budget, quantum: float) -> Table:
    """Show what limits a device at the point of the lowest excess, the largest first.

    Args:
        budget: of a device.
        quantum: energy hf of the bath qubit, J.

    Example:
        >>> import numpy as np
        >>> from recycling.inference.bath.budget import Budget, Contribution
        >>> slope, share = np.array([1e-25]), np.array([5e-27])
        >>> one = Contribution("temperature", ("B",), 0.05, "K", slope, share)
        >>> budget = Budget({"theta": np.array([0.3])}, 0.4, np.array([-1e-24]), (one,))
        >>> budget_table(budget, 3.3e-24).rows[0]
        ('temperature of B', '50 mK', '+0.0015')
    """
    point = budget.best
    ranked = budget.ranked(point)
    shown, rest = ranked[:_SHOWN], ranked[_SHOWN:]
    rows = [(_name(each), _value(each), number(each.share[point] / quantum)) for each in shown]
    for words, parts in ((f"{len(rest)} others", rest), ("all", ranked)):
        if parts:
            total = sum(each.share[point] for each in parts)
            rows.append((words, "", number(total / quantum)))
    swept = ", ".join(map(symbol, budget.points))
    place = ", ".join(f"{values[point]:.3f}" for values in budget.points.values())
    return Table(
        ("noise", "value", "adds (hf)"),
        rows,
        "Modelled. To first order, what each number of the noise adds to ΔQ_B − Q_tight = "
        f"{number(budget.excess[point] / quantum)} hf at {swept} = {place} and "
        f"p_x = {budget.p_x:g}: the derivative by an error, a probability or a time, by the rate "
        "of a lifetime, or by the excited population of a temperature, times the same. hf is the "
        "quantum of the bath. T0 of the bounds stays as it is, and idle times are no whole cycles "
        "here. The derivatives are those of automatic differentiation.",
    )


def _value(contribution: Contribution) -> str:
    value = contribution.value
    if contribution.unit == "K":
        return f"{value * 1e3:.3g} mK"
    if contribution.unit == "s":
        return f"{value * 1e6:.3g} µs" if value >= 1e-6 else f"{value * 1e9:.3g} ns"
    return f"{value:.3g}"


def _name(contribution: Contribution) -> str:
    roles = ", ".join(contribution.roles)
    return f"{contribution.name} of {roles}" if roles else contribution.name
