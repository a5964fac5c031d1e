"""Steps of a program as they are emitted, and the channels that still wait for it.

A channel on one qubit waits until the next two-qubit gate, measurement or branch needs it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recycling.simulation.noise import Noise
from recycling.simulation.program import Allocate, Apply, Measure, Release, Step

Real = NDArray[np.float64]


class Pending:
    """Pending PTM of each qubit, the qubits alive, and the steps so far."""

    def __init__(self, noise: Noise) -> None:
        self.noise = noise
        self.steps: list[Step] = []
        self.alive: set[int] = set()
        self._channels: dict[int, Real] = {}

    def apply(self, qubits: tuple[int, ...], channel: Real) -> None:
        """Apply a PTM (*sweep, 4ⁿ, 4ⁿ): on one qubit it waits, on two it becomes a step."""
        if len(qubits) == 1:
            before = self._channels.get(qubits[0])
            self._channels[qubits[0]] = channel if before is None else channel @ before
            return
        for qubit in qubits:
            if qubit not in self.alive:
                self.flush(qubit)
        first, second = (self._channels.pop(qubit, None) for qubit in qubits)
        self.emit(Apply(qubits, _merge(channel, first, second)))

    def emit(self, step: Step) -> None:
        """Append a step."""
        if isinstance(step, Allocate):
            self.alive.add(step.qubit)
        if isinstance(step, Release) or (isinstance(step, Measure) and step.release):
            self.alive.discard(step.qubit)
            self._channels.pop(step.qubit, None)
        self.steps.append(step)

    def flush(self, qubit: int) -> None:
        """Apply what is pending on a qubit, bringing it to life first if need be."""
        pending = self._channels.pop(qubit, None)
        if qubit not in self.alive:
            start = self.noise.thermal(qubit)
            state = start if pending is None else (pending @ start[..., None])[..., 0]
            self.emit(Allocate(qubit, state))
        elif pending is not None:
            self.emit(Apply((qubit,), pending))

    def begin_block(self) -> list[Step]:
        """Begin the steps of a branch; give back those before it."""
        steps, self.steps = self.steps, []
        return steps

    def end_block(self, before: list[Step]) -> tuple[Step, ...]:
        """End a branch: its steps, all pending channels applied; go on with those before it."""
        for qubit in sorted(self._channels.keys() & self.alive):
            self.flush(qubit)
        emitted, self.steps = tuple(self.steps), before
        return emitted

    def is_thermal(self, qubit: int) -> bool:
        """Whether an unused qubit is still in its thermal state, to a few roundings a factor."""
        pending = self._channels.get(qubit)
        if pending is None:
            return True
        thermal = self.noise.thermal(qubit)[..., None]
        return bool(np.all(np.abs(pending @ thermal - thermal) < 64 * np.finfo(float).eps))


def _merge(channel: Real, first: Real | None, second: Real | None) -> Real:
    """Two-qubit PTM after pending single-qubit PTMs, by blocks instead of Kronecker products."""
    blocks = channel.reshape(*channel.shape[:-1], 4, 4)
    if first is not None:
        blocks = np.einsum("...pab,...ac->...pcb", blocks, first)
    if second is not None:
        blocks = np.einsum("...pab,...bc->...pac", blocks, second)
    return blocks.reshape(*blocks.shape[:-2], 16)
