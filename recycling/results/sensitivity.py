"""What a Dataset's erasures become at other temperatures and frequencies of the bath."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from circuits.design import RECYCLING
from recycling.inference.bath.sensitivity import BOUNDS, Erasure, energies
from recycling.results.dataset import POINT, by_point, qubit_of, shown_p_x, swept

if TYPE_CHECKING:
    import xarray as xr

Real = NDArray[np.float64]


def erasure_of(dataset: xr.Dataset, arm: str = RECYCLING) -> Erasure:
    """Point estimates of a run at the shown p_x, all trials together.

    Args:
        dataset: analysis of a run.
        arm: name of an arm.

    Returns:
        Erasure (arrays over the points of the sweep, the last parameter fastest).
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
    """Heat, bounds and excesses over the temperatures and frequencies that the bath may have.

    Args:
        erasure: what was measured.
        temperatures: T0, K.
        frequencies: f, Hz.

    Returns:
        Dataset with the dims point, temperature (K) and frequency (Hz): ``heat``,
        ``bound_landauer``, ``bound_tight``, ``bound_athermal`` and ``excess_…`` over each, J; and
        ``quantum`` = hf, J, to divide by. A bound is +inf where no process exists, its excess too.

    Raises:
        BadInput: a temperature or a frequency that is not positive and finite.
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
