"""Labels of the axes of counts: those of an experiment, and where given ones are among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits.design import FLAG
from circuits.tomography import BASIS_ANGLES
from recycling.jobs.counts import setting_coordinates
from recycling.spec.experiment import Experiment

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


def listed(labels: Sequence[Any]) -> str:
    """Write labels in a line, the middle of a long list left out.

    Example:
        >>> listed([0.0, 0.4]), listed(range(12))
        ('0, 0.4', '0, 1, …, 11')
    """
    texts = [label if isinstance(label, str) else f"{label:.10g}" for label in labels]
    return ", ".join(texts if len(texts) <= _LISTED else [*texts[:2], "…", texts[-1]])
