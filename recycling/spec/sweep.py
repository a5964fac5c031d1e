"""The sweep: values of each parameter of the algorithm, and excited weights of the target."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    FiniteFloat,
    InstanceOf,
    create_model,
)
from pydantic_core import PydanticCustomError

from circuits.algorithms.hhl import HHL
from circuits.design import POINT, SweepParameter
from recycling.spec.messages import not_too_many, wrong
from recycling.spec.over import Over
from recycling.spec.quantities import ANGLE
from recycling.spec.sections import Section

#: Most points of an axis of a sweep. Curves look continuous from a few hundred on.
MOST_POINTS = 10_000
#: Name of the table of further axes, over numbers of the device and of the spec.
_OVER = "over"
#: Points over the range of a parameter that has one, where a spec gives none.
USUAL_POINTS = 11


class Range(Section):
    """Evenly spaced values, both ends included.

    Example:
        >>> values_of(Range(start=0.1, stop=0.3, points=3)).tolist()
        [0.1, 0.2, 0.3]
    """

    start: FiniteFloat
    stop: FiniteFloat
    points: Annotated[int, Field(ge=1, le=MOST_POINTS)]


Values = Range | tuple[float, ...]


def values_of(given: Values) -> NDArray[np.float64]:
    """Write out the values of an axis of a sweep (array of one axis).

    Example:
        >>> values_of(Range(start=0, stop=1, points=3)).tolist()
        [0.0, 0.5, 1.0]
    """
    if isinstance(given, Range):
        # Rounded at 1e-12 so that 0.01 steps are the decimal numbers that they look like.
        return np.round(np.linspace(given.start, given.stop, given.points), 12)
    return np.array(given, dtype=float)


class Sweep(Section):
    """Values of each parameter of an algorithm, and excited weights p_x of the target.

    ``sweep_section`` makes a subclass for each tuple of parameters.

    Example:
        >>> sweep = SweepSpec(theta_b=["0 deg", "45 deg"], p_x=[0.1, 0.4])
        >>> {name: values.round(4).tolist() for name, values in sweep.coordinates.items()}
        {'theta_b': [0.0, 0.7854]}
    """

    #: Parameters that the class has fields for.
    parameters: ClassVar[tuple[SweepParameter, ...]] = ()

    if TYPE_CHECKING:
        #: Further axes, over numbers of the device and of the spec; None for one device.
        over: Over | None = None

        def __getattr__(self, name: str) -> Values: ...

    def __reduce__(self) -> tuple[Callable[..., Sweep], tuple[Any, ...]]:
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return _restored, (self.parameters, given)

    @property
    def coordinates(self) -> dict[str, NDArray[np.float64]]:
        """Values of each parameter by its name (arrays of one axis)."""
        return {
            parameter.name: np.zeros(1)
            if parameter == POINT
            else values_of(getattr(self, parameter.name))
            for parameter in self.parameters
        }


@cache
def sweep_section(parameters: tuple[SweepParameter, ...]) -> type[Sweep]:
    """Make the section for some parameters: a field for each, and p_x.

    A parameter with a range is swept over it where a spec gives no values; any other needs values.
    ``POINT`` has no field.

    Raises:
        ValueError: a parameter has a name that no section can have; one line.

    Example:
        >>> section = sweep_section((SweepParameter("angle", "rad", 0, 1),))
        >>> section().coordinates["angle"].shape
        (11,)
    """
    fields: dict[str, Any] = {}
    for parameter in parameters:
        if parameter == POINT:
            continue
        if hasattr(BaseModel, parameter.name) or parameter.name == _OVER:
            raise ValueError(
                f"parameters = {parameter.name!r}: a spec cannot hold this name; rename it"
            )
        fields[parameter.name] = (_values_between(parameter), _usual_values(parameter))
    weights = SweepParameter("p_x", "1", 0, 1)
    fields["p_x"] = (_values_between(weights), Range(start=0.01, stop=0.4, points=40))
    fields[_OVER] = (InstanceOf[Over] | None, Field(None, exclude_if=lambda over: over is None))
    made = create_model("SweepSpec", __base__=Sweep, __module__=__name__, **fields)
    made.__doc__ = Sweep.__doc__
    made.parameters = parameters
    return made


def _restored(parameters: tuple[SweepParameter, ...], given: dict[str, Any]) -> Sweep:
    """Sweep of a pickle; it was checked before."""
    return sweep_section(parameters).model_construct(None, **given)


def _usual_values(parameter: SweepParameter) -> Any:
    if not (np.isfinite(parameter.low) and np.isfinite(parameter.high)):
        return ...  # required
    return Range(start=parameter.low, stop=float(parameter.high), points=USUAL_POINTS)


def _values_between(parameter: SweepParameter) -> Any:
    """Type of the values of a parameter, checked; angles may be text."""
    read = _in_radians if parameter.unit == "rad" else partial(not_too_many, MOST_POINTS)
    return Annotated[
        Values,
        BeforeValidator(read),
        AfterValidator(partial(_checked_values, parameter.low, parameter.high)),
    ]


def _in_radians(values: Any) -> Any:
    """Convert angles that are given as text, in a list or as the ends of a range."""
    not_too_many(MOST_POINTS, values)
    if isinstance(values, list | tuple):
        return [ANGLE.convert(value) for value in values]
    if isinstance(values, dict):
        ends = {key: ANGLE.convert(values[key]) for key in ("start", "stop") if key in values}
        return values | ends
    return values


def _checked_values(low: float, high: float, given: Values) -> Values:
    """Check that a sweep has values, and that they are distinct and in their range."""
    values = values_of(given)
    if values.size == 0:
        raise wrong("is empty: give at least one value")
    distinct, times = np.unique(values, return_counts=True)
    if distinct.size < values.size:
        twice = distinct[np.argmax(times > 1)]
        raise wrong(f"= {twice:g} comes twice: give each value once")
    inside = (values >= low - 1e-9 * abs(low)) & (values <= high + 1e-9 * abs(high))
    outside = values[~(inside & np.isfinite(values))]
    if outside.size:
        raise _outside(outside[0], low, high)
    return given


def _outside(value: float, low: float, high: float) -> PydanticCustomError:
    if np.isfinite(low) and np.isfinite(high):
        return wrong(f"= {value:g}: give values in [{low:.6g}, {high:.6g}]")
    if np.isfinite(low):
        return wrong(f"= {value:g}: give finite values of {low:.6g} or more")
    if np.isfinite(high):
        return wrong(f"= {value:g}: give finite values of {high:.6g} or less")
    return wrong(f"= {value:g}: give finite values")


#: The section for HHL: angles theta_b in rad, and p_x.
SweepSpec: Any = sweep_section(HHL.parameters)
