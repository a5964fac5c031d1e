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
}
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
    """Builder, registers, roles of the flags, and swept parameters of a circuit.

    Raises:
        ValueError: it cannot be an algorithm; one line: field, value, mend.
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
    """Check that each qubit is in one register, in the order of the registers."""
    ordered = [qubit for register in circuit.qregs for qubit in register]
    if ordered != list(circuit.qubits):
        raise ValueError(
            f"circuit = {circuit.name!r} has qubits outside of a register, or in two: build it "
            "from quantum registers alone, as in QuantumCircuit(QuantumRegister(1, 'data'), ...)"
        )


def _check_instructions(circuit: QuantumCircuit) -> None:
    """Check that there are gates alone, each of which can be compiled."""
    from qiskit.circuit import ControlFlowOp

    for instruction in circuit.data:
        operation = instruction.operation
        shown = f"circuit = {circuit.name!r} has the instruction {operation.name!r}"
        if isinstance(operation, ControlFlowOp) or operation.name == "store":
            raise ValueError(f"{shown}: give a circuit of gates, without classical control")
        if operation.name in _REFUSED:
            raise ValueError(f"{shown}: {_REFUSED[operation.name]}")
        if instruction.clbits:
            raise ValueError(f"{shown}, which uses classical bits: give a circuit of gates")
        fault = _fault_of(operation)
        if fault:
            raise ValueError(f"{shown}{fault}")


def _fault_of(operation: Operation, depth: int = 0) -> str:
    """What keeps an operation from being compiled; empty where nothing does."""
    from qiskit.circuit.library import get_standard_gate_name_mapping

    if operation.name in ("barrier", "delay") or operation.name in get_standard_gate_name_mapping():
        return ": remove it" if operation.name in _REFUSED else ""
    definition = getattr(operation, "definition", None)
    if definition is None or depth > _DEEPEST:
        known = callable(getattr(operation, "to_matrix", None)) or hasattr(operation, "base_gate")
        return "" if known else ", which nothing defines: give it a definition or use other gates"
    for inner in definition.data:
        if inner.clbits or inner.operation.name in _REFUSED:
            return f", which is no gate (it holds {inner.operation.name!r}): give gates alone"
        fault = _fault_of(inner.operation, depth + 1)
        if fault:
            return fault
    return ""


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
        assigned = dict(zip(parameters, values, strict=True))
        built: QuantumCircuit = circuit.assign_parameters(assigned)
        return built

    return build
