"""The user's counts as an array with named axes, in the order of a design."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.errors import BadInput
from recycling.results.own_labels import labels_of, listed, places
from recycling.spec.experiment import Experiment
from recycling.spec.measurement import MOST_TRIALS

if TYPE_CHECKING:
    import xarray as xr


def named_counts(
    counts: xr.DataArray | NDArray[Any], experiment: Experiment, dims: Sequence[str] | None = None
) -> NDArray[Any]:
    """Order an array of counts to the dims of a design.

    Args:
        counts: labelled array, whose labels may be in any order; or an array with the labels of the
            experiment in their order.
        experiment: the spec.
        dims: names of the axes of an array without names; None takes those of the design.

    Returns:
        Counts over ``design.dims``, with as many trials as there are.

    Raises:
        BadInput: an axis or a label is missing, unknown, or there twice.

    Example:
        >>> from recycling.spec.experiment import preset
        >>> experiment = preset("theory")
        >>> shape = [len(labels) for labels in labels_of(experiment).values()]
        >>> shape.insert(experiment.design.dims.index("trial"), 1)
        >>> named_counts(np.ones(shape), experiment).shape == tuple(shape)
        True
    """
    import xarray as xr

    wanted = experiment.design.dims
    if not isinstance(counts, xr.DataArray):
        counts = np.asarray(counts)
        names = tuple(wanted if dims is None else dims)
        if len(names) != counts.ndim or len({*names}) != len(names):
            raise BadInput(
                f"counts have {counts.ndim} axes: give an array over {', '.join(wanted)}, or dims "
                "that names its axes"
            )
        counts = xr.DataArray(counts, dims=names)
    found = tuple(map(str, counts.dims))
    for name in (*(w for w in wanted if w not in found), *(f for f in found if f not in wanted)):
        verb = "lack" if name in wanted else "have besides"
        raise BadInput(f"counts {verb} the axis {name!r}: give {', '.join(wanted)}")
    labels: dict[str, list[Any]] = labels_of(experiment)
    labels["trial"] = list(range(counts.sizes["trial"]))
    order = [_order(name, counts, labels[name]) for name in wanted]
    return np.asarray(counts.transpose(*wanted).values[np.ix_(*order)])


def _order(name: str, counts: xr.DataArray, known: list[Any]) -> NDArray[Any]:
    """Places along an axis of each of the known labels."""
    size = counts.sizes[name]
    if name == "trial" and not 1 <= size <= MOST_TRIALS:
        raise BadInput(f"counts have {size} trials: give 1 to {MOST_TRIALS}")
    if name not in counts.coords:
        if size != len(known):
            raise BadInput(
                f"counts have {size} entries along {name!r}: give {len(known)}: {listed(known)}"
            )
        return np.arange(size)
    given = counts[name].values
    found = places(given, known)
    if (found < 0).any():
        raise BadInput(f"counts: {name} = {given[found < 0][0]}: give {listed(known)}")
    order = np.argsort(found)
    if not np.array_equal(found[order], np.arange(len(known))):
        missing = sorted({*range(len(known))} - {*found.tolist()})
        what = f"lack {name} = {known[missing[0]]}" if missing else f"have a {name} twice"
        raise BadInput(f"counts {what}: give {listed(known)}, each once")
    return order
