"""The native gates of a device: names and qubits, with durations and errors as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, overload

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import core_schema

from recycling.devices.arrays import ERROR, NON_NEGATIVE, Real, nested, read_only, real


class Gate(BaseModel):
    """A native gate on given qubits: duration in s, error = average gate infidelity.

    Example:
        >>> Gate(name="cz", qubits=(0, 1), duration=68e-9, error=2e-3).duration
        6.8e-08
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    qubits: tuple[int, ...]
    duration: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    error: Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True, eq=False)
class Gates(Sequence[Gate]):
    """Native gates: a sequence of ``Gate``, and their numbers as arrays.

    Without a sweep it can be used as a tuple of gates; along a sweep only the arrays exist.

    Args:
        names: name of each gate.
        qubits: qubits of each gate, by position on the device.
        durations: s (array of shape (*sweep, gate)).
        errors: average gate infidelity (array of shape (*sweep, gate)).

    Raises:
        ValueError: a number is out of range, or an array has not an entry for each gate.

    Example:
        One gate at three errors:

        >>> from dataclasses import replace
        >>> gates = Gates.of([Gate(name="x", qubits=(0,), duration=32e-9, error=2e-4)])
        >>> replace(gates, errors=np.array([[1e-4], [2e-4], [4e-4]])).sweep
        (3,)
    """

    names: tuple[str, ...]
    qubits: tuple[tuple[int, ...], ...]
    durations: Real
    errors: Real

    def __post_init__(self) -> None:
        """Check both arrays and make them read-only copies."""
        for field, allowed in (("durations", NON_NEGATIVE), ("errors", ERROR)):
            array = real(getattr(self, field))
            if array.ndim == 0 or array.shape[-1] != len(self.names):
                raise ValueError(f"{field} has the shape {array.shape}: give one entry for each of "
                                 f"the {len(self.names)} gates on its last axis")  # fmt: skip
            bad = allowed.first_bad(array)
            if bad:
                point, gate = bad
                raise ValueError(
                    f"{field} of {self.names[gate]} on {self.qubits[gate]} = "
                    f"{array[(*point, gate)]:.6g} at point {point} of the sweep: give "
                    f"{allowed.words}"
                )
            object.__setattr__(self, field, read_only(array))

    @classmethod
    def of(cls, gates: Sequence[Gate]) -> Gates:
        """Gates without a sweep, in the order given."""
        return cls(
            names=tuple(gate.name for gate in gates),
            qubits=tuple(gate.qubits for gate in gates),
            durations=np.array([gate.duration for gate in gates], dtype=float),
            errors=np.array([gate.error for gate in gates], dtype=float),
        )

    @property
    def sweep(self) -> tuple[int, ...]:
        """Shape of the sweep; () without a sweep."""
        return np.broadcast_shapes(self.durations.shape[:-1], self.errors.shape[:-1])

    @cached_property
    def position(self) -> Mapping[tuple[str, tuple[int, ...]], int]:
        """Place of each gate on the last axis of the arrays, by name and qubits."""
        return {key: place for place, key in enumerate(zip(self.names, self.qubits, strict=True))}

    @cached_property
    def views(self) -> tuple[Gate, ...]:
        """Each gate with its two numbers.

        Raises:
            ValueError: the gates vary along a sweep.
        """
        if self.sweep:
            raise ValueError(
                f"the gates vary along a sweep of shape {self.sweep}: ask for durations and "
                "errors, or for the device at one point"
            )
        columns = (self.names, self.qubits, self.durations.tolist(), self.errors.tolist())
        return tuple(
            Gate.model_construct(name=name, qubits=qubits, duration=duration, error=error)
            for name, qubits, duration, error in zip(*columns, strict=True)
        )

    def __len__(self) -> int:
        """Return the number of gates."""
        return len(self.names)

    def __iter__(self) -> Iterator[Gate]:
        """Iterate over the gates of a device without a sweep."""
        return iter(self.views)

    @overload
    def __getitem__(self, index: int) -> Gate: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Gate, ...]: ...
    def __getitem__(self, index: int | slice) -> Gate | tuple[Gate, ...]:
        """Return gates of a device without a sweep."""
        return self.views[index]

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        return isinstance(other, Gates) and (
            (self.names, self.qubits) == (other.names, other.qubits)
            and np.array_equal(self.durations, other.durations)
            and np.array_equal(self.errors, other.errors)
        )

    def __hash__(self) -> int:
        """Hash by content."""
        return hash((self.names, self.qubits, nested(self.durations), nested(self.errors)))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        """Schema: made from a sequence of gates, and written as a sequence."""
        return core_schema.no_info_plain_validator_function(
            cls._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(cls._written),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        """JSON Schema of a sequence of gates."""
        return {"type": "array", "items": Gate.model_json_schema()}

    @classmethod
    def _validate(cls, value: Any) -> Gates:
        if isinstance(value, Gates):
            return value
        if isinstance(value, list | tuple) and any(map(_varies, value)):
            return _swept([dict(entry) for entry in value])
        return cls.of(TypeAdapter(tuple[Gate, ...]).validate_python(value))

    def _written(self) -> tuple[dict[str, Any], ...]:
        durations, errors = (np.moveaxis(array, -1, 0) for array in (self.durations, self.errors))
        return tuple(
            {"name": name, "qubits": qubits, "duration": nested(duration), "error": nested(error)}
            for name, qubits, duration, error in zip(
                self.names, self.qubits, durations, errors, strict=True
            )
        )


def _varies(gate: Any) -> bool:
    return isinstance(gate, dict) and any(
        isinstance(gate.get(key), list | tuple) for key in ("duration", "error")
    )


def _swept(entries: Sequence[Any]) -> Gates:
    """Gates from entries as ``Gates`` writes them, with arrays for numbers."""
    numbers = ("duration", "error")
    blank = [{**entry, **dict.fromkeys(entry.keys() & {*numbers}, 0.0)} for entry in entries]
    gates = TypeAdapter(tuple[Gate, ...]).validate_python(blank)
    durations, errors = (
        np.stack(np.broadcast_arrays(*(real(entry[key]) for entry in entries)), axis=-1)
        for key in numbers
    )
    return Gates(
        tuple(gate.name for gate in gates), tuple(gate.qubits for gate in gates), durations, errors
    )
