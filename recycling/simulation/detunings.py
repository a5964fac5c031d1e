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
from recycling.simulation.quadrature import quadrature
from recycling.simulation.values import Values

Real = NDArray[np.float64]
#: Evaluates programs: arrays whose first axes are those of the device's sweep.
Evaluate = Callable[[Values], list[Real]]

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

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.simulation.engine import compile_program
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B",))
        >>> noisy = device.replace("example", detuning=(1e5,))
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.sx(0)
        >>> _ = circuit.delay(1, 0, unit="us")
        >>> _ = circuit.sx(0)
        >>> _ = circuit.measure(0, 0)
        >>> evaluation = compile_program(circuit, noisy)
        >>> seen = []
        >>> def evaluate(values):
        ...     seen.append(values.sweep)
        ...     return [np.ones(values.sweep)]
        >>> averaged([evaluation.program], evaluation.values, 1024, evaluate)
        [array(1.)]
        >>> seen  # nodes
        [(4,)]
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
