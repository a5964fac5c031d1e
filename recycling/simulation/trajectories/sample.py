"""Shots of a circuit by trajectories, and estimates with their standard errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recycling.simulation.trajectories.ensemble import Ensemble
from recycling.simulation.trajectories.evolve import evolve
from recycling.simulation.trajectories.lower import Trajectories

#: Memory of the states of shots that evolve together, bytes.
BATCH_BYTES = 2.0**23


def sample(
    trajectories: Trajectories,
    shots: int,
    generator: np.random.Generator,
    progress: Callable[[float], None] = lambda _fraction: None,
) -> NDArray[np.int64]:
    """Draw shots: each is one sample of the exact distribution, independent of the others.

    Args:
        trajectories: compiled circuit.
        shots: number of shots.
        generator: random numbers.
        progress: called with the fraction done.

    Returns:
        Bits of each shot as a number, the first bit lowest (array of shape (shots,)).

    Source: Mølmer, Castin and Dalibard, J. Opt. Soc. Am. B 10, 524 (1993).

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.simulation.trajectories.lower import compile_trajectories
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.x(0)
        >>> _ = circuit.measure(0, 0)
        >>> device = ideal_device(temperature=0.01, frequency=5e9, roles=("B",))
        >>> compiled = compile_trajectories(circuit, device)
        >>> sample(compiled, 4, np.random.default_rng(1)).tolist()
        [1, 1, 1, 1]
    """
    batch = max(1, int(BATCH_BYTES / (16 * 2**trajectories.most_qubits)))
    rows, done = [], 0
    while done < shots:
        number = min(batch, shots - done)
        ensemble = evolve(Ensemble.of(number), trajectories.steps, generator)
        # Shots that share a state are neighbours: shuffled, they come in the order of any shots.
        rows.append(generator.permutation(np.repeat(ensemble.records, ensemble.shots)))
        done += number
        progress(done / shots)
    return np.concatenate([np.zeros(0, np.int64), *rows])


@dataclass(frozen=True)
class Estimates:
    """Estimated probability of each record, and the standard error of each (arrays of (2ⁿ,))."""

    probability: NDArray[np.float64]
    error: NDArray[np.float64]


def estimates(shots: NDArray[np.int64], bits: int) -> Estimates:
    """Estimate the probability of every record of some bits.

    The errors are those of the multinomial distribution with the rule of succession, p = (k + 1) /
    (N + 2) in √(p (1 - p) / N), so that a record that never came has no error of zero.

    Example:
        >>> found = estimates(np.array([0, 1, 1, 1]), bits=1)
        >>> found.probability.tolist(), found.error.round(3).tolist()
        ([0.25, 0.75], [0.236, 0.236])
    """
    counts = np.bincount(shots, minlength=2**bits)
    smoothed = (counts + 1) / (len(shots) + 2)
    error = np.sqrt(smoothed * (1 - smoothed) / len(shots))
    return Estimates(counts / len(shots), error)
