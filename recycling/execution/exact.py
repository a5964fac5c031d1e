"""The exact backend: joint probabilities from the engine, every shot drawn with a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from recycling.devices.device import Device
from recycling.execution.registry import BackendKind
from recycling.jobs.job import Job, Pub
from recycling.jobs.outcomes import Outcomes, shot_dtype
from recycling.simulation.probabilities import pub_probabilities

#: Largest deviation of a probability from [0, 1] by rounding: 4⁶ terms of a few roundings each.
ROUNDING = 4**6 * 4 * np.finfo(float).eps


def execute_exact(
    job: Job,
    pubs: Sequence[Pub],
    device: Device,
    seed: np.random.SeedSequence,
    progress: Callable[[float], None] = lambda _fraction: None,
) -> Outcomes:
    """Execute a job on the exact engine.

    Args:
        job: the job; without a number of shots the probabilities are the outcome.
        pubs: PUBs of the job, all over the same sweep and with the same number of bits.
        device: the device they were compiled for.
        seed: seed of the shots.
        progress: called with the fraction done.

    Raises:
        BadInput: the numbers of the device run over a sweep.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.x(0)
        >>> _ = circuit.measure(0, 0)
        >>> from recycling.jobs.job import Pub
        >>> job, seed = Job("trial-0", trial=0, shots=5), np.random.SeedSequence(1)
        >>> execute_exact(job, [Pub(circuit, {})], device, seed).shots.tolist()
        [[1, 1, 1, 1, 1]]
    """
    device.refuse_sweep()
    probabilities = np.stack(
        [
            table.reshape(*pub.sweep, -1)
            for pub, table in zip(pubs, pub_probabilities(pubs, device), strict=True)
        ]
    )
    bits = probabilities.shape[-1].bit_length() - 1
    probabilities = _first_bit_lowest(probabilities, bits)
    if job.shots is None:
        return Outcomes(bits, table=probabilities)
    cumulative = _normalised(probabilities).cumsum(axis=-1)[..., :-1]
    generator = np.random.default_rng(seed)
    shots = np.empty((*probabilities.shape[:-1], job.shots), dtype=shot_dtype(bits))
    for index in np.ndindex(*probabilities.shape[:-1]):
        uniform = generator.random(job.shots)
        shots[index] = np.searchsorted(cumulative[index], uniform, side="right")
    progress(1.0)
    return Outcomes(bits, shots=shots)


def _first_bit_lowest(probabilities: NDArray[np.float64], bits: int) -> NDArray[np.float64]:
    """Reorder records from "first bit outermost" to "first bit lowest"."""
    sweep = probabilities.shape[:-1]
    by_bit = probabilities.reshape(*sweep, *(2,) * bits)
    reverse = (*range(len(sweep)), *reversed(range(len(sweep), len(sweep) + bits)))
    return by_bit.transpose(reverse).reshape(*sweep, -1)


def _normalised(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Remove rounding below zero; anything larger is a fault of the engine."""
    if probabilities.min() < -ROUNDING:
        raise ArithmeticError(f"negative probability {probabilities.min():.3g} from the engine")
    clipped = np.maximum(probabilities, 0)
    return np.asarray(clipped / clipped.sum(axis=-1, keepdims=True))


BACKEND = BackendKind(usage="'exact'", simulate=execute_exact, infinite_shots=True)
