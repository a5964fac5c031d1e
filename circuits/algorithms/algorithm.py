"""An algorithm with a failure branch: its registers, flags and parameters, its circuit, its states.

``AnyAlgorithm`` is what the protocol asks of any algorithm. ``Algorithm`` holds it as data, so
that an algorithm needs no class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from circuits.algorithms.checks import check_structure
from circuits.design import POINT, Design, Register, SweepParameter, design_of
from circuits.tasks.erasure import ERASURE

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: A function of the values of all parameters, each an array or a number, that gives an array.
States = Callable[..., NDArray[np.complex128]]


class AnyAlgorithm(Protocol):
    """What the protocol, a plan and an analysis ask of an algorithm; see ``Algorithm``."""

    @property
    def design(self) -> Design:
        """What an erasure experiment with it consists of."""

    @property
    def registers(self) -> tuple[Register, ...]:
        """Quantum registers of the circuit, in their order."""

    @property
    def flags(self) -> tuple[str, ...]:
        """Roles of the qubits that are measured after it."""

    @property
    def failure(self) -> tuple[int, ...]:
        """Records of the flags whose branches are recycled."""

    @property
    def recycled(self) -> str:
        """Name of the register that is swapped into the bath."""

    @property
    def parameters(self) -> tuple[SweepParameter, ...]:
        """Parameters that a sweep runs over; never empty."""

    @property
    def coupling(self) -> tuple[tuple[str, str], ...]:
        """Pairs of roles that should be neighbours on a device."""

    @property
    def corrections(self) -> Mapping[int, QuantumCircuit]:
        """Circuit on the recycled register that a failed branch undergoes before the reset."""

    @property
    def circuit(self) -> Callable[..., QuantumCircuit]:
        """Build the circuit from the values of the parameters, numbers or circuit parameters."""

    @property
    def solution(self) -> States | None:
        """Pure state of the recycled register in the success branch, where it is known."""

    @property
    def branches(self) -> States | None:
        """Unnormalised states of the recycled register by record, where they are known."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Algorithm:
    """An algorithm whose failed branches can be recycled.

    Attributes:
        build: builds the circuit of the registers from the values of the parameters, each a
            number or a circuit parameter; without any measurement. An algorithm without
            parameters has the parameter ``design.POINT``, which is not passed to ``build``.
        registers: quantum registers of the circuit, in their order.
        flags: roles of the qubits that are measured after it; the first one is the lowest bit of
            a record.
        failure: records of the flags whose branches are recycled.
        recycled: name of the register that is swapped into the bath.
        parameters: parameters that a sweep runs over, in the order of the values.
        coupling: pairs of roles that should be neighbours on a device; empty where that follows
            from the circuit.
        corrections: by the record of a failed branch, a circuit on the recycled register that
            this branch undergoes before its reset.
        solution: pure state of the recycled register in the success branch (array of shape
            (..., d)) by the values of the parameters; None where no formula is known.
        branches: unnormalised density matrices of the recycled register by record (array of shape
            (..., record, d, d)), whose traces are the probabilities; None where no formula is
            known.

    Raises:
        ValueError: the parts do not fit; one line: field, value, mend.

    Example:
        >>> from qiskit import QuantumCircuit, QuantumRegister
        >>> from circuits.design import Register
        >>> def build():
        ...     circuit = QuantumCircuit(QuantumRegister(1, "data"), QuantumRegister(1, "success"))
        ...     circuit.h(0)
        ...     circuit.cx(0, 1)
        ...     return circuit
        >>> algorithm = Algorithm(
        ...     build=build,
        ...     registers=(Register("data", 1), Register("success", 1)),
        ...     flags=("success",),
        ...     recycled="data",
        ... )
        >>> algorithm.design.roles
        ('data', 'success', 'B', 'S')
    """

    build: Callable[..., QuantumCircuit]
    registers: tuple[Register, ...]
    flags: tuple[str, ...]
    recycled: str
    failure: tuple[int, ...] = (0,)
    parameters: tuple[SweepParameter, ...] = (POINT,)
    coupling: tuple[tuple[str, str], ...] = ()
    corrections: Mapping[int, QuantumCircuit] = field(default_factory=dict)
    solution: States | None = None
    branches: States | None = None

    def __post_init__(self) -> None:
        check_structure(self)

    def circuit(self, *values: Any) -> QuantumCircuit:
        """Build the circuit from the values of the parameters, in their order.

        Example:
            >>> from circuits.algorithms.repeat_until_success import repeat_until_success
            >>> [register.name for register in repeat_until_success().circuit(0.4).qregs]
            ['data', 'ancilla']
        """
        return self.build() if self.parameters == (POINT,) else self.build(*values)

    @property
    def design(self) -> Design:
        """What an erasure experiment with it consists of."""
        return design_of(self, ERASURE)

    @classmethod
    def from_circuit(
        cls,
        circuit: QuantumCircuit,
        *,
        flags: Sequence[str],
        recycled: str,
        failure: Sequence[int] = (0,),
        parameters: Sequence[SweepParameter] = (),
        coupling: Sequence[tuple[str, str]] = (),
        corrections: Mapping[int, QuantumCircuit] | None = None,
        solution: States | None = None,
        branches: States | None = None,
    ) -> Algorithm:
        """Make an algorithm of any circuit with named registers and no measurement.

        Args:
            circuit: the circuit; its free parameters, in the order of their names, are the
                parameters of the sweep.
            flags: names of the quantum registers that are measured after it.
            recycled: name of the quantum register that is swapped into the bath.
            failure: records of the flags whose branches are recycled.
            parameters: unit and range of those parameters that have a range.
            coupling: pairs of roles that should be neighbours on a device.
            corrections: circuits on the recycled register by the record of a failed branch.
            solution: formula of the pure state in the success branch; see ``Algorithm``.
            branches: formula of the states of all branches; see ``Algorithm``.

        Raises:
            ValueError: the circuit or a name cannot be used; one line: field, value, mend.

        Example:
            >>> from qiskit import QuantumCircuit, QuantumRegister
            >>> from qiskit.circuit import Parameter
            >>> circuit = QuantumCircuit(QuantumRegister(1, "data"), QuantumRegister(1, "success"))
            >>> _ = circuit.ry(Parameter("angle"), 0)
            >>> _ = circuit.cx(0, 1)
            >>> algorithm = Algorithm.from_circuit(circuit, flags=["success"], recycled="data")
            >>> algorithm.design.parameter_names
            ('angle',)
        """
        from circuits.algorithms.from_circuit import parts_of_circuit

        build, registers, flag_roles, swept = parts_of_circuit(circuit, flags, recycled, parameters)
        return cls(
            build=build,
            registers=registers,
            flags=flag_roles,
            recycled=recycled,
            failure=tuple(failure),
            parameters=swept,
            coupling=tuple((first, second) for first, second in coupling),
            corrections=dict(corrections or {}),
            solution=solution,
            branches=branches,
        )


def with_circuit(algorithm: AnyAlgorithm, circuit: QuantumCircuit) -> Algorithm:
    """Give an algorithm another circuit, such as a compiled one, that has its parameters.

    Args:
        algorithm: what the circuit computes.
        circuit: a circuit of its registers with its parameters in it, by their names.

    Example:
        >>> from qiskit.circuit import Parameter
        >>> from circuits.algorithms.repeat_until_success import repeat_until_success
        >>> algorithm = repeat_until_success()
        >>> decomposed = algorithm.circuit(Parameter("theta")).decompose()
        >>> with_circuit(algorithm, decomposed).circuit(0.4) is decomposed
        True
    """
    return Algorithm(
        build=lambda *_values: circuit,
        registers=algorithm.registers,
        flags=algorithm.flags,
        recycled=algorithm.recycled,
        failure=algorithm.failure,
        parameters=algorithm.parameters,
        coupling=algorithm.coupling,
        corrections=algorithm.corrections,
        solution=algorithm.solution,
        branches=algorithm.branches,
    )
