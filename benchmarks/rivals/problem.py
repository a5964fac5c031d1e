"""The circuit that everybody simulates, as plain data: structure, and numbers that may be a batch.

Neither the project nor any rival is imported here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np

#: Names of the arrays of numbers, and how many axes each has at one point.
NUMBERS = {
    "t1": 1,  # of each qubit, s
    "t2": 1,
    "excited": 1,  # population of |1⟩ in the thermal state of each qubit
    "assignment": 3,  # P(recorded | true) of each qubit
    "error": 1,  # average infidelity of each gate
    "duration": 1,  # of each gate, s
    "idle": 1,  # duration of each wait, s
    "angle": 1,  # of each virtual rotation, rad
}


@dataclass(frozen=True)
class Operation:
    """A step of the circuit.

    Attributes:
        name: "x", "sx", "cz", "rz", "idle" or "measure".
        qubits: on which qubits.
        number: index into the gates, the waits, the angles, or the record's position.
        when: record of the flag under which it happens; None for always.
    """

    name: str
    qubits: tuple[int, ...]
    number: int
    when: int | None = None


@dataclass(frozen=True)
class Problem:
    """Structure of the circuit; ``flag`` is the qubit whose record the conditions ask for."""

    qubits: int
    flag: int
    measured: tuple[int, ...]
    operations: tuple[Operation, ...]


def save(folder: Path, problem: Problem, point: dict, batch: dict) -> None:
    """Write the problem, its numbers at one point and those of a batch."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [[each.name, each.qubits, each.number, each.when] for each in problem.operations]
    data = {"qubits": problem.qubits, "flag": problem.flag, "measured": problem.measured}
    (folder / "problem.json").write_text(json.dumps(data | {"operations": rows}))
    np.savez(folder / "point.npz", **point)
    np.savez(folder / "batch.npz", **batch)


def load(folder: Path) -> tuple[Problem, dict, dict]:
    """Read what ``save`` wrote."""
    data = json.loads((folder / "problem.json").read_text())
    operations = tuple(
        Operation(name, tuple(qubits), number, when)
        for name, qubits, number, when in data["operations"]
    )
    problem = Problem(data["qubits"], data["flag"], tuple(data["measured"]), operations)
    return problem, *(_numbers(folder / f"{name}.npz") for name in ("point", "batch"))


def _numbers(path: Path) -> dict:
    with np.load(path) as arrays:
        return dict(arrays)


def runs(operations: Sequence[Operation]) -> list[tuple[int | None, list[Operation]]]:
    """Operations in groups of the same condition, in order."""
    return [(value, list(group)) for value, group in groupby(operations, attrgetter("when"))]


def records(problem: Problem, state: np.ndarray) -> np.ndarray:
    """Distribution of the records of a state in site order (4, …, 4)."""
    populations = state[np.ix_(*[[0, 3]] * problem.qubits)].real
    return of_populations(problem, populations)


def of_populations(problem: Problem, populations: np.ndarray) -> np.ndarray:
    """Distribution of the records of populations (2, …, 2), one axis for each qubit."""
    others = tuple(q for q in range(problem.qubits) if q not in problem.measured)
    kept = [q for q in range(problem.qubits) if q in problem.measured]
    order = [kept.index(qubit) for qubit in problem.measured]
    return populations.sum(axis=others).transpose(order)
