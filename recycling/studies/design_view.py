"""A designed experiment for people and for scripts: what each step of the design saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recycling.reporting.tables import Table
from recycling.studies.words import in_time

if TYPE_CHECKING:
    from recycling.planning.design import Designed

#: What a verdict finds, by the kind of its question.
_WANTED = {
    "below-tight": "ΔQ_B below Q_tight",
    "below-landauer": "ΔQ_B below Q_Landauer",
    "both": "ΔQ_B below Q_tight and Q_Landauer",
}


def question_in_words(designed: Designed) -> str:
    """Say what a design settles.

    Example:
        >>> import recycling as rc
        >>> question_in_words(rc.design(rc.preset("paper")))
        'ΔQ_B below Q_tight and Q_Landauer at 3 σ, with a power of 95 %'
    """
    question = designed.question
    if question.kind in _WANTED:
        return (
            f"{_WANTED[question.kind]} at {question.significance:g} σ, with a power of "
            f"{question.power:.0%}".replace("%", " %")
        )
    if question.error is not None:
        return f"ΔQ_B at every point to ± {question.error:g} hf (95 %)"
    return "every quantity at every point with the errors of the given spec"


def design_headline(designed: Designed) -> str:
    """Write the cost of a design beside that of the given spec in a line.

    Example:
        >>> import recycling as rc
        >>> design_headline(rc.design(rc.preset("paper"))).split(" of QPU")[0]
        '20 s'
    """
    given, own = designed.steps["as given"].seconds, designed.seconds
    margin = designed.choice.margin
    spare = f", and with errors {margin:.3g} times smaller than that takes" if margin > 1 else ""
    return (
        f"{in_time(own)} of QPU time instead of {in_time(given)}, {given / own:.3g} times less; "
        f"settles {question_in_words(designed)}{spare}"
    )


def design_table(designed: Designed) -> Table:
    """Show what each step of a design saves.

    Example:
        >>> import recycling as rc
        >>> [row[0] for row in design_table(rc.design(rc.preset("paper"))).rows][:2]
        ['as given', 'fewest shots']
    """
    given = designed.steps["as given"].seconds
    rows = [
        (
            name,
            str(step.trials),
            f"{step.in_calibrations:,.1f}",
            f"{step.seconds:,.1f}",
            f"{given / step.seconds:,.3g}",
        )
        for name, step in designed.steps.items()
    ]
    worse = designed.question.guard
    guard = f" and for one with {worse:.0%} more noise".replace("%", " %") if worse else ""
    return Table(
        ("step", "trials", "calibr. (s)", "QPU (s)", "× less"), rows,
        "Each step keeps what those above it changed, and from the second on all settle the same "
        "question. Fewest shots: equal for all settings. Points and trials: those, and the p_x, "
        "that cost least. Calibrations: as precise as the question needs. Allocation: shots where "
        "they lower the error most. Axes: tomography along the predicted states, with the "
        f"assignment circuits in the trials. Predicted by the exact engine for "
        f"{designed.plan.device.name}{guard}.",
    )  # fmt: skip


def design_summary(designed: Designed) -> dict[str, Any]:
    """Describe a design as JSON.

    Example:
        >>> import recycling as rc
        >>> sorted(design_summary(rc.design(rc.preset("paper"))))[:3]
        ['error_hf', 'experiment', 'guard']
    """
    question, choice, problem = designed.question, designed.choice, designed.problem
    swept = designed.plan.experiment.points
    return {
        "headline": design_headline(designed),
        "experiment": designed.plan.experiment.name,
        "spec_hash": designed.plan.experiment.hash,
        "question": question.kind,
        "sigma": question.significance,
        "power": question.power,
        "guard": question.guard,
        "error_hf": question.error,
        "qpu_seconds": designed.seconds,
        "trials": choice.trials,
        "margin": choice.margin,
        "p_x": problem.p_x,
        "points": {name: values.tolist() for name, values in swept.items()},
        "steps": {
            name: {"qpu_seconds": step.seconds, "trials": step.trials}
            for name, step in designed.steps.items()
        },
    }
