"""Reading a Dataset: its sweep as points, the p_x to show, the purposes of its qubits."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from recycling.spec.experiment import shown_p_x as closest_p_x

if TYPE_CHECKING:
    import xarray as xr

    Swept = TypeVar("Swept", "xr.Dataset", "xr.DataArray")

#: Dim of the flattened sweep.
POINT = "point"
#: Attribute that names the qubit of a purpose, where that of ``_USUAL`` is another.
ROLE = "role_of_{}"
_USUAL = {"target": "S", "bath": "B"}


def swept(dataset: xr.Dataset) -> tuple[str, ...]:
    """Names of the swept parameters, whose values are coordinates of the Dataset.

    Example:
        >>> import xarray as xr
        >>> branch = xr.Variable(("arm", "angle", "limit"), [[[0.8, 0.8, 0.8]]])
        >>> swept(xr.Dataset({"branch_probability_combined": branch}))
        ('angle',)
    """
    # The probability of the branch depends on nothing else.
    dims = map(str, dataset["branch_probability_combined"].dims)
    return tuple(dim for dim in dims if dim not in ("arm", "limit"))


def by_point(values: Swept, parameters: tuple[str, ...]) -> Swept:
    """Replace the dims of the swept parameters by the dim ``POINT``, the last parameter fastest.

    Their values stay as coordinates along it.

    Example:
        >>> import xarray as xr
        >>> grid = xr.Dataset({"heat": (("angle", "scale"), [[0.0, 1.0], [2.0, 3.0]])})
        >>> by_point(grid, ("angle", "scale"))["heat"].values.tolist()
        [0.0, 1.0, 2.0, 3.0]
    """
    if parameters == (POINT,):  # an algorithm without parameters has it already
        return values
    return values.stack({POINT: parameters}, create_index=False)


def shown_p_x(dataset: xr.Dataset) -> float:
    """Choose the excited weight to show: the paper's 0.4, or the closest value of the sweep.

    Example:
        >>> import xarray as xr
        >>> shown_p_x(xr.Dataset(coords={"p_x": [0.1, 0.35]}))
        0.35
    """
    return closest_p_x(dataset["p_x"].values)


def qubit_of(dataset: xr.Dataset, purpose: str) -> str:
    """Look up the role of the "target" or the "bath" qubit.

    Example:
        >>> import xarray as xr
        >>> qubit_of(xr.Dataset(), "bath")
        'B'
    """
    return str(dataset.attrs.get(ROLE.format(purpose), _USUAL[purpose]))


def unusual_roles(roles: dict[str, str]) -> dict[str, str]:
    """Make the attributes that name qubits by purpose, where their names are unusual.

    Example:
        >>> unusual_roles({"target": "S", "bath": "reservoir"})
        {'role_of_bath': 'reservoir'}
    """
    return {
        ROLE.format(purpose): role for purpose, role in roles.items() if role != _USUAL[purpose]
    }
