"""The erasures of a Dataset at other temperatures and frequencies of the bath."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from circuits.design import RECYCLING
from recycling.inference.bath.quantities import BOUNDS
from recycling.inference.bath.sensitivity import Erasure, energies
from recycling.results.dataset import POINT, by_point, qubit_of, shown_p_x, swept

if TYPE_CHECKING:
    import xarray as xr

Real = NDArray[np.float64]


def erasure_of(dataset: xr.Dataset, arm: str = RECYCLING) -> Erasure:
    """Read the point estimates of a run at the shown p_x, all trials together.

    Args:
        dataset: analysis of a run.
        arm: name of an arm.

    Returns:
        Erasure (arrays over the points of the sweep, the last parameter fastest).

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> from recycling.jobs.counts import counts_of
        >>> counts = counts_of(experiment, {0: np.full((2, 2, 2, 2, 3, 2, 2, 2, 2), 1 / 16)})
        >>> from recycling.results.analysis import analyse_counts
        >>> dataset = analyse_counts(experiment, counts, {})
        >>> erasure_of(dataset).entropy_decrease.shape
        (2,)
    """
    names = [f"{name}_combined" for name in ("entropy_decrease", "entropy", "excited_population")]
    shown = dataset[names].sel(arm=arm, p_x=shown_p_x(dataset), limit="value")
    point = by_point(shown, swept(dataset))
    of_bath = point.sel(qubit=qubit_of(dataset, "bath")).transpose(POINT, "stage")
    first, last = of_bath.isel(stage=0), of_bath.isel(stage=-1)
    return Erasure(
        entropy_decrease=point["entropy_decrease_combined"].values,
        bath_entropy=first["entropy_combined"].values,
        excited_before=first["excited_population_combined"].values,
        excited_after=last["excited_population_combined"].values,
    )


def sensitivity(
    erasure: Erasure, temperatures: Sequence[float] | Real, frequencies: Sequence[float] | Real
) -> xr.Dataset:
    """Compute heat, bounds and excesses over the possible temperatures and frequencies of the bath.

    Args:
        erasure: entropies and populations of the erasure.
        temperatures: T0, K.
        frequencies: f, Hz.

    Returns:
        Dataset with the dims point, temperature (K) and frequency (Hz): ``heat``,
        ``bound_landauer``, ``bound_tight``, ``bound_athermal`` and ``excess_…`` over each, J; and
        ``quantum`` = hf, J, to divide by. A bound is +inf where no process exists, its excess too.

    Raises:
        BadInput: a temperature or a frequency that is not positive and finite.

    Example:
        >>> erasure = Erasure(
        ...     entropy_decrease=np.array([0.1, 0.3]),
        ...     bath_entropy=np.array([0.02, 0.02]),
        ...     excited_before=np.array([0.004, 0.004]),
        ...     excited_after=np.array([0.05, 0.2]),
        ... )
        >>> over = sensitivity(erasure, temperatures=[0.03, 0.043, 0.06], frequencies=[5e9])
        >>> dict(over.sizes)
        {'point': 2, 'temperature': 3, 'frequency': 1}
    """
    import xarray as xr

    found = energies(erasure, temperatures, frequencies)
    dims, joule = (POINT, "temperature", "frequency"), {"units": "J"}
    variables = {"heat": (dims, found.heat, joule)}
    for name in BOUNDS:
        variables[f"bound_{name}"] = (dims, found.bounds[name], joule)
        variables[f"excess_{name}"] = (dims, found.excess(name), joule)
    coordinates = {
        "temperature": ("temperature", np.asarray(temperatures, dtype=float), {"units": "K"}),
        "frequency": ("frequency", np.asarray(frequencies, dtype=float), {"units": "Hz"}),
    }
    dataset = xr.Dataset(variables, coordinates)
    return dataset.assign(quantum=("frequency", found.quantum, joule))
