"""Registers, flags and parameters read from any circuit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from circuits.algorithms.checks import unknown
from circuits.design import POINT, Register, SweepParameter

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Operation

#: Instructions that no algorithm may hold, and what to do about them.
_REFUSED = {
    "measure": "the flags are measured after the circuit; remove the measurement",
    "reset": "every qubit begins in |0⟩; remove the reset",
    "initialize": "prepare the state by gates, for instance by StatePreparation",
    "delay": "idle times follow from the schedule; remove the delay",
}
#: Most gates of an algorithm: noise has undone the state long before.
MOST_GATES = 20_000
#: How deep definitions of gates may be nested.
_DEEPEST = 50

Parts = tuple[
    "Callable[..., QuantumCircuit]",
    tuple[Register, ...],
    tuple[str, ...],
    tuple[SweepParameter, ...],
]


def parts_of_circuit(
    circuit: QuantumCircuit,
    flags: Sequence[str],
    recycled: str,
    ranges: Sequence[SweepParameter],
) -> Parts:
    """Read builder, registers, roles of the flags, and swept parameters from a circuit.

    Args:
        circuit: circuit of gates alone, all of whose qubits are in registers.
        flags: names of the registers that are measured after it.
        recycled: name of the register that is swapped into the bath.
        ranges: unit and range of those parameters that have a range.

    Raises:
        ValueError: the circuit cannot be an algorithm; one line: field, value, mend.

    Example:
        >>> from qiskit import QuantumCircuit, QuantumRegister
        >>> circuit = QuantumCircuit(QuantumRegister(1, "data"), QuantumRegister(2, "success"))
        >>> build, registers, flags, parameters = parts_of_circuit(circuit, ["success"], "data", [])
        >>> flags, [parameter.name for parameter in parameters]
        (('success0', 'success1'), ['point'])
    """
    _check_registers(circuit)
    _check_instructions(circuit)
    registers = tuple(Register(register.name, register.size) for register in circuit.qregs)
    by_name = {register.name: register for register in registers}
    if isinstance(flags, str):
        raise ValueError(f"flags = {flags!r}: give a list of register names")
    for field, names in (("flags", flags), ("recycled", [recycled])):
        for name in names:
            if name not in by_name:
                raise ValueError(unknown(field, name, by_name))
    if len(set(flags)) == len(flags) == len(registers):
        raise ValueError(f"flags = {list(flags)} are all registers: leave the recycled one out")
    roles = tuple(role for name in flags for role in by_name[name].roles)
    kept = _without_bits(circuit)
    return _builder(kept), registers, roles, _parameters(kept, ranges)


def _check_registers(circuit: QuantumCircuit) -> None:
    """Check that each qubit is in a single register, in the order of the registers."""
    ordered = [qubit for register in circuit.qregs for qubit in register]
    if ordered != list(circuit.qubits):
        raise ValueError(
            "circuit has qubits outside of a register, or in two: build it "
            "from quantum registers alone, as in QuantumCircuit(QuantumRegister(1, 'data'), ...)"
        )


def _check_instructions(circuit: QuantumCircuit) -> None:
    """Check that there are gates alone, not too many, each of which can be compiled."""
    sizes: dict[tuple[str, int], int] = {}
    total = 0
    for instruction in circuit.data:
        operation = instruction.operation
        shown = f"circuit has the instruction {operation.name!r}"
        if operation.name in _REFUSED:
            raise ValueError(f"{shown}: {_REFUSED[operation.name]}")
        if instruction.clbits or isinstance(getattr(operation, "blocks", None), tuple):
            raise ValueError(f"{shown}: give a circuit of gates, without classical control")
        try:
            total += _gates_of(operation, sizes)
        except _NoGateError as error:
            raise ValueError(f"{shown}, {error}") from None
    if total > MOST_GATES:
        raise ValueError(
            f"circuit has {total} gates, those in definitions counted: give {MOST_GATES} or fewer"
        )


class _NoGateError(Exception):
    """What an instruction is instead of a gate, and what to do."""


def _gates_of(operation: Operation, sizes: dict[tuple[str, int], int], depth: int = 0) -> int:
    """Number of gates of an operation, with each gate of its definition.

    Args:
        operation: what to look at.
        sizes: known numbers of gates by name and number of qubits; new numbers are added.
        depth: how deep in definitions it is.
    """
    from qiskit.circuit import ControlledGate, Gate, Instruction

    key = operation.name, operation.num_qubits
    if key in sizes:
        return sizes[key]
    of_library = (type(operation).__module__ or "qiskit.").startswith("qiskit.")
    if operation.name == "barrier" or (
        of_library and type(operation) not in (Gate, Instruction, ControlledGate)
    ):
        return sizes.setdefault(key, 1)
    definition = operation.definition
    if definition is None or depth > _DEEPEST:
        raise _NoGateError("which nothing defines: give it a definition or use other gates")
    total = 0
    for inner in definition.data:
        if inner.clbits or inner.operation.name in _REFUSED:
            raise _NoGateError(f"which holds {inner.operation.name!r}: give gates alone")
        total += _gates_of(inner.operation, sizes, depth + 1)
    return sizes.setdefault(key, total)


def _without_bits(circuit: QuantumCircuit) -> QuantumCircuit:
    """Copy of a circuit with its quantum registers alone."""
    from qiskit import QuantumCircuit

    kept = QuantumCircuit(*circuit.qregs, name=circuit.name, global_phase=circuit.global_phase)
    for instruction in circuit.data:
        kept.append(instruction.operation, instruction.qubits)
    return kept


def _parameters(
    circuit: QuantumCircuit, ranges: Sequence[SweepParameter]
) -> tuple[SweepParameter, ...]:
    """Swept parameters in the order of the circuit's; ``POINT`` where it has none."""
    given = {parameter.name: parameter for parameter in ranges}
    names = [parameter.name for parameter in circuit.parameters]
    for name in given:
        if name not in names:
            raise ValueError(unknown("parameters", name, names))
    return tuple(given.get(name, SweepParameter(name)) for name in names) or (POINT,)


def _builder(circuit: QuantumCircuit) -> Callable[..., QuantumCircuit]:
    parameters = list(circuit.parameters)

    def build(*values: Any) -> QuantumCircuit:
        if len(values) != len(parameters):
            names = ", ".join(parameter.name for parameter in parameters)
            raise ValueError(f"values = {values!r}: give one for each of {names}")
        assigned = dict(zip(parameters, values, strict=True))
        built: QuantumCircuit = circuit.assign_parameters(assigned)
        return built

    return build
