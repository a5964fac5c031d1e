"""Gates of a Qiskit circuit as Pauli transfer matrices over a sweep of circuit parameters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recycling.devices.channels import unitary_channel

Real = NDArray[np.float64]


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
    shape = np.broadcast_shapes(*(angle.shape for angle in angles))
    points = zip(*(np.broadcast_to(angle, shape).ravel() for angle in angles), strict=True)
    channels = np.array([_channel_at(kind, point) for point in points])
    return channels.reshape(*shape, *channels.shape[-2:])


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
    arrays = np.broadcast_arrays(*(parameters[symbol.name] for symbol in symbols))
    points = zip(*(array.ravel() for array in arrays), strict=True)
    values = [float(expression.bind(dict(zip(symbols, point, strict=True)))) for point in points]
    return np.array(values).reshape(arrays[0].shape)
