"""From the records of many points to their results, each with its T0, frequency and p_x."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recycling.inference.bath.link import NO_LINK, LinkChannel
from recycling.inference.states.plain import (
    branch_probability,
    mixed,
    plain_fidelity,
    table_estimates,
)
from recycling.inference.states.records import Layout, RecordMap
from recycling.results.reference import reference_at
from recycling.sweeps.variables import variables_of
from recycling.thermodynamics import QubitBaths

if TYPE_CHECKING:
    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]
#: Axes of a table of records behind those of its points.
_OF_TABLE = 4


def estimates_over(
    experiment: Experiment,
    columns: Mapping[str, Real],
    tables: Real,
    link: LinkChannel | None = None,
) -> dict[str, Real]:
    """Estimate the variables of a sweep.

    Args:
        experiment: the spec, whose values hold where no column has others.
        columns: values of each swept number by its key (arrays of shape (samples,)).
        tables: probabilities of the records (array of shape (sample, arm, point, stage,
            preparation, basis, record)), a point being one of the parameters of the spec.
        link: that recycled states cross; None for an experiment without links.

    Returns:
        The variables of ``variables_of`` by name (arrays of shape (sample, *its dims)).

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3], "over": {"sweep.p_x": [0.1, 0.4]}},
        ... )
        >>> tables = np.full((2, 2, 1, 2, 2, 3, 16), 1 / 16)
        >>> estimates_over(experiment, {"sweep.p_x": np.array([0.1, 0.4])}, tables)["heat"].shape
        (2, 2, 1)
    """
    design = experiment.design
    sampled = columns.get("sweep.p_x")
    # Axes of the estimates of an arm: sample, point, and p_x where the sweep leaves it to the spec.
    p_x = experiment.p_x if sampled is None else sampled[:, None]
    inner = (1,) if sampled is not None else (1, 1)
    spec = experiment.bath
    baths = QubitBaths(
        _along_samples(columns.get("bath.frequency"), spec.frequency, inner),
        _along_samples(columns.get("bath.temperature"), spec.temperature, inner),
    )
    arms: dict[str, dict[str, Real]] = {}
    for place, arm in enumerate(design.arms):
        records, table = RecordMap.raw(Layout.of(design), arm.records), tables[:, place]
        spread = table if sampled is not None else table[:, :, None]
        crossed = link if link is None or arm.resets else NO_LINK
        arms[arm.name] = table_estimates(spread, records, p_x, baths, crossed)
        arms[arm.name]["branch_probability"] = branch_probability(table, records)
        if arm == design.success_arm:
            fidelity = _fidelity(experiment, columns, table, records)
    found = {}
    for name, form in variables_of(experiment).items():
        if name == "success_fidelity":
            values = fidelity
        else:
            values = np.stack([estimates[name] for estimates in arms.values()], axis=1)
        found[name] = values.reshape(len(tables), *form.sizes.values())
    return found


def _along_samples(column: Real | None, usual: float, inner: tuple[int, ...]) -> Real | float:
    return usual if column is None else column.reshape(-1, *inner)


def parameters_over(
    experiment: Experiment, columns: Mapping[str, Real]
) -> tuple[dict[str, Real], Experiment]:
    """Split the algorithm's parameters: those that go with the samples, and those of the spec.

    Args:
        experiment: the spec.
        columns: values of each swept number by its key (arrays of shape (samples,)).

    Returns:
        Values of the former by name (arrays of shape (samples,)); the spec with a single value of
        each of them, so that its points are those of the latter.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> sweep = {"theta_b": [0.1, 0.2], "p_x": [0.4]}
        >>> columns = {"sweep.theta_b": np.array([0.3, 0.5, 0.7])}
        >>> sampled, left = parameters_over(Experiment(name="a", sweep=sweep), columns)
        >>> sampled["theta_b"].tolist(), left.num_points
        ([0.3, 0.5, 0.7], 1)
    """
    names = experiment.design.parameter_names
    sampled = {name: columns[f"sweep.{name}"] for name in names if f"sweep.{name}" in columns}
    single = {name: (float(column[0]),) for name, column in sampled.items()}
    section = experiment.sweep.model_copy(update=single)
    return sampled, experiment.model_copy(update={"sweep": section})


def _fidelity(
    experiment: Experiment, columns: Mapping[str, Real], table: Real, records: RecordMap
) -> Real:
    """Fidelity of the output in the success branch (array of shape (sample, point))."""
    samples, points = table.shape[:2]
    swept, left = parameters_over(experiment, columns)
    values = {
        name: np.broadcast_to(
            swept[name][:, None] if name in swept else along, (samples, points)
        ).ravel()
        for name, along in left.points.items()
    }
    flat = table.reshape(samples * points, *table.shape[-_OF_TABLE:])
    reference = reference_at(experiment, values)
    even = mixed(flat, records, 0.5)
    return np.asarray(plain_fidelity(even, records.layout, reference)).reshape(samples, points)
