"""How a Dataset is read: its sweep as points, what is shown of it, what its qubits are for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from recycling.spec.experiment import shown_p_x as closest_p_x

if TYPE_CHECKING:
    import xarray as xr

    Swept = TypeVar("Swept", "xr.Dataset", "xr.DataArray")

#: Dim of the flattened sweep.
POINT = "point"
#: Attribute that names the qubit of a purpose, where it is not that of ``_USUAL``.
ROLE = "role_of_{}"
_USUAL = {"target": "S", "bath": "B"}


def swept(dataset: xr.Dataset) -> tuple[str, ...]:
    """Names of the swept parameters, whose values are coordinates of the Dataset."""
    # The branch is the one quantity that depends on nothing else.
    dims = map(str, dataset["branch_probability_combined"].dims)
    return tuple(dim for dim in dims if dim not in ("arm", "limit"))


def by_point(values: Swept, parameters: tuple[str, ...]) -> Swept:
    """The same with one dim ``POINT`` in place of the swept parameters, the last one fastest.

    Their values stay as coordinates along it.
    """
    if parameters == (POINT,):  # an algorithm without parameters has this one
        return values
    return values.stack({POINT: parameters}, create_index=False)


def shown_p_x(dataset: xr.Dataset) -> float:
    """Excited weight to show: the paper's 0.4, or the closest one there is."""
    return closest_p_x(dataset["p_x"].values)


def qubit_of(dataset: xr.Dataset, purpose: str) -> str:
    """Role of the "target" or the "bath" qubit."""
    return str(dataset.attrs.get(ROLE.format(purpose), _USUAL[purpose]))


def unusual_roles(roles: dict[str, str]) -> dict[str, str]:
    """Attributes that name qubits by purpose, of those that are not called as usual."""
    return {
        ROLE.format(purpose): role for purpose, role in roles.items() if role != _USUAL[purpose]
    }
