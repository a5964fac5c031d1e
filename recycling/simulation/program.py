"""A compiled dynamic circuit as a plain program: what acts on what, without any number of a device.

Steps hold names of gates and places of times; ``recycling.simulation.noise`` turns them into
channels. So a program is compiled once and evaluated on any device, at any point of a sweep, and
programs that begin alike are recognised by comparing their steps. No Qiskit from here on.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from recycling.compilation.times import Times


@dataclass(frozen=True)
class Angle:
    """An angle that is ``slope`` × a parameter + ``offset``, rad."""

    parameter: str
    slope: float
    offset: float


#: A gate without noise: name, Qiskit class, and parameters, each a number, an ``Angle``, or a
#: Qiskit expression of several parameters.
Gate = tuple[str, Any, tuple[Any, ...]]


@dataclass(frozen=True)
class Turn:
    """Gates on one qubit that follow each other, without noise."""

    gates: tuple[Gate, ...]


@dataclass(frozen=True)
class Depolarize:
    """Depolarization of a one-qubit gate."""

    name: str
    qubits: tuple[int, ...]


@dataclass(frozen=True)
class Relax:
    """Relaxation of a qubit during gates, by name and qubits, and idle times, by place."""

    gates: tuple[tuple[str, tuple[int, ...]], ...] = ()
    idle: tuple[int, ...] = ()


@dataclass(frozen=True)
class Fixed:
    """A channel that depends on nothing: rows of its PTM."""

    name: str
    rows: tuple[tuple[float, ...], ...]


Factor = Turn | Depolarize | Relax | Fixed


class _Hashed:
    """A step is hashed once: its factors are many."""

    @cached_property
    def _hash(self) -> int:
        return hash(tuple(getattr(self, each.name) for each in fields(self)))  # type: ignore[arg-type]


def _hash_of(step: _Hashed) -> int:
    return step._hash


@dataclass(frozen=True)
class Allocate(_Hashed):
    """Bring a qubit to life in its thermal state, after which factors act."""

    qubit: int
    factors: tuple[Factor, ...] = ()
    __hash__ = _hash_of


@dataclass(frozen=True)
class Single(_Hashed):
    """Apply factors to a live qubit."""

    qubit: int
    factors: tuple[Factor, ...]
    __hash__ = _hash_of


@dataclass(frozen=True)
class Pair(_Hashed):
    """Apply a two-qubit gate with its depolarization, but without relaxation."""

    qubits: tuple[int, int]
    gate: Gate
    __hash__ = _hash_of


@dataclass(frozen=True)
class Measure(_Hashed):
    """Measure a qubit in Z, after which factors have acted, and record a bit.

    ``release`` ends the qubit's life.
    """

    qubit: int
    bit: int
    release: bool
    factors: tuple[Factor, ...] = ()
    __hash__ = _hash_of


@dataclass(frozen=True)
class Release:
    """Trace a qubit out."""

    qubit: int


@dataclass(frozen=True)
class Conditional(_Hashed):
    """Apply steps where the recorded bits have given values, and others elsewhere."""

    bits: tuple[int, ...]
    values: tuple[int, ...]
    then: tuple[Step, ...]
    otherwise: tuple[Step, ...]
    __hash__ = _hash_of


Step = Allocate | Single | Pair | Measure | Release | Conditional


@dataclass(frozen=True)
class Program:
    """Steps, the times that they refer to, and the bits and qubits of the result.

    ``bits`` are the classical bits recorded, ``qubits`` the qubits still alive, both in the order
    in which results list them. ``parameters`` are the names of the circuit's parameters, and
    ``virtual`` the rotations that take no time and have no error on its device, nor
    on any that it is evaluated on.
    """

    steps: tuple[Step, ...]
    times: Times
    bits: tuple[int, ...]
    qubits: tuple[int, ...]
    parameters: tuple[str, ...] = ()
    virtual: frozenset[tuple[str, tuple[int, ...]]] = frozenset()


def most_qubits(program: Program) -> int:
    """Most qubits that live at a time in a program.

    Example:
        >>> from recycling.compilation.times import Times
        >>> steps = (Allocate(0), Allocate(1), Release(0), Allocate(2))
        >>> most_qubits(Program(steps, Times(), (), (1, 2), (), frozenset()))
        2
    """
    alive = most = 0
    for step in program.steps:
        if isinstance(step, Allocate):
            alive += 1
            most = max(most, alive)
        elif isinstance(step, Release) or (isinstance(step, Measure) and step.release):
            alive -= 1
    return most
