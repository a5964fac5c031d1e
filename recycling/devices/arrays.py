"""Fields of a device: arrays of numbers that may carry sweep axes in front of the last one.

pydantic checks each number of a field without sweep axes, as in a tuple; an array with sweep axes
is checked at once. Both refuse the same numbers. All arrays are read-only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import GenericAlias
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, TypeAdapter, ValidationInfo
from pydantic_core import core_schema

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Range:
    """Numbers that a field may hold: the type of a number, the check of an array, and its words.

    Example:
        >>> PROBABILITY.first_bad(np.array([[0.1, 0.2], [0.3, 1.2]]))  # point, position
        ((1,), 1)
    """

    number: Any
    holds: Callable[[Real], NDArray[np.bool_]]
    words: str

    @cached_property
    def one(self) -> TypeAdapter[float]:
        """Check of one number."""
        return TypeAdapter(self.number)

    def schema(self, *, single: bool) -> dict[str, Any]:
        """JSON Schema of an array of such numbers or, if it may be, of a single one."""
        # JSON has no infinity: it is written as a text.
        number = {"anyOf": [self.one.json_schema(), {"enum": ["Infinity"]}]}
        array = {"type": "array", "items": {"anyOf": [number, {"type": "array"}]}}
        return {"anyOf": [number, array]} if single else array

    @cached_property
    def row(self) -> TypeAdapter[tuple[float, ...]]:
        """Check of a sequence of numbers."""
        row: Any = GenericAlias(tuple, (self.number, ...))
        return TypeAdapter(row)

    def first_bad(self, array: Real) -> tuple[tuple[int, ...], int] | None:
        """Point of the sweep and position of the first number out of range; None where none is."""
        # By position first, as pydantic goes through a tuple.
        bad = np.argwhere(~np.moveaxis(self.holds(array), -1, 0))
        if not len(bad):
            return None
        position, *point = (int(index) for index in bad[0])
        return tuple(point), position


POSITIVE = Range(Annotated[float, Field(gt=0)], lambda x: x > 0, "a number above 0")
POSITIVE_FINITE = Range(
    Annotated[float, Field(gt=0, allow_inf_nan=False)],
    lambda x: (x > 0) & np.isfinite(x),
    "a finite number above 0",
)
NON_NEGATIVE = Range(
    Annotated[float, Field(ge=0, allow_inf_nan=False)],
    lambda x: (x >= 0) & np.isfinite(x),
    "a finite number, 0 or more",
)
PROBABILITY = Range(
    Annotated[float, Field(ge=0, le=1)], lambda x: (x >= 0) & (x <= 1), "a probability"
)
ERROR = Range(
    Annotated[float, Field(ge=0, lt=1)], lambda x: (x >= 0) & (x < 1), "a number from 0 to below 1"
)


@dataclass(frozen=True)
class PerQubit:
    """Annotation of a field (array of shape (*sweep, qubit)).

    ``shared``: a number may stand for all qubits, and does where all have the same.

    Example:
        >>> from typing import Annotated
        >>> from pydantic import BaseModel
        >>> class Times(BaseModel):
        ...     t1: Annotated[Any, PerQubit(POSITIVE)]
        >>> Times(t1=[1e-4, 2e-4]).t1.tolist()
        [0.0001, 0.0002]
    """

    range: Range
    shared: bool = False

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        """Schema: checked by ``_validate``, written as (nested) tuples of numbers."""
        return core_schema.with_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(nested),
        )

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Any) -> dict[str, Any]:
        """JSON Schema of a number for each qubit."""
        return self.range.schema(single=self.shared)

    def _validate(self, value: Any, info: ValidationInfo) -> float | Real:
        roles = info.data.get("roles", ())
        if has_sweep(value):
            array = real(value)
            bad = self.range.first_bad(array)
            if bad:
                point, position = bad
                role = roles[position] if position < len(roles) else f"qubit {position}"
                raise ValueError(
                    f"{info.field_name} of {role} = {array[(*point, position)]:.6g} at point "
                    f"{point} of the sweep: give {self.range.words}"
                )
            return read_only(array)
        if self.shared and _is_number(value):
            return float(self.range.one.validate_python(value))
        numbers = value.tolist() if isinstance(value, np.ndarray) else value
        checked = self.range.row.validate_python(numbers)
        if self.shared and len({*checked}) == 1 and len(checked) in (1, len(roles)):
            return checked[0]
        return read_only(np.array(checked, dtype=float))


@dataclass(frozen=True)
class OverSweep:
    """Annotation of a field that is a number, or an array of the shape of the sweep.

    Example:
        >>> from typing import Annotated
        >>> from pydantic import BaseModel
        >>> class Latency(BaseModel):
        ...     latency: Annotated[Any, OverSweep(NON_NEGATIVE)]
        >>> Latency(latency=[0.0, 1e-6]).latency.shape
        (2,)
    """

    range: Range

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        """Schema: checked by ``_validate``, written as a number or (nested) tuples of numbers."""
        return core_schema.with_info_plain_validator_function(
            self._validate, serialization=core_schema.plain_serializer_function_ser_schema(nested)
        )

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Any) -> dict[str, Any]:
        """JSON Schema of a number, or of an array along the sweep."""
        return self.range.schema(single=True)

    def _validate(self, value: Any, info: ValidationInfo) -> float | Real:
        if _is_number(value):
            return float(self.range.one.validate_python(value))
        array = real(value)
        bad = self.range.first_bad(array[..., None])
        if bad:
            raise ValueError(
                f"{info.field_name} = {array[bad[0]]:.6g} at point {bad[0]} of the sweep: give "
                f"{self.range.words}"
            )
        return read_only(array)


def has_sweep(value: Any) -> bool:
    """Whether the value of a field has axes in front of the last one.

    Example:
        >>> has_sweep([1e-4, 2e-4]), has_sweep([[1e-4, 2e-4], [1e-4, 3e-4]])
        (False, True)
    """
    if isinstance(value, np.ndarray):
        return value.ndim > 1
    return _is_sequence(value) and any(
        _is_sequence(each) or isinstance(each, np.ndarray) for each in value[:1]
    )


def real(value: ArrayLike) -> Real:
    """Array of floats.

    Raises:
        ValueError: the value holds no numbers, or rows of different length.

    Example:
        >>> real([[1, 2], [3, 4]]).shape
        (2, 2)
    """
    try:
        return np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise ValueError("no array of numbers: give numbers in rows of equal length") from None


def read_only(array: Real) -> Real:
    """Mark an array as read-only.

    Example:
        >>> read_only(np.zeros(2)).flags.writeable
        False
    """
    array.setflags(write=False)
    return array


def nested(array: float | Real) -> Any:
    """Python numbers in tuples, nested as the array's axes are.

    Example:
        >>> nested(np.array([[1.0, 2.0], [3.0, 4.0]]))
        ((1.0, 2.0), (3.0, 4.0))
    """
    if np.ndim(array) == 0:
        return float(array)
    return tuple(nested(row) for row in np.asarray(array))


def _is_number(value: Any) -> bool:
    """Whether a value is to be checked as one number: no sequence, no array with axes."""
    return value.ndim == 0 if isinstance(value, np.ndarray) else not _is_sequence(value)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, list | tuple)
