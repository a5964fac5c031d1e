"""A device as data: every number that the simulation, the layout and the report need."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy.constants import h as planck
from scipy.constants import k as boltzmann
from scipy.special import expit

#: What each qubit of a six-qubit device is for, in the order of the device's qubits.
ROLES = ("C_I", "C_C0", "C_C1", "C_A", "B", "S")

Positive = Annotated[float, Field(gt=0)]
PositiveFinite = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1)]


class Gate(BaseModel):
    """One native gate on given qubits: duration in s, error = average gate infidelity."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    qubits: tuple[int, ...]
    duration: NonNegative
    error: Annotated[float, Field(ge=0, lt=1)]


class Device(BaseModel):
    """Noise, timing and temperature of the qubits that an experiment uses.

    Per-qubit tuples have one entry for each role. Durations and times in s, frequencies in Hz,
    temperatures in K. ``sources`` says for each field where its number comes from; an entry
    ``"t1[B]"`` overrules ``"t1"`` for the one qubit.

    Raises:
        pydantic.ValidationError: a number out of range; T2 > 2 T1; fields of unequal length.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    name: str
    roles: tuple[str, ...] = ROLES
    layout: tuple[int, ...] | None
    t1: tuple[Positive, ...]
    t2: tuple[Positive, ...]
    frequency: tuple[PositiveFinite, ...]
    temperature: PositiveFinite
    false_excited: tuple[Probability, ...]
    """P(recorded 1 | prepared 0) of each qubit."""
    false_ground: tuple[Probability, ...]
    """P(recorded 0 | prepared 1) of each qubit."""
    measure_duration: tuple[NonNegative, ...]
    feedforward_latency: NonNegative
    dt: PositiveFinite
    gates: tuple[Gate, ...]
    sources: dict[str, str]

    @model_validator(mode="after")
    def _check(self) -> Self:
        per_qubit = ("t1", "t2", "frequency", "false_excited", "false_ground", "measure_duration")
        for field in per_qubit:
            if len(getattr(self, field)) != len(self.roles):
                raise ValueError(f"{field} has {len(getattr(self, field))} entries: give one for "
                                 f"each of {', '.join(self.roles)}")  # fmt: skip
        for gate in self.gates:
            if not {*gate.qubits} <= {*range(len(self.roles))}:
                raise ValueError(f"{gate.name} is on qubits {gate.qubits} of {len(self.roles)}")
        for role, t1, t2 in zip(self.roles, self.t1, self.t2, strict=True):
            if t2 > 2 * t1:
                raise ValueError(
                    f"t2 of {role} = {t2:.6g} s is above 2 t1 = {2 * t1:.6g} s: give t2 ≤ 2 t1"
                )
        return self

    @property
    def num_qubits(self) -> int:
        """Number of qubits."""
        return len(self.roles)

    @property
    def excited_population(self) -> NDArray[np.float64]:
        """Thermal excited population 1/(1 + exp(hf/kT0)) of each qubit (array of shape (n,))."""
        energy = planck * np.array(self.frequency)
        return np.asarray(expit(-energy / (boltzmann * self.temperature)))

    @property
    def assignment(self) -> NDArray[np.float64]:
        """Assignment matrices P(recorded | true) by qubit (array of shape (n, 2, 2))."""
        ground, excited = np.array(self.false_excited), np.array(self.false_ground)
        return np.stack(
            [np.stack([1 - ground, excited], -1), np.stack([ground, 1 - excited], -1)], axis=-2
        )

    @cached_property
    def gate_table(self) -> Mapping[tuple[str, tuple[int, ...]], Gate]:
        """Native gates by name and qubits."""
        return {(gate.name, gate.qubits): gate for gate in self.gates}

    @property
    def is_instantaneous(self) -> bool:
        """Whether no gate, no measurement and no feedforward takes time."""
        gates = any(gate.duration > 0 for gate in self.gates)
        return not (gates or any(self.measure_duration) or self.feedforward_latency)

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Pairs of qubits that share a two-qubit gate, in the order listed."""
        pairs = dict.fromkeys(tuple(sorted(g.qubits)) for g in self.gates if len(g.qubits) == 2)
        return tuple((a, b) for a, b in pairs)

    def source(self, field: str, role: str) -> str:
        """Where the number ``field`` of the qubit ``role`` comes from."""
        return self.sources.get(f"{field}[{role}]", self.sources[field])

    def replace(self, source: str, **changes: Any) -> Device:
        """Copy with some fields changed and validated again; ``source`` says who changed them."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        kept = {key: text for key, text in self.sources.items() if key.split("[")[0] not in changes}
        sources = kept | dict.fromkeys(changes, source)
        return Device.model_validate(fields | changes | {"sources": sources})
