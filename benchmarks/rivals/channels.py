"""Channels of the problem as superoperators, for all rivals alike, in NumPy or in JAX.

They are in "site order": the four entries |ket⟩⟨bra| of a qubit are one index (00, 01, 10, 11),
qubits one after the other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.rivals.problem import Operation, Problem, records, runs

_SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
_X = np.array([[0, 1], [1, 0]], complex)
UNITARIES = {"x": _X, "sx": _SX, "cz": np.diag([1, 1, 1, -1]).astype(complex)}
#: Row that takes the trace of a site, and a site that is mixed completely.
TRACE, MIXED = np.array([1.0, 0, 0, 1]), np.array([0.5, 0, 0, 0.5])


@dataclass(frozen=True)
class Step:
    """A channel on one to three qubits: matrix (4ⁿ, 4ⁿ) in site order."""

    qubits: tuple[int, ...]
    matrix: Any


def relaxation(time: Any, t1: Any, t2: Any, excited: Any, xp: Any = np) -> Any:
    """Superoperator of thermal relaxation (..., 4, 4)."""
    lost = -xp.expm1(-time / t1)
    kept = xp.exp(-time / t2)
    zero = xp.zeros_like(lost + kept + excited)
    up, down = lost * excited, lost * (1 - excited)
    rows = [
        [1 - up, zero, zero, zero + down],
        [zero, zero + kept, zero, zero],
        [zero, zero, zero + kept, zero],
        [zero + up, zero, zero, 1 - down],
    ]
    return xp.stack([xp.stack([x + zero for x in row], -1) for row in rows], -2)


def depolarizing_strength(error: Any, trace: Any, dimension: int, xp: Any = np) -> Any:
    """Strength that brings relaxation, whose superoperator has a trace, up to a gate's error."""
    squared = dimension**2
    entanglement_fidelity = ((dimension + 1) * (1 - error) - 1) / dimension
    kept = (squared * entanglement_fidelity - 1) / (trace - 1)
    return xp.clip(1 - kept, 0.0, squared / (squared - 1))


#: How a rival is given the channels: ``merged`` or ``separate``.
Steps = Callable[..., list[Step]]


class Channels:
    """Channels of a problem at one set of numbers, in NumPy or in JAX."""

    def __init__(self, problem: Problem, numbers: dict, xp: Any = np) -> None:
        self.problem, self.numbers, self.xp = problem, numbers, xp
        of_wait = np.zeros(numbers["idle"].shape[-1], int)
        of_gate = np.zeros((numbers["duration"].shape[-1], 2), int)
        for each in problem.operations:
            if each.name == "idle":
                of_wait[each.number] = each.qubits[0]
            elif each.name in UNITARIES:
                of_gate[each.number] = (each.qubits * 2)[:2]
        self._waits = self._relaxations(numbers["idle"], of_wait)
        self._ends = [self._relaxations(numbers["duration"], of_gate[:, end]) for end in (0, 1)]

    def _relaxations(self, times: Any, qubits: np.ndarray) -> Any:
        own = (self.numbers[name][qubits] for name in ("t1", "t2", "excited"))
        return relaxation(times, *own, self.xp)

    def of(self, operation: Operation) -> Any:
        """Superoperator of an operation with the noise after it."""
        xp, number = self.xp, operation.number
        if operation.name == "idle":
            return self._waits[number]
        if operation.name == "rz":
            phase = xp.exp(1j * self.numbers["angle"][number])
            one = xp.ones_like(phase)
            return xp.diag(xp.stack([one, xp.conj(phase), phase, one]))
        if operation.name == "measure":
            return self._recorded(self.numbers["assignment"][operation.qubits[0]])
        return self.noise(operation) @ _of_unitary(operation.name)

    def strength(self, operation: Operation) -> Any:
        """Strength of the depolarization after a gate."""
        trace = self.xp.trace(self._ends[0][operation.number])
        if len(operation.qubits) == 2:
            trace = trace * self.xp.trace(self._ends[1][operation.number])
        error = self.numbers["error"][operation.number]
        return depolarizing_strength(error, trace, 2 ** len(operation.qubits), self.xp)

    def noise(self, operation: Operation) -> Any:
        """Superoperator of depolarization and then relaxation after a gate."""
        strength, relaxed = self.strength(operation), self._ends[0][operation.number]
        mixed, trace = MIXED, TRACE
        if len(operation.qubits) == 2:
            relaxed = self.xp.kron(relaxed, self._ends[1][operation.number])
            mixed, trace = np.kron(MIXED, MIXED), np.kron(TRACE, TRACE)
        outer = (relaxed @ mixed)[:, None] * trace
        return (1 - strength) * relaxed + strength * outer

    def start(self, qubit: int) -> Any:
        """Superoperator that puts a qubit into its thermal state."""
        excited = self.numbers["excited"][qubit]
        state = self.xp.stack([1 - excited, 0 * excited, 0 * excited, excited])
        return state[:, None] * TRACE

    def _recorded(self, assignment: Any) -> Any:
        """Dephasing, then the record in place of the state."""
        embed = np.zeros((4, 2))
        embed[[0, 3], [0, 1]] = 1
        return embed @ assignment @ embed.T


def _of_unitary(name: str) -> np.ndarray:
    unitary = UNITARIES[name]
    product = np.kron(unitary, unitary.conj())  # (kets, bras)
    if len(unitary) == 2:
        return product
    return product.reshape((2,) * 8).transpose(0, 2, 1, 3, 4, 6, 5, 7).reshape(16, 16)


