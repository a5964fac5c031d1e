"""When a run of the protocol stops, from what a user asks for."""

from __future__ import annotations

from typing import get_args

from recycling.errors import BadInput
from recycling.inference.statistics.sequential import check_looks, spendings
from recycling.spec.experiment import Experiment
from recycling.spec.measurement import MeasurementSpec
from recycling.store.rounds import Target, Until

#: Conditional power below which a run is given up, unless another is asked for.
FUTILITY = 0.05


def until_rule(
    experiment: Experiment,
    target: str | None,
    *,
    points: int = 1,
    spending: str = "obrien-fleming",
    futility: float = FUTILITY,
) -> Until | None:
    """Make the rule by which a run stops; None where no target is given.

    Args:
        experiment: validated spec; its trials are the most rounds.
        target: "below_tight", "below_landauer" or "both"; "-" for "_" is the same.
        points: at how many points of the sweep the heat shall be shown to be below, at least.
        spending: how the level is spent over the rounds: "obrien-fleming" or "pocock".
        futility: conditional power below which the run is given up; 0 never gives up.

    Raises:
        BadInput: one of them is not possible.

    Example:
        >>> from recycling.spec.experiment import preset
        >>> until_rule(preset("paper"), "below_tight").rounds
        5
        >>> until_rule(preset("paper"), "below")
        Traceback (most recent call last):
        recycling.errors.BadInput: until = 'below': give below_tight, below_landauer or both
        >>> until_rule(preset("paper"), "below-tight").target
        'below_tight'
    """
    if target is None:
        if (points, spending, futility) != (1, "obrien-fleming", FUTILITY):
            bare = "until_points, spending and futility mean nothing without it"
            raise BadInput(f"until = none: {bare}; give below_tight, below_landauer or both")
        return None
    asked = target.replace("-", "_")  # as the questions of a design
    if asked not in get_args(Target):
        *some, last = get_args(Target)
        raise BadInput(f"until = {target!r}: give {', '.join(some)} or {last}")
    if spending not in spendings():
        raise BadInput(f"spending = {spending!r}: give {' or '.join(spendings())}")
    if not 0 <= futility < 1:
        raise BadInput(f"futility = {futility:g}: give a probability from 0 to below 1")
    if not 1 <= points <= experiment.num_points:
        raise BadInput(
            f"until_points = {points}: give 1 to {experiment.num_points}, the points of the sweep"
        )
    _check_measurement(experiment.measurement)
    return Until.model_validate(
        {
            "target": asked,
            "points": points,
            "rounds": experiment.measurement.trials,
            "spending": spending,
            "futility": futility,
        }
    )


def _check_measurement(measurement: MeasurementSpec) -> None:
    """Check that rounds of it can be looked at."""
    if measurement.shots == "exact":
        raise BadInput("measurement.shots = 'exact': one round shows all; give a number with until")
    if why := check_looks(measurement.trials):
        raise BadInput(f"measurement.trials = {measurement.trials}: {why} with until")
