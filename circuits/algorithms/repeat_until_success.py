r"""A rotation by repeat-until-success: its angle is a nonlinear function of the given angle.

A single round on a data qubit, with an ancilla that tells whether it succeeded::

    data     |0⟩ ── RY(2α) ───────── RY(π) ───────────────
                                       │
    ancilla  |0⟩ ── RY(2θ) ────────────■──── RY(-2θ) ── flag

    flag 0:  (cos²θ - i sin²θ Y)|α⟩      = √(cos⁴θ + sin⁴θ) RY(2 atan(tan²θ))|α⟩   (success)
    flag 1:  -(1 + iY)|α⟩ sin(2θ) / 2    = -√(1/2) sin(2θ) RY(-π/2)|α⟩             (failure)

with |α⟩ = (cos α, sin α). A computation would undo the failure by RY(π/2) and try again; here the
failed state is recycled instead. The flag of success is 0 and that of failure 1.

Source: Wiebe and Kliuchnikov, New J. Phys. 15, 093041 (2013); Cao, Guerreschi and Aspuru-Guzik,
arXiv:1711.11240 (2017), Fig. 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from circuits.algorithms.algorithm import Algorithm
from circuits.design import Register, SweepParameter
from circuits.settings import Settings

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterExpression

#: θ, above which the sweep repeats itself with both results of success exchanged. Below the least
#: angle failures are too rare to be recycled: 7 % there, and a half at π/4.
THETA = SweepParameter("theta", "rad", np.pi / 16, np.pi / 4, "angle of the ancilla")


def repeat_until_success(data_angle: float = 0.0) -> Algorithm:
    """Make the algorithm of a single round on a data qubit in the state (cos α, sin α).

    Args:
        data_angle: angle α of the data qubit, rad.

    Example:
        >>> algorithm = repeat_until_success()
        >>> algorithm.failure, algorithm.recycled
        ((1,), 'data')
    """

    def build(theta: float | ParameterExpression) -> QuantumCircuit:
        return _circuit(data_angle, theta)

    def solution(theta: ArrayLike) -> NDArray[np.complex128]:
        return _state(data_angle + success_angle(theta)).astype(complex)

    def branches(theta: ArrayLike) -> NDArray[np.complex128]:
        angle = np.asarray(theta, dtype=float)
        failed = np.full(angle.shape, data_angle - np.pi / 4)
        states = np.stack([_state(data_angle + success_angle(angle)), _state(failed)], axis=-2)
        projectors = np.einsum("...i,...j->...ij", states, states)
        return np.asarray(branch_probabilities(angle)[..., None, None] * projectors, dtype=complex)

    return Algorithm(
        build=build,
        registers=(Register("data", 1), Register("ancilla", 1)),
        flags=("ancilla",),
        failure=(1,),
        recycled="data",
        parameters=(THETA,),
        coupling=(("data", "ancilla"),),
        solution=solution,
        branches=branches,
    )


def success_angle(theta: ArrayLike) -> NDArray[np.float64]:
    """Angle atan(tan²θ) that success adds to α, rad, by θ in rad (arrays of any shape).

    Example:
        >>> success_angle([0.0, np.pi / 8, np.pi / 4]).round(4).tolist()
        [0.0, 0.1699, 0.7854]
    """
    return np.asarray(np.arctan(np.tan(np.asarray(theta, dtype=float)) ** 2))


def branch_probabilities(theta: ArrayLike) -> NDArray[np.float64]:
    """Probability of success and of failure (array of shape (..., 2)), by θ in rad.

    Example:
        >>> branch_probabilities([np.pi / 8, np.pi / 4]).round(4).tolist()
        [[0.75, 0.25], [0.5, 0.5]]
    """
    failure = np.sin(2 * np.asarray(theta, dtype=float)) ** 2 / 2
    return np.stack([1 - failure, failure], axis=-1)


def _state(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """State (cos, sin) of an angle (array of shape (..., 2))."""
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _circuit(data_angle: float, theta: float | ParameterExpression) -> QuantumCircuit:
    from qiskit import QuantumCircuit, QuantumRegister

    data, ancilla = QuantumRegister(1, "data"), QuantumRegister(1, "ancilla")
    circuit = QuantumCircuit(data, ancilla, name="repeat until success")
    circuit.ry(2 * data_angle, data)
    circuit.ry(2 * theta, ancilla)
    circuit.cry(np.pi, ancilla, data)
    circuit.ry(-2 * theta, ancilla)
    return circuit


class RepeatUntilSuccessSettings(Settings):
    """A rotation by repeat-until-success; ``data_angle`` is α of the data qubit, rad.

    Example:
        >>> RepeatUntilSuccessSettings(data_angle=0.3).build().flags
        ('ancilla',)
    """

    name: Literal["repeat-until-success"] = "repeat-until-success"
    data_angle: Annotated[float, Field(ge=-np.pi, le=np.pi, allow_inf_nan=False)] = 0.0

    def build(self) -> Algorithm:
        """Build the algorithm."""
        return repeat_until_success(self.data_angle)
