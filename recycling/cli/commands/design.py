"""The command ``recycling design``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recycling.cli.completing import words
from recycling.cli.options import (
    AccountName,
    AsJson,
    Backend,
    Debug,
    Instance,
    LatencyFrom,
    PlanName,
    Set,
    Spec,
)
from recycling.cli.spec import read_at_latency
from recycling.cli.terminal import errors, print_json, print_lines, print_next, print_table, shown

if TYPE_CHECKING:
    from recycling.planning.design import Designed


Asked = Annotated[
    str,
    typer.Option(
        "--question",
        help="below-tight, below-landauer, both, heat or curve.",
        autocompletion=words("below-tight", "below-landauer", "both", "heat", "curve"),
    ),
]


def design(
    spec: Spec,
    backend: Backend = "exact",
    settings: Set = None,
    question: Asked = "both",
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", help="QPU time to use [default: as little as settles it]."),
    ] = None,
    sigma: Annotated[
        float, typer.Option("--sigma", help="Significance that the verdict needs.")
    ] = 3.0,
    error: Annotated[
        float | None,
        typer.Option("--error", help="For heat: half of the 95 % interval at each point, in hf."),
    ] = None,
    power: Annotated[
        float, typer.Option("--power", help="Probability that the verdict finds it.")
    ] = 0.95,
    guard: Annotated[
        float, typer.Option("--guard", help="Share by which the device may be noisier.")
    ] = 0.3,
    latency_from: LatencyFrom = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="New spec to write.")] = None,
    instance: Instance = None,
    plan: PlanName = None,
    account: AccountName = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Design the experiment that settles a question in the least QPU time."""
    with errors(debug=debug):
        text, experiment, said = read_at_latency(spec, None, settings, latency_from, backend)
        if out is not None:
            from recycling.store.targets import check_new_file

            check_new_file(out)
        with shown() as work:
            from recycling.execution.machine import Account
            from recycling.planning.demands import Question
            from recycling.planning.design import design as design_experiment
            from recycling.store.files import write_whole
            from recycling.studies.design_spec import designed_spec

            designed = design_experiment(
                experiment,
                backend,
                Question.asked(question, sigma, power, error, guard),
                seconds=seconds,
                account=Account(instance, plan, account),
                progress=work.step,
            )
            said(designed.plan)
            if out is not None:
                out.parent.mkdir(parents=True, exist_ok=True)
                write_whole(out, designed_spec(text, designed).encode())
        _show(designed, out, backend, as_json=as_json)


def _show(designed: Designed, out: Path | None, backend: str, *, as_json: bool) -> None:
    from recycling.studies import design_view as view

    if as_json:
        print_json(view.design_summary(designed))
        return
    print_table(view.design_table(designed))
    print_lines([view.design_headline(designed)], style="bold")
    if out is not None:
        print_lines([f"spec: {out}"])
        where = () if backend == "exact" else ("--backend", backend)
        print_next("run", out, *where)
