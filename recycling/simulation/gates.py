"""Gates of a Qiskit circuit as Pauli transfer matrices over a sweep of circuit parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recycling.simulation.channels import unitary_channel

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
    angles = [_angle(parameter, parameters, sweep_axes) for parameter in operation.params]
    if angles:
        shape = np.broadcast_shapes(*(angle.shape for angle in angles))
        points = zip(*(np.broadcast_to(angle, shape).ravel() for angle in angles), strict=True)
        unitary = np.array([type(operation)(*point).to_matrix() for point in points])
        unitary = unitary.reshape(*shape, *unitary.shape[-2:])
    else:
        unitary = operation.to_matrix()
        unitary = unitary.reshape((1,) * sweep_axes + unitary.shape)
    if operation.num_qubits == 2:  # Qiskit has its first qubit innermost
        halves = unitary.reshape(*unitary.shape[:-2], 2, 2, 2, 2)
        swapped = np.moveaxis(halves, (-4, -3, -2, -1), (-3, -4, -1, -2))
        unitary = swapped.reshape(unitary.shape)
    return unitary_channel(unitary)


def _angle(expression: Any, parameters: Mapping[str, Real], sweep_axes: int) -> Real:
    """Values of a gate's parameter (array with all sweep axes)."""
    symbols = sorted(getattr(expression, "parameters", ()), key=lambda symbol: symbol.name)
    if not symbols:
        return np.full((1,) * sweep_axes, float(expression))
    arrays = np.broadcast_arrays(*(parameters[symbol.name] for symbol in symbols))
    points = zip(*(array.ravel() for array in arrays), strict=True)
    values = [float(expression.bind(dict(zip(symbols, point, strict=True)))) for point in points]
    return np.array(values).reshape(arrays[0].shape)
