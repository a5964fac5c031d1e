"""An ensemble of shots as pure states: shots without a difference so far share one state.

A state is a column. Noise is rare on a good device, so most shots share the state of no event, and
an event of some shots makes a new column. The shots stay independent samples: each has its events
by its random numbers alone, and no weight.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Integers = NDArray[np.int64]

#: Amplitudes that a matrix multiplies at a time: few enough for a cache, and for BLAS to start no
#: threads, which take longer to meet than the product.
_CHUNK = 2**12
#: Columns are added so many at a time as a part of those there are.
_GROWTH = 0.5


@dataclass
class Ensemble:
    """States of all shots.

    Attributes:
        qubits: live qubits, the first outermost in the number of a row.
        states: unnormalised amplitudes (array of shape (2ⁿ, column)).
        shots: number of shots that share each column; 0 in a free column.
        records: recorded bits of each column as a number, bit 0 lowest.

    Example:
        >>> ensemble = Ensemble.of(5)
        >>> ensemble.states.shape, ensemble.shots.tolist()
        ((1, 1), [5])
    """

    qubits: list[int]
    states: Complex
    shots: Integers
    records: Integers

    @classmethod
    def of(cls, shots: int) -> Ensemble:
        """Make an ensemble without a qubit."""
        return cls([], np.ones((1, 1), complex), np.array([shots]), np.zeros(1, np.int64))

    def split(self, qubit: int, states: Complex | None = None) -> Complex:
        """View of states by a qubit (array of shape (outer, 2, inner, column))."""
        states = self.states if states is None else states
        outer = 2 ** self.qubits.index(qubit)
        return states.reshape(outer, 2, len(states) // (2 * outer), states.shape[1])

    def split_pair(self, qubits: tuple[int, int], states: Complex) -> Complex:
        """View of states by two qubits (array of shape (outer, 2, inner, 2, inner, column)).

        The qubit that is outermost in the rows comes first.
        """
        first, second = sorted(self.qubits.index(qubit) for qubit in qubits)
        return states.reshape(2**first, 2, 2 ** (second - first - 1), 2, -1, states.shape[1])

    def some_shots(self, probability: float, generator: np.random.Generator) -> Integers:
        """Choose each shot with a probability; the column of each one chosen."""
        total = int(self.shots.sum())
        count = int(generator.binomial(total, probability)) if probability > 0 else 0
        if count == 0:
            return np.zeros(0, np.int64)
        chosen = generator.choice(total, count, replace=False, shuffle=False)
        return np.searchsorted(self.shots.cumsum(), chosen, side="right")

    def select(self, columns: Integers, shots: Integers | None = None) -> Ensemble:
        """Take some columns, with other numbers of shots if given."""
        return Ensemble(
            list(self.qubits),
            self.states[:, columns],
            self.shots[columns] if shots is None else shots,
            self.records[columns],
        )

    def add(self, states: Complex, shots: Integers, records: Integers) -> None:
        """Put new columns into free ones; make more where there are too few."""
        free = np.flatnonzero(self.shots == 0)
        missing = len(shots) - len(free)
        if missing > 0:
            more = max(missing, int(_GROWTH * len(self.shots)))
            free = np.concatenate([free, len(self.shots) + np.arange(missing)])
            self.states = np.concatenate(
                [self.states, np.zeros((len(self.states), more), complex)], axis=1
            )
            self.shots = np.concatenate([self.shots, np.zeros(more, np.int64)])
            self.records = np.concatenate([self.records, np.zeros(more, np.int64)])
        places = free[: len(shots)]
        self.states[:, places] = states
        self.shots[places], self.records[places] = shots, records

    def multiply(self, matrix: Complex, qubit: int) -> None:
        """Apply an operator (array of shape (2, 2)) to a qubit of every state."""
        split = self.split(qubit)
        flat = split.reshape(len(split), 2, -1)
        product = np.empty_like(flat)
        for start in range(0, flat.shape[2], _CHUNK):
            part = (..., slice(start, start + _CHUNK))
            np.matmul(matrix, flat[part], out=product[part])
        self.states = product.reshape(self.states.shape)


def joined(parts: list[Ensemble]) -> Ensemble:
    """Join ensembles of the same qubits.

    Example:
        >>> joined([Ensemble.of(5), Ensemble.of(3)]).shots.tolist()
        [5, 3]
    """
    return Ensemble(
        parts[0].qubits,
        np.concatenate([part.states for part in parts], axis=1),
        np.concatenate([part.shots for part in parts]),
        np.concatenate([part.records for part in parts]),
    )
