"""The least arithmetic and traffic of a program, counted from the program itself."""

from dataclasses import dataclass
from math import prod

import numpy as np

from benchmarks.timing import shortest
from recycling.simulation.evolution import Tree, advance, nothing
from recycling.simulation.program import Allocate, Conditional, Measure, Pair, Single
from recycling.simulation.state import State

#: Bytes of a number of the state.
NUMBER = 8
#: Numbers of an array that stays in a core's cache, and of one that does not.
CACHED, LARGE = 2**14, 2**23


@dataclass(frozen=True)
class Work:
    """Products and sums, and numbers of the state read and written, for one point."""

    flops: float = 0.0
    numbers: float = 0.0

    def __add__(self, other):
        return Work(self.flops + other.flops, self.numbers + other.numbers)

    @property
    def bytes(self):
        """Bytes of the state read and written."""
        return self.numbers * NUMBER


def work_of(evaluations):
    """Work that evolving compiled programs takes at one point, their channels being there.

    Each step that programs share is done once, reads its state once and writes it once. Entries of
    a channel that are zero at every point cost nothing, those that are 1 or -1 no product. What
    does not depend on the point costs nothing: it is shared by all.
    """
    values, programs = evaluations[0].values, [each.program for each in evaluations]
    channels = values.channels(programs[0].times, np, np.float64)
    start = nothing(channels, len(values.sweep), np.float64)
    return _of_tree(Tree.of(programs), start, channels)


def _of_tree(tree, state, channels):
    total = Work()
    for step in tree.steps:
        work, state = _of_step(step, state, channels)
        total += work
    return sum((_of_tree(branch, state, channels) for branch in tree.branches), total)


def _of_step(step, state, channels):
    """Work of a step, and the state after it."""
    after = advance(state, step, channels)
    match step:
        case Conditional():
            work = Work()
            for record in np.ndindex(*(2,) * len(step.bits)):
                part = _part(state, dict(zip(step.bits, record, strict=True)))
                for inner in step.then if record == step.values else step.otherwise:
                    more, part = _of_step(inner, part, channels)
                    work += more
            return work, after
        case Allocate() | Single() | Pair() | Measure():
            flops = _flops(channels.rows(step), _numbers(after), _height(step))
            return Work(flops, _numbers(state) + _numbers(after)), after
    return Work(), after


def _flops(rows, numbers, height):
    """Products and sums of a channel that writes so many numbers in so many rows."""
    terms = [entry for row in rows.entries.values() for _, entry in row]
    products = sum(not isinstance(entry, float) or abs(entry) != 1 for entry in terms)
    sums = len(terms) - len(rows.entries)
    return (products + sums) * numbers / height


def _height(step):
    """Rows of a step's channel."""
    if isinstance(step, Measure):
        return 2 if step.release else 8
    return 16 if isinstance(step, Pair) else 4


def _part(state, record):
    """The part of a state in which bits have a record."""
    index = tuple(record.get(place, slice(None)) if kind == "bit" else slice(None)
                  for kind, place in state.axes)  # fmt: skip
    axes = tuple(axis for axis in state.axes if axis[0] != "bit" or axis[1] not in record)
    return State(state.tensor[index], axes, state.sweep_axes)


def _numbers(state):
    """Numbers of a state that each point has for itself."""
    *others, points = state.tensor.shape
    return prod(others) if points > 1 else 0


def rates():
    """What the core does at best: flop/s of a matrix product; bytes/s of a copy, read and written.

    Returns:
        Arithmetic, traffic within the cache, traffic with the memory.
    """
    matrix = np.random.default_rng(1).random((512, 512))
    _, product = shortest(lambda: matrix @ matrix, 20)
    traffic = []
    for size, repeats in ((CACHED, 2000), (LARGE, 10)):
        source, target = np.ones(size), np.empty(size)
        _, copy = shortest(lambda s=source, t=target: np.copyto(t, s), repeats)
        traffic.append(2 * NUMBER * size / copy)
    return 2 * len(matrix) ** 3 / product, *traffic
