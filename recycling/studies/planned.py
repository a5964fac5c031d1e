"""Plan an experiment by one call, so that a notebook shows what the command shows."""

from __future__ import annotations

from dataclasses import replace

from recycling.display.html import html_table
from recycling.execution.machine import Account
from recycling.planning import plan as planning
from recycling.planning.plan import Plan
from recycling.spec.named import Source
from recycling.studies.plan_view import plan_headline, plan_tables


def plan(experiment: Source, backend: str = "exact", account: Account | None = None) -> Plan:
    """Choose the layout, build the device and compile all circuits.

    A notebook shows the plan with its cost and what the exact engine predicts.

    Args:
        experiment: an experiment, the path of a spec, or the name of a preset.
        backend: where it will run: "exact", "aer", "fake:NAME", "ibm:NAME", or a backend of an
            installed package.
        account: whose account to use; None takes the default one.

    Raises:
        BadInput: more than this machine can do, unknown backend or device profile, a layout that
            is not connected or uses a dead gate, or no account.
        BackendFailure: the service does not answer.

    Example:
        >>> import recycling as rc
        >>> planned = rc.plan("theory")
        >>> len(planned.circuits), planned.cost
        (8, None)
    """
    return replace(planning.plan(experiment, backend, account), page=plan_page)


def plan_page(planned: Plan) -> str:
    """Write a plan as HTML: its headline, then the tables of the command.

    Example:
        >>> import recycling as rc
        >>> "circuit" in plan_page(rc.plan("theory"))
        True
    """
    tables = plan_tables(planned)
    parts = [html_table((), (), title=plan_headline(planned), mark="predicted")]
    return "".join(
        [*parts, *(html_table(table.columns, table.rows, note=table.note) for table in tables)]
    )
