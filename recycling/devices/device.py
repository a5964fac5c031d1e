"""A device as data: every number that the simulation, the layout and the report need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from recycling.devices import shown
from recycling.devices.arrays import (
    NON_NEGATIVE,
    POSITIVE,
    POSITIVE_FINITE,
    PROBABILITY,
    OverSweep,
    PerQubit,
    Real,
)
from recycling.devices.constants import boltzmann, planck
from recycling.devices.gates import Gate, Gates
from recycling.errors import BadInput

#: Roles of a six-qubit device, in the order of its qubits.
ROLES = ("C_I", "C_C0", "C_C1", "C_A", "B", "S")

#: Fields with a number for each qubit on the last axis.
PER_QUBIT = (
    "t1", "t2", "frequency", "temperature", "false_excited", "false_ground", "measure_duration",
    "detuning",
)  # fmt: skip
#: Those of them that may be a number for all qubits.
_SHARED = ("temperature", "detuning")


class Device(BaseModel):
    """Noise, timing and temperature of the qubits that an experiment uses.

    Per-qubit arrays have an entry for each role on their last axis. Durations and times in s,
    frequencies in Hz, temperatures in K. ``sources`` says for each field where its number comes
    from; an entry ``"t1[B]"`` overrules ``"t1"`` for that qubit.

    All numbers but ``dt`` may carry the axes of a sweep in front, and these broadcast against each
    other; ``sweep`` is their common shape. All arrays are read-only. Fields may be given as
    sequences. ``temperature`` is a number where all qubits have the same, and may have length 1
    for the qubits in a sweep.

    Raises:
        pydantic.ValidationError: a number out of range; T2 > 2 T1; fields of unequal length;
            sweeps of different shape.

    Example:
        Another temperature for one qubit, then three values of T1 of the other:

        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> device = device.replace("thermometer", temperature=(0.05, 0.02))
        >>> device.excited_population.round(4)
        array([0.0082, 0.    ])
        >>> t1 = [[np.inf, 1e-4], [np.inf, 2e-4], [np.inf, 3e-4]]
        >>> swept = device.replace("example", t1=t1, t2=(1e-4, 1e-4))
        >>> swept.sweep, swept.excited_population.shape, swept.assignment.shape
        ((3,), (2,), (2, 2, 2))
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    name: str
    roles: tuple[str, ...] = ROLES
    layout: tuple[int, ...] | None
    t1: Annotated[Real, PerQubit(POSITIVE)]
    t2: Annotated[Real, PerQubit(POSITIVE)]
    frequency: Annotated[Real, PerQubit(POSITIVE_FINITE)]
    temperature: Annotated[Any, PerQubit(POSITIVE_FINITE, shared=True)]
    """A number for all qubits, or an array like those of the other fields."""
    false_excited: Annotated[Real, PerQubit(PROBABILITY)]
    """P(recorded 1 | prepared 0) of each qubit."""
    false_ground: Annotated[Real, PerQubit(PROBABILITY)]
    """P(recorded 0 | prepared 1) of each qubit."""
    measure_duration: Annotated[Real, PerQubit(NON_NEGATIVE)]
    feedforward_latency: Annotated[Any, OverSweep(NON_NEGATIVE)]
    """A number, or an array of the shape of the sweep."""
    detuning: Annotated[
        Any,
        PerQubit(NON_NEGATIVE, shared=True),
        AfterValidator(lambda value: value if np.any(value) else 0.0),
        Field(exclude_if=lambda value: not np.any(value)),
    ] = 0.0
    """Standard deviation of a detuning that is constant during a shot, rad/s; a number for all
    qubits, or an array. It acts while a qubit idles, besides T1 and T2."""
    dt: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    gates: Gates
    sources: dict[str, str]

    @model_validator(mode="after")
    def _check(self) -> Self:
        for field in PER_QUBIT:
            (length,) = np.shape(getattr(self, field))[-1:] or (1,)
            if length != len(self.roles) and not (field in _SHARED and length == 1):
                raise ValueError(f"{field} has {length} entries: give one for "
                                 f"each of {', '.join(self.roles)}")  # fmt: skip
        for name, qubits in zip(self.gates.names, self.gates.qubits, strict=True):
            if not {*qubits} <= {*range(len(self.roles))}:
                raise ValueError(f"{name} is on qubits {qubits} of {len(self.roles)}")
        try:
            _ = self.sweep
        except ValueError:
            shapes = ", ".join(f"{name} {shape}" for name, shape in self._sweeps().items() if shape)
            raise ValueError(
                f"sweeps of different shape: {shapes}; give shapes that broadcast"
            ) from None
        t1, t2 = (np.moveaxis(times, -1, 0) for times in np.broadcast_arrays(self.t1, self.t2))
        for qubit, *point in np.argwhere(t2 > 2 * t1)[:1]:
            limit, value = 2 * t1[(qubit, *point)], t2[(qubit, *point)]
            raise ValueError(
                f"t2 of {self.roles[qubit]} = {value:.6g} s is above 2 t1 = {limit:.6g} s: give "
                "t2 ≤ 2 t1"
            )
        return self

    def __repr__(self) -> str:
        return shown.line_of(self)

    def _repr_html_(self) -> str:
        return shown.page_of(self)

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        return isinstance(other, Device) and all(
            np.array_equal(getattr(self, name), getattr(other, name))
            if isinstance(getattr(self, name), np.ndarray)
            else getattr(self, name) == getattr(other, name)
            for name in type(self).model_fields
        )

    def _sweeps(self) -> dict[str, tuple[int, ...]]:
        """Shape of the sweep of each field."""
        return {
            **{field: np.shape(getattr(self, field))[:-1] for field in PER_QUBIT},
            "feedforward_latency": np.shape(self.feedforward_latency),
            "durations of gates": self.gates.durations.shape[:-1],
            "errors of gates": self.gates.errors.shape[:-1],
        }

    @property
    def sweep(self) -> tuple[int, ...]:
        """Shape of the sweep that the numbers run over; () for a device at a single point."""
        return np.broadcast_shapes(*self._sweeps().values())

    def refuse_sweep(self) -> None:
        """Raise ``BadInput`` where the numbers run over a sweep: a run has a single device."""
        if self.sweep:
            raise BadInput(
                f"the numbers of the device run over a sweep of shape {self.sweep}: a run has one "
                "device; give the device at one point"
            )

    def refuse_detuning(self) -> None:
        """Raise ``BadInput`` where qubits have detunings: only the exact engine averages them."""
        if np.any(self.detuning):
            raise BadInput(
                "the device has detunings that are constant during a shot: the exact engine alone "
                "averages over them; give the device without, detuning = 0"
            )

    def at(self, *point: int) -> Device:
        """Device at a point of the sweep, given by its index on each axis.

        Example:
            >>> from recycling.devices.profiles import ideal_device
            >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B",))
            >>> swept = device.replace("example", temperature=[[0.02], [0.03]])
            >>> swept.at(1).temperature
            0.03
        """

        def numbers(array: Real, axes: int) -> Any:
            shape = array.shape[array.ndim - axes :]
            return np.broadcast_to(array, (*self.sweep, *shape))[point]

        changes = {
            field: numbers(array, min(array.ndim, 1))
            for field, array in ((field, np.asarray(getattr(self, field))) for field in PER_QUBIT)
        }
        changes["feedforward_latency"] = numbers(np.asarray(self.feedforward_latency), 0)
        changes["gates"] = replace(
            self.gates,
            durations=numbers(self.gates.durations, 1),
            errors=numbers(self.gates.errors, 1),
        )
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_validate(fields | changes)

    @property
    def num_qubits(self) -> int:
        """Number of qubits."""
        return len(self.roles)

    @property
    def excited_population(self) -> NDArray[np.float64]:
        """Excited population 1/(1 + exp(hf/kT)) of each qubit at its temperature (*sweep, n)."""
        from scipy.special import expit  # slow to import

        energy = planck * self.frequency
        return np.asarray(expit(-energy / (boltzmann * self.temperature)))

    @property
    def assignment(self) -> NDArray[np.float64]:
        """Assignment matrices P(recorded | true) by qubit (array of shape (*sweep, n, 2, 2))."""
        ground, excited = np.broadcast_arrays(self.false_excited, self.false_ground)
        return np.stack(
            [np.stack([1 - ground, excited], -1), np.stack([ground, 1 - excited], -1)], axis=-2
        )

    @cached_property
    def gate_table(self) -> Mapping[tuple[str, tuple[int, ...]], Gate]:
        """Native gates by name and qubits, of a device without a sweep of its gates."""
        return {(gate.name, gate.qubits): gate for gate in self.gates}

    @property
    def is_instantaneous(self) -> bool:
        """Whether gates, measurements and feedforward take no time."""
        times = (self.gates.durations, self.measure_duration, self.feedforward_latency)
        return not any(np.any(time) for time in times)

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Pairs of qubits that share a two-qubit gate, in the order listed."""
        pairs = dict.fromkeys(tuple(sorted(q)) for q in self.gates.qubits if len(q) == 2)
        return tuple((a, b) for a, b in pairs)

    def source(self, field: str, role: str) -> str:
        """Where the number ``field`` of the qubit ``role`` comes from."""
        declared = {"detuning": "none declared"} | self.sources
        return declared.get(f"{field}[{role}]", declared[field])

    def replace(self, source: str, **changes: Any) -> Device:
        """Copy with some fields changed and validated again; ``source`` names the change."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        kept = {key: text for key, text in self.sources.items() if key.split("[")[0] not in changes}
        sources = kept | dict.fromkeys(changes, source)
        return Device.model_validate(fields | changes | {"sources": sources})
