"""The shots behind the user's counts: those of the spec, which must hold, or those that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.errors import BadInput
from recycling.inference.states.checks import Labels, check_counts
from recycling.jobs.counts import counts_of
from recycling.results.allocated import shots_of_settings
from recycling.results.counts import tables_of
from recycling.results.own_labels import labels_of, listed
from recycling.spec.experiment import Experiment
from recycling.spec.measurement import MeasurementSpec

if TYPE_CHECKING:
    from circuits.design import Design


def measured(experiment: Experiment, counts: NDArray[Any]) -> Experiment:
    """Complete a spec by the shots and the trials of counts, where it leaves them open.

    Args:
        experiment: the spec; what its ``[measurement]`` gives must hold.
        counts: counts over the dims of its design, or probabilities.

    Raises:
        BadInput: a number is no count, or the totals of the settings are not those of the spec.

    Example:
        >>> from recycling.spec.experiment import preset
        >>> experiment = preset("theory").model_copy(update={"measurement": MeasurementSpec()})
        >>> shape = [len(labels) for labels in labels_of(experiment).values()]
        >>> shape.insert(experiment.design.dims.index("trial"), 3)
        >>> measured(experiment, np.full(shape, 5)).measurement.shots
        80
    """
    design, given = experiment.design, experiment.measurement
    exact = given.shots == "exact"
    _check_numbers(counts, exact=exact)
    trials = counts.shape[design.dims.index("trial")]
    fixed = given.model_fields_set
    if "trials" in fixed and trials != given.trials:
        raise BadInput(
            f"counts have {trials} trials where measurement.trials = {given.trials}: give "
            f"measurement.trials = {trials}, or leave it out"
        )
    _check_labels(experiment, counts)
    records = tuple(range(design.dims.index("trial") + 1, counts.ndim))
    settings = by_trial(experiment, counts.sum(axis=records)).max(axis=0)
    measurement = given.model_copy(update={"trials": trials})
    if not (exact or {"shots", "allocation"} & fixed):
        measurement = _shared_out(design, settings, trials)
    complete = experiment.model_copy(update={"measurement": measurement})
    labelled = counts_of(complete, dict(enumerate(by_trial(complete, counts))))
    names = Labels(design, complete.points, labelled["trial"].values)
    check_counts(tables_of(labelled, design), shots_of_settings(complete), names)
    return complete


def _shared_out(design: Design, totals: NDArray[Any], trials: int) -> MeasurementSpec:
    """Shots and repeats of settings with given totals (array of shape (…, point, basis)).

    Raises:
        BadInput: there are too many, or their common divisor is too small for a spec.
    """
    whole = totals.astype(np.int64)
    shots = int(np.gcd.reduce(whole, axis=None))
    repeats = whole // shots
    content: dict[str, Any] = {"shots": shots, "trials": trials}
    if (repeats != 1).any():
        tables: dict[str, Any] = {}
        for (arm, stage, preparation), rows in zip(
            design.settings, repeats.reshape(-1, *repeats.shape[3:]), strict=True
        ):
            if (rows != 1).any():
                tables.setdefault(arm, {}).setdefault(stage, {})[preparation] = rows.tolist()
        content["allocation"] = {"repeats": tables}
    try:
        measurement = MeasurementSpec.model_validate(content)
        if measurement.allocation is not None:
            measurement.allocation.build(design, repeats.shape[3])
    except ValueError:
        raise BadInput(
            f"counts of the settings add up to {whole.min()} to {whole.max()}: their common "
            f"divisor {shots} is too small; give totals that are multiples of a larger number"
        ) from None
    return measurement


def by_trial(experiment: Experiment, counts: NDArray[Any]) -> NDArray[Any]:
    """Split counts over the dims of a design by their trials, the sweep as a single axis.

    Returns:
        Array of shape (trial, arm, stage, preparation, point, basis, flag, *measured).

    Example:
        >>> from recycling.spec.experiment import preset
        >>> experiment = preset("theory")
        >>> shape = [len(labels) for labels in labels_of(experiment).values()]
        >>> shape.insert(experiment.design.dims.index("trial"), 3)
        >>> by_trial(experiment, np.zeros(shape)).shape == (3, *shape[:4], 3, *shape[6:])
        True
    """
    axis = experiment.design.dims.index("trial")
    first = np.moveaxis(counts, axis, 0)
    return first.reshape(*first.shape[:4], experiment.num_points, *first.shape[axis:])


def _check_numbers(counts: NDArray[Any], *, exact: bool) -> None:
    kind = "probabilities" if exact else "whole numbers"
    if counts.dtype.kind not in "iuf":
        raise BadInput(f"counts are of type {counts.dtype}: give {kind} of 0 or more")
    wrong = ~(np.isfinite(counts) & (counts >= 0))
    if not exact:
        wrong |= counts != np.floor(counts)
    if wrong.any():
        raise BadInput(f"counts hold {counts[wrong].flat[0]:g}: give {kind} of 0 or more")


def _check_labels(experiment: Experiment, counts: NDArray[Any]) -> None:
    """Check that something was counted at every label of the axes that are no record."""
    dims = experiment.design.dims
    labels: dict[str, Any] = labels_of(experiment)
    labels["trial"] = range(counts.shape[dims.index("trial")])
    settings = dims[: dims.index("trial") + 1]
    for axis, name in enumerate(settings):
        others = tuple(other for other in range(counts.ndim) if other != axis)
        empty = np.flatnonzero(counts.sum(axis=others) == 0)
        if empty.size:
            known = list(labels[name])
            missing = listed([known[empty[0]]])
            raise BadInput(f"counts hold nothing at {name} = {missing}: give {listed(known)}")
