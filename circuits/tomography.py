"""One-qubit state tomography by circuit parameters: a compiled circuit serves every basis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit import QuantumCircuit
    from qiskit.circuit import Clbit, Qubit

#: Rotation (θ, φ) in rad that turns each Pauli basis onto Z: rz(φ), then ry(θ), then measure.
BASIS_ANGLES: dict[str, tuple[float, float]] = {
    "X": (-np.pi / 2, 0.0),
    "Y": (-np.pi / 2, -np.pi / 2),
    "Z": (0.0, 0.0),
}
#: Names of the circuit parameters that hold θ and φ.
BASIS_PARAMETERS = ("basis_theta", "basis_phi")


def basis_parameters(role: str | None = None) -> tuple[str, str]:
    """Names of the parameters that hold θ and φ: of all qubits, or of one that has its role.

    Example:
        >>> basis_parameters("B")
        ('basis_theta_B', 'basis_phi_B')
    """
    theta, phi = BASIS_PARAMETERS
    return (theta, phi) if role is None else (f"{theta}_{role}", f"{phi}_{role}")


def basis_angles(axes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the rotations θ and φ that turn axes onto Z.

    Args:
        axes: unit vectors (array of shape (..., 3)).

    Returns:
        θ and φ in rad (arrays of shape (...)).

    Example:
        >>> theta, phi = basis_angles(np.array([0.0, 1.0, 0.0]))
        >>> (float(theta), float(phi)) == BASIS_ANGLES["Y"]
        True
    """
    x, y, z = np.moveaxis(axes, -1, 0)
    across = np.hypot(x, y)
    # Beside the poles a rounding error must not decide the azimuth.
    azimuth = np.where(across > 1e-12, np.arctan2(y, x), 0.0)
    return -np.arctan2(across, z), -azimuth


def append_tomography(
    circuit: QuantumCircuit,
    qubits: Sequence[Qubit],
    bits: Sequence[Clbit],
    roles: Sequence[str] | None = None,
) -> None:
    """Append the basis rotation and the measurement of each qubit, in place.

    All qubits turn by the same two parameters, so they are measured in the same basis of the
    same shot; with ``roles`` each qubit has its own two, see ``basis_parameters``.

    Args:
        circuit: circuit to extend.
        qubits: qubits to measure.
        bits: classical bit of each qubit.
        roles: name of each qubit, where each turns by itself.

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

    turned = dict.fromkeys([None] if roles is None else roles)
    angles = {role: [Parameter(name) for name in basis_parameters(role)] for role in turned}
    for index, qubit in enumerate(qubits):
        theta, phi = angles[None if roles is None else roles[index]]
        circuit.rz(phi, qubit)
        circuit.ry(theta, qubit)
    circuit.barrier(qubits)
    for qubit, bit in zip(qubits, bits, strict=True):
        circuit.measure(qubit, bit)
