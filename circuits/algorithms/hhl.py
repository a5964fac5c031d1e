r"""The Harrow-Hassidim-Lloyd (HHL) algorithm for a Hermitian positive 2ⁿ × 2ⁿ matrix, n = 1 … 4.

Register layout, with the rotation ancilla measured last::

    C_I  (1 qubit)   b ───────────────────■── evolution ──────────────────── uncompute ── x
    C_J  (n - 1)     b ───────────────────■── evolution ──────────────────── uncompute ── x
    C_C  (clock)     |0…0⟩ ── H ── phase estimation ──■────────────────────── uncompute ── |0…0⟩
    C_A  (1 qubit)   |0⟩   ───────────────────────── RY(2 asin(c/λ)) ─────────── flag

The flag 1 is success: C_I and C_J then hold the normalised A⁻¹b. The flag 0 is failure. C_I is the
qubit that is recycled; C_J, the other qubits of the vector, is absent for a 2×2 matrix. The class
also holds the analytic states of both branches, from the same equations and without a circuit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer

from circuits.algorithms.phase_estimation import clock_overlaps, phase_estimation
from circuits.algorithms.vectors import LARGEST, as_vector, product_vector, qubits_of, sized_matrix
from circuits.design import POINT, Design, Register, SweepParameter, design_of
from circuits.settings import Settings
from circuits.tasks.erasure import ERASURE

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterExpression

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HHL:
    """HHL for a Hermitian positive 2ⁿ × 2ⁿ matrix, with b = (cos θ_b, sin θ_b) on each qubit.

    Args:
        matrix: Hermitian positive matrix A (array of shape (2ⁿ, 2ⁿ), n = 1 … 4), dimensionless.
        clock_qubits: number of qubits, 2 or more, that hold an eigenvalue.
        scale: rotation scale c, 0 < c ≤ smallest eigenvalue of A; the ancilla turns by
            2 asin(c/λ).
        b: right-hand side (array of shape (2ⁿ,)), normalised here. Then θ_b is no parameter, and
            every function here may be called without it.
        recycled_qubit: qubit of the vector that is recycled; qubit 0 is the lowest bit of the
            number of a row of A.

    Raises:
        ValueError: the matrix is not 2ⁿ × 2ⁿ, Hermitian and positive, b is zero or of another
            length, or the scale, a number of qubits or of a qubit is out of range. One line:
            field, value, and what to give instead.

    Source: Harrow, Hassidim and Lloyd, Phys. Rev. Lett. 103, 150502 (2009); arXiv:2601.07522.

    Example:
        >>> hhl = HHL([[2, -1], [-1, 2]])
        >>> hhl.design.roles
        ('C_I', 'C_C0', 'C_C1', 'C_A', 'B', 'S')
        >>> [round(float(p), 4) for p in hhl.branch_probabilities(0.0)]  # failure, success
        [0.8611, 0.1389]
        >>> larger = HHL(np.diag([1.0, 2.0, 3.0, 3.0]), b=[1, 1, 1, 1])
        >>> larger.design.roles
        ('C_I', 'C_J', 'C_C0', 'C_C1', 'C_A', 'B', 'S')
        >>> larger.solve().real.round(4).tolist()
        [0.8242, 0.4121, 0.2747, 0.2747]
    """

    matrix: Complex = field(repr=False)
    clock_qubits: int = 2
    scale: float = 0.5
    b: Complex | None = field(default=None, repr=False)
    recycled_qubit: int = field(default=0, repr=False)
    parameters: tuple[SweepParameter, ...] = field(
        default=(SweepParameter("theta_b", "rad", 0, np.pi / 4, "angle of b"),), repr=False
    )

    flags: ClassVar[tuple[str, ...]] = ("C_A",)
    failure: ClassVar[tuple[int, ...]] = (0,)
    recycled: ClassVar[str] = "C_I"
    corrections: ClassVar[Mapping[int, QuantumCircuit]] = {}

    def __init__(
        self,
        matrix: ArrayLike,
        clock_qubits: int = 2,
        scale: float = 0.5,
        b: ArrayLike | None = None,
        recycled_qubit: int = 0,
    ) -> None:
        array = np.array(matrix, dtype=complex)
        if array.shape not in {(2**n, 2**n) for n in range(1, LARGEST + 1)}:
            raise ValueError(
                f"matrix has shape {array.shape}: give a 2 × 2 matrix, or one of 4, 8 or "
                f"{2**LARGEST} rows"
            )
        if not np.all(np.isfinite(array)):
            raise ValueError("matrix has an entry that is not finite: give finite numbers")
        if not np.allclose(array, array.conj().T, rtol=1e-12, atol=0):
            raise ValueError(f"matrix = {array.tolist()} is not Hermitian: give A equal to its A†")
        smallest, largest = np.linalg.eigvalsh(array)[[0, -1]]
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
        if not 0 <= recycled_qubit < qubits_of(array):
            raise ValueError(
                f"recycled_qubit = {recycled_qubit}: give a qubit of b, from 0 to "
                f"{qubits_of(array) - 1}"
            )
        array.setflags(write=False)
        object.__setattr__(self, "matrix", array)
        object.__setattr__(self, "b", None if b is None else as_vector(b, len(array)))
        object.__setattr__(self, "recycled_qubit", int(recycled_qubit))
        if b is not None:
            object.__setattr__(self, "parameters", (POINT,))
        object.__setattr__(self, "clock_qubits", int(clock_qubits))
        object.__setattr__(self, "scale", float(scale))

    @property
    def registers(self) -> tuple[Register, ...]:
        """Registers of the circuit."""
        others = qubits_of(self.matrix) - 1
        return (
            Register("C_I", 1),
            *([Register("C_J", others)] if others else []),
            Register("C_C", self.clock_qubits),
            Register("C_A", 1),
        )

    @property
    def coupling(self) -> tuple[tuple[str, str], ...]:
        """Qubits that should be neighbours: C_I and the clock, the ancilla and the clock.

        Of a larger matrix it follows from the circuit.
        """
        if len(self.matrix) > 2:
            return ()
        clock = self.registers[1].roles
        return (*(("C_I", role) for role in clock), (clock[-1], "C_A"))

    @property
    def design(self) -> Design:
        """What an erasure experiment with it consists of."""
        return design_of(self, ERASURE)

    @cached_property
    def eigenvalues(self) -> Real:
        """Eigenvalues of A in ascending order (array of shape (2ⁿ,)), dimensionless."""
        return np.linalg.eigvalsh(self.matrix).astype(float)

    @property
    def evolution_time(self) -> float:
        """Time t of the evolution exp(iAt).

        It puts the largest eigenvalue on the highest clock value for which the smaller eigenvalues
        fall closest to clock values: the clock is exact wherever it can be. For
        A = [[2, -1], [-1, 2]] and two clock qubits t = π/2, with clock values 1 and 3.
        """
        size = 2**self.clock_qubits
        candidates = np.arange(size - 1, 0, -1)
        smaller = candidates * self.eigenvalues[:-1, None] / self.eigenvalues[-1]
        distance = np.abs(smaller - np.maximum(np.round(smaller), 1)).max(axis=0)
        best = candidates[np.argmin(np.round(distance, 9))]
        return float(2 * np.pi * best / (size * self.eigenvalues[-1]))

    @property
    def clock_values(self) -> Real:
        """Clock value λ·t·2ᵐ/2π of each eigenvalue, with m clock qubits (array of shape (2ⁿ,)).

        An exact clock has integers.
        """
        scale = self.evolution_time * 2**self.clock_qubits / (2 * np.pi)
        return np.asarray(self.eigenvalues * scale)

    @property
    def rotation_angles(self) -> Real:
        """Ancilla rotation angle for each clock value k (array of shape (2**m,)), rad.

        sin(angle/2) = c/λ_k with λ_k = 2πk/(2ᵐt); clock value 0 holds no eigenvalue: no rotation.

        Where the clock is exact and only two clock values occur, the highest bit in which they
        differ tells them apart: the angle depends on that bit alone. This is the simplified
        construction of the paper (its Refs. 44 and 45). Both constructions agree unless the clock
        starts thermal.
        """
        ticks = np.arange(2**self.clock_qubits)
        bit = self._deciding_bit
        if bit is not None:
            low, high = self._clock_ticks
            ticks = np.where(ticks >> bit & 1 == high >> bit & 1, high, low)
        represented = 2 * np.pi * ticks / (2**self.clock_qubits * self.evolution_time)
        ratio = np.divide(self.scale, represented, out=np.zeros(ticks.size), where=ticks > 0)
        return np.asarray(2 * np.arcsin(np.minimum(ratio, 1.0)))

    @property
    def _deciding_bit(self) -> int | None:
        """Clock bit that alone tells two eigenvalues apart, where the clock is exact; or None."""
        exact = np.allclose(self.clock_values, np.round(self.clock_values), rtol=0, atol=1e-9)
        ticks = self._clock_ticks
        return int(ticks[0] ^ ticks[1]).bit_length() - 1 if exact and len(ticks) == 2 else None

    @property
    def _clock_ticks(self) -> NDArray[np.int64]:
        """Whole clock values of the eigenvalues, each once."""
        return np.unique(np.round(self.clock_values).astype(int))

    def circuit(self, theta_b: float | ParameterExpression = 0.0) -> QuantumCircuit:
        """Build the algorithm up to, and without, the measurement of the ancilla.

        Args:
            theta_b: angle of b, (cos θ_b, sin θ_b) on each qubit, rad; a number or a circuit
                parameter. Not used where b is given.

        Returns:
            QuantumCircuit with the registers C_I, C_J if there is one, C_C (bit 0 least
            significant) and C_A.

        Example:
            >>> circuit = HHL([[2, -1], [-1, 2]]).circuit(0.4)
            >>> {register.name: register.size for register in circuit.qregs}
            {'C_I': 1, 'C_C': 2, 'C_A': 1}
        """
        from qiskit import QuantumCircuit, QuantumRegister
        from qiskit.circuit.library import StatePreparation, UCRYGate

        registers = [QuantumRegister(r.size, r.name) for r in self.registers]
        clock, ancilla = registers[-2:]
        system = [qubit for register in registers[:-2] for qubit in register]
        system.insert(self.recycled_qubit, system.pop(0))  # by their place in the number of a row

        estimation = phase_estimation(self.matrix, self.evolution_time, registers[:-1], system)

        circuit = QuantumCircuit(*registers, name="HHL")
        if self.b is None:
            circuit.ry(2 * theta_b, system)
        else:
            circuit.append(StatePreparation(self.b), system)
        circuit.compose(estimation, estimation.qubits, inplace=True)
        bit = self._deciding_bit
        if bit is None:
            circuit.append(UCRYGate(self.rotation_angles.tolist()), [*ancilla, *clock])
        else:
            angles = self.rotation_angles[[0, 2**bit]]
            circuit.append(UCRYGate(angles.tolist()), [*ancilla, clock[bit]])
        circuit.compose(estimation.inverse(), estimation.qubits, inplace=True)
        return circuit

    def success_state(self, theta_b: ArrayLike = 0.0) -> Complex:
        """Density matrix of C_I and C_J after flag 1 (array of shape (..., 2ⁿ, 2ⁿ)), by θ_b in rad.

        Example:
            >>> HHL([[2, -1], [-1, 2]]).success_state(0.0).real.round(4).tolist()
            [[0.8, 0.4], [0.4, 0.2]]
        """
        return self._branch_state(theta_b, flag=1)

    def failure_state(self, theta_b: ArrayLike = 0.0) -> Complex:
        """Density matrix of C_I and C_J after flag 0 (array of shape (..., 2ⁿ, 2ⁿ)), by θ_b in rad.

        Example:
            >>> HHL([[2, -1], [-1, 2]]).failure_state([0.0, 0.2, 0.4]).shape
            (3, 2, 2)
        """
        return self._branch_state(theta_b, flag=0)

    def branch_probabilities(self, theta_b: ArrayLike = 0.0) -> Real:
        """Probability of flag 0 and flag 1 (array of shape (..., 2)), by θ_b in rad.

        Example:
            >>> HHL([[2, -1], [-1, 2]]).branch_probabilities([0.0, 0.4]).round(4).tolist()
            [[0.8611, 0.1389], [0.7814, 0.2186]]
        """
        traces = [
            np.trace(self._unnormalised(theta_b, flag), axis1=-2, axis2=-1).real for flag in (0, 1)
        ]
        return np.stack(traces, axis=-1)

    def solve(self, theta_b: ArrayLike = 0.0) -> Complex:
        """Ideal solution |x⟩ ∝ A⁻¹b, normalised (array of shape (..., 2ⁿ)), by θ_b in rad.

        Example:
            >>> HHL([[2, -1], [-1, 2]]).solve(0.0).real.round(4).tolist()
            [0.8944, 0.4472]
        """
        vector = np.einsum("ij,...j->...i", np.linalg.inv(self.matrix), self._vector(theta_b))
        return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True))

    @property
    def solution(self) -> Callable[..., Complex] | None:
        """Pure state of C_I in the success branch, ``solve``; None where it is not pure.

        Example:
            >>> HHL([[2, -1], [-1, 2]]).solution(0.0).real.round(4).tolist()
            [0.8944, 0.4472]
        """
        return self.solve if len(self.matrix) == 2 else None

    def branches(self, theta_b: ArrayLike = 0.0) -> Complex:
        """Unnormalised density matrices of C_I by flag (array of shape (..., flag, 2, 2)).

        The trace of each is the probability of its branch. By θ_b in rad.

        Example:
            >>> HHL([[2, -1], [-1, 2]]).branches([0.0, 0.2, 0.4]).shape
            (3, 2, 2, 2)
        """
        states = np.stack([self._unnormalised(theta_b, flag) for flag in (0, 1)], axis=-3)
        lower = 2**self.recycled_qubit
        split = (len(self.matrix) // (2 * lower), 2, lower)
        by_qubit = states.reshape(*states.shape[:-2], *split, *split)
        return np.asarray(np.einsum("...hilhjl->...ij", by_qubit))

    def _vector(self, theta_b: ArrayLike) -> Complex | Real:
        """Right-hand side b (array of shape (..., 2ⁿ)), Eq. (7) for a 2×2 matrix."""
        return product_vector(theta_b, qubits_of(self.matrix)) if self.b is None else self.b

    def _branch_state(self, theta_b: ArrayLike, flag: int) -> Complex:
        state = self._unnormalised(theta_b, flag)
        return np.asarray(state / np.trace(state, axis1=-2, axis2=-1)[..., None, None])

    def _unnormalised(self, theta_b: ArrayLike, flag: int) -> Complex:
        amplitudes = np.einsum("ji,...j->...i", self._eigenvectors.conj(), self._vector(theta_b))
        in_eigenbasis = np.einsum("...i,...j->...ij", amplitudes, amplitudes.conj())
        weighted = in_eigenbasis * self._clock_overlaps[flag]
        return np.asarray(self._eigenvectors @ weighted @ self._eigenvectors.conj().T)

    @cached_property
    def _eigenvectors(self) -> Complex:
        return np.asarray(np.linalg.eigh(self.matrix)[1], dtype=complex)

    @cached_property
    def _clock_overlaps(self) -> Complex:
        return clock_overlaps(self.eigenvalues, self.evolution_time, self.rotation_angles)


class HHLSettings(Settings):
    """HHL, whose failure branch is recycled.

    Example:
        >>> HHLSettings(clock_qubits=3).build()
        HHL(clock_qubits=3, scale=0.5)
    """

    name: Literal["hhl"] = "hhl"
    matrix: Annotated[tuple[tuple[complex, ...], ...], BeforeValidator(sized_matrix)] = (
        (2 + 0j, -1 + 0j),
        (-1 + 0j, 2 + 0j),
    )
    clock_qubits: Annotated[int, Field(ge=2, le=6)] = 2
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.5
    b: tuple[complex, ...] | None = None
    recycled_qubit: Annotated[int, Field(ge=0, lt=LARGEST)] = 0

    @model_serializer(mode="wrap")
    def _without_usual(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out the newer keys where they hold their default, which older specs mean."""
        usual = {"b": None, "recycled_qubit": 0}
        return {k: v for k, v in write(self).items() if k not in usual or v != usual[k]}

    def build(self) -> HHL:
        """Build the algorithm."""
        return HHL(self.matrix, self.clock_qubits, self.scale, self.b, self.recycled_qubit)
