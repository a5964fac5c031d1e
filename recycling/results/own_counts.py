"""The user's counts: their labels and numbers checked, as counts over the dims of a design."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.design import FLAG
from circuits.tomography import BASIS_ANGLES
from recycling.errors import BadInput
from recycling.jobs.counts import setting_coordinates
from recycling.spec.experiment import Experiment
from recycling.spec.sections import MOST_TRIALS

if TYPE_CHECKING:
    import xarray as xr

#: Relative deviation of a value of a swept parameter: tables print seven digits or more.
_DIGITS, _SMALLEST = 1e-6, 1e-9
#: Most labels of a list that are all named.
_LISTED = 8


def labels_of(experiment: Experiment) -> dict[str, list[Any]]:
    """Labels of each dim of counts but the trial, whose number the counts may decide.

    Example:
        >>> from recycling.spec.experiment import preset
        >>> labels_of(preset("theory"))["basis"]
        ['X', 'Y', 'Z']
    """
    design = experiment.design
    return {
        **setting_coordinates(design),
        **{name: [float(x) for x in values] for name, values in experiment.coordinates.items()},
        "basis": list(BASIS_ANGLES),
        FLAG: list(range(design.flag_records)),
        **{role: [0, 1] for role in design.measured},
    }


def places(values: Sequence[Any] | NDArray[Any], known: Sequence[Any]) -> NDArray[np.intp]:
    """Find the place of each label among those of a dim, -1 where it is none of them.

    Numbers may be rounded as a table prints them.

    Example:
        >>> places(["0.3", "0.7"], known=[0.1, 0.3]).tolist()
        [1, -1]
    """
    import pandas as pd

    if isinstance(known[0], str):
        return np.asarray(pd.Index(known).get_indexer(pd.Index(values)))
    numbers = pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(dtype=float)
    labels = np.asarray(known, dtype=float)
    order = np.argsort(labels)
    above = np.searchsorted(labels[order], numbers).clip(1, max(len(labels) - 1, 1))
    pair = order[np.stack([above - 1, np.minimum(above, len(labels) - 1)])]
    nearest = pair[np.abs(numbers - labels[pair]).argmin(axis=0), np.arange(len(numbers))]
    near = np.abs(numbers - labels[nearest]) <= _DIGITS * np.abs(labels[nearest]) + _SMALLEST
    return np.where(near, nearest, -1)


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


def listed(labels: Sequence[Any]) -> str:
    """Write labels in a line, the middle of a long list left out.

    Example:
        >>> listed([0.0, 0.4]), listed(range(12))
        ('0, 0.4', '0, 1, …, 11')
    """
    texts = [label if isinstance(label, str) else f"{label:.10g}" for label in labels]
    return ", ".join(texts if len(texts) <= _LISTED else [*texts[:2], "…", texts[-1]])
