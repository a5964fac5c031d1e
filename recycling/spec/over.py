"""Axes of a sweep over devices: the table ``[sweep.over]`` of a spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_serializer
from pydantic_core import InitErrorDetails, PydanticCustomError

from circuits.design import SweepParameter
from recycling.spec.keys import Key, Sections, key_of
from recycling.spec.messages import fault_lines, shown_value
from recycling.spec.sections import Section

#: Most samples: a Sobol sequence of 30 bits has no more.
MOST_SAMPLES = 2**30
#: Most values of an axis that is no sample.
MOST_VALUES = 100_000
Scale = Literal["linear", "log"]
_Pair = tuple[float, float]


class GridAxis(Section):
    """Values from ``start`` to ``stop``, both included: even steps, or even ratios.

    Example:
        >>> GridAxis(start=1e-3, stop=1e-1, points=3, scale="log").values.round(6).tolist()
        [0.001, 0.01, 0.1]
    """

    start: float
    stop: float
    points: Annotated[int, Field(ge=1, le=MOST_VALUES)]
    scale: Scale = "linear"

    @property
    def values(self) -> NDArray[np.float64]:
        """All values (array of shape (points,))."""
        space = np.geomspace if self.scale == "log" else np.linspace
        return np.asarray(space(self.start, self.stop, self.points))


class RandomAxis(Section):
    """Values drawn at random between two ends, evenly or evenly in their logarithm.

    Example:
        >>> RandomAxis(random=(0.02, 0.09)).between
        (0.02, 0.09)
    """

    random: _Pair
    scale: Scale = "linear"

    @property
    def between(self) -> _Pair:
        """Both ends."""
        return self.random


class SobolAxis(Section):
    """Values of a scrambled Sobol sequence between two ends.

    Example:
        >>> SobolAxis(sobol=(3e-5, 4e-4), scale="log").between
        (3e-05, 0.0004)
    """

    sobol: _Pair
    scale: Scale = "linear"

    @property
    def between(self) -> _Pair:
        """Both ends."""
        return self.sobol


Sampled = RandomAxis | SobolAxis
Listed = tuple[float | int | str, ...]
Axis = GridAxis | RandomAxis | SobolAxis | Listed
#: What an axis may look like, by the key that shows which it is.
_FORMS: dict[str, type[Section]] = {"start": GridAxis, "random": RandomAxis, "sobol": SobolAxis}
_GIVE = (
    "give a list of values, { start, stop, points, scale }, { random = [a, b] } or "
    "{ sobol = [a, b] }"
)


class Over(BaseModel):
    """What a sweep runs over: ``samples`` of the random and Sobol axes together, times all others.

    With ``limit_t2`` the T2 of every qubit is at most 2 T1: a larger one is cut to it. Otherwise
    such a sample is refused.

    Example:
        >>> content = {"samples": 64, "bath.temperature": {"random": ["20 mK", "90 mK"]}}
        >>> over = over_of(content, {}, ())
        >>> over.axes["bath.temperature"].between, over.names
        ((0.02, 0.09), ('temperature',))
        >>> over.model_dump()["samples"]
        64
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    samples: int | None = None
    limit_t2: bool = False
    axes: dict[str, Any]

    @property
    def sampled(self) -> dict[str, Sampled]:
        """Axes whose values are drawn, by their keys."""
        return {k: a for k, a in self.axes.items() if isinstance(a, RandomAxis | SobolAxis)}

    @property
    def listed(self) -> dict[str, GridAxis | Listed]:
        """All other axes by their keys: each is a dim of the results."""
        return {k: a for k, a in self.axes.items() if k not in self.sampled}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates in the order of the axes: the last parts of their keys."""
        return tuple(map(coordinate_of, self.axes))

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        """As a spec gives it."""
        flat: dict[str, Any] = {} if self.samples is None else {"samples": self.samples}
        if self.limit_t2:
            flat["limit_t2"] = True
        for key, axis in self.axes.items():
            flat[key] = axis.model_dump() if isinstance(axis, Section) else list(axis)
        return flat


def coordinate_of(key: str) -> str:
    """Name of the coordinate of a key: its last part.

    Example:
        >>> coordinate_of("device.t1[B]")
        't1[B]'
    """
    return key.partition(".")[2]


def over_of(content: Any, sections: Sections, parameters: tuple[SweepParameter, ...]) -> Over:
    """Read and check the table ``[sweep.over]``.

    Args:
        content: the table, with numbers or text with a unit as elsewhere in a spec.
        sections: settings of the sections that their names decide, such as "algorithm".
        parameters: swept parameters of the algorithm.

    Raises:
        ValidationError: an axis is none, or its values are out of the range of its key.

    Example:
        >>> over_of({"device.t1": ["30 us", "60 us"]}, {}, ()).listed
        {'device.t1': (3e-05, 6e-05)}
    """
    if isinstance(content, Over):
        return content
    if not isinstance(content, Mapping):
        raise _fault("", f"= {shown_value(content)}: give a table of axes")
    flat = _flattened(content)
    samples, limit_t2 = flat.pop("samples", None), flat.pop("limit_t2", False)
    if not isinstance(limit_t2, bool):
        raise _fault("limit_t2", f"= {shown_value(limit_t2)}: give true or false")
    # Sorted: equal specs, whatever the order of their keys, have results with equal dims.
    axes = {key: _axis(_key(key, sections, parameters), flat[key]) for key in sorted(flat)}
    _check_samples(samples, axes)
    over = Over(samples=samples, limit_t2=limit_t2, axes=axes)
    _check_names(over)
    return over


def _key(text: str, sections: Sections, parameters: tuple[SweepParameter, ...]) -> Key:
    try:
        return key_of(text, sections, parameters)
    except ValueError as error:
        raise _fault(*str(error).split(" ", 1)) from None


def _flattened(content: Mapping[str, Any]) -> dict[str, Any]:
    """Keys without quotes, such as device.t1, are tables in TOML: join their parts again."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, Mapping) and "." not in key and not _FORMS.keys() & value.keys():
            joined = {f"{key}.{inner}": axis for inner, axis in value.items()} or {key: value}
        else:
            joined = {key: value}
        for twice in flat.keys() & joined.keys():
            raise _fault(f'"{twice}"', "is given with quotes and without: give it once")
        flat |= joined
    return flat


