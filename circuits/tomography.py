"""One-qubit state tomography by circuit parameters: a compiled circuit serves every basis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit import QuantumCircuit
    from qiskit.circuit import Qubit

#: Rotation (θ, φ) in rad that turns each Pauli basis onto Z: rz(φ), then ry(θ), then measure.
BASIS_ANGLES: dict[str, tuple[float, float]] = {
    "X": (-np.pi / 2, 0.0),
    "Y": (-np.pi / 2, -np.pi / 2),
    "Z": (0.0, 0.0),
}
#: Names of the circuit parameters that hold θ and φ.
BASIS_PARAMETERS = ("basis_theta", "basis_phi")


def append_tomography(circuit: QuantumCircuit, qubits: Sequence[Qubit], bits: Sequence) -> None:  # type: ignore[type-arg]
    """Append the basis rotation and the measurement of each qubit, in place.

    All qubits turn by the same two parameters, so they are measured in the same basis of the
    same shot.

    Args:
        circuit: circuit to extend.
        qubits: qubits to measure.
        bits: classical bit of each qubit.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(1, 1)
        >>> append_tomography(circuit, circuit.qubits, circuit.clbits)
        >>> theta, phi = BASIS_ANGLES["X"]
        >>> bound = circuit.assign_parameters({"basis_theta": theta, "basis_phi": phi})
        >>> bound.num_parameters
        0
    """
    from qiskit.circuit import Parameter

    theta, phi = (Parameter(name) for name in BASIS_PARAMETERS)
    for qubit in qubits:
        circuit.rz(phi, qubit)
        circuit.ry(theta, qubit)
    circuit.barrier(qubits)
    for qubit, bit in zip(qubits, bits, strict=True):
        circuit.measure(qubit, bit)
