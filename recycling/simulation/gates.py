"""Gates of a Qiskit circuit as Pauli transfer matrices over a sweep of circuit parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recycling.compilation.timeline import duration_of
from recycling.devices.channels import kraus_channel, unitary_channel
from recycling.simulation.noise import Noise

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]


#: PTM of the reset to |0⟩.
_RESET = np.zeros((4, 4))
_RESET[[0, 3], 0] = 1


def noisy_channel(
    operation: Any, qubits: tuple[int, ...], noise: Noise, parameters: Mapping[str, Real]
) -> Real:
    """PTM of a gate, a reset, a channel or idle time, with the noise that comes with it.

    Args:
        operation: Qiskit instruction on one or two qubits.
        qubits: the qubits that it acts on.
        noise: noise of the device over the sweep.
        parameters: values by parameter name, each with all sweep axes.

    Returns:
        Array of shape (*sweep, 4ⁿ, 4ⁿ), of length 1 along the axes that it does not depend on.

    Raises:
        ValueError: more than two qubits, or a gate that is not native to the device.
    """
    name = operation.name
    if len(qubits) > 2:
        raise ValueError(
            f"{name} acts on {len(qubits)} qubits: compile to one- and two-qubit gates first"
        )
    if name == "delay":
        return noise.idle(qubits[0], duration_of(operation, qubits, noise.device))
    if name == "reset":
        return noise.spread(_RESET, 2)
    if name == "kraus" and len(qubits) == 1:
        return noise.spread(kraus_channel(operation.params), 2)
    after = noise.after_gate(name, qubits)
    return after @ gate_channel(operation, parameters, noise.sweep_axes)


def gate_channel(operation: Any, parameters: Mapping[str, Real], sweep_axes: int) -> Real:
    """PTM of a one- or two-qubit gate, first qubit outermost.

    Args:
        operation: Qiskit gate with numbers or parameter expressions.
        parameters: values by parameter name, each with all sweep axes (of length 1 where constant).
        sweep_axes: number of sweep axes.

    Returns:
        Array of shape (*sweep, 4ⁿ, 4ⁿ), of length 1 along the axes the gate does not depend on.
    """
    kind: Any = type(operation)
    if not any(getattr(parameter, "parameters", ()) for parameter in operation.params):
        fixed = _channel_at(kind, tuple(float(parameter) for parameter in operation.params))
        return fixed.reshape((1,) * sweep_axes + fixed.shape)
    angles = [_angle(parameter, parameters, sweep_axes) for parameter in operation.params]
    if operation.name in _UNITARIES:
        return unitary_channel(_UNITARIES[operation.name](*np.broadcast_arrays(*angles)))
    shape = np.broadcast_shapes(*(angle.shape for angle in angles))
    points = zip(*(np.broadcast_to(angle, shape).ravel() for angle in angles), strict=True)
    channels = np.array([_channel_at(kind, point) for point in points])
    return channels.reshape(*shape, *channels.shape[-2:])


def _u(theta: Real, phi: Real, lam: Real) -> Complex:
    cos, sin = np.cos(theta / 2), np.sin(theta / 2)
    return _matrix(
        cos, -np.exp(1j * lam) * sin, np.exp(1j * phi) * sin, np.exp(1j * (phi + lam)) * cos
    )


def _rx(theta: Real) -> Complex:
    cos, sin = np.cos(theta / 2), np.sin(theta / 2)
    return _matrix(cos, -1j * sin, -1j * sin, cos)


def _ry(theta: Real) -> Complex:
    cos, sin = np.cos(theta / 2), np.sin(theta / 2)
    return _matrix(cos, -sin, sin, cos)


def _rz(angle: Real) -> Complex:
    zero = np.zeros_like(angle)
    return _matrix(np.exp(-0.5j * angle), zero, zero, np.exp(0.5j * angle))


def _p(angle: Real) -> Complex:
    zero = np.zeros_like(angle)
    return _matrix(np.ones_like(angle), zero, zero, np.exp(1j * angle))


def _matrix(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike) -> Complex:
    """Matrices (..., 2, 2) from their entries (...), row by row."""
    entries = np.stack(np.broadcast_arrays(a, b, c, d), axis=-1).astype(complex)
    return entries.reshape(*entries.shape[:-1], 2, 2)


#: Unitaries (..., 2, 2) of gates with angles (...), rad: the same numbers as Qiskit's matrices.
_UNITARIES: dict[str, Callable[..., Complex]] = {
    "rx": _rx, "ry": _ry, "rz": _rz, "p": _p, "u": _u,
}  # fmt: skip


@lru_cache(maxsize=4096)
def _channel_at(kind: Any, angles: tuple[float, ...]) -> Real:
    """PTM of one gate at given angles; the same few gates come back in every circuit."""
    unitary = kind(*angles).to_matrix()
    if len(unitary) == 4:  # Qiskit has its first qubit innermost
        unitary = unitary.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)
    channel = unitary_channel(unitary)
    channel.setflags(write=False)
    return channel


def _angle(expression: Any, parameters: Mapping[str, Real], sweep_axes: int) -> Real:
    """Values of a gate's parameter (array with all sweep axes)."""
    symbols = sorted(getattr(expression, "parameters", ()), key=lambda symbol: symbol.name)
    if not symbols:
        return np.full((1,) * sweep_axes, float(expression))
    if expression == symbols[0]:
        return parameters[symbols[0].name]
    arrays = np.broadcast_arrays(*(parameters[symbol.name] for symbol in symbols))
    points = zip(*(array.ravel() for array in arrays), strict=True)
    values = [float(expression.bind(dict(zip(symbols, point, strict=True)))) for point in points]
    return np.array(values).reshape(arrays[0].shape)
