"""Second step of the engine: execute programs. Arrays alone (of any array API), no Qiskit.

Programs with a common beginning share its evolution: the HHL part of all circuits of an
experiment is evolved once, and every point and every basis is an index of a sweep axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from recycling.devices.channels import density_matrix
from recycling.simulation.program import (
    Allocate,
    Apply,
    Conditional,
    Measure,
    Program,
    Release,
    Step,
)

#: Name of an axis of the state: ("bit", i) or ("qubit", i).
Axis = tuple[str, int]
_LENGTHS = {"bit": 2, "qubit": 4}
#: Pauli vector → populations of |0⟩ and |1⟩.
_POPULATIONS = np.array([[0.5, 0, 0, 0.5], [0.5, 0, 0, -0.5]])
#: PTMs of the projections on |0⟩ and |1⟩ (array of shape (2, 4, 4)).
_PROJECTIONS = np.zeros((2, 4, 4))
_PROJECTIONS[:, [0, 3], [0, 3]] = 0.5
_PROJECTIONS[0, [0, 3], [3, 0]] = 0.5
_PROJECTIONS[1, [0, 3], [3, 0]] = -0.5


@dataclass(frozen=True)
class Outcome:
    """Result of a program.

    ``tensor`` has the axes (*sweep, *recorded bits of length 2, *kept qubits of length 4), in the
    order of the program's ``bits`` and ``qubits``.

    Example:
        >>> from recycling.simulation.program import Allocate, Program
        >>> plus = Program((Allocate(0, np.array([1.0, 1.0, 0.0, 0.0])),), (), bits=(), qubits=(0,))
        >>> (outcome,) = execute([plus])
        >>> outcome.density_matrices.real.tolist()
        [[0.5, 0.5], [0.5, 0.5]]
    """

    program: Program
    tensor: NDArray[np.float64]

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Joint probability of every record (array of shape (*sweep, 2, …, 2)).

        The axes of the device's sweep come first, then those of the circuit's parameters.
        """
        axes = len(self.program.sweep) + len(self.program.bits)
        return self.tensor.reshape(*self.tensor.shape[:axes], -1)[..., 0]

    @property
    def density_matrices(self) -> NDArray[np.complex128]:
        """Density matrix of the kept qubits for every record (*sweep, 2, …, 2, d, d).

        First kept qubit outermost; a record of probability zero has a matrix of zeros.
        """
        states = density_matrix(self.tensor, len(self.program.qubits))
        weights = self.probabilities[..., None, None]
        return np.divide(states, weights, out=np.zeros_like(states), where=weights > 0)


@dataclass(frozen=True)
class _State:
    """Tensor with named axes behind ``sweep_axes`` unnamed ones: ("bit", i) or ("qubit", i)."""

    tensor: Any
    axes: tuple[Axis, ...]
    sweep_axes: int

    def order(self, last: Sequence[Axis]) -> _State:
        """Move the named axes to the end, in the order given."""
        axes = tuple(axis for axis in self.axes if axis not in last) + tuple(last)
        permutation = [self.sweep_axes + self.axes.index(axis) for axis in axes]
        xp = array_namespace(self.tensor)
        tensor = xp.permute_dims(self.tensor, (*range(self.sweep_axes), *permutation))
        return _State(tensor, axes, self.sweep_axes)

    def multiply(
        self, matrix: NDArray[np.float64], old: Sequence[Axis], new: Sequence[Axis]
    ) -> _State:
        """Contract the axes ``old`` with a matrix (*sweep, out, in); its rows become ``new``."""
        state = self.order(old)
        xp = array_namespace(state.tensor)
        kept = state.axes[: len(state.axes) - len(old)]
        shape = state.tensor.shape
        kept_shape = shape[self.sweep_axes :][: len(kept)]
        columns = xp.reshape(state.tensor, (*shape[: self.sweep_axes], -1, matrix.shape[-1]))
        product = xp.matmul(columns, xp.asarray(np.ascontiguousarray(matrix.swapaxes(-1, -2))))
        lengths = [_LENGTHS[kind] for kind, _ in new]
        sweep = product.shape[: self.sweep_axes]
        tensor = xp.reshape(product, (*sweep, *kept_shape, *lengths))
        return _State(tensor, (*kept, *new), self.sweep_axes)

    def drop(self, axis: Axis, *, total: bool) -> _State:
        """Remove a named axis: sum over it, or keep its first entry (the trace of a qubit)."""
        ordered = self.order([axis])
        xp = array_namespace(ordered.tensor)
        tensor = xp.sum(ordered.tensor, axis=-1) if total else ordered.tensor[..., 0]
        return _State(tensor, ordered.axes[:-1], self.sweep_axes)