def merged(problem: Problem, numbers: dict, xp: Any = np) -> list[Step]:
    """All channels in order, merged as far as two qubits go: as a good compiler would.

    The measurement of the flag is deferred: its qubit keeps the record, and what happens under a
    condition is controlled by it.
    """
    channels = Channels(problem, numbers, xp)
    merger = _Merger(xp, [channels.start(qubit) for qubit in range(problem.qubits)])
    for value, group in runs(problem.operations):
        block = merger if value is None else _Merger(xp, [None] * problem.qubits)
        for each in group:
            block.apply(each.qubits, channels.of(each))
        if value is not None:
            block.finish()
            merger.finish()
            merger.steps += [controlled(problem.flag, value, step, xp) for step in block.steps]
    merger.finish()
    return merger.steps


def separate(problem: Problem, numbers: dict, xp: Any = np) -> list[Step]:
    """A step for each thermal start, gate with its noise, wait and measurement, as written."""
    channels = Channels(problem, numbers, xp)
    steps = [Step((qubit,), channels.start(qubit)) for qubit in range(problem.qubits)]
    for each in problem.operations:
        step = Step(each.qubits, channels.of(each))
        alone = each.when is None
        steps.append(step if alone else controlled(problem.flag, each.when, step, xp))
    return steps


def controlled(flag: int, value: int, step: Step, xp: Any = np) -> Step:
    """A step that happens where the record of the flag has a value."""
    kept, other = np.zeros((2, 4, 4))
    kept[3 * value, 3 * value] = other[3 - 3 * value, 3 - 3 * value] = 1
    same = xp.kron(other, np.eye(len(step.matrix)))
    return Step((flag, *step.qubits), xp.kron(kept, step.matrix) + same)


class _Merger:
    """Steps so far, and for each qubit the channel that waits."""

    def __init__(self, xp: Any, waiting: list) -> None:
        self.xp, self.waiting, self.steps = xp, waiting, []

    def apply(self, qubits: tuple[int, ...], matrix: Any) -> None:
        if len(qubits) == 1:
            before = self.waiting[qubits[0]]
            self.waiting[qubits[0]] = matrix if before is None else matrix @ before
            return
        if any(self.waiting[qubit] is not None for qubit in qubits):
            own = [np.eye(4) if self.waiting[q] is None else self.waiting[q] for q in qubits]
            matrix = matrix @ self.xp.kron(*own)
            for qubit in qubits:
                self.waiting[qubit] = None
        self._append(qubits, matrix)

    def _append(self, qubits: tuple[int, ...], matrix: Any) -> None:
        """Append a step, or merge it into the last one on its qubits."""
        last = next((i for i in reversed(range(len(self.steps)))
                     if {*self.steps[i].qubits} & {*qubits}), None)  # fmt: skip
        if last is not None and {*qubits} <= {*self.steps[last].qubits}:
            step = self.steps[last]
            if len(step.qubits) < 3:
                wide = _widen(matrix, qubits, step.qubits, self.xp)
                self.steps[last] = Step(step.qubits, wide @ step.matrix)
                return
        self.steps.append(Step(qubits, matrix))

    def finish(self) -> None:
        """Apply all channels that wait."""
        for qubit, matrix in enumerate(self.waiting):
            if matrix is not None:
                self._append((qubit,), matrix)
                self.waiting[qubit] = None


def _widen(matrix: Any, qubits: tuple[int, ...], wanted: tuple[int, ...], xp: Any) -> Any:
    """Matrix on the wanted qubits in their order, of one on some of them."""
    if qubits == wanted:
        return matrix
    if len(qubits) == 1:
        sides = (matrix, np.eye(4)) if wanted[0] == qubits[0] else (np.eye(4), matrix)
        return xp.kron(*sides)
    return xp.reshape(xp.transpose(xp.reshape(matrix, (4,) * 4), (1, 0, 3, 2)), (16, 16))


def reference(problem: Problem, numbers: dict, steps: Steps = merged) -> np.ndarray:
    """Distribution of the records (2, …, 2) in plain NumPy, channel by channel: the yardstick."""
    state = np.zeros((4,) * problem.qubits, complex)
    state[(0,) * problem.qubits] = 1
    for step in steps(problem, numbers):
        count = len(step.qubits)
        tensor = np.reshape(step.matrix, (4,) * (2 * count))
        state = np.tensordot(tensor, state, (range(count, 2 * count), step.qubits))
        state = np.moveaxis(state, range(count), step.qubits)
    return records(problem, state)


def kraus(step: Step) -> list[np.ndarray]:
    """Kraus operators of a step's matrix, first qubit outermost."""
    count = len(step.qubits)
    tensor = np.asarray(step.matrix).reshape((2,) * (4 * count))
    # Axes (ket, bra) of each qubit out, then in; Choi rows (kets out, kets in).
    kets, bras = list(range(0, 4 * count, 2)), list(range(1, 4 * count, 2))
    dimension = 2**count
    choi = tensor.transpose(kets + bras).reshape(dimension**2, dimension**2)
    values, vectors = np.linalg.eigh((choi + choi.conj().T) / 2)
    return [
        np.sqrt(value) * vector.reshape(dimension, dimension)
        for value, vector in zip(values, vectors.T, strict=True)
        if value > 1e-15
    ]
