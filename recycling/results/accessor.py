"""``dataset.recycling``: the nearest point, other units of energy, verdicts.

The accessor is there on every Dataset once this package has made or read one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.constants import h as planck
from scipy.constants import k as boltzmann

from recycling.errors import BadInput
from recycling.results import judged

if TYPE_CHECKING:
    from recycling.results.judged import Controls, Verdicts

#: Distance that is accepted beyond the ends of an axis, and from its single value, in its steps.
_REACH = 0.5


@xr.register_dataset_accessor("recycling")  # type: ignore[no-untyped-call]
class RecyclingAccessor:
    """What this package adds to a Dataset of its results.

    Example:
        >>> dataset = xr.Dataset(
        ...     {"heat": ("angle", [0.0, 3.3e-24], {"units": "J"})},
        ...     {"angle": [0.0, 0.5]},
        ...     {"frequency_Hz": 5e9, "temperature_K": 0.043},
        ... )
        >>> point = dataset.recycling.sel(angle=0.48).recycling.in_hf
        >>> f"{float(point['heat']):.2f} {point['heat'].attrs['units']}"
        '1.00 hf'
    """

    def __init__(self, dataset: xr.Dataset) -> None:
        self._dataset = dataset

    def sel(self, **values: Any) -> xr.Dataset:
        """Select the nearest point by the names of its coordinates.

        The attribute "selected" of the result says what was taken, and how far it is off.

        Args:
            values: of coordinates; numbers take the nearest, anything else must be there.

        Raises:
            BadInput: no coordinate has the name, or a value is not within half a step of an axis.

        Example:
            >>> dataset = xr.Dataset(coords={"angle": [0.0, 0.4, 0.8]})
            >>> dataset.recycling.sel(angle=0.78).attrs["selected"]
            'angle = 0.8 (asked 0.78)'
        """
        found, said = self._dataset, []
        for name, value in values.items():
            if name not in found.dims or name not in found.coords:
                known = ", ".join(str(dim) for dim in found.dims if dim in found.coords)
                raise BadInput(f"{name} = {value!r} is no coordinate: give one of {known}")
            axis = found[name].values
            place = _nearest(name, axis, value)
            found = found.isel({name: place})
            taken = axis[place]
            exact = bool(taken == value)
            shown = f"{taken:.6g}" if axis.dtype.kind in "iuf" else str(taken)
            said.append(f"{name} = {shown}" + ("" if exact else f" (asked {value:g})"))
        return found.assign_attrs(selected=", ".join(said))

    @property
    def in_hf(self) -> xr.Dataset:
        """The Dataset with energies in hf, the quantum of the bath."""
        return self._in(planck * self._known("frequency", "frequency_Hz"), "hf")

    @property
    def in_landauer(self) -> xr.Dataset:
        """The Dataset with energies in k_B T0 ln 2, Landauer's bound on a bit."""
        unit = boltzmann * np.log(2) * self._known("temperature", "temperature_K")
        return self._in(unit, "k_B T0 ln 2")

    @property
    def verdicts(self) -> Verdicts:
        """Every verdict on the recycling arm; see ``recycling.verdicts``."""
        return judged.verdicts(self._dataset)

    @property
    def controls(self) -> Controls:
        """Every control; see ``recycling.controls``."""
        return judged.controls(self._dataset)

    def _in(self, unit: Any, name: str) -> xr.Dataset:
        """The Dataset with energies in a unit, J."""
        made = {}
        for variable, values in self._dataset.data_vars.items():
            if values.attrs.get("units") == "J":
                dims = values.dims
                with_units = (values / unit).assign_attrs(values.attrs | {"units": name})
                extra = [dim for dim in with_units.dims if dim not in dims]
                made[variable] = with_units.transpose(*extra, *dims)
        return self._dataset.assign(made)

    def _known(self, coordinate: str, attribute: str) -> Any:
        """Frequency or temperature of the bath: swept, or one for all."""
        if coordinate in self._dataset.coords:
            return self._dataset[coordinate]
        if attribute not in self._dataset.attrs:
            raise BadInput(f"dataset: it has no attribute {attribute}; give a dataset of a run")
        return self._dataset.attrs[attribute]


def with_accessor(dataset: xr.Dataset) -> xr.Dataset:
    """Return a Dataset as it is; to import this function registers ``dataset.recycling``.

    Example:
        >>> with_accessor(xr.Dataset()).recycling.sel().attrs["selected"]
        ''
    """
    return dataset


def _nearest(name: str, axis: Any, value: Any) -> int:
    """Place of the nearest value of an axis."""
    if isinstance(value, list | tuple) or np.ndim(value):
        raise BadInput(f"{name} = {value!r}: give one value")
    if axis.dtype.kind not in "iuf" or isinstance(value, str):
        places = np.flatnonzero(axis == value)
        if not places.size:
            known = ", ".join(map(repr, axis.tolist()))
            raise BadInput(f"{name} = {value!r}: give one of {known}")
        return int(places[0])
    try:
        value = float(value)
    except (TypeError, ValueError):
        raise BadInput(f"{name} = {value!r}: give one number") from None
    place = int(np.argmin(np.abs(axis - value)))
    steps = np.diff(np.unique(axis))
    reach = _REACH * float(steps.max()) if steps.size else 1e-9 * abs(float(axis[0]))
    if not abs(float(axis[place]) - value) <= reach * (1 + 1e-9):
        ends = f"{axis.min():.6g} to {axis.max():.6g}" if steps.size else f"{axis[0]:.6g}"
        raise BadInput(f"{name} = {value:.6g} is not near any point: give {ends}")
    return place
