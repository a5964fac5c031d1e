"""A compiled dynamic circuit as a plain program of small arrays: no Qiskit from here on.

The state is a tensor with named axes: sweep axes first, then one axis of length 2 for each
recorded classical bit and one Pauli axis of length 4 for each live qubit, in any order. Arrays in
the steps have the sweep axes in front, of length 1 where the step does not vary.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
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


def stack(programs: Sequence[Program]) -> Program:
    """Stack programs that differ in their numbers alone along a new sweep axis in front.

    That is how what changes the compiled circuit itself is swept: the feedforward latency, or how
    long measurements take.

    Args:
        programs: programs of the same circuit, e.g. compiled for several latencies, over sweeps
            that broadcast against each other and have equally many axes.

    Returns:
        Program over the sweep (program, *sweep).

    Raises:
        ValueError: programs of different structure.

    Example:
        >>> from recycling.simulation.engine import execute
        >>> start = [Allocate(0, np.array([1.0, 0.0, 0.0, z])) for z in (1.0, 0.0, -1.0)]
        >>> read = Measure(0, 0, np.eye(2), release=True)
        >>> programs = [Program((each, read), (), (0,), ()) for each in start]
        >>> (outcome,) = execute([stack(programs)])
        >>> outcome.probabilities[:, 1]
        array([0. , 0.5, 1. ])
    """
    first = programs[0]
    alike = {(program.bits, program.qubits, len(program.sweep)) for program in programs}
    if len(alike) > 1:
        raise ValueError("programs record different bits or have different sweeps: stack programs "
                         "of one circuit")  # fmt: skip
    sweep = np.broadcast_shapes(*(program.sweep for program in programs))
    steps = _stacked([program.steps for program in programs])
    return Program(steps, (len(programs), *sweep), first.bits, first.qubits)


def _stacked(rows: Sequence[tuple[Step, ...]]) -> tuple[Step, ...]:
    """Steps whose arrays have a new axis in front, of length 1 where all are the same."""
    if len({tuple(type(step) for step in steps) for steps in rows}) > 1:
        raise ValueError("programs have different steps: stack programs of one circuit")
    return tuple(_stacked_step(column) for column in zip(*rows, strict=True))


def _stacked_step(column: Sequence[Step]) -> Step:
    contents: dict[str, Any] = {}
    for field in fields(column[0]):
        values = [getattr(step, field.name) for step in column]
        if isinstance(values[0], np.ndarray):
            same = all(np.array_equal(value, values[0]) for value in values)
            contents[field.name] = np.stack(np.broadcast_arrays(*values[: 1 if same else None]))
        elif field.name in ("then", "otherwise"):
            contents[field.name] = _stacked(values)
        elif any(value != values[0] for value in values):
            raise ValueError("programs have different steps: stack programs of one circuit")
        else:
            contents[field.name] = values[0]
    return type(column[0])(**contents)


def _content(value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        return str(value.shape).encode() + value.tobytes()
    if isinstance(value, tuple) and value and isinstance(value[0], _Hashed):
        return b"".join(step.digest for step in value)
    return repr(value).encode()
