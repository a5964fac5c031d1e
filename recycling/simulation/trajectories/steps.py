"""Steps of a circuit for trajectories: unitaries, and noise as random events. No Qiskit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recycling.devices.channels import PAULIS

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Allocate:
    """Bring a qubit to life in a mixture of two pure states, the likely one first.

    ``states`` are the states (array of shape (2, 2), a row each), ``unlikely`` is the probability
    of the second.
    """

    qubit: int
    states: Complex
    unlikely: float


@dataclass(frozen=True, eq=False)
class Unitary:
    """Apply a unitary to two qubits, the first outermost (array of shape (4, 4))."""

    qubits: tuple[int, int]
    matrix: Complex


@dataclass(frozen=True, eq=False)
class Channel:
    """Apply a channel to a qubit: the operator of no event first (array of shape (k, 2, 2)).

    In no state the probability of an event, which is another operator, exceeds ``most_events``.
    """

    qubit: int
    kraus: Complex
    most_events: float


@dataclass(frozen=True)
class Depolarize:
    """Apply a Pauli operator other than identity to both qubits, with the probability of one."""

    qubits: tuple[int, int]
    probability: float


@dataclass(frozen=True, eq=False)
class Measure:
    """Measure a qubit in Z, record a bit by P(recorded | true), and end the qubit's life or not.

    Without a bit nothing is recorded: so a qubit is traced out.
    """

    qubit: int
    bit: int | None
    assignment: Real
    release: bool


@dataclass(frozen=True)
class Conditional:
    """Apply steps where the recorded bits have given values, and others elsewhere."""

    bits: tuple[int, ...]
    values: tuple[int, ...]
    then: tuple[Step, ...]
    otherwise: tuple[Step, ...]


Step = Allocate | Unitary | Channel | Depolarize | Measure | Conditional

#: Weight of an event that rounding alone makes.
_ROUNDING = 1e-15


def channel_of(qubit: int, ptm: Real) -> Channel:
    """Channel of a Pauli transfer matrix: its Kraus operators of most weight first.

    They are the eigenvectors of the Choi matrix, so that as few events happen as can be.

    Example:
        >>> channel = channel_of(0, np.diag([1.0, 0.8, 0.8, 1.0]))  # dephasing
        >>> channel.kraus.shape, round(channel.most_events, 9)
        ((2, 2, 2), 0.1)
    """
    # E(ρ) = ½ Σ R_ab σ_a Tr(σ_b ρ), so that the Choi matrix is ½ Σ R_ab σ_a ⊗ σ_b*.
    choi = np.einsum("ab,aij,bkl->ikjl", ptm, PAULIS, PAULIS.conj()).reshape(4, 4) / 2
    weights, vectors = np.linalg.eigh(choi)
    kept = [place for place in (3, 2, 1, 0) if weights[place] > _ROUNDING]
    kraus = np.sqrt(weights[kept])[:, None, None] * vectors.T[kept].reshape(-1, 2, 2)
    if len(kept) == 1:
        return Channel(qubit, kraus, 0.0)
    quiet = np.linalg.eigvalsh(kraus[0].conj().T @ kraus[0])
    return Channel(qubit, kraus, float(np.clip(1 - quiet[0], 0, 1)))


def allocation(qubit: int, vector: Real) -> Allocate:
    """Allocation of a qubit in the state of a Pauli vector (array of shape (4,)).

    Example:
        >>> round(allocation(0, np.array([1.0, 0.0, 0.0, 0.8])).unlikely, 9)  # 10 % excited
        0.1
    """
    weights, states = np.linalg.eigh(np.einsum("a,aij->ij", vector, PAULIS) / 2)
    return Allocate(qubit, states.T[::-1], float(np.clip(weights[0], 0, 0.5)))
