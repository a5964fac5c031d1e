"""Second step of the engine: evolve programs. Arrays alone (of any array API), no Qiskit.

Programs with a common beginning share its evolution, and every point and every basis is an index of
a sweep axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from recycling.simulation.noise import Channels, Part
from recycling.simulation.program import (
    Allocate,
    Conditional,
    Measure,
    Pair,
    Program,
    Release,
    Single,
    Step,
)
from recycling.simulation.state import Axis, State, joined

#: Entries of a state from which on the values of a bit that nothing depends on any more are evolved
#: one after the other. A block of points of the protocol has a quarter of them at most.
LARGE = 2**20
#: Called with the place of a program and its final state.
Receiver = Callable[[int, State], None]


@dataclass(frozen=True)
class Tree:
    """Programs that begin alike: the steps that they share, those that end there, and the rest.

    Example:
        >>> from recycling.compilation.times import Times
        >>> programs = [
        ...     Program((Allocate(0), last), Times(), (), ()) for last in (Allocate(1), Release(0))
        ... ]
        >>> tree = Tree.of(programs)
        >>> tree.steps, len(tree.branches)
        ((Allocate(qubit=0, factors=()),), 2)
    """

    steps: tuple[Step, ...]
    ends: tuple[int, ...]
    branches: tuple[Tree, ...]

    @classmethod
    def of(cls, programs: Sequence[Program]) -> Tree:
        """Put programs together, by their places."""
        return cls._of([program.steps for program in programs], list(range(len(programs))), 0)

    @classmethod
    def _of(cls, programs: Sequence[tuple[Step, ...]], members: list[int], depth: int) -> Tree:
        shared: list[Step] = []
        while True:
            ends = tuple(index for index in members if depth == len(programs[index]))
            followers: dict[Step, list[int]] = {}
            for index in members:
                if depth < len(programs[index]):
                    followers.setdefault(programs[index][depth], []).append(index)
            if ends or len(followers) != 1:
                break
            ((step, members),) = followers.items()
            shared.append(step)
            depth += 1
        branches = tuple(cls._of(programs, each, depth) for each in followers.values())
        return cls(tuple(shared), ends, branches)


def evolve(tree: Tree, state: State, channels: Channels | Part, receive: Receiver) -> None:
    """Evolve programs that share their times and channels; each result is handed over at once.

    Recorded bits double the state. Of a large one the values of a bit go separate ways, so that the
    results and a few states of ``LARGE`` entries are all that is held.

    Args:
        tree: the programs.
        state: the state that they start in.
        channels: channels of their steps.
        receive: takes the place of a program and its state, whose axes are in any order.

    Example:
        >>> from recycling.compilation.times import Times
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.simulation.numbers import Numbers
        >>> device = ideal_device(temperature=0.01, frequency=5e9, roles=("B",))
        >>> channels = Channels(Numbers.of(device), Times(), {}, np)
        >>> tree = Tree.of([Program((Allocate(0),), Times(), (), (0,))])
        >>> evolve(tree, nothing(channels, 0, float), channels, lambda _, end: print(end.axes))
        (('qubit', 0),)
    """
    for place, step in enumerate(tree.steps):
        bit = _settled(state, tree, place)
        if bit is not None:
            rest = Tree(tree.steps[place:], tree.ends, tree.branches)
            return _evolve_apart(bit, rest, state, channels, receive)
        state = advance(state, step, channels)
    for index in tree.ends:
        receive(index, state)
    for branch in tree.branches:
        evolve(branch, state, channels, receive)


def _settled(state: State, tree: Tree, place: int) -> Axis | None:
    """Bit of a large state that no step from a place on needs; None where there is none."""
    if prod(state.tensor.shape) < LARGE:
        return None
    needed = _bits(tree.steps[place:]).union(*map(_bits_of_tree, tree.branches))
    return next((axis for axis in state.axes if axis[0] == "bit" and axis[1] not in needed), None)


def _bits_of_tree(tree: Tree) -> set[int]:
    return _bits(tree.steps).union(*map(_bits_of_tree, tree.branches))


def _bits(steps: Sequence[Step]) -> set[int]:
    """Bits that steps measure anew or that conditions depend on."""
    bits: set[int] = set()
    for step in steps:
        if isinstance(step, Measure):
            bits.add(step.bit)
        elif isinstance(step, Conditional):
            bits.update(step.bits)
    return bits


def _evolve_apart(
    bit: Axis, tree: Tree, state: State, channels: Channels | Part, receive: Receiver
) -> None:
    """Evolve the two values of a bit one after the other, so that few large states live at once."""
    found: dict[int, list[State]] = {}
    for value in (0, 1):
        part = state.at(bit, value)
        evolve(tree, part, channels, lambda index, end: found.setdefault(index, []).append(end))
    for index in list(found):
        ends = found.pop(index)
        parts = [end.order(ends[0].axes).tensor for end in ends]
        receive(
            index, State(joined(parts, state.sweep_axes), (bit, *ends[0].axes), state.sweep_axes)
        )


def nothing(channels: Channels | Part, sweep_axes: int, dtype: Any) -> State:
    """State of no qubit and no bit.

    Example:
        >>> from recycling.compilation.times import Times
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.simulation.numbers import Numbers
        >>> device = ideal_device(temperature=0.01, frequency=5e9, roles=("B",))
        >>> channels = Channels(Numbers.of(device), Times(), {}, np)
        >>> nothing(channels, 2, float).tensor.shape
        (1, 1)
    """
    return State(channels.xp.ones((1,) * sweep_axes, dtype=dtype), (), sweep_axes)


def advance(state: State, step: Step, channels: Channels | Part) -> State:
    """Apply a step.

    Example:
        >>> from recycling.compilation.times import Times
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.simulation.numbers import Numbers
        >>> device = ideal_device(temperature=0.01, frequency=5e9, roles=("B",))
        >>> channels = Channels(Numbers.of(device), Times(), {}, np)
        >>> advance(nothing(channels, 0, float), Allocate(0), channels).tensor.round(6).tolist()
        [1.0, 0.0, 0.0, 1.0]
    """
    match step:
        case Allocate(qubit):
            return state.allocate(("qubit", qubit), channels.rows(step))
        case Single(qubit):
            axis = [("qubit", qubit)]
            return state.apply(channels.rows(step), axis, axis)
        case Pair(qubits):
            axes = [("qubit", qubit) for qubit in qubits]
            return state.apply(channels.rows(step), axes, axes)
        case Release(qubit):
            return state.drop(("qubit", qubit), total=False)
        case Measure():
            return _measure(state, step, channels)
        case Conditional():
            return _branch(state, step, channels)


def _measure(state: State, step: Measure, channels: Channels | Part) -> State:
    bit, qubit = ("bit", step.bit), ("qubit", step.qubit)
    if bit in state.axes:  # recorded before: the new record overwrites the old one
        state = state.drop(bit, total=True)
    rows = channels.rows(step)
    return (
        state.read(qubit, bit, rows) if step.release else state.apply(rows, [qubit], [bit, qubit])
    )


def _branch(state: State, step: Conditional, channels: Channels | Part) -> State:
    """Evolve each record of the condition's bits by the steps that belong to it."""
    condition = tuple(("bit", bit) for bit in step.bits)
    others = tuple(axis for axis in state.axes if axis not in condition)
    ordered = state.order((*condition, *others)).tensor
    parts = []
    for record in np.ndindex(*(2,) * len(condition)):
        part = State(ordered[(*record, ...)], others, state.sweep_axes)
        for inner in step.then if record == step.values else step.otherwise:
            part = advance(part, inner, channels)
        parts.append(part.order(others).tensor)
    tensor = joined(parts, state.sweep_axes)
    xp = array_namespace(tensor)
    tensor = xp.reshape(tensor, (*(2,) * len(condition), *tensor.shape[1:]))
    return State(tensor, (*condition, *others), state.sweep_axes)