def execute(programs: Sequence[Program], xp: Any = np) -> list[Outcome]:
    """Evolve programs exactly; those with a common beginning share its evolution.

    Args:
        programs: compiled programs.
        xp: namespace of the array API to compute in.

    Returns:
        Outcome of each program, in order.

    Example:
        >>> from recycling.simulation.program import Allocate, Measure, Program
        >>> start = Allocate(0, np.array([1.0, 0.0, 0.0, 0.8]))  # 10 % excited
        >>> read = Measure(0, bit=0, assignment=np.eye(2), release=True)
        >>> (outcome,) = execute([Program((start, read), (), bits=(0,), qubits=())])
        >>> outcome.probabilities.round(3).tolist()
        [0.9, 0.1]
    """
    outcomes: dict[int, Outcome] = {}
    groups: dict[int, list[int]] = {}
    for index, program in enumerate(programs):
        groups.setdefault(len(program.sweep), []).append(index)
    for sweep_axes, members in groups.items():
        start = _State(xp.ones((1,) * sweep_axes, dtype=xp.float64), (), sweep_axes)
        _descend(programs, members, 0, start, outcomes)
    return [outcomes[index] for index in range(len(programs))]


def _descend(
    programs: Sequence[Program],
    members: list[int],
    depth: int,
    state: _State,
    outcomes: dict[int, Outcome],
) -> None:
    """Evolve the programs ``members``, whose first ``depth`` steps are alike and lie behind."""
    while True:
        followers: dict[bytes, list[int]] = {}
        for index in members:
            steps = programs[index].steps
            if depth == len(steps):
                outcomes[index] = _finish(programs[index], state)
            else:
                followers.setdefault(steps[depth].digest, []).append(index)
        if len(followers) != 1:
            break
        (members,) = followers.values()
        state = _advance(state, programs[members[0]].steps[depth])
        depth += 1
    for branch in followers.values():
        advanced = _advance(state, programs[branch[0]].steps[depth])
        _descend(programs, branch, depth + 1, advanced, outcomes)


def _advance(state: _State, step: Step) -> _State:
    match step:
        case Allocate(qubit, vector):
            return _allocate(state, ("qubit", qubit), vector)
        case Apply(qubits, channel):
            axes = [("qubit", qubit) for qubit in qubits]
            return state.multiply(channel, axes, axes)
        case Release(qubit):
            return state.drop(("qubit", qubit), total=False)
        case Measure():
            return _measure(state, step)
        case Conditional():
            return _branch(state, step)


def _allocate(state: _State, axis: Axis, vector: NDArray[np.float64]) -> _State:
    xp = array_namespace(state.tensor)
    padded = vector.reshape(*vector.shape[:-1], *(1,) * len(state.axes), 4)
    tensor = state.tensor[..., None] * xp.asarray(padded)
    return _State(tensor, (*state.axes, axis), state.sweep_axes)


def _measure(state: _State, step: Measure) -> _State:
    bit, qubit = ("bit", step.bit), ("qubit", step.qubit)
    if bit in state.axes:  # recorded before: the new record overwrites the old one
        state = state.drop(bit, total=True)
    if step.release:
        return state.multiply(step.assignment @ _POPULATIONS, [qubit], [bit])
    recorded = np.einsum("...rt,tij->...rij", step.assignment, _PROJECTIONS)
    matrix = recorded.reshape(*recorded.shape[:-3], 8, 4)
    return state.multiply(matrix, [qubit], [bit, qubit])


def _branch(state: _State, step: Conditional) -> _State:
    """Evolve each record of the condition's bits by the steps that belong to it."""
    condition = [("bit", bit) for bit in step.bits]
    others = [axis for axis in state.axes if axis not in condition]
    ordered = state.order([*condition, *others])
    xp = array_namespace(ordered.tensor)
    lead = (slice(None),) * state.sweep_axes
    parts = []
    for record in np.ndindex(*(2,) * len(step.bits)):
        part = _State(ordered.tensor[(*lead, *record, ...)], tuple(others), state.sweep_axes)
        for inner in step.then if record == step.values else step.otherwise:
            part = _advance(part, inner)
        parts.append(part.order(others).tensor)
    sweep = np.broadcast_shapes(*(part.shape[: state.sweep_axes] for part in parts))
    parts = [xp.broadcast_to(part, sweep + part.shape[state.sweep_axes :]) for part in parts]
    stacked = xp.stack(parts, axis=state.sweep_axes)
    inner_shape = stacked.shape[state.sweep_axes + 1 :]
    tensor = xp.reshape(stacked, (*sweep, *(2,) * len(condition), *inner_shape))
    return _State(tensor, (*condition, *others), state.sweep_axes)


def _finish(program: Program, state: _State) -> Outcome:
    wanted = [*(("bit", bit) for bit in program.bits), *(("qubit", q) for q in program.qubits)]
    tensor = np.asarray(state.order(wanted).tensor)
    shape = program.sweep + tensor.shape[len(program.sweep) :]
    return Outcome(program, np.broadcast_to(tensor, shape))