def _check_samples(samples: Any, axes: Mapping[str, Axis]) -> None:
    """Check that there are axes, and samples where some are drawn."""
    drawn = next((k for k, a in axes.items() if isinstance(a, RandomAxis | SobolAxis)), None)
    if not axes:
        raise _fault("", 'has no axes: give one, as "device.t1" = { sobol = [3e-5, 4e-4] }')
    if samples is None and drawn is None:
        return
    if samples is None:
        raise _fault("samples", f'is missing: "{drawn}" is sampled; give samples = 4096')
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise _fault("samples", f"= {shown_value(samples)}: give a whole number of 1 or more")
    if samples > MOST_SAMPLES:
        raise _fault("samples", f"= {shown_value(samples)}: give {MOST_SAMPLES} or fewer")
    if drawn is None:
        raise _fault("samples", f"= {samples}: no axis is random or Sobol; remove it")


def _check_names(over: Over) -> None:
    keys: dict[str, str] = {}
    for key, name in zip(over.axes, over.names, strict=True):
        if name in keys:
            raise _fault(
                f'"{key}"',
                f'ends like "{keys[name]}", and results name their coordinates so: vary one',
            )
        keys[name] = key


def _axis(key: Key, given: Any) -> Axis:
    """Read the values of an axis."""
    place = f'"{key.text}"'
    if isinstance(given, list | tuple):
        if not given:
            raise _fault(place, "= [] has no points: give at least one value")
        if len(given) > MOST_VALUES:
            raise _fault(place, f"has {len(given)} values: give {MOST_VALUES} or fewer")
        values = tuple(_value(key, value) for value in given)
        if len(set(values)) < len(values):
            twice = next(value for value in values if values.count(value) > 1)
            raise _fault(place, f"= {shown_value(twice)} comes twice: give each value once")
        return values
    form = _form(given)
    if form is None:
        raise _fault(place, f"= {shown_value(given)}: {_GIVE}")
    if not key.varies:
        raise _fault(place, "takes a list: the device and its circuits are made for each value")
    if form is GridAxis:
        read = {end: _value(key, given[end]) for end in ("start", "stop") if end in given}
    else:
        (pair,) = form.model_fields.keys() - {"scale"}
        read = {pair: _ends(key, pair, given[pair])}
    made: Axis = _made(form, key, {**given, **read})
    return made


def _form(given: Any) -> type[Section] | None:
    forms = _FORMS.keys() & given.keys() if isinstance(given, Mapping) else ()
    return _FORMS[next(iter(forms))] if len(forms) == 1 else None


def _ends(key: Key, pair: str, given: Any) -> tuple[Any, Any]:
    place = f'"{key.text}".{pair}'
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise _fault(place, f"= {shown_value(given)}: give two numbers, the smaller first")
    low, high = (_value(key, value) for value in given)
    if not low < high:
        raise _fault(place, f"= {shown_value(given)}: give two numbers, the smaller first")
    return low, high


def _made(form: type[Section], key: Key, content: Mapping[str, Any]) -> Any:
    place = f'"{key.text}"'
    if content.get("points") == 0:
        raise _fault(place, "has no points: give points = 1 or more")
    try:
        axis: Any = form.model_validate(content)
    except ValidationError as error:
        field, _, rest = fault_lines(error, form)[0].partition(" ")
        raise _fault(f"{place}.{field}", rest) from None
    ends = (axis.start, axis.stop) if isinstance(axis, GridAxis) else axis.between
    if axis.scale == "log" and min(ends) <= 0:
        raise _fault(place, f"= {min(ends):g} has no logarithm: give ends above 0, or linear")
    if isinstance(axis, GridAxis) and (axis.points == 1) != (axis.start == axis.stop):
        raise _fault(place, "has other ends than points: give two ends and 2 points or more")
    return axis


def _value(key: Key, given: Any) -> Any:
    """A value of a key in SI units."""
    try:
        return key.read(given)
    except ValueError as error:
        raise _fault(f'"{key.text}"', str(error)) from None


def _fault(place: str, text: str) -> ValidationError:
    """Fault of the table: a place in it, and what is wrong there."""
    message = f"{place} {text}" if place else text
    custom = PydanticCustomError(
        "value_error" if place else "value", "{message}", {"message": message}
    )
    details = InitErrorDetails(type=custom, loc=("over",), input=None)
    return ValidationError.from_exception_data("over", [details])
