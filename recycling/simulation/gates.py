"""Gates without noise as entries of Pauli transfer matrices, over a sweep of circuit parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_numpy_array
from numpy.typing import ArrayLike, NDArray

from recycling.devices.channels import unitary_channel
from recycling.simulation.program import Angle, Gate
from recycling.simulation.sparse import Channel, Scaled, of_matrix

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]


def gate_entries(gate: Gate, parameters: Mapping[str, Any]) -> Channel:
    """Entries of the PTM of a one- or two-qubit gate, first qubit outermost.

    Args:
        gate: name, Qiskit class and parameters.
        parameters: values by parameter name; arrays with all axes of the sweep.

    Raises:
        ValueError: a gate with an angle that this array library cannot evaluate.

    Example:
        >>> from qiskit.circuit.library import RZGate
        >>> turn = gate_entries(("rz", RZGate, (Angle("a", 2.0, 0.0),)), {"a": np.array([0.1])})
        >>> turn[1, 1].array.round(3), turn[3, 3]
        (array([0.98]), 1.0)
    """
    name, kind, angles = gate
    values = [_angle(angle, parameters) for angle in angles]
    if all(isinstance(value, float) for value in values):
        return _constant(kind, tuple(values))
    if name == "rz":
        xp = array_namespace(values[0])
        cos, sin = Scaled(1.0, xp.cos(values[0])), Scaled(1.0, xp.sin(values[0]))
        back = Scaled(-1.0, sin.array)
        return {(0, 0): 1.0, (1, 1): cos, (1, 2): back, (2, 1): sin, (2, 2): cos, (3, 3): 1.0}
    values = [np.asarray(value) if isinstance(value, float) else value for value in values]
    if not all(map(is_numpy_array, values)):
        raise ValueError(f"{name} of a parameter: only NumPy evaluates it; compile to rz and sx")
    return _varying(name, kind, list(np.broadcast_arrays(*values)))


@lru_cache(maxsize=4096)
def _constant(kind: Any, angles: tuple[float, ...]) -> Channel:
    """Entries of a gate at given angles; the same few gates recur in every circuit."""
    return of_matrix(_channel_at(kind, angles))


def _varying(name: str, kind: Any, angles: list[Real]) -> Channel:
    """Entries of a gate at angles over a sweep, as arrays."""
    shape = angles[0].shape
    if name in _UNITARIES:
        channels = unitary_channel(_UNITARIES[name](*angles))
    else:
        points = zip(*(angle.ravel() for angle in angles), strict=True)
        channels = np.array([_channel_at(kind, point) for point in points])
        channels = channels.reshape(*shape, *channels.shape[-2:])
    size = channels.shape[-1]
    return {
        (row, column): Scaled(1.0, np.ascontiguousarray(channels[..., row, column]))
        for row, column in np.ndindex(size, size)
        if channels[..., row, column].any()
    }


def _channel_at(kind: Any, angles: tuple[float, ...]) -> Real:
    unitary = kind(*angles).to_matrix()
    if len(unitary) == 4:  # Qiskit has its first qubit innermost
        unitary = unitary.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)
    return unitary_channel(unitary)


def _angle(angle: Any, parameters: Mapping[str, Any]) -> Any:
    """Values of a gate's parameter: a number, or an array with all axes of the sweep."""
    if isinstance(angle, float):
        return angle
    if isinstance(angle, Angle):
        value = parameters[angle.parameter]
        return (
            value if (angle.slope, angle.offset) == (1, 0) else angle.slope * value + angle.offset
        )
    symbols = sorted(angle.parameters, key=lambda symbol: symbol.name)
    values = [parameters[symbol.name] for symbol in symbols]
    if all(isinstance(value, float) for value in values):
        return float(angle.bind(dict(zip(symbols, values, strict=True))))
    values = [np.asarray(value) if isinstance(value, float) else value for value in values]
    if not all(map(is_numpy_array, values)):
        raise ValueError(
            f"{angle}: only NumPy evaluates an angle that is no multiple of a parameter"
        )
    arrays = np.broadcast_arrays(*values)
    points = zip(*(array.ravel() for array in arrays), strict=True)
    found = [float(angle.bind(dict(zip(symbols, point, strict=True)))) for point in points]
    return np.array(found).reshape(arrays[0].shape)


def gate_of(operation: Any) -> Gate:
    """Take a Qiskit gate as name, class and parameters.

    Example:
        >>> from qiskit.circuit.library import RZGate
        >>> gate_of(RZGate(0.5))[::2]
        ('rz', (0.5,))
    """
    kind = getattr(operation, "base_class", type(operation))
    return operation.name, kind, tuple(_parameter(value) for value in operation.params)


def _parameter(value: Any) -> float | Angle | Any:
    """Take an angle of a Qiskit gate: a number, a multiple of one parameter, or an expression."""
    symbols = getattr(value, "parameters", ())
    if not symbols:
        return float(value)
    if len(symbols) > 1:
        return value
    (symbol,) = symbols
    slope = value.gradient(symbol)
    if getattr(slope, "parameters", ()) or isinstance(slope, complex):
        return value
    return Angle(symbol.name, float(slope), float(value.bind({symbol: 0.0})))


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


def _p(angle: Real) -> Complex:
    zero = np.zeros_like(angle)
    return _matrix(np.ones_like(angle), zero, zero, np.exp(1j * angle))


def _matrix(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike) -> Complex:
    """Matrices (..., 2, 2) from their entries (...), row by row."""
    entries = np.stack(np.broadcast_arrays(a, b, c, d), axis=-1).astype(complex)
    return entries.reshape(*entries.shape[:-1], 2, 2)


#: Unitaries (..., 2, 2) of gates with angles (...), rad: the same numbers as Qiskit's matrices.
_UNITARIES: dict[str, Callable[..., Complex]] = {"rx": _rx, "ry": _ry, "p": _p, "u": _u}
