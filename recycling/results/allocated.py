"""What the allocation of a spec says of its counts: shots of every setting, what is left out.

Without an allocation every setting has the shots of the spec, along x, y and z.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

    from recycling.spec.experiment import Experiment

_LEFT_OUT = "NaN where it needs an axis to which the allocation gives no shots"
#: Of all settings together, and so never NaN for want of an axis.
_OF_THE_BRANCH = "branch_probability"


def shots_of_settings(experiment: Experiment) -> int | Literal["exact"] | NDArray[np.int64]:
    """Shots of each setting, as ``check_counts`` takes them.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> shots_of_settings(Experiment(name="small", measurement={"shots": 100}))
        100
    """
    shots, allocation = experiment.measurement.shots, experiment.allocation
    if shots == "exact" or allocation is None:
        return shots
    # (arm, stage, preparation, point, basis) → (arm, point, trial, stage, preparation, basis)
    return np.moveaxis(allocation.repeats, 3, 1)[:, :, None] * shots


def allocation_attributes(experiment: Experiment) -> dict[str, str]:
    """Attribute that says what a trial measures, of an experiment with an allocation alone.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> from circuits.design import RECYCLING
        >>> repeats = {RECYCLING: {"after": {"X": [[0, 1, 4]] * 11}}}
        >>> measurement = {"shots": 100, "allocation": {"repeats": repeats}}
        >>> few = Experiment(name="few", measurement=measurement)
        >>> allocation_attributes(few)["allocation"]
        '100 to 400 shots of an axis and preparation, 11 of 264 left out'
    """
    allocation, shots = experiment.allocation, shots_of_settings(experiment)
    if allocation is None:
        return {}
    words = []
    if not isinstance(shots, int | str):
        some = shots[shots > 0]
        words.append(f"{some.min():,} to {some.max():,} shots of an axis and preparation")
        if some.size < shots.size:
            words.append(f"{shots.size - some.size} of {shots.size} left out")
    if allocation.poles is not None:
        words.append("in a frame of each qubit")
    return {"allocation": ", ".join(words) or "one and all alike"}


def say_what_is_left_out(dataset: xr.Dataset, experiment: Experiment) -> None:
    """Say of variables that are NaN for want of an axis why they are, in place.

    Example:
        >>> import xarray as xr
        >>> from recycling.spec.experiment import Experiment
        >>> from circuits.design import RECYCLING
        >>> repeats = {RECYCLING: {"after": {"X": [[0, 1, 4]] * 11}}}
        >>> measurement = {"shots": 100, "allocation": {"repeats": repeats}}
        >>> few = Experiment(name="few", measurement=measurement)
        >>> dataset = xr.Dataset({"heat": ("point", [1e-25]), "entropy": ("point", [np.nan])})
        >>> say_what_is_left_out(dataset, few)
        >>> dataset["heat"].attrs, dataset["entropy"].attrs["comment"][:18]
        ({}, 'NaN where it needs')
    """
    shots = shots_of_settings(experiment)
    if isinstance(shots, int | str) or (shots > 0).all():
        return
    for name, variable in dataset.data_vars.items():
        if not str(name).startswith(_OF_THE_BRANCH) and bool(variable.isnull().any()):
            known = variable.attrs.get("comment")
            variable.attrs["comment"] = f"{known}; {_LEFT_OUT}" if known else _LEFT_OUT
