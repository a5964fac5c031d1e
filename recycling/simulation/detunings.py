"""Averages over detunings that are constant during a shot and normal from shot to shot.

Their phases add up over all idle times of a qubit, with signs that its gates decide, so that they
are no channel of a step. A probability is a sum of waves in each detuning, of phases up to that of
all idle time together: Gauss and Hermite's quadrature, a rule for each qubit, integrates it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import dropwhile
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recycling.errors import BadInput
from recycling.simulation.noise import Channels
from recycling.simulation.pending import ABOUT_Z
from recycling.simulation.program import (
    Allocate,
    Conditional,
    Depolarize,
    Factor,
    Measure,
    Program,
    Relax,
    Single,
    Step,
    Turn,
)
from recycling.simulation.values import Values

Real = NDArray[np.float64]
#: Evaluates programs: arrays whose first axes are those of the device's sweep.
Evaluate = Callable[[Values], list[Real]]

#: Error of the average over the detuning of a qubit, in a probability.
TOLERANCE = 1e-9
#: Most nodes of all qubits together: a quarter of a minute for the sweep of the paper.
MOST_NODES = 100_000

#: Most nodes of a qubit: NumPy's rules are tested up to a hundred.
MOST_COUNT = 100
#: Gates after which populations are populations.
_FLIPS = ABOUT_Z | {"x", "y"}


def averaged(
    programs: Sequence[Program], values: Values, points: int, evaluate: Evaluate
) -> list[Real]:
    """Average what programs give over the detunings of a device, some nodes at a time.

    Args:
        programs: programs that share their times.
        values: the detunings in them are standard deviations.
        points: how many points are evaluated together.
        evaluate: evaluates the programs with given detunings.

    Raises:
        BadInput: the phases are too large for the quadrature.
    """
    if values.numbers.detuning is None:
        return evaluate(values)
    nodes, weights = quadrature(_phases(programs, values))
    shared = max(1, prod(values.device_sweep) * prod(values.parameter_sweep))
    size = min(len(weights), max(1, points // shared))
    found: list[Real] = []
    for start in range(0, len(weights), size):
        # Of equal length, since JAX compiles anew for another one; what is repeated has no weight.
        some = np.arange(start, start + size)
        kept = np.where(some < len(weights), weights[some % len(weights)], 0.0)
        tensors = evaluate(_at(values, nodes[some % len(weights)]))
        sums = [np.tensordot(kept, tensor, axes=1) for tensor in tensors]
        found = [a + b for a, b in zip(found, sums, strict=True)] if found else sums
    return found


def quadrature(phases: Sequence[float]) -> tuple[Real, Real]:
    """Nodes in standard deviations (array of shape (node, qubit)), and their weights (node,).

    The rule of K nodes for exp(iφx), x normal, has an error of φ²ᴷ K!/(2K)! at most; K is the least
    for which that is below ``TOLERANCE``.

    Source: Abramowitz and Stegun, 25.4.46.

    Args:
        phases: standard deviation of the largest phase of each qubit, rad.

    Raises:
        BadInput: there would be more than ``MOST_NODES`` nodes.

    Example:
        >>> nodes, weights = quadrature([0.0, 0.5])
        >>> nodes.shape, round(float(weights @ np.cos(0.5 * nodes[:, 1])), 9)
        ((6, 2), 0.882496903)
        >>> round(float(np.exp(-(0.5**2) / 2)), 9)
        0.882496903
    """
    counts = [_count(phase) for phase in phases]
    if prod(counts) > MOST_NODES:
        raise BadInput(
            "device.low_frequency_dephasing: phases up to "
            f"{max(phases):.2g} rad take {prod(counts):.2g} points of the exact engine for each "
            "point, more than it averages over; give a longer time"
        )
    rules = [np.polynomial.hermite_e.hermegauss(count) for count in counts]
    nodes = np.stack(np.meshgrid(*(x for x, _ in rules), indexing="ij"), axis=-1)
    weights = np.ones(1)
    for _, own in rules:
        weights = np.multiply.outer(weights, own / own.sum()).ravel()
    return nodes.reshape(-1, len(counts)), weights


def _count(phase: float) -> int:
    for count in range(1, MOST_COUNT + 1):
        # Products of small factors, since the powers alone overflow.
        ratio = prod(phase**2 / (count + step) for step in range(1, count + 1))
        if phase == 0 or ratio < TOLERANCE:
            return count
    return MOST_NODES + 1


def _phases(programs: Sequence[Program], values: Values) -> list[float]:
    """Largest standard deviation of each qubit's phase, over all programs and points."""
    numbers = values.numbers
    assert numbers.detuning is not None
    idle = [_idle(program.steps) for program in programs]
    channels = Channels(numbers, programs[0].times, {}, np)
    return [
        float(
            max(np.max(np.abs(spread * channels.idle(tuple(each.get(qubit, ()))))) for each in idle)
        )
        for qubit, spread in enumerate(numbers.detuning)
    ]


def _idle(steps: Sequence[Step]) -> dict[int, list[int]]:
    """Places of all idle times of each qubit; those of both branches count."""
    found: dict[int, list[int]] = {}
    for qubit, factors in _factors(steps):
        for factor in factors:
            if isinstance(factor, Relax):
                found.setdefault(qubit, []).extend(factor.idle)
    return found


def _factors(steps: Sequence[Step]) -> Iterator[tuple[int, tuple[Factor, ...]]]:
    for step in steps:
        match step:
            case Allocate(qubit, factors):
                yield qubit, tuple(dropwhile(_keeps_thermal, factors))
            case Single(qubit, factors) | Measure(qubit, _, _, factors):
                yield qubit, factors
            case Conditional(_, _, then, otherwise):
                yield from _factors((*then, *otherwise))
            case _:
                pass


def _keeps_thermal(factor: Factor) -> bool:
    """Whether a factor makes no coherence, so that a qubit at its start has no phase."""
    return isinstance(factor, Relax | Depolarize) or (
        isinstance(factor, Turn) and all(name in _FLIPS for name, _, _ in factor.gates)
    )


def _at(values: Values, nodes: Real) -> Values:
    """Values with given detunings, along a new first axis of the device's sweep."""
    axes = len(values.device_sweep)

    def longer(array: Any) -> Any:
        return array[None] if np.ndim(array) else array

    numbers = values.numbers.map(longer)
    assert numbers.detuning is not None
    detuning = tuple(
        spread * nodes[:, qubit].reshape(-1, *(1,) * axes) if np.any(spread) else 0.0
        for qubit, spread in enumerate(numbers.detuning)
    )
    parameters = {
        name: value if isinstance(value, float) else _with_axis(value, axes)
        for name, value in values.parameters.items()
    }
    sweep = (len(nodes), *values.device_sweep)
    return replace(
        values,
        numbers=replace(numbers, detuning=detuning),
        parameters=parameters,
        device_sweep=sweep,
    )


def _with_axis(value: Real, axes: int) -> Real:
    """A parameter's values (*parameters, *device) with an axis in front of the device's."""
    return np.expand_dims(value, value.ndim - axes)
