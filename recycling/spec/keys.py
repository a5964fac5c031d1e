"""Keys of a spec that a sweep over devices may vary, and how their values are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError, create_model
from pydantic.fields import FieldInfo

from circuits.design import POINT, SweepParameter
from recycling.spec.messages import fault_lines, shown_value
from recycling.spec.quantities import ANGLE
from recycling.spec.sections import BathSpec, DeviceSpec, StageSpec

Sections = Mapping[str, type[BaseModel]]

#: Sections that every experiment has, or may have.
_ALWAYS: Sections = {"device": DeviceSpec, "bath": BathSpec, "stage": StageSpec}
#: Sections and keys for each of whose values a device or its circuits are made anew.
_DECIDING = frozenset({
    "algorithm", "task", "link", "device.profile", "device.optimization_level",
    "stage.calibrated_at", "stage.dephasing_prefactor",
})  # fmt: skip
#: Keys of the device that each qubit has for itself.
PER_QUBIT = ("t1", "t2", "single_qubit_error", "readout_error", "low_frequency_dephasing")
_PARAMETERS = "sweep"


@dataclass(frozen=True)
class Key:
    """A key of a spec that a sweep varies.

    Attributes:
        text: the key, such as "device.t1" or "device.t1[B]".
        section: its table.
        field: its name in the table.
        role: qubit that it is of, where it is of a single one.
        read: reads a value in SI units; raises ValueError with "= value: give …".
        varies: whether its values vary along arrays; otherwise circuits depend on them.

    Example:
        >>> key = key_of("device.t1[B]", {}, ())
        >>> key.field, key.role, key.varies, key.read("30 us")
        ('t1', 'B', True, 3e-05)
    """

    text: str
    section: str
    field: str
    role: str
    read: Callable[[Any], Any]
    varies: bool


def key_of(text: str, sections: Sections, parameters: tuple[SweepParameter, ...]) -> Key:
    """Find a key by its text.

    Args:
        text: section and field, and a role in brackets for a single qubit.
        sections: settings of further sections of the experiment.
        parameters: swept parameters of the algorithm.

    Raises:
        ValueError: a sweep over devices cannot vary it; one line.

    Example:
        >>> key_of("device.t3", {}, ())
        Traceback (most recent call last):
        ValueError: "device.t3" is an unknown key: did you mean device.t2?
    """
    name, bracket, role = text.partition("[")
    section, _, field = name.partition(".")
    known = _known({**_ALWAYS, **sections}, parameters)
    whole = role.removesuffix("]")
    if name not in known or (bracket and (not role.endswith("]") or not whole)):
        near = get_close_matches(name, known, n=1)
        give = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        raise ValueError(f'"{text}" is an unknown key: {give}')
    if bracket and (section != "device" or field not in PER_QUBIT):
        raise ValueError(
            f'"{text}" is no number of a single qubit: give one of '
            + ", ".join(f"device.{each}[{whole}]" for each in PER_QUBIT)
        )
    return Key(text, section, field, whole, known[name], not decides(name))


def decides(key: str) -> bool:
    """Whether a device or its circuits are made anew for each value of a key.

    Example:
        >>> decides("device.profile"), decides("device.t1")
        (True, False)
    """
    return key in _DECIDING or key.partition(".")[0] in _DECIDING


def _known(
    sections: Sections, parameters: tuple[SweepParameter, ...]
) -> dict[str, Callable[[Any], Any]]:
    """How the values of each key are read."""
    known = {
        f"{section}.{name}": _reader(section, name, field)
        for section, model in sections.items()
        for name, field in model.model_fields.items()
        if _is_number(field.annotation) or f"{section}.{name}" == "device.profile"
    }
    weights = SweepParameter("p_x", "1", 0, 1)
    for parameter in (*parameters, weights):
        if parameter != POINT:
            known[f"{_PARAMETERS}.{parameter.name}"] = _parameter_reader(parameter)
    return known


def _is_number(annotation: Any) -> bool:
    """Whether the values of a field are numbers, among others perhaps."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _is_number(parts[0])
    if origin in (Union, UnionType):
        return any(map(_is_number, parts))
    return annotation in (float, int)


def _reader(section: str, name: str, field: FieldInfo) -> Callable[[Any], Any]:
    """Read a value as the section of a spec does."""

    @cache
    def spec() -> type[BaseModel]:
        number: Any = (field.annotation, field)
        inner: Any = (create_model(section, **{name: number}), ...)
        made: type[BaseModel] = create_model("spec", **{section: inner})
        return made

    def read(value: Any) -> Any:
        outer = spec()
        wanted: Any = str if name == "profile" else (int, float)
        try:
            found = getattr(getattr(outer.model_validate({section: {name: value}}), section), name)
        except ValidationError as error:
            line = fault_lines(error, outer)[0]
            raise ValueError(line.removeprefix(f"{section}.{name} ")) from None
        if isinstance(value, bool) or not isinstance(found, wanted):
            raise ValueError(
                f"= {shown_value(value)}: give {'names' if wanted is str else 'numbers'}"
            )
        return found

    return read


def _parameter_reader(parameter: SweepParameter) -> Callable[[Any], Any]:
    """Read a value of a swept parameter, an angle as text with a unit perhaps."""

    def read(value: Any) -> float:
        try:
            found = ANGLE.convert(value) if parameter.unit == "rad" else value
        except ValueError as error:
            raise ValueError(f"= {shown_value(value)}: {error}") from None
        number = isinstance(found, int | float) and not isinstance(found, bool)
        slack = 1e-9
        if not number or not (
            parameter.low - slack * abs(parameter.low)
            <= found
            <= parameter.high + slack * abs(parameter.high)
        ):
            raise ValueError(
                f"= {shown_value(value)}: give values in "
                f"[{parameter.low:.6g}, {parameter.high:.6g}]"
            )
        return float(found)

    return read
