"""A compiled dynamic circuit as a plain program of small arrays: no Qiskit from here on.

The state is a tensor with named axes: sweep axes first, then one axis of length 2 for each
recorded classical bit and one Pauli axis of length 4 for each live qubit, in any order. Arrays in
the steps have the sweep axes in front, of length 1 where the step does not vary.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]


class _Hashed:
    """Equality of steps by content, so that programs can share a common prefix."""

    @cached_property
    def digest(self) -> bytes:
        """Hash of everything that the step does."""
        hasher = hashlib.sha256(type(self).__name__.encode())
        for field in fields(self):  # type: ignore[arg-type]
            content = _content(getattr(self, field.name))
            # With its length in front, no part of one field can pass for a part of the next.
            hasher.update(len(content).to_bytes(8, "big") + content)
        return hasher.digest()


@dataclass(frozen=True, eq=False)
class Allocate(_Hashed):
    """Bring a qubit to life in a product state: Pauli vector (array of shape (*sweep, 4))."""

    qubit: int
    state: Real


@dataclass(frozen=True, eq=False)
class Apply(_Hashed):
    """Apply a channel to one or two live qubits: PTM (array of shape (*sweep, 4ⁿ, 4ⁿ))."""

    qubits: tuple[int, ...]
    channel: Real


@dataclass(frozen=True, eq=False)
class Measure(_Hashed):
    """Measure a qubit in Z and record a classical bit.

    ``assignment`` is P(recorded | true) (array of shape (*sweep, 2, 2)). ``release`` ends the
    qubit's life.
    """

    qubit: int
    bit: int
    assignment: Real
    release: bool


@dataclass(frozen=True, eq=False)
class Release(_Hashed):
    """Trace a qubit out."""

    qubit: int


@dataclass(frozen=True, eq=False)
class Conditional(_Hashed):
    """Apply steps where the recorded bits have given values, and others elsewhere."""

    bits: tuple[int, ...]
    values: tuple[int, ...]
    then: tuple[Step, ...]
    otherwise: tuple[Step, ...]


Step = Allocate | Apply | Measure | Release | Conditional


@dataclass(frozen=True)
class Program:
    """Steps, the shape of the sweep, and what is left at the end.

    ``bits`` are the classical bits recorded, ``qubits`` the qubits still alive, both in the order
    in which results list them.
    """

    steps: tuple[Step, ...]
    sweep: tuple[int, ...]
    bits: tuple[int, ...]
    qubits: tuple[int, ...]


def _content(value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        return str(value.shape).encode() + value.tobytes()
    if isinstance(value, tuple) and value and isinstance(value[0], _Hashed):
        return b"".join(step.digest for step in value)
    return repr(value).encode()
