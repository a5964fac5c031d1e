"""The command ``recycling plan``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recycling.cli.completing import specs
from recycling.cli.options import (
    AccountName,
    AsJson,
    Backend,
    Budget,
    Debug,
    ErrorBudget,
    Instance,
    LatencyFrom,
    PastJobs,
    PlanName,
    Seed,
    Set,
    Spec,
)
from recycling.cli.spec import read_at_latency, read_experiment
from recycling.cli.terminal import errors, print_json, print_lines, print_next, print_table, shown

if TYPE_CHECKING:
    from recycling.planning.plan import Plan
    from recycling.reporting.tables import Table


Against = Annotated[
    str | None,
    typer.Option("--against", help="Other spec to show this plan beside.", autocompletion=specs),
]


def plan(
    spec: Spec,
    backend: Backend = "exact",
    seed: Seed = None,
    settings: Set = None,
    instance: Instance = None,
    plan: PlanName = None,
    account: AccountName = None,
    max_qpu_seconds: Budget = None,
    error_budget: ErrorBudget = False,
    past_jobs: PastJobs = 0,
    latency_from: LatencyFrom = None,
    against: Against = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show what a run would do, cost and find, before anything is submitted."""
    with errors(debug=debug):
        _, experiment, said = read_at_latency(spec, seed, settings, latency_from, backend)
        beside = None if against is None else read_experiment(against)[2]
        if error_budget:
            from recycling.simulation.traced import traced_library

            traced_library()  # where there is none, nothing is computed first
        with shown() as work:
            work.step("compiling circuits")
            from recycling.execution.machine import Account
            from recycling.planning.plan import plan as plan_run
            from recycling.studies.past_bills import refit
            from recycling.studies.plan_view import plan_headline, plan_summary, plan_tables

            paying = Account(instance, plan, account)
            planned = said(plan_run(experiment, backend, paying))
            work.step("reading past bills")
            past = refit(planned, paying, of_account=past_jobs)
            work.step("predicting")
            summary = plan_summary(planned) if as_json else None
            tables = [] if as_json else plan_tables(planned)
            if beside is not None:
                _show_against(planned, plan_run(beside, backend, paying), summary, tables)
            if error_budget:
                work.step("differentiating")
                from recycling.reporting.budget_section import budget_table
                from recycling.results.budget import budget_record

                budget = planned.error_budget
                if summary is not None:
                    summary["error_budget"] = budget_record(budget)
                else:
                    tables.append(budget_table(budget, planned.quantum))
        if summary is not None:
            print_json(summary | ({} if past is None else {"past_jobs": past.record()}))
        else:
            _print(tables, plan_headline(planned), [] if past is None else [past.words()])
        if max_qpu_seconds is not None:
            planned.check_budget(max_qpu_seconds)
        if not as_json:
            _print_run(spec, backend, settings or ())


def _show_against(
    planned: Plan, other: Plan, summary: dict[str, Any] | None, tables: list[Table]
) -> None:
    """Add another plan to what is printed of a plan, in place."""
    from recycling.studies.against import against_summary, against_table

    if summary is not None:
        summary["against"] = against_summary(planned, other)
    else:
        tables.append(against_table(planned, other))


def _print(tables: Sequence[Table], headline: str, lines: Sequence[str]) -> None:
    """Print a plan for people."""
    for table in tables:
        print_table(table)
    print_lines([headline], style="bold")
    print_lines(lines)


def _print_run(spec: str, backend: str, settings: Sequence[str]) -> None:
    """Say which command executes the plan."""
    where = () if backend == "exact" else ("--backend", backend)
    changed = (word for each in settings for word in ("--set", each))
    print_next("run", spec, *where, *changed)
