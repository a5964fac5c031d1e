"""A task: what the bath is used for, between the reset of the algorithm and the last tomography."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Qubit

#: Appends gates on the target qubits to a circuit.
Preparation = Callable[["QuantumCircuit", Sequence["Qubit"]], None]
#: Appends what acts on target and bath to a circuit: circuit, target qubits, bath qubits.
Action = Callable[["QuantumCircuit", Sequence["Qubit"], Sequence["Qubit"]], None]
Mixture = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def nothing(circuit: QuantumCircuit, target: Sequence[Qubit]) -> None:
    """Leave the target in |0…0⟩.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(1)
        >>> nothing(circuit, circuit.qubits)
        >>> circuit.size()
        0
    """


def excite(circuit: QuantumCircuit, target: Sequence[Qubit]) -> None:
    """Prepare every target qubit in |1⟩ by an X gate, in place.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2)
        >>> excite(circuit, circuit.qubits)
        >>> dict(circuit.count_ops())
        {'x': 2}
    """
    for qubit in target:
        circuit.x(qubit)


def weights_of(p_x: ArrayLike) -> NDArray[np.float64]:
    """Weights 1 - p_x and p_x of two preparations (array of shape (..., 2)).

    Example:
        >>> weights_of(0.4).tolist()
        [0.6, 0.4]
    """
    weight = np.asarray(p_x, dtype=float)
    return np.stack([1 - weight, weight], axis=-1)


@dataclass(frozen=True, eq=False)
class Task:
    """What acts on the target S and the bath B, and when the states are measured.

    Attributes:
        name: what a spec calls it.
        stages: by its name, the action before the states of a stage are measured. The first stage
            has none; a later stage is measured after all actions up to it.
        preparations: by its name, how the target is prepared.
        mixture: weights of the preparations (array of shape (..., preparation)) by the excited
            weight p_x of the target (array of any shape). The target is mixed of its preparations
            after the measurement.
        quantities: names of the quantities of a Dataset that the task gives a meaning to.
        target_size: number of qubits of the target.

    Example:
        >>> def reset(circuit, target, bath):
        ...     circuit.reset(target)
        >>> task = Task("reset", {"before": None, "after": reset}, {"I": nothing, "X": excite})
        >>> task.mixture([0.1, 0.2, 0.4]).shape  # p_x, preparation
        (3, 2)
    """

    name: str
    stages: Mapping[str, Action | None] = field(repr=False)
    preparations: Mapping[str, Preparation] = field(repr=False)
    mixture: Mixture = field(default=weights_of, repr=False)
    quantities: tuple[str, ...] = ("entropy_decrease", "heat")
    target_size: int = 1
