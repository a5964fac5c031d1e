"""Phase estimation of exp(iAt) with a clock: its circuit, and what it leaves in the clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from qiskit import QuantumCircuit, QuantumRegister
    from qiskit.circuit import Qubit

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


def phase_estimation(
    matrix: Complex, time: float, registers: Sequence[QuantumRegister], system: Sequence[Qubit]
) -> QuantumCircuit:
    """Build the phase estimation of exp(iAt); each controlled evolution is one exact unitary.

    Args:
        matrix: Hermitian matrix A (array of shape (2ⁿ, 2ⁿ)).
        time: time t of the evolution by clock bit 0.
        registers: quantum registers of the circuit, the clock last.
        system: the n qubits that A acts on, the lowest bit of a row's number first.

    Example:
        >>> from qiskit import QuantumRegister
        >>> system, clock = QuantumRegister(1, "system"), QuantumRegister(2, "clock")
        >>> circuit = phase_estimation(np.eye(2), np.pi / 2, (system, clock), system)
        >>> sum(circuit.count_ops().values())  # 2 H, 2 evolutions, the Fourier transform
        5
    """
    from qiskit import QuantumCircuit
    from qiskit.circuit.library import QFTGate, UnitaryGate
    from scipy.linalg import expm  # slow to import

    clock = registers[-1]
    estimation = QuantumCircuit(*registers, name="phase estimation")
    estimation.h(clock)
    for power, control in enumerate(clock):
        evolution = expm(1j * matrix * time * 2**power)
        # Little-endian: the control is the first qubit, so it indexes the inner blocks.
        idle = np.kron(np.eye(len(evolution)), np.diag([1, 0]))
        controlled = idle + np.kron(evolution, np.diag([0, 1]))
        estimation.append(UnitaryGate(controlled, label="exp(iAt)"), [control, *system])
    estimation.append(QFTGate(clock.size).inverse(), clock)
    return estimation


def clock_overlaps(eigenvalues: Real, time: float, rotation_angles: Real) -> Complex:
    """Overlaps ⟨w_j'|w_j⟩ of the unnormalised clock states beside eigenvectors j, j' by flag.

    |w_j⟩ = V_j† D V_j |0⟩: V_j estimates the phase of eigenvalue j, D = cos (flag 0) or sin
    (flag 1) of half the rotation angle. Where the clock is exact, |w_j⟩ ∝ |0⟩ and the branch states
    are pure.

    Args:
        eigenvalues: eigenvalues λ_j of A (array of shape (j,)).
        time: time t of the evolution.
        rotation_angles: angle of the ancilla for each clock value (array of shape (2ᵐ,)), rad.

    Returns:
        Array of shape (2, j, j).

    Example:
        >>> overlaps = clock_overlaps(np.array([1.0]), np.pi / 2, np.array([0, np.pi, 0, 0]))
        >>> overlaps.real.round(9).tolist()  # the only eigenvalue, on clock value 1, succeeds
        [[[0.0]], [[1.0]]]
    """
    from scipy.linalg import dft  # slow to import

    ticks = np.arange(len(rotation_angles))
    inverse_fourier = dft(ticks.size, scale="sqrtn")
    uniform = np.full(ticks.size, ticks.size**-0.5)
    overlaps = []
    for half_angle in (np.cos(rotation_angles / 2), np.sin(rotation_angles / 2)):
        clocks = []
        for eigenvalue in eigenvalues:
            phases = np.exp(1j * eigenvalue * time * ticks)
            estimated = inverse_fourier @ (phases * uniform)
            # H^m is left out of V_j†: the same for every j, it drops out of the overlaps.
            clocks.append(phases.conj() * (inverse_fourier.conj().T @ (half_angle * estimated)))
        overlaps.append(np.array(clocks) @ np.array(clocks).conj().T)
    return np.stack(overlaps)
