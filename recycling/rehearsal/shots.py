"""Shots of a job: drawn from the probabilities of its records, or by IBM's Sampler."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recycling.execution.aer import noise_model, simulator_of, with_idle_noise
from recycling.execution.ibm.sampler import sample_locally
from recycling.rehearsal.execution import Engine, Item

#: For each register its bits (array of shape (*sweep, shots, bits)).
Bits = dict[str, NDArray[np.bool_]]


def sample(
    items: Sequence[Item], shots: int, entropy: Sequence[int], engine: Engine = "exact"
) -> list[Bits]:
    """Draw shots in order; each item has its own stream.

    Returns:
        For each item the bits of each register.
    """
    draw = _draw if engine == "exact" else _draw_locally
    seeds = (np.random.SeedSequence(entropy, spawn_key=(n,)) for n in range(len(items)))
    return [draw(item, shots, seed) for item, seed in zip(items, seeds, strict=True)]


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


def _draw(item: Item, shots: int, seed: np.random.SeedSequence) -> Bits:
    generator = np.random.default_rng(seed)
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


def _draw_locally(item: Item, shots: int, seed: np.random.SeedSequence) -> Bits:
    """Draw shots by IBM's Sampler in its local mode, on Aer, one by one."""
    noisy = with_idle_noise(item.circuit, item.device)
    sweep = item.probabilities.shape[:-1]
    values = {name: np.broadcast_to(each, sweep) for name, each in item.arguments.items()}
    simulator = simulator_of(noise_model(item.device))
    number = int(seed.generate_state(1)[0])
    (numbers,) = sample_locally(simulator, [(noisy, values)], shots, number)
    bits, place = {}, 0
    for name, positions in item.registers.items():
        shifts = place + np.arange(len(positions))
        bits[name] = (numbers[..., None] >> shifts & 1).astype(np.bool_)
        place += len(positions)
    return bits
