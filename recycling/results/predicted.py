"""Every quantity of a Dataset from probabilities, as a prediction and its attribution need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recycling.inference.bath.link import NO_LINK, LinkChannel
from recycling.inference.states.plain import plain_estimates
from recycling.inference.states.records import Layout, RecordMap
from recycling.results.reference import known_reference
from recycling.results.schema import OF_LINK, VARIABLES, Quantity
from recycling.spec.allocation import tomography_axes
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]


def predicted_quantities(
    experiment: Experiment, tables: Real, p_x: float, link: LinkChannel | None = None
) -> dict[str, tuple[tuple[str, ...], Real]]:
    """Compute every quantity of the Dataset from the probabilities of all records.

    Args:
        experiment: validated spec.
        tables: probabilities on some devices (array of shape (device, arm, point, stage,
            preparation, basis, record)).
        p_x: excited weight of the target.
        link: that recycled states cross; None for an experiment without links.

    Returns:
        Dims and values of each quantity by its name, in the units of ``VARIABLES``; the first dim
        is "device". The fidelity is left out where no formula gives its reference.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ... )
        >>> found = predicted_quantities(experiment, np.full((5, 2, 2, 2, 2, 3, 16), 1 / 16), 0.4)
        >>> found["heat"][0], found["heat"][1].shape
        (('device', 'arm', 'point'), (5, 2, 2))
    """
    design, reference = experiment.design, known_reference(experiment)
    bath = Bath.qubit(experiment.bath.frequency, experiment.bath.temperature)
    arms: list[dict[str, Real]] = []
    turned = tomography_axes(experiment)
    for place, arm in enumerate(design.arms):
        records = RecordMap.raw(Layout.of(design), arm.records)
        crossed = link if link is None or arm.resets else NO_LINK
        by_point = np.moveaxis(tables[:, place], 1, 0)  # (point, device, ...)
        weights = np.array([p_x])
        axes = None if turned is None else turned[place]
        arms.append(plain_estimates(by_point, records, weights, bath, reference, crossed, axes))
    found = {}
    success = design.arms.index(design.success_arm)
    for name, quantity in (VARIABLES | OF_LINK).items():
        own, dims = quantity.estimate or name, _dims(quantity)
        if own not in arms[0] or ("arm" not in dims and reference is None):
            continue
        values = np.stack([arm[own] for arm in arms]) if "arm" in dims else arms[success][own]
        if "p_x" in quantity.dims:
            values = values[:, :, 0]
        found[name] = dims, np.moveaxis(values, 2 if "arm" in dims else 1, 0)
    return found


def _dims(quantity: Quantity) -> tuple[str, ...]:
    return ("device", *(dim for dim in quantity.dims if dim not in ("trial", "p_x")))
