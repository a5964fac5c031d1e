"""Many angles from a few evolutions, where a parameter enters as a rotation by its multiples.

Probabilities are linear in (1, cos φ, sin φ) of every rotation angle φ. A parameter θ that turns
gates by s₁θ, s₂θ, … (plus constants), with slopes that are multiples of s, makes them a
trigonometric polynomial in sθ of degree D = Σ|sᵢ|/s: 2D + 1 evolutions give any number of angles.
For θ_b of HHL these are three. Whether a parameter enters so is read off the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recycling.simulation.program import (
    Allocate,
    Angle,
    Conditional,
    Gate,
    Measure,
    Pair,
    Program,
    Single,
    Step,
    Turn,
)
from recycling.simulation.values import Values

Real = NDArray[np.float64]
#: Slopes are multiples of each other to this part of themselves, else the parameter is left alone.
_ROUNDING = 1e-12
#: Gates whose angles are rotation angles.
_ROTATIONS = frozenset({"rz", "rx", "ry", "p"})


@dataclass(frozen=True)
class Few:
    """Evolutions that stand for many angles along an axis of the parameters.

    Attributes:
        values: the values with a few angles in place of the many.
        axis: the axis, counted among those of the parameters.
        weights: of each of the few for each of the many (array of shape (many, few)).

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.01, frequency=5e9, roles=("B",))
        >>> values = Values.of(device, {"theta": [0.0, np.pi]})
        >>> Few(values, axis=0, weights=np.array([[0.5, 0.5]])).all_of(np.array([0.0, 1.0]))
        array([0.5])
    """

    values: Values
    axis: int
    weights: Real

    def all_of(self, tensor: Real) -> Real:
        """Results at the many angles from those at the few (arrays of shape (*sweep, …))."""
        place = len(self.values.device_sweep) + self.axis
        many = np.tensordot(self.weights, tensor, axes=(1, place))
        return np.asarray(np.moveaxis(many, 0, place))


def few_angles(programs: Sequence[Program], values: Values) -> Few | None:
    """Find a parameter with an axis of its own along which fewer evolutions do.

    Args:
        programs: programs that are evaluated together.
        values: numbers and parameters.

    Returns:
        The values to evaluate instead, and how to read them; None where there is no such parameter.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from qiskit.circuit import Parameter
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.simulation.lower import lower
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.sx(0)
        >>> _ = circuit.rz(2 * Parameter("theta"), 0)
        >>> _ = circuit.sx(0)
        >>> _ = circuit.measure(0, 0)
        >>> device = ideal_device(temperature=0.01, frequency=5e9, roles=("B",))
        >>> values = Values.of(device, {"theta": np.linspace(0, 1, 100)})
        >>> few_angles([lower(circuit, device)], values).values.parameter_sweep
        (3,)
    """
    axes = len(values.parameter_sweep)
    swept = {name: array for name, array in values.parameters.items() if np.ndim(array)}
    for name, array in swept.items():
        longer = [axis for axis in range(axes) if array.shape[axis] > 1]
        if len(longer) != 1 or max(array.shape[axes:], default=1) > 1:
            continue
        (axis,) = longer
        shared = any(other.shape[axis] > 1 for key, other in swept.items() if key != name)
        found = None if shared else _polynomial(programs, name)
        if found is None or 2 * found[1] + 1 >= array.shape[axis]:
            continue
        slope, degree = found
        nodes = 2 * np.pi / slope * np.arange(2 * degree + 1) / (2 * degree + 1)
        weights = _weights(slope * array.ravel(), slope * nodes, degree)
        shape = [1] * array.ndim
        shape[axis] = len(nodes)
        sweep = list(values.parameter_sweep)
        sweep[axis] = len(nodes)
        parameters = {**values.parameters, name: nodes.reshape(shape)}
        return Few(
            replace(values, parameters=parameters, parameter_sweep=tuple(sweep)), axis, weights
        )
    return None


def _weights(angles: Real, nodes: Real, degree: int) -> Real:
    """Weights of the values at equally spaced nodes, for a polynomial of a degree (angle, node)."""
    apart = angles[:, None] - nodes
    orders = np.arange(1, degree + 1)
    waves = np.cos(orders * apart[..., None]).sum(axis=-1)
    return np.asarray((1 + 2 * waves) / len(nodes))


def _polynomial(programs: Sequence[Program], name: str) -> tuple[float, int] | None:
    """Slope and degree of the polynomial in a parameter; None where it does not enter so."""
    slopes: list[list[float]] = []
    for program in programs:
        own: list[float] = []
        for gate_name, _, angles in _gates(program.steps):
            for angle in angles:
                if isinstance(angle, float):
                    continue
                if not isinstance(angle, Angle):
                    return None  # an expression of several parameters
                if angle.parameter == name:
                    if gate_name not in _ROTATIONS:
                        return None
                    own.append(abs(angle.slope))
        slopes.append(own)
    smallest = min((slope for own in slopes for slope in own if slope), default=0.0)
    if not smallest:
        return None
    multiples = [[slope / smallest for slope in own] for own in slopes]
    if any(abs(each - round(each)) > _ROUNDING * each for own in multiples for each in own):
        return None
    return smallest, max(sum(round(each) for each in own) for own in multiples)


def _gates(steps: Sequence[Step]) -> Iterator[Gate]:
    """All gates of steps, those of branches included.

    A gate of each branch counts, though a record meets only one: the degree is at most that.
    """
    for step in steps:
        match step:
            case Pair(_, gate):
                yield gate
            case Allocate(_, factors) | Single(_, factors) | Measure(_, _, _, factors):
                for factor in factors:
                    if isinstance(factor, Turn):
                        yield from factor.gates
            case Conditional(_, _, then, otherwise):
                yield from _gates(then)
                yield from _gates(otherwise)
            case _:
                pass
