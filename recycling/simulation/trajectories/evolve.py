"""Evolve an ensemble by the steps of a circuit.

An event of a channel is drawn by thinning: candidates are drawn with a probability that no state
exceeds, and only their states are looked at. So a step costs little more than its unitary.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recycling.devices.channels import PAULIS
from recycling.simulation.trajectories.ensemble import Complex, Ensemble, Integers, joined
from recycling.simulation.trajectories.steps import (
    Allocate,
    Channel,
    Conditional,
    Depolarize,
    Measure,
    Step,
    Unitary,
)

#: CZ, which changes a quarter of the amplitudes alone.
_CZ = np.diag([1, 1, 1, -1]).astype(complex)


def evolve(ensemble: Ensemble, steps: Sequence[Step], generator: np.random.Generator) -> Ensemble:
    """Evolve an ensemble, whose arrays are used up.

    Example:
        >>> from recycling.simulation.trajectories.steps import allocation
        >>> excited = allocation(0, np.array([1.0, 0.0, 0.0, -1.0]))
        >>> read = Measure(0, bit=0, assignment=np.eye(2), release=True)
        >>> generator = np.random.default_rng(1)
        >>> evolve(Ensemble.of(5), [excited, read], generator).records.tolist()
        [1]
    """
    for step in steps:
        match step:
            case Allocate():
                _allocate(ensemble, step, generator)
            case Unitary():
                _unitary(ensemble, step)
            case Channel():
                _channel(ensemble, step, generator)
            case Depolarize():
                _depolarize(ensemble, step, generator)
            case Measure():
                ensemble = _measure(ensemble, step, generator)
            case Conditional():
                ensemble = _conditional(ensemble, step, generator)
    return ensemble


def _allocate(ensemble: Ensemble, step: Allocate, generator: np.random.Generator) -> None:
    unlikely = ensemble.some_shots(step.unlikely, generator)
    columns, shots = np.unique(unlikely, return_counts=True)
    likely, other = (state[:, None] for state in step.states)
    before = ensemble.states[:, None]
    rare = (before[..., columns] * other).reshape(2 * len(before), len(columns))
    ensemble.states = (before * likely).reshape(2 * len(before), before.shape[-1])
    ensemble.qubits.append(step.qubit)
    ensemble.shots[columns] -= shots
    ensemble.add(rare, shots, ensemble.records[columns])


def _unitary(ensemble: Ensemble, step: Unitary) -> None:
    split = ensemble.split_pair(step.qubits, ensemble.states)
    if np.array_equal(step.matrix, _CZ):
        split[:, 1, :, 1] *= -1
        return
    first, second = (ensemble.qubits.index(qubit) for qubit in step.qubits)
    gate = step.matrix.reshape(2, 2, 2, 2)
    if first > second:
        gate = gate.transpose(1, 0, 3, 2)
    moved = np.einsum("pqij,aibjcd->apbqcd", gate, split, optimize=True)
    ensemble.states = np.ascontiguousarray(moved).reshape(ensemble.states.shape)


def _channel(ensemble: Ensemble, step: Channel, generator: np.random.Generator) -> None:
    """Apply a channel: in each shot one of its operators, with its probability in that state."""
    columns, candidates = np.unique(
        ensemble.some_shots(step.most_events, generator), return_counts=True
    )
    if len(columns) == 0:
        ensemble.multiply(step.kraus[0], step.qubit)
        return
    found = ensemble.split(step.qubit, ensemble.states[:, columns])
    density = np.einsum("aibd,ajbd->dij", found, found.conj())
    effects = step.kraus[1:].conj().swapaxes(1, 2) @ step.kraus[1:]
    norm = np.einsum("dii->d", density).real
    weights = np.einsum("kij,dji->dk", effects, density).real / norm[:, None]
    events = _drawn(candidates, np.maximum(weights, 0) / step.most_events, generator)
    ensemble.shots[columns] -= events.sum(axis=1)
    rare = [
        np.einsum("ij,ajbd->aibd", operator, found[..., happened]).reshape(
            len(ensemble.states), happened.sum()
        )
        for operator, happened in zip(step.kraus[1:], events.T > 0, strict=True)
    ]
    ensemble.multiply(step.kraus[0], step.qubit)
    event, place = np.nonzero(events.T)
    records = ensemble.records[columns[place]]
    ensemble.add(np.concatenate(rare, axis=1), events.T[event, place], records)


def _drawn(
    candidates: Integers, weights: NDArray[np.float64], generator: np.random.Generator
) -> Integers:
    """Numbers of candidates to which each event happens (array of shape (column, event))."""
    total = weights.sum(axis=1, keepdims=True)
    weights = weights / np.maximum(total, 1)  # rounding
    nothing = np.maximum(1 - weights.sum(axis=1, keepdims=True), 0)
    drawn = generator.multinomial(candidates, np.concatenate([weights, nothing], axis=1))
    return np.asarray(drawn[:, :-1])


def _depolarize(ensemble: Ensemble, step: Depolarize, generator: np.random.Generator) -> None:
    """Apply one of 15 pairs of Pauli operators to each shot that it happens to."""
    happened = ensemble.some_shots(step.probability, generator)
    if len(happened) == 0:
        return
    pairs, shots = np.unique(
        np.stack([happened, generator.integers(1, 16, len(happened))]), axis=1, return_counts=True
    )
    columns, paulis = pairs
    changed = ensemble.select(columns, shots)
    for qubit, pauli in zip(step.qubits, (paulis // 4, paulis % 4), strict=True):
        split = changed.split(qubit)
        changed.states = np.einsum("dij,ajbd->aibd", PAULIS[pauli], split).reshape(
            changed.states.shape
        )
    np.subtract.at(ensemble.shots, columns, shots)
    ensemble.add(changed.states, shots, changed.records)


def _measure(ensemble: Ensemble, step: Measure, generator: np.random.Generator) -> Ensemble:
    """Measure a qubit of every shot, each with the probabilities of its state."""
    used = np.flatnonzero(ensemble.shots)
    ensemble = ensemble.select(used) if len(used) < len(ensemble.shots) else ensemble
    split = ensemble.split(step.qubit)
    ground, excited = (np.einsum("abd,abd->d", x, x.conj()).real for x in split.swapaxes(0, 1))
    ones = generator.binomial(ensemble.shots, np.clip(excited / (ground + excited), 0, 1))
    states = split / np.sqrt(ground + excited)  # so that no norm underflows in many rounds
    parts = []
    for true, shots in enumerate((ensemble.shots - ones, ones)):
        if step.bit is None:
            parts.append(_projected(ensemble, step, states, true, ensemble.records, shots))
            continue
        read_ones = generator.binomial(shots, step.assignment[1, true])
        for recorded, number in enumerate((shots - read_ones, read_ones)):
            records = ensemble.records & ~(1 << step.bit) | recorded << step.bit
            parts.append(_projected(ensemble, step, states, true, records, number))
    return joined([part for part in parts if len(part.shots)] or parts[:1])


def _projected(
    ensemble: Ensemble,
    step: Measure,
    states: Complex,
    true: int,
    records: Integers,
    shots: Integers,
) -> Ensemble:
    """Columns of the shots with a true outcome, projected; the qubit released or not."""
    kept = np.flatnonzero(shots)
    part = states[:, true][..., kept]
    qubits = [q for q in ensemble.qubits if not (step.release and q == step.qubit)]
    if not step.release:
        whole = np.zeros((len(part), 2, *part.shape[1:]), complex)
        whole[:, true] = part
        part = whole
    return Ensemble(qubits, part.reshape(2 ** len(qubits), len(kept)), shots[kept], records[kept])


def _conditional(ensemble: Ensemble, step: Conditional, generator: np.random.Generator) -> Ensemble:
    wanted = sum(value << bit for bit, value in zip(step.bits, step.values, strict=True))
    mask = sum(1 << bit for bit in step.bits)
    holds = ensemble.records & mask == wanted
    parts = [
        evolve(ensemble.select(columns), steps, generator)
        for columns, steps in (
            (np.flatnonzero(holds & (ensemble.shots > 0)), step.then),
            (np.flatnonzero(~holds & (ensemble.shots > 0)), step.otherwise),
        )
        if len(columns)
    ]
    return joined(parts)
