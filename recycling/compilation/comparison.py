"""Circuits compared by what they do, whatever their names, registers and global phases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction

#: Deviation of an angle that is rounding alone, rad; characters of an instruction that are shown.
_ROUNDING, _SHOWN = 1e-9, 60


def circuit_difference(found: QuantumCircuit, wanted: QuantumCircuit) -> str:
    """Describe how a circuit differs from another one; empty where it does the same.

    They are compared instruction by instruction, with the same random values for all parameters.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> one, other = QuantumCircuit(1), QuantumCircuit(1, global_phase=1.0)
        >>> circuit_difference(one, other)
        ''
        >>> _ = other.x(0)
        >>> circuit_difference(one, other)
        'it has 0 instructions instead of 1'
    """
    names = sorted({parameter.name for parameter in wanted.parameters})
    if names != sorted(parameter.name for parameter in found.parameters):
        return f"its parameters are not {', '.join(names) or 'none'}"
    values = dict(zip(names, np.random.default_rng(0).uniform(-3, 3, len(names)), strict=True))
    return _difference(found.assign_parameters(values), wanted.assign_parameters(values))


def _shown(content: tuple[Any, ...]) -> str:
    text = " ".join(str(part) for part in content[:4] if part != ())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _difference(found: QuantumCircuit, wanted: QuantumCircuit) -> str:
    if (found.num_qubits, found.num_clbits) != (wanted.num_qubits, wanted.num_clbits):
        return f"it has {found.num_qubits} qubits and {found.num_clbits} bits"
    if len(found.data) != len(wanted.data):
        return f"it has {len(found.data)} instructions instead of {len(wanted.data)}"
    for number, pair in enumerate(zip(found.data, wanted.data, strict=True), start=1):
        one, other = (
            _instruction(each, of) for each, of in zip(pair, (found, wanted), strict=True)
        )
        if one != other:
            return f"its instruction {number} is {_shown(one)} instead of {_shown(other)}"
        for inner in zip(*(_blocks(each) for each in pair), strict=True):
            if reason := _difference(*inner):
                return f"in its instruction {number}, {reason}"
    return ""


def _blocks(instruction: CircuitInstruction) -> tuple[QuantumCircuit, ...]:
    return tuple(getattr(instruction.operation, "blocks", ()))


def _instruction(instruction: CircuitInstruction, circuit: QuantumCircuit) -> tuple[Any, ...]:
    """Name, bits, numbers and condition of an instruction, comparable between circuits."""
    operation = instruction.operation
    blocks = _blocks(instruction)
    numbers = [] if blocks else [round(float(x) / _ROUNDING) * _ROUNDING for x in operation.params]
    return (
        operation.name,
        tuple(circuit.find_bit(qubit).index for qubit in instruction.qubits),
        tuple(circuit.find_bit(bit).index for bit in instruction.clbits),
        tuple(numbers),
        getattr(operation, "unit", None) if operation.name == "delay" else None,
        len(blocks),
        _condition(getattr(operation, "condition", None), circuit) if blocks else None,
    )


def _condition(condition: Any, circuit: QuantumCircuit) -> str:
    """Condition of a block as text, with the places of bits in place of their names."""
    from qiskit.circuit.classical import expr

    if condition is None:
        return ""
    if isinstance(condition, tuple):
        condition = expr.lift_legacy_condition(condition)
    places = {}
    for variable in expr.iter_vars(condition):
        bits = variable.var if hasattr(variable.var, "__iter__") else [variable.var]
        known = [bit for bit in bits if bit in circuit.clbits]
        places[repr(variable.var)] = str([circuit.find_bit(bit).index for bit in known])
    text = repr(condition)
    for shown, place in places.items():
        text = text.replace(shown, place)
    return text
