"""Noise channels and gates as Pauli transfer matrices (PTMs).

A state of n qubits is the real vector r_P = Tr(ρ P) over the 4ⁿ Pauli strings (I, X, Y, Z a qubit);
a channel is the real matrix R_PQ = Tr(P E(Q))/2ⁿ. Leading axes are free for sweeps.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import ArrayLike, NDArray

Real = NDArray[np.float64]

#: Pauli matrices I, X, Y, Z (array of shape (4, 2, 2)).
PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
_PAULI_STRINGS = {1: PAULIS, 2: np.einsum("aij,bkl->abikjl", PAULIS, PAULIS).reshape(16, 4, 4)}


def unitary_channel(unitary: ArrayLike) -> Real:
    """PTM of a one- or two-qubit unitary (..., d, d) → (..., d², d²), first qubit outermost.

    Example:
        >>> unitary_channel([[0, 1], [1, 0]]).diagonal().tolist()  # of X
        [1.0, 1.0, -1.0, -1.0]
    """
    matrix = np.asarray(unitary, dtype=complex)
    dimension = matrix.shape[-1]
    paulis = _PAULI_STRINGS[dimension.bit_length() - 1]
    images = matrix[..., None, :, :] @ paulis @ matrix.conj().swapaxes(-1, -2)[..., None, :, :]
    return cast(Real, np.einsum("aij,...bji->...ab", paulis, images).real / dimension)


def thermal_relaxation_channel(
    duration: ArrayLike, t1: ArrayLike, t2: ArrayLike, excited_population: ArrayLike
) -> Real:
    """PTM of relaxation towards a thermal state: generalised amplitude damping and dephasing.

    Args:
        duration: s, any shape, broadcast with the rest.
        t1: s; infinite for none.
        t2: s, at most 2 t1.
        excited_population: excited population of the thermal state.

    Returns:
        Array of shape (..., 4, 4).

    Example:
        >>> channel = thermal_relaxation_channel([0, 1e-4], 1e-4, 1e-4, excited_population=0.1)
        >>> channel.shape, channel[1].diagonal().round(3).tolist()
        ((2, 4, 4), [1.0, 0.368, 0.368, 0.368])
    """
    time, t1, t2, excited = np.broadcast_arrays(duration, t1, t2, excited_population)
    channel = np.zeros((*time.shape, 4, 4))
    coherence, population = np.exp(-time / t2), np.exp(-time / t1)
    channel[..., 0, 0] = 1
    channel[..., 1, 1] = channel[..., 2, 2] = coherence
    channel[..., 3, 3] = population
    channel[..., 3, 0] = -np.expm1(-time / t1) * (1 - 2 * excited)
    return channel


def depolarizing_channel(strength: ArrayLike, num_qubits: int) -> Real:
    """PTM of ρ → (1 - λ) ρ + λ I/2ⁿ for strengths λ (...) (array of shape (..., 4ⁿ, 4ⁿ)).

    Example:
        >>> depolarizing_channel(0.1, num_qubits=1).diagonal().round(3).tolist()
        [1.0, 0.9, 0.9, 0.9]
        >>> depolarizing_channel([0.1, 0.2], num_qubits=2).shape
        (2, 16, 16)
    """
    kept = 1 - np.asarray(strength, dtype=float)
    size = 4**num_qubits
    channel = np.zeros((*kept.shape, size * size))
    channel[..., :: size + 1] = kept[..., None]  # the diagonal
    channel[..., 0] = 1
    return channel.reshape(*kept.shape, size, size)


def depolarizing_strength(error: ArrayLike, relaxation: Real) -> Real:
    """Depolarizing strength λ that brings relaxation up to a gate's calibrated error.

    The average infidelity of relaxation and depolarization together is then ``error``. Where
    relaxation alone is worse than the calibrated error, nothing is added: λ = 0. No channel
    depolarizes by more than λ = d²/(d² - 1); an error beyond that gets this strength.

    Args:
        error: average gate infidelity, any shape, broadcast with the relaxation's leading axes.
        relaxation: PTM of the relaxation during the gate (array of shape (..., d², d²)).

    Returns:
        Array of shape (...).

    Example:
        >>> round(float(depolarizing_strength(0.01, relaxation=np.eye(4))), 4)
        0.02
    """
    surviving = np.trace(relaxation, axis1=-2, axis2=-1) - 1
    qubits = (relaxation.shape[-1].bit_length() - 1) // 2
    return np.asarray(1 - kept_by_depolarization(np.asarray(error), surviving, qubits))


def kept_by_depolarization(error: Any, surviving: Any, num_qubits: int) -> Any:
    """Part 1 - λ that depolarization keeps where it brings relaxation up to a gate's error.

    See ``depolarizing_strength``; this is its equation for numbers and arrays of any namespace.

    Args:
        error: average gate infidelity, any shape, broadcast with the next.
        surviving: trace of the PTM of the relaxation, less 1.
        num_qubits: number of qubits of the gate, n.

    Example:
        >>> round(kept_by_depolarization(0.01, surviving=3.0, num_qubits=1), 4)
        0.98
    """
    squared, dimension = 4.0**num_qubits, 2.0**num_qubits
    entanglement_fidelity = ((dimension + 1) * (1 - error) - 1) / dimension
    least, eps = 1 - squared / (squared - 1), float(np.finfo(float).eps)
    if isinstance(error, float) and isinstance(surviving, float):
        kept = (squared * entanglement_fidelity - 1) / surviving if surviving >= eps else 1.0
        return min(max(kept, least), 1.0)
    xp = array_namespace(error, surviving)
    gone = surviving + 0 * error < eps
    kept = (squared * entanglement_fidelity - 1) / xp.where(gone, 1.0, surviving)
    return xp.where(gone, 1.0, xp.clip(kept, least, 1.0))


def gate_error(strength: ArrayLike, relaxation: Real) -> Real:
    """Average infidelity of relaxation and depolarization of strength λ together.

    Undoes ``depolarizing_strength``: F_e = [1 + (1 - λ)(tr R - 1)]/d², error = 1 - (d F_e + 1)/
    (d + 1).

    Args:
        strength: λ, any shape, broadcast with the relaxation's leading axes.
        relaxation: PTM of the relaxation during the gate (array of shape (..., d², d²)).

    Returns:
        Array of shape (...).

    Example:
        >>> round(float(gate_error(0.02, relaxation=np.eye(4))), 4)
        0.01
    """
    squared = relaxation.shape[-1]
    dimension = np.sqrt(squared)
    surviving = np.trace(relaxation, axis1=-2, axis2=-1) - 1
    # The complement of the fidelity, so that small errors keep their digits.
    lost = (squared - 1 - (1 - np.asarray(strength)) * surviving) / squared
    return np.asarray(np.maximum(lost * dimension / (dimension + 1), 0.0))


def tensor_channel(first: Real, second: Real) -> Real:
    """PTM of two one-qubit channels side by side (..., 4, 4) → (..., 16, 16), first outermost.

    Example:
        >>> tensor_channel(np.eye(4), np.zeros((3, 4, 4))).shape
        (3, 16, 16)
    """
    product = first[..., :, None, :, None] * second[..., None, :, None, :]
    return product.reshape(*product.shape[:-4], 16, 16)


def kraus_channel(operators: ArrayLike) -> Real:
    """PTM of the one-qubit channel ρ → Σ K ρ K†, Kraus operators (..., k, 2, 2) → (..., 4, 4).

    Example:
        >>> kraus_channel([np.sqrt(0.75) * PAULIS[0], np.sqrt(0.25) * PAULIS[3]]).diagonal()
        array([1. , 0.5, 0.5, 1. ])
    """
    kraus = np.asarray(operators, dtype=complex)
    images = np.einsum("...kij,bjl,...kml->...bim", kraus, PAULIS, kraus.conj())
    return cast(Real, np.einsum("aij,...bji->...ab", PAULIS, images).real / 2)


def thermal_state(excited_population: ArrayLike) -> Real:
    """Pauli vector of a thermal qubit (array of shape (..., 4)).

    Example:
        >>> thermal_state([0.0, 0.1]).round(3).tolist()
        [[1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.8]]
    """
    polarization = 1 - 2 * np.asarray(excited_population, dtype=float)
    zero = np.zeros_like(polarization)
    return np.stack([np.ones_like(polarization), zero, zero, polarization], axis=-1)


def density_matrix(pauli: Real, num_qubits: int) -> NDArray[np.complex128]:
    """Density matrix of a Pauli tensor (..., 4, …, 4) → (..., 2ⁿ, 2ⁿ), first qubit outermost.

    Example:
        >>> density_matrix(thermal_state(0.1), num_qubits=1).real.round(3).tolist()
        [[0.9, 0.0], [0.0, 0.1]]
    """
    leading = pauli.ndim - num_qubits
    states = pauli.astype(complex)
    for _ in range(num_qubits):
        # One qubit at a time: its Pauli axis becomes a row and a column axis at the end.
        states = np.tensordot(states, PAULIS / 2, axes=([leading], [0]))
    rows = [leading + 2 * qubit for qubit in range(num_qubits)]
    columns = [row + 1 for row in rows]
    ordered = np.transpose(states, [*range(leading), *rows, *columns])
    return ordered.reshape(*pauli.shape[:leading], 2**num_qubits, 2**num_qubits)
