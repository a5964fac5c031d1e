r"""The Harrow-Hassidim-Lloyd (HHL) algorithm for a Hermitian positive 2×2 matrix.

Register layout, with the rotation ancilla measured last::

    C_I  (1 qubit)   b(θ_b) ──────────────■── evolution ──────────────────── uncompute ── x
    C_C  (n qubits)  |0…0⟩ ── H ── phase estimation ──■────────────────────── uncompute ── |0…0⟩
    C_A  (1 qubit)   |0⟩   ───────────────────────── RY(2 asin(c/λ)) ─────────── flag

The flag 1 is success: C_I then holds the normalised A⁻¹b. The flag 0 is failure. The class also
holds the analytic states of both branches, from the same equations and without a circuit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from circuits.design import Design, Register, SweepParameter, design_of
from circuits.settings import Settings
from circuits.tasks.erasure import ERASURE

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterExpression

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HHL:
    """HHL for a Hermitian positive 2×2 matrix, with b = (cos θ_b, sin θ_b).

    Args:
        matrix: Hermitian positive matrix A (array of shape (2, 2)), dimensionless.
        clock_qubits: number of qubits n ≥ 2 that hold an eigenvalue.
        scale: rotation scale c, 0 < c ≤ smallest eigenvalue of A; the ancilla turns by
            2 asin(c/λ).

    Raises:
        ValueError: the matrix is not 2×2, Hermitian and positive, or the scale or the number of
            clock qubits is out of range. One line: field, value, mend.

    Source: Harrow, Hassidim and Lloyd, Phys. Rev. Lett. 103, 150502 (2009); arXiv:2601.07522.

    Example:
        >>> hhl = HHL([[2, -1], [-1, 2]])
        >>> hhl.design.roles
        ('C_I', 'C_C0', 'C_C1', 'C_A', 'B', 'S')
        >>> [round(float(p), 4) for p in hhl.branch_probabilities(0.0)]  # failure, success
        [0.8611, 0.1389]
    """

    matrix: Complex = field(repr=False)
    clock_qubits: int = 2
    scale: float = 0.5

    flags: ClassVar[tuple[str, ...]] = ("C_A",)
    failure: ClassVar[tuple[int, ...]] = (0,)
    recycled: ClassVar[str] = "C_I"
    parameters: ClassVar[tuple[SweepParameter, ...]] = (
        SweepParameter("theta_b", "rad", 0, np.pi / 4, "angle of b"),
    )
    corrections: ClassVar[Mapping[int, QuantumCircuit]] = {}

    def __init__(self, matrix: ArrayLike, clock_qubits: int = 2, scale: float = 0.5) -> None:
        array = np.array(matrix, dtype=complex)
        if array.shape != (2, 2):
            raise ValueError(f"matrix has shape {array.shape}: give a 2 × 2 matrix")
        if not np.all(np.isfinite(array)):
            raise ValueError("matrix has an entry that is not finite: give finite numbers")
        if not np.allclose(array, array.conj().T, rtol=1e-12, atol=0):
            raise ValueError(f"matrix = {array.tolist()} is not Hermitian: give A equal to its A†")
        smallest, largest = np.linalg.eigvalsh(array)
        # Below this ratio the matrix is singular to double precision.
        if smallest <= 4 * np.finfo(float).eps * abs(largest):
            raise ValueError(
                f"matrix is singular or not positive (smallest eigenvalue {smallest:.3g}): "
                "give a matrix whose eigenvalues are all positive"
            )
        if clock_qubits < 2:
            raise ValueError(f"clock_qubits = {clock_qubits}: give 2 or more")
        if not 0 < scale <= smallest * (1 + 1e-12):
            raise ValueError(
                f"scale = {scale}: give a number above 0 and up to the smallest eigenvalue "
                f"{smallest:.6g}"
            )
        array.setflags(write=False)
        object.__setattr__(self, "matrix", array)
        object.__setattr__(self, "clock_qubits", int(clock_qubits))
        object.__setattr__(self, "scale", float(scale))

    @property
    def registers(self) -> tuple[Register, ...]:
        """Registers of the circuit."""
        return (Register("C_I", 1), Register("C_C", self.clock_qubits), Register("C_A", 1))

    @property
    def coupling(self) -> tuple[tuple[str, str], ...]:
        """Qubits that should be neighbours: C_I and the clock, the ancilla and the clock."""
        clock = self.registers[1].roles
        return (*(("C_I", role) for role in clock), (clock[-1], "C_A"))

    @property
    def design(self) -> Design:
        """What an erasure experiment with it consists of."""
        return design_of(self, ERASURE)

    @cached_property
    def eigenvalues(self) -> Real:
        """Eigenvalues of A in ascending order (array of shape (2,)), dimensionless."""
        return np.linalg.eigvalsh(self.matrix).astype(float)

    @property
    def evolution_time(self) -> float:
        """Time t of the evolution exp(iAt).

        It puts the largest eigenvalue on the highest clock value for which the smaller eigenvalue
        falls closest to a clock value: the clock is exact wherever it can be. For
        A = [[2, -1], [-1, 2]] and two clock qubits t = π/2, with clock values 1 and 3.
        """
        size = 2**self.clock_qubits
        candidates = np.arange(size - 1, 0, -1)
        smaller = candidates * self.eigenvalues[0] / self.eigenvalues[-1]
        distance = np.abs(smaller - np.maximum(np.round(smaller), 1))
        best = candidates[np.argmin(np.round(distance, 9))]
        return float(2 * np.pi * best / (size * self.eigenvalues[-1]))

    @property
    def clock_values(self) -> Real:
        """Clock value λ·t·2ⁿ/2π of each eigenvalue (array of shape (2,)).

        An exact clock has integers.
        """
        scale = self.evolution_time * 2**self.clock_qubits / (2 * np.pi)
        return np.asarray(self.eigenvalues * scale)

    @property
    def rotation_angles(self) -> Real:
        """Ancilla rotation angle for each clock value k (array of shape (2**n,)), rad.

        sin(angle/2) = c/λ_k with λ_k = 2πk/(2ⁿt); clock value 0 holds no eigenvalue: no rotation.

        Where the clock is exact only two clock values occur, and the highest bit in which they
        differ tells them apart: the angle depends on that bit alone. This is the simplified
        construction of the paper (its Refs. 44 and 45). Both constructions agree unless the clock
        starts thermal.
        """
        ticks = np.arange(2**self.clock_qubits)
        bit = self._deciding_bit
        if bit is not None:
            low, high = np.round(self.clock_values).astype(int)
            ticks = np.where(ticks >> bit & 1 == high >> bit & 1, high, low)
        represented = 2 * np.pi * ticks / (2**self.clock_qubits * self.evolution_time)
        ratio = np.divide(self.scale, represented, out=np.zeros(ticks.size), where=ticks > 0)
        return np.asarray(2 * np.arcsin(np.minimum(ratio, 1.0)))

    @property
    def _deciding_bit(self) -> int | None:
        """Clock bit that alone tells the eigenvalues apart; None where the clock is not exact."""
        low, high = np.round(self.clock_values).astype(int)
        exact = np.allclose(self.clock_values, (low, high), rtol=0, atol=1e-9)
        return int(low ^ high).bit_length() - 1 if exact and low != high else None

    def circuit(self, theta_b: float | ParameterExpression) -> QuantumCircuit:
        """Build the algorithm up to, and without, the measurement of the ancilla.

        Args:
            theta_b: angle of b = (cos θ_b, sin θ_b), rad; a number or a circuit parameter.

        Returns:
            QuantumCircuit with the registers C_I, C_C (bit 0 least significant) and C_A.

        Example:
            >>> circuit = HHL([[2, -1], [-1, 2]]).circuit(0.4)
            >>> {register.name: register.size for register in circuit.qregs}
            {'C_I': 1, 'C_C': 2, 'C_A': 1}
        """
        from qiskit import QuantumCircuit, QuantumRegister
        from qiskit.circuit.library import QFTGate, UCRYGate, UnitaryGate
        from scipy.linalg import expm  # slow to import

        system = QuantumRegister(1, "C_I")
        clock = QuantumRegister(self.clock_qubits, "C_C")
        ancilla = QuantumRegister(1, "C_A")

        estimation = QuantumCircuit(system, clock, name="phase estimation")
        estimation.h(clock)
        for power, control in enumerate(clock):
            evolution = expm(1j * self.matrix * self.evolution_time * 2**power)
            # Little-endian: the control is the first qubit, so it indexes the inner blocks.
            controlled = np.kron(np.eye(2), np.diag([1, 0])) + np.kron(evolution, np.diag([0, 1]))
            estimation.append(UnitaryGate(controlled, label="exp(iAt)"), [control, system[0]])
        estimation.append(QFTGate(self.clock_qubits).inverse(), clock)

        circuit = QuantumCircuit(system, clock, ancilla, name="HHL")
        circuit.ry(2 * theta_b, system)
        circuit.compose(estimation, [*system, *clock], inplace=True)
        bit = self._deciding_bit
        if bit is None:
            circuit.append(UCRYGate(self.rotation_angles.tolist()), [*ancilla, *clock])
        else:
            angles = self.rotation_angles[[0, 2**bit]]
            circuit.append(UCRYGate(angles.tolist()), [*ancilla, clock[bit]])
        circuit.compose(estimation.inverse(), [*system, *clock], inplace=True)
        return circuit

    def success_state(self, theta_b: ArrayLike) -> Complex:
        """Density matrix of C_I after flag 1 (array of shape (..., 2, 2)), by θ_b in rad.

        Example:
            >>> HHL([[2, -1], [-1, 2]]).success_state(0.0).real.round(4).tolist()
            [[0.8, 0.4], [0.4, 0.2]]
        """
        return self._branch_state(theta_b, flag=1)

    def failure_state(self, theta_b: ArrayLike) -> Complex:
        """Density matrix of C_I after flag 0 (array of shape (..., 2, 2)), by θ_b in rad.

        Example:
            >>> HHL([[2, -1], [-1, 2]]).failure_state([0.0, 0.2, 0.4]).shape
            (3, 2, 2)
        """
        return self._branch_state(theta_b, flag=0)

    def branch_probabilities(self, theta_b: ArrayLike) -> Real:
        """Probability of flag 0 and flag 1 (array of shape (..., 2)), by θ_b in rad.

        Example:
            >>> HHL([[2, -1], [-1, 2]]).branch_probabilities([0.0, 0.4]).round(4).tolist()
            [[0.8611, 0.1389], [0.7814, 0.2186]]
        """
        traces = [
            np.trace(self._unnormalised(theta_b, flag), axis1=-2, axis2=-1).real for flag in (0, 1)
        ]
        return np.stack(traces, axis=-1)

    def solution(self, theta_b: ArrayLike) -> Complex:
        """Ideal solution |x⟩ ∝ A⁻¹b, normalised (array of shape (..., 2)), by θ_b in rad.

        Example:
            >>> HHL([[2, -1], [-1, 2]]).solution(0.0).real.round(4).tolist()
            [0.8944, 0.4472]
        """
        vector = np.einsum("ij,...j->...i", np.linalg.inv(self.matrix), _right_hand_side(theta_b))
        return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True))

    def branches(self, theta_b: ArrayLike) -> Complex:
        """Unnormalised density matrices of C_I by flag (array of shape (..., flag, 2, 2)).

        The trace of each is the probability of its branch. By θ_b in rad.

        Example:
            >>> HHL([[2, -1], [-1, 2]]).branches([0.0, 0.2, 0.4]).shape
            (3, 2, 2, 2)
        """
        return np.stack([self._unnormalised(theta_b, flag) for flag in (0, 1)], axis=-3)

    def _branch_state(self, theta_b: ArrayLike, flag: int) -> Complex:
        state = self._unnormalised(theta_b, flag)
        return np.asarray(state / np.trace(state, axis1=-2, axis2=-1)[..., None, None])

    def _unnormalised(self, theta_b: ArrayLike, flag: int) -> Complex:
        amplitudes = np.einsum(
            "ji,...j->...i", self._eigenvectors.conj(), _right_hand_side(theta_b)
        )
        in_eigenbasis = np.einsum("...i,...j->...ij", amplitudes, amplitudes.conj())
        weighted = in_eigenbasis * self._clock_overlaps[flag]
        return np.asarray(self._eigenvectors @ weighted @ self._eigenvectors.conj().T)

    @cached_property
    def _eigenvectors(self) -> Complex:
        return np.asarray(np.linalg.eigh(self.matrix)[1], dtype=complex)

    @cached_property
    def _clock_overlaps(self) -> Complex:
        """Overlaps ⟨w_j'|w_j⟩ of the unnormalised clock states beside eigenvectors j, j' by flag.

        |w_j⟩ = V_j† D V_j |0⟩: V_j estimates the phase of eigenvalue j, D = sin or cos of half
        the rotation angle. Where the clock is exact, |w_j⟩ ∝ |0⟩ and the branch states are pure.
        """
        from scipy.linalg import dft  # slow to import

        ticks = np.arange(2**self.clock_qubits)
        inverse_fourier = dft(ticks.size, scale="sqrtn")
        uniform = np.full(ticks.size, ticks.size**-0.5)
        overlaps = []
        for half_angle in (np.cos(self.rotation_angles / 2), np.sin(self.rotation_angles / 2)):
            clocks = []
            for eigenvalue in self.eigenvalues:
                phases = np.exp(1j * eigenvalue * self.evolution_time * ticks)
                estimated = inverse_fourier @ (phases * uniform)
                # H^n is left out of V_j†: the same for every j, it drops out of the overlaps.
                clocks.append(phases.conj() * (inverse_fourier.conj().T @ (half_angle * estimated)))
            overlaps.append(np.array(clocks) @ np.array(clocks).conj().T)
        return np.stack(overlaps)


def _right_hand_side(theta_b: ArrayLike) -> Real:
    """B = (cos θ_b, sin θ_b), Eq. (7) (array of shape (..., 2)), by θ_b in rad."""
    angle = np.asarray(theta_b, dtype=float)
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


class HHLSettings(Settings):
    """HHL, whose failure branch is recycled.

    Example:
        >>> HHLSettings(clock_qubits=3).build()
        HHL(clock_qubits=3, scale=0.5)
    """

    name: Literal["hhl"] = "hhl"
    matrix: tuple[tuple[complex, complex], tuple[complex, complex]] = (
        (2 + 0j, -1 + 0j),
        (-1 + 0j, 2 + 0j),
    )
    clock_qubits: Annotated[int, Field(ge=2, le=6)] = 2
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.5

    def build(self) -> HHL:
        """Build the algorithm."""
        return HHL(self.matrix, self.clock_qubits, self.scale)
