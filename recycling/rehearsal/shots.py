"""Shots of a job, drawn from the probabilities of its records."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from recycling.rehearsal.execution import Item


def sample(items: list[Item], shots: int, entropy: list[int]) -> list[dict[str, NDArray[np.bool_]]]:
    """Draw shots in order; each item has its own stream.

    Returns:
        For each item the bits of each register (array of shape (*sweep, shots, bits)).
    """
    drawn = []
    for number, item in enumerate(items):
        seed = np.random.SeedSequence(entropy, spawn_key=(number,))
        drawn.append(_draw(item, shots, np.random.default_rng(seed)))
    return drawn


def digest(items: list[Item], shots: int) -> bytes:
    """Hash of what a job does; the names of its circuits and its tags do not enter."""
    hasher = hashlib.sha256(str(shots).encode())
    for item in items:
        program, values = item.program.program, item.program.values
        for part in (program.steps, program.times.nodes, values.numbers):
            hasher.update(repr(part).encode())
        for name in sorted(values.parameters):
            hasher.update(name.encode() + np.asarray(values.parameters[name]).tobytes())
    return hasher.digest()


def _draw(item: Item, shots: int, generator: np.random.Generator) -> dict[str, NDArray[np.bool_]]:
    sweep = item.probabilities.shape[:-1]
    cumulative = item.probabilities.cumsum(-1).reshape(-1, item.probabilities.shape[-1])
    # The last sum can fall short of 1 by rounding; no draw may land above it.
    cumulative[:, -1] = 1.0
    records = np.stack(
        [np.searchsorted(row, generator.random(shots), side="right") for row in cumulative]
    ).reshape(*sweep, shots)
    recorded = item.program.program.bits
    drawn = {}
    for name, bits in item.registers.items():
        drawn[name] = np.zeros((*sweep, shots, len(bits)), dtype=np.bool_)
        for column, bit in enumerate(bits):
            if bit in recorded:
                shift = len(recorded) - 1 - recorded.index(bit)
                drawn[name][..., column] = records >> shift & 1
    return drawn
